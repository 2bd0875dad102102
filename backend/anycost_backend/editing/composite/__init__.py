"""Composites an edit into the photo, on the photo's own pixels (docs/composite.md).

Images are float32 RGB, sRGB 0…1. Places are in square units: 0…1 across the aligned square, less than 0 or more than 1
beyond it. Arrays cover the square, or the square and what is around it (`PhotoView.reach`). Everything smooth is
computed small and enlarged.
"""
