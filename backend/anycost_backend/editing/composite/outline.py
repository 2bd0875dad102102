"""Outlines of parsed parts: how far inside them a pixel lies, and what beside them may still belong to them."""

import cv2
import numpy as np

from anycost_backend.editing.composite.arrays import blur, disc, ramp
from anycost_backend.editing.composite.head_parts import Planes

STRANDS = 0.05  # square units: how far from the parsed outline strands may lie
SMOOTH = 0.006  # square units: of a parsed outline's wobble
_NEAR = 0.03  # square units: how far what is beside a head says what is behind it
_CLOTHES = 0.5, 0.9  # shares from which a pixel is clothes a little, and wholly: wisps of them beside a neck are doubt
_RIM = 0.015  # as STRANDS, of skin, which has none


def distance(share: np.ndarray, reach: float) -> np.ndarray:
    """float32 [s, s], square units: how far inside the outline of a part a pixel lies, below 0 outside.

    share: [s, s], 0…1, of the part"""
    side = len(share)
    part = (cv2.GaussianBlur(share, (0, 0), SMOOTH * side / reach) > 0.5).astype(np.uint8)
    if part.all() or not part.any():
        return np.full(share.shape, reach if part.any() else -reach, np.float32)
    inside, outside = (cv2.distanceTransform(each, cv2.DIST_L2, cv2.DIST_MASK_5) for each in (part, 1 - part))
    return (inside - outside) * np.float32(reach / side)


def hole_of(hair: np.ndarray, head: np.ndarray, pixel: float) -> np.ndarray:
    """[p, p], 0…1: `Silhouette.hole` of the photo's hair and head. pixel: how many to a square unit"""
    strands, rim = (
        cv2.dilate((share > 0.15).astype(np.float32), disc(beside * pixel))
        for share, beside in ((hair, STRANDS), (head, _RIM))
    )
    return cv2.GaussianBlur(np.maximum(strands, rim), (0, 0), SMOOTH * pixel)


def beside_head(parts: Planes, pixel: float, wide: float) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """Shares [s, s] of background, clothes and neck among them, which go on where the head is; and how much of them is
    near, 0…1. pixel: how many to a square unit; wide: as `blur` takes it"""
    shares = [parts["background"], ramp(parts["clothes"], *_CLOTHES), parts["neck"]]
    known = np.clip(shares[0] + shares[1] + shares[2], 0, 1)
    *soft, near = cv2.split(blur(cv2.merge([*shares, known]), _NEAR * pixel, wide))
    gaps = (1 - known) / np.maximum(near, 1e-3)
    return tuple(share + gaps * each for share, each in zip(shares, soft, strict=True)), near
