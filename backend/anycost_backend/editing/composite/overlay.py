"""Lays what is drawn from another base, such as glasses, over a change. It does not move the face."""

from dataclasses import replace

import cv2
import numpy as np
from anycost_models.parsing.parts import Parts

from anycost_backend.editing.composite.arrays import enlarged, places, resized, times, warp
from anycost_backend.editing.composite.views import Change, PhotoView


def changed_view(original: PhotoView, change: Change) -> PhotoView:
    """The photo's view with the change in it. Both have the same reach."""
    reach, size = original.reach, len(original.image)
    moved = warp(original.image, change.source, reach, size)
    new = times(moved, resized(change.original_weight, size)) + resized(change.added, size)[:, :, :3]
    image = original.image + times(np.clip(new, 0, 1) - original.image, resized(change.mask, size))
    parts = original.parts
    if isinstance(parts, Parts):
        side = parts.shares.shape[1]
        there, mask = resized(change.source, side), resized(change.mask, side)
        parts = Parts(np.stack([share + mask * (warp(share, there, reach, side) - share) for share in parts.shares]))
    points = original.landmarks.points.copy()
    points[:, :2] = _moved(points[:, :2], change)
    landmarks = replace(original.landmarks, points=points)
    return replace(original, image=image, landmarks=landmarks, parts=parts)


def overlaid(change: Change, over: Change) -> Change:
    """Both as one. over: planned for the `changed_view`, without motion; of the same reach.

    With p the photo and q the photo moved, `change` gives p + m (k q + a − p), and over that r gives
    r + m' (k' r + a' − r): again a change, with 1 − m'' = c (1 − m) where c = 1 − m' (1 − k')."""
    side, size = len(change.mask), len(change.added)
    mask, weight = resized(over.mask, side), resized(over.original_weight, side)
    kept = 1 - mask * (1 - weight)
    whole = 1 - kept * (1 - change.mask)
    part = np.divide(kept * change.mask, whole, out=np.zeros_like(whole), where=whole > 0)
    own = np.divide(mask, whole, out=np.zeros_like(whole), where=whole > 0)
    added = times(change.added, enlarged(part, size)) + times(resized(over.added, size), enlarged(own, size))
    return replace(change, original_weight=change.original_weight * part, added=added, mask=whole)


def _moved(points: np.ndarray, change: Change) -> np.ndarray:
    """[N, 2] of the photo → where the change shows them, square units: the inverse of its motion."""
    side, reach = len(change.source), change.reach
    motion = change.source - places(side, reach)
    at = points
    for _ in range(3):  # the motion is smooth: this converges
        pixels = (((at - 0.5) / reach + 0.5) * side - 0.5).astype(np.float32)
        found = cv2.remap(motion, pixels[:, None, 0], pixels[:, None, 1], cv2.INTER_LINEAR)
        at = points - found[:, 0]
    return at
