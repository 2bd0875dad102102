"""What a plan takes from the photo alone, whatever is drawn: found once for each face, and not for each picture."""

from dataclasses import dataclass

import cv2
import numpy as np
from anycost_models.editing.directions import Region
from anycost_models.face.landmarks import Landmarks
from anycost_models.face.masks import brows_mask, eyes_mask, face_oval_mask, jaw_mask

from anycost_backend.editing.composite.arrays import disc, four_planes, in_view, places, ramp, reduced, resized
from anycost_backend.editing.composite.head_parts import HeadParts
from anycost_backend.editing.composite.outline import beside_head, distance, hole_of
from anycost_backend.editing.composite.views import Detail, PhotoView

_FADES = 0.04  # square units: width of what fades towards the square's border


@dataclass(frozen=True, eq=False)
class Groundwork:
    """Arrays cover what the photo's view covers: s `smooth` pixels or d `deciding` ones."""

    reach: float
    region: Region
    smooth: int  # pixels: side at which motion, parts and mask are computed
    deciding: int  # the same of weights
    colours: int  # the same of colours
    there: HeadParts  # the photo's, [s, s]
    cover: np.ndarray  # float32 [s, s], 0…1: what the region covers of the photo
    photo: np.ndarray  # float32 [d, d, 4]
    edge: np.ndarray  # float32 [d, d], 0…1: as PhotoView.edge
    fades: np.ndarray | None  # float32 [d, d], 0…1: towards the border of the square, which alone is drawn
    mine: np.ndarray | None  # float32 [d, d], 0…1: as PhotoView.mine
    background: np.ndarray | None  # float32 [d, d, 4]: as PhotoView.background
    clothes: np.ndarray | None  # the same of clothes
    bare_skin: np.ndarray | None  # float32 [p, p], 0…1: without brows; of the region "skin" only
    outline: np.ndarray | None  # float32 [s, s], square units: `distance` of head and neck; of hair and head only
    hole: np.ndarray | None  # float32 [s, s], 0…1: as Silhouette.hole; the same
    beside: tuple[tuple[np.ndarray, ...], np.ndarray] | None  # `beside_head` of the photo; the same


def groundwork(original: PhotoView, region: Region, detail: Detail) -> Groundwork:
    reach, size = original.reach, len(original.image)

    def pixels(across: int) -> int:
        """Of the view, for so many across the square."""
        return min(size, round(across * reach))

    smooth, deciding = pixels(detail.smooth), pixels(detail.deciding)
    is_head = region in ("hair", "head")
    parts = original.parts if isinstance(original.parts, HeadParts) else HeadParts.of(original.parts)
    there = parts.resized(smooth, pixels(detail.colours))
    inside = 0.5 - np.abs(places(deciding, reach) - 0.5).max(axis=2)  # from the square's border
    background, clothes = (
        None if picture is None else resized(four_planes(picture), deciding)
        for picture in (original.background, original.clothes)
    )
    return Groundwork(
        reach,
        region,
        smooth,
        deciding,
        pixels(detail.colours),
        there,
        cover(original.landmarks, region, smooth, reach),
        reduced(original.planes, deciding),
        resized(original.edge, deciding),
        ramp(inside, 0, _FADES) if reach > 1 else None,
        None if original.mine is None else resized(original.mine, deciding),
        background,
        clothes,
        _bare_skin(original) if region == "skin" else None,
        distance(there["head_and_neck"], reach) if is_head else None,
        hole_of(there["hair"], there["head_and_neck"], smooth / reach) if is_head else None,
        beside_head(there, smooth / reach, detail.wide) if is_head else None,
    )


def cover(landmarks: Landmarks, region: Region, side: int, reach: float) -> np.ndarray:
    """float32 [side, side], 0…1: what the region covers of a face with these landmarks, square units."""
    shown = in_view(landmarks, side, reach)
    if region == "eyes":
        return eyes_mask(shown, side)
    if region in ("beard", "jaw"):
        return jaw_mask(shown, side)
    return face_oval_mask(shown, side, forehead=0.15 if region in ("lipless", "face") else 0.35)


def _bare_skin(original: PhotoView) -> np.ndarray:
    """[p, p], 0…1: the photo's skin without brows, and without what lines it: lids, lips, hair."""
    skin = original.parts["skin"]
    pixel = len(skin) / original.reach
    brows = brows_mask(in_view(original.landmarks, len(skin), original.reach), len(skin))
    skin = skin * (1 - cv2.dilate(brows, disc(0.01 * pixel)))
    return cv2.GaussianBlur(cv2.erode(ramp(skin, 0.5, 0.9), disc(0.01 * pixel)), (0, 0), 0.008 * pixel)
