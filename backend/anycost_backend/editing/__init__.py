"""One image being edited: faces, latents, rendering, composite."""
