"""Where the outline of a head changes: how much of each pixel the new head covers, and what is drawn there.

The head, with its neck, lies before clothes and background. Its outlines in the photo, the projection and the edited
drawing are compared as signed distances, so that where an edit leaves the outline alone the photo's stays, where it
moves a little the photo's moves as far, and where it moves much the drawing's is taken.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from anycost_backend.editing.composite.arrays import disc, enlarged, lightness, places, ramp, spread
from anycost_backend.editing.composite.groundwork import Groundwork
from anycost_backend.editing.composite.head_parts import Planes, WarpedParts
from anycost_backend.editing.composite.matting import matted
from anycost_backend.editing.composite.outline import SMOOTH, STRANDS, distance
from anycost_backend.editing.composite.views import HairChange

_SMALL = 0.03  # square units: outlines that move by less move the photo's own
_GRADUAL = 0.04  # square units: way from one outline to the other
_EDGE = 0.019  # square units: width of a parsed edge
_SHARP = 0.005  # square units: half the width of an edge that is moved
_CHANGES = 0.35  # of coverage, from which an outline changes
_PURE = (0.002, 0.014)  # square units inside a drawn outline, from and by which nothing of the background shows
_ROUND = 4.0  # how much sooner a head's top ends than it would if its sides met at right angles
_BESIDE_HAT = 0.1  # square units: hair under a hat does not grow around it
_CLEAR = (0.1, 0.9)  # alphas of a guided filter below and above which there is nothing and all of the head: no haze
_TIPS = 0.1  # square units from the square's border within which new hair ends


@dataclass(frozen=True, eq=False)
class Silhouette:
    """All arrays cover what the photo's view covers."""

    changes: np.ndarray  # float32 [s, s], 0…1: where the head's outline is drawn anew
    head: np.ndarray  # float32 [s, s], 0…1: the new head's alpha there
    front: np.ndarray  # float32 [s, s, 4]: the drawn head without its background
    drawn: np.ndarray  # float32 [s, s], 0…1: near the outline, where the head's pixels are the drawing's
    hole: np.ndarray  # float32 [s, s], 0…1: where the photo shows its head, or strands: what is behind is carried on


def silhouette(
    ground: Groundwork,
    parts: tuple[WarpedParts, WarpedParts, WarpedParts],
    after: np.ndarray,
    hat: np.ndarray,
    astray: np.ndarray,
    hair: HairChange,
) -> Silhouette:
    """ground: of the region "hair" or "head"; parts: of photo, projection and edited drawing, [s, s], in one frame.

    after: the edited drawing in that frame, float32 [d, d, 4]; hat: float32 [s, s], 0…1: what stays whatever is
    drawn; astray: the same where no outline is to be changed; hair: as `plan` takes it"""
    side, size, reach = ground.smooth, len(after), ground.reach
    pixel = side / reach
    to_there = ground.outline
    if to_there is None or ground.hole is None:
        raise ValueError(f"outlines are those of a head, not of the region {ground.region}")
    to_was, to_had, to_has = (distance(each["head_and_neck"], reach) for each in parts)
    beyond = _beyond(side, reach)
    to_had, to_has = to_had - beyond, to_has - beyond
    own = np.exp(-(((to_has - to_had) * np.float32(1 / _SMALL)) ** 2))  # 1: the outline is the photo's own
    own = cv2.erode(own, disc(_GRADUAL * pixel))  # which leads over to the drawing's without a step
    own = cv2.GaussianBlur(own, (0, 0), _GRADUAL / 2 * pixel)
    moved_by = to_was - to_had
    to_new = to_has + own * moved_by
    grows, goes = hair in ("grows", "hangs"), hair == "goes"
    if grows or goes:
        to_new = (np.maximum if grows else np.minimum)(to_new, to_was)

    new, old, unmoved = (_covered(each) for each in (to_new, to_was, to_there))
    changes = (np.maximum(np.abs(new - old), np.abs(new - unmoved)) > _CHANGES).astype(np.float32)
    changes = cv2.GaussianBlur(cv2.dilate(changes, disc(STRANDS * pixel)), (0, 0), 0.012 * pixel)
    if hair == "stays":
        changes[:] = 0
    changes *= (1 - np.maximum(hat, astray)) * (1 - _flesh((ground.there, *parts), pixel))

    to_drawn, old = enlarged(to_has, size), enlarged(old, size)
    alpha = ramp(matted(after, enlarged(parts[2]["head_and_neck"], size), reach), *_CLEAR) * ramp(
        to_drawn, -0.025, -0.01
    )
    alpha = np.maximum(alpha, ramp(to_drawn, 0.01, 0.02))
    front = spread(after, ramp(to_drawn, *_PURE) * ramp(alpha, 0.9, 1))
    shifted = enlarged(own * ramp(np.abs(moved_by), 0, 0.01), size)
    alpha += shifted * (ramp(enlarged(to_new, size), -_SHARP, _SHARP) - alpha)
    # What grows ends within the square, in strands of its own light and dark, and not beside a hat.
    more = np.maximum(alpha - old, 0) * _tips(after, reach)
    if hat.any():
        more *= 1 - enlarged(cv2.dilate(hat, disc(_BESIDE_HAT * pixel)), size)
    alpha = (old if grows else np.minimum(alpha, old)) + (0 if goes else more)
    drawn = changes * (1 - ramp(to_was, 0.012, 0.032))
    return Silhouette(enlarged(changes, size), alpha, front, enlarged(drawn, size), enlarged(ground.hole, size))


@lru_cache(maxsize=4)
def _beyond(side: int, reach: float) -> np.ndarray:
    """[s, s], square units: by how much sooner a head ends beyond the square, where nothing is drawn. Hair hangs on
    below it; above it, a head soon ends."""
    x, y = np.moveaxis(places(side, reach), 2, 0)
    return np.maximum(np.abs(x - 0.5) - 0.5, 0) + _ROUND * np.maximum(-y, 0)


def _flesh(parts: tuple[Planes, ...], pixel: float) -> np.ndarray:
    """[p, p], 0…1: between jaw, neck and collar, where nothing shines through: shading and colour change there, as
    inside the face; and the photo's neck. pixel: how many to a square unit"""
    flesh = np.minimum.reduce([each["flesh"] for each in parts])
    flesh = cv2.erode(ramp(flesh, 0.6, 0.85), disc(SMOOTH * pixel))
    return cv2.GaussianBlur(np.maximum(flesh, ramp(parts[0]["neck"], 0.3, 0.6)), (0, 0), SMOOTH * pixel)


def _covered(to_outline: np.ndarray) -> np.ndarray:
    """0…1: how much of each pixel lies inside an outline that has the width of a parsed edge."""
    return np.clip(0.5 + to_outline * np.float32(1 / _EDGE), 0, 1)


def _tips(after: np.ndarray, reach: float) -> np.ndarray:
    """0…1: how much of new hair is left near the square's rounded border: bright strands end a little later than dark
    ones."""
    light = lightness(after)
    strands = np.clip(0.5 + 4 * (light - cv2.GaussianBlur(light, (0, 0), 0.02 * len(after) / reach)), 0, 1)
    return np.clip(_to_border(len(after), reach) - 1.2 * strands, 0, 1)


@lru_cache(maxsize=4)
def _to_border(side: int, reach: float) -> np.ndarray:
    """[s, s], 0…2.2: how far inside the square's rounded border a pixel lies."""
    away = np.abs(places(side, reach) - 0.5) ** 4
    inside = 0.5 - (away[:, :, 0] + away[:, :, 1]) ** 0.25
    return 2.2 * ramp(inside, 0, _TIPS)
