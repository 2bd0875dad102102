"""How near images are: PSNR, ENL0, FD-ENL0, and whether two faces are the same person."""
