"""Which sub-generator draws a preview, and what is loaded for it."""
