"""The types of values in TIFF folders, and in EXIF, which is one."""

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}  # bytes of a value
SIZES |= {16: 8, 17: 8, 18: 8}  # of BigTIFF alone
UNITS = {**SIZES, 5: 4, 10: 4}  # bytes that the byte order swaps: a fraction is two numbers
