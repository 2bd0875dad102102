"""Images as generators' tensors, [N, 3, H, W] in −1…1, and as arrays, uint8 [H, W, 3]."""

import numpy as np
import torch
from torch import Tensor


def to_signed_float(values: Tensor) -> Tensor:
    """uint8 of any shape → float32, −1…1."""
    return values.float() / 127.5 - 1


def to_uint8(values: Tensor) -> Tensor:
    """Floats of any shape, clamped to −1…1 → uint8, rounded."""
    return values.clamp(-1, 1).add(1).mul(127.5).round().byte()


def image_to_tensor(image: np.ndarray) -> Tensor:
    """uint8 RGB [H, W, 3] or [N, H, W, 3] → float32 [1 or N, 3, H, W], −1…1."""
    values = torch.from_numpy(image.copy())  # torch warns of arrays that are read-only
    return to_signed_float(values.permute(2, 0, 1)[None] if image.ndim == 3 else values.permute(0, 3, 1, 2))


def tensor_to_image(image: Tensor) -> np.ndarray:
    """[1, 3, H, W], clamped to −1…1 → uint8 RGB [H, W, 3]."""
    return to_uint8(image[0]).permute(1, 2, 0).cpu().numpy()


def tensor_to_images(images: Tensor) -> np.ndarray:
    """[N, 3, H, W], clamped to −1…1 → uint8 RGB [N, H, W, 3]."""
    return to_uint8(images).permute(0, 2, 3, 1).cpu().numpy()
