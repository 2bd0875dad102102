"""Image arrays between 8-bit values and floats, without torch. Channels last, RGB."""

import cv2
import numpy as np


def to_unit_float(image: np.ndarray) -> np.ndarray:
    """uint8 of any shape → float32, 0…1."""
    return image.astype(np.float32) / 255


def to_signed_float(image: np.ndarray) -> np.ndarray:
    """uint8 of any shape → float32, −1…1, as generators and encoders take them."""
    return image.astype(np.float32) / 127.5 - 1


def to_uint8(image: np.ndarray) -> np.ndarray:
    """float32 [H, W] or [H, W, C], 0…1 → uint8, rounded; 1 where it is more."""
    return cv2.convertScaleAbs(image, alpha=255)
