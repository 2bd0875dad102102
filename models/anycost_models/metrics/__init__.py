"""How near images are: PSNR, ENL0, FD-ENL0."""
