"""Conversion between 8-bit pixels and the range −1…1 in which generators render."""

from torch import Tensor


def to_signed_float(image: Tensor) -> Tensor:
    """uint8 0…255 → float32 −1…1; the shape stays."""
    return image.float() / 127.5 - 1


def to_uint8(image: Tensor) -> Tensor:
    """float −1…1 [..., C, H, W] → uint8 [..., H, W, C], on the CPU. The caller clamps."""
    return image.add(1).mul(127.5).round().byte().movedim(-3, -1).cpu()
