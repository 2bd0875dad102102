"""Makes sunglasses of glasses: less light comes through their lenses, least at the top, and a little is mirrored."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from anycost_models.core.images import to_uint8
from anycost_models.face.landmarks import Landmarks
from anycost_models.face.masks import polygon_mask
from anycost_models.parsing.parts import Parts

from anycost_backend.editing.composite.arrays import (
    LEAST,
    disc,
    enlarged,
    places,
    ramp,
    reduced,
    resized,
    shown_at,
    times,
)
from anycost_backend.editing.composite.lenses import SIDE, Lens, lenses
from anycost_backend.editing.composite.motion import motions
from anycost_backend.editing.composite.overlay import changed_view
from anycost_backend.editing.composite.views import Change, Detail, PhotoView, View
from anycost_backend.editing.monochrome import apply_monochrome_curve

LENS_TINT = "lens_tint"  # the attribute
_TOP, _BOTTOM = 3.5, 2.1  # natural logarithms of how much less light comes through at a multiple of 1
_GAMMA = 2.2  # of sRGB, about
# sRGB of what a lens mirrors that nothing comes through, at its top and bottom, of the lightness of what is bright
_SKY, _GROUND = np.array([0.105, 0.11, 0.12], np.float32), np.array([0.05, 0.047, 0.045], np.float32)
_BRIGHT = 90  # percentile
_BEHIND = 0.3, 0.7  # shares of hair, or of what is beside a profile, from which on no lens is seen, in doubt and surely
_EDGE, _SOFT = 0.012, 0.0015  # square units: of what the change covers around lenses; sigma of their edges


Parse = Callable[[np.ndarray], Parts]  # an aligned square, uint8 RGB [S, S, 3] → its parts


def tinted_lenses(
    original: PhotoView, change: Change | None, drawing: View | None, parse: Parse, multiple: float, detail: Detail
) -> Change:
    """The change that darkens lenses, over the change so far; its mask is 0 where there are none.

    drawing: of glasses that the change has put on; None: they are looked for in the photo. multiple: of the slider's
    step, 0 or more"""
    view = original if change is None else changed_view(original, change)
    found = [] if multiple <= 0 else _found(view, parse) if drawing is None else _drawn(view, drawing, parse, detail)
    size, reach = len(view.image), view.reach
    side = min(size, round(detail.deciding * reach))
    where, passes = np.zeros((size, size), np.float32), np.ones((size, size), np.float32)
    mirrors = np.zeros((size, size, 4), np.float32)
    bright = np.percentile(cv2.transform(view.image, np.full((1, 3), np.float32(1 / 3))), _BRIGHT)
    behind = np.maximum(view.parts["hair"], view.parts["background"])
    bare = 1 - ramp(resized(behind, size), *_BEHIND)
    for lens in found:
        inside, down = _placed(lens, size, reach)
        through = np.exp(-np.float32(multiple / _GAMMA) * (_TOP + np.float32(_BOTTOM - _TOP) * down))
        colours = np.float32(bright) * (_SKY + (_GROUND - _SKY) * down[:, :, None])
        if view.curve is not None:
            colours = apply_monochrome_curve(colours, view.curve)
        share = np.float32(lens.share) * inside * bare
        passes *= 1 - share * (1 - through)
        mirrors[:, :, :3] += times(colours, share * (1 - through))
        where = np.maximum(where, inside)
    kept = reduced(passes, side)  # of a large photo's own grain, too
    added = mirrors
    added[:, :, :3] += times(view.image, passes - enlarged(kept, size))
    mask = cv2.dilate(reduced(where, side), disc(_EDGE * side / reach))
    mask = cv2.GaussianBlur(mask, (0, 0), _EDGE / 2 * side / reach) * resized(view.edge, side)
    if change is not None and drawing is not None:  # what it has not drawn is not darkened
        mask *= np.clip(resized(change.mask, side), 0, 1)
    if view.mine is not None:
        mask *= resized(view.mine, side)
    source = places(min(size, round(detail.smooth * reach)), reach)
    return Change(reach, source, kept, added, np.where(mask < LEAST, 0, mask))


def _found(view: PhotoView, parse: Parse) -> list[Lens]:
    size = len(view.image)
    inner = round(size / view.reach)
    first = (size - inner) // 2
    return _lenses(view.image[first : first + inner, first : first + inner], view.landmarks, parse)


def _drawn(view: PhotoView, drawing: View, parse: Parse, detail: Detail) -> list[Lens]:
    """Of a drawing whose face has not moved, where the photo shows them: rims are plainer there."""
    faces = view.landmarks, drawing.landmarks, drawing.landmarks
    side = min(len(view.image), round(detail.smooth * view.reach))
    (_, to_drawing, _), *_ = motions(*faces, view.reach, side, detail, rigid=True)
    found = _lenses(drawing.image, drawing.landmarks, parse)
    return [replace(lens, outline=shown_at(lens.outline, to_drawing, view.reach)) for lens in found]


def _lenses(square: np.ndarray, face: Landmarks, parse: Parse) -> list[Lens]:
    """square: float32 RGB [S, S, 3], 0…1"""
    eight_bit = to_uint8(reduced(np.ascontiguousarray(square), min(len(square), SIDE)))
    return [lens for lens in lenses(eight_bit, parse(eight_bit), face) if lens.share > LEAST]


def _placed(lens: Lens, size: int, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """float32 [size, size] each, 0…1, in the view: what lies in the lens, and how far down it."""
    outline = ((lens.outline - 0.5) / reach + 0.5) * size
    inside = cv2.GaussianBlur(polygon_mask(outline, size), (0, 0), max(_SOFT * size / reach, 0.3))
    height = (places(size, reach) - lens.outline.mean(axis=0)) @ lens.down
    along = (lens.outline - lens.outline.mean(axis=0)) @ lens.down
    return inside, np.clip((height - along.min()) / max(float(np.ptp(along)), 1e-6), 0, 1)
