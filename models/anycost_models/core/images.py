"""Image arrays between 8-bit values and floats, without torch. Any shape; channels last, RGB."""

import numpy as np


def to_unit_float(image: np.ndarray) -> np.ndarray:
    """uint8 → float32, 0…1."""
    return image.astype(np.float32) / 255


def to_signed_float(image: np.ndarray) -> np.ndarray:
    """uint8 → float32, −1…1, as generators and encoders take them."""
    return image.astype(np.float32) / 127.5 - 1


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Floats 0…1 → uint8, rounded. Values beyond are not clipped: they wrap."""
    return (image * 255).round().astype(np.uint8)
