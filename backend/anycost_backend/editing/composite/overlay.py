"""Lays what is drawn from another base, such as glasses, over a change. It does not move the face."""

from dataclasses import replace

import numpy as np
from anycost_models.parsing.parts import Parts

from anycost_backend.editing.composite.arrays import LEAST, enlarged, places, ramp, resized, shown_at, times, warp
from anycost_backend.editing.composite.groundwork import Groundwork
from anycost_backend.editing.composite.views import Change, PhotoView

_MOVES = 0.1  # of a mask, from which on what lies there moves wholly


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
    points[:, :2] = shown_at(points[:, :2], change.source, reach)
    landmarks = replace(original.landmarks, points=points)
    return replace(original, image=image, landmarks=landmarks, parts=parts)


def changed_hair(ground: Groundwork, change: Change, drawn: np.ndarray) -> np.ndarray:
    """float32 [s, s], 0…1: the share of hair in the photo with the change.

    ground: of its `changed_view`, whose hair is the photo's own; drawn: [h, h], 0…1, of the drawing's square"""
    own = ground.there["hair"]
    side, inner = len(own), round(len(own) / ground.reach)
    margin = (side - inner) // 2
    around = np.zeros_like(own)
    around[margin : margin + inner, margin : margin + inner] = resized(drawn, inner)
    new = np.clip(resized(change.mask, side) * (1 - resized(change.original_weight, side)), 0, 1)
    return own + new * (around - own)


def overlaid(change: Change, over: Change) -> Change:
    """Both as one. over: planned for the `changed_view`, without motion; of the same reach.

    With p the photo and q the photo moved, `change` gives p + m (k q + a − p), and over that r gives
    r + m' (k' r + a' − r). Where only `over` acts, q must be p: what `change` moves beside its mask stays."""
    side, size = len(change.mask), len(change.added)
    mask, weight = (np.clip(resized(plane, side), 0, 1) for plane in (over.mask, over.original_weight))
    first = np.minimum(change.mask, 1)
    kept, left = 1 - mask * (1 - weight), (1 - mask) * (1 - first)  # weights of r, and of p beside both masks
    whole = np.where(left > 1 - LEAST, 0, 1 - left)
    share = np.divide(1, whole, out=np.zeros_like(whole), where=whole > 0)
    original_weight = (kept * (1 - first + first * change.original_weight) - left) * share
    added = times(change.added, enlarged(kept * first * share, size))
    added += times(resized(over.added, size), enlarged(mask * share, size))
    here = places(len(change.source), change.reach)
    moves = ramp(resized(change.mask, len(here)), 0, _MOVES)
    source = here + moves[:, :, None] * (change.source - here)
    return replace(change, source=source, original_weight=original_weight, added=added, mask=whole)
