"""Where the outline of a head changes: how much of each pixel the new head covers, and what is drawn there.

The head, with its neck, lies before clothes and background. Its outlines in the photo, the projection and the edited
drawing are compared as signed distances, so that where an edit leaves the outline alone the photo's stays, where it
moves a little the photo's moves as far, and where it moves much the drawing's is taken.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from anycost_models.parsing.parts import HEAD, Parts

from anycost_backend.editing.composite.arrays import disc, enlarged, places, ramp, spread
from anycost_backend.editing.composite.matting import matted

_BEFORE = (*HEAD, "neck")  # what lies before background and clothes
_FLESH = ("skin", "eyes", "mouth", "ears", "neck", "clothes")
_SMALL = 0.03  # square units: outlines that move by less move the photo's own
_GRADUAL = 0.04  # square units: way from one outline to the other
_EDGE = 0.019  # square units: width of a parsed edge
_SHARP = 0.005  # square units: half the width of an edge that is moved
_CHANGES = 0.35  # of coverage, from which an outline changes
STRANDS = 0.05  # square units: how far from the parsed outline strands may lie
_RIM = 0.015  # the same of skin, which has none
_SMOOTH = 0.006  # square units: of a parsed outline's wobble
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
    front: np.ndarray  # float32 [s, s, 3]: the drawn head without its background
    drawn: np.ndarray  # float32 [s, s], 0…1: near the outline, where the head's pixels are the drawing's
    hole: np.ndarray  # float32 [s, s], 0…1: where the photo shows its head, or strands: what is behind is carried on


def silhouette(
    parts: tuple[Parts, Parts, Parts, Parts], after: np.ndarray, hat: np.ndarray, reach: float
) -> Silhouette:
    """parts: of the photo where it is, of photo, projection and edited drawing in the common frame, [P, p, p].

    after: the edited drawing in that frame, float32 [s, s, 3]; hat: float32 [p, p], 0…1: what stays whatever is
    drawn"""
    side, size = parts[0].shares.shape[1], len(after)
    pixel = side / reach
    there, was, had, has = (each.together(_BEFORE) for each in parts)
    to_there, to_was, to_had, to_has = (distance(each, reach) for each in (there, was, had, has))
    # Beyond the square nothing is drawn. Hair hangs on below it; above it, a head soon ends.
    x, y = np.moveaxis(places(side, reach), 2, 0)
    beyond = np.maximum(np.abs(x - 0.5) - 0.5, 0) + _ROUND * np.maximum(-y, 0)
    to_had, to_has = to_had - beyond, to_has - beyond
    own = np.exp(-(((to_has - to_had) / _SMALL) ** 2))  # 1: the outline is the photo's own
    own = cv2.erode(own, disc(_GRADUAL * pixel))  # which leads over to the drawing's without a step
    own = cv2.GaussianBlur(own, (0, 0), _GRADUAL / 2 * pixel)
    to_new = to_has + own * (to_was - to_had)

    new, old, unmoved = (_covered(each) for each in (to_new, to_was, to_there))
    changes = (np.maximum(np.abs(new - old), np.abs(new - unmoved)) > _CHANGES).astype(np.float32)
    changes = cv2.GaussianBlur(cv2.dilate(changes, disc(STRANDS * pixel)), (0, 0), 0.012 * pixel)
    changes *= (1 - hat) * (1 - _flesh(parts, pixel))

    to_drawn = enlarged(to_has, size)
    alpha = ramp(matted(after, enlarged(has, size), reach), *_CLEAR) * ramp(to_drawn, -0.025, -0.01)
    alpha = np.maximum(alpha, ramp(to_drawn, 0.01, 0.02))
    front = spread(after, ramp(to_drawn, *_PURE) * ramp(alpha, 0.9, 1))
    shifted = enlarged(own * ramp(np.abs(to_was - to_had), 0, 0.01), size)
    alpha += shifted * (ramp(enlarged(to_new, size), -_SHARP, _SHARP) - alpha)
    # What grows ends within the square, in strands of its own light and dark, and not beside a hat.
    grows = np.maximum(alpha - enlarged(old, size), 0) * _tips(after, reach)
    grows *= 1 - enlarged(cv2.dilate(hat, disc(_BESIDE_HAT * pixel)), size)
    alpha = np.minimum(alpha, enlarged(old, size)) + grows
    drawn = changes * (1 - ramp(to_was, 0.012, 0.032))
    hole = _hole(parts[0]["hair"], there, pixel)
    return Silhouette(enlarged(changes, size), alpha, front, enlarged(drawn, size), enlarged(hole, size))


def distance(share: np.ndarray, reach: float) -> np.ndarray:
    """float32 [s, s], square units: how far inside the outline of a part a pixel lies, below 0 outside.

    share: [s, s], 0…1, of the part"""
    side = len(share)
    part = (cv2.GaussianBlur(share, (0, 0), _SMOOTH * side / reach) > 0.5).astype(np.uint8)
    if part.all() or not part.any():
        return np.full(share.shape, reach if part.any() else -reach, np.float32)
    inside, outside = (cv2.distanceTransform(each, cv2.DIST_L2, cv2.DIST_MASK_5) for each in (part, 1 - part))
    return (inside - outside) * np.float32(reach / side)


def _flesh(parts: tuple[Parts, ...], pixel: float) -> np.ndarray:
    """[p, p], 0…1: between jaw, neck and collar, where nothing shines through: shading and colour change there, as
    inside the face; and the photo's neck. pixel: how many to a square unit"""
    flesh = np.minimum.reduce([each.together(_FLESH) for each in parts])
    flesh = cv2.erode(ramp(flesh, 0.6, 0.85), disc(_SMOOTH * pixel))
    return cv2.GaussianBlur(np.maximum(flesh, ramp(parts[0]["neck"], 0.3, 0.6)), (0, 0), _SMOOTH * pixel)


def _hole(hair: np.ndarray, head: np.ndarray, pixel: float) -> np.ndarray:
    """[p, p], 0…1: `Silhouette.hole` of the photo's hair and head. pixel: how many to a square unit"""
    strands, rim = (
        cv2.dilate((share > 0.15).astype(np.float32), disc(beside * pixel))
        for share, beside in ((hair, STRANDS), (head, _RIM))
    )
    return cv2.GaussianBlur(np.maximum(strands, rim), (0, 0), _SMOOTH * pixel)


def _covered(to_outline: np.ndarray) -> np.ndarray:
    """0…1: how much of each pixel lies inside an outline that has the width of a parsed edge."""
    return np.clip(0.5 + to_outline * np.float32(1 / _EDGE), 0, 1)


def _tips(after: np.ndarray, reach: float) -> np.ndarray:
    """0…1: how much of new hair is left near the square's rounded border: bright strands end a little later than dark
    ones."""
    pixel = len(after) / reach
    light = cv2.transform(after, np.full((1, 3), 1 / 3, np.float32))
    strands = np.clip(0.5 + 4 * (light - cv2.GaussianBlur(light, (0, 0), 0.02 * pixel)), 0, 1)
    away = np.abs(places(len(after), reach) - 0.5) ** 4
    inside = 0.5 - (away[:, :, 0] + away[:, :, 1]) ** 0.25
    return np.clip(2.2 * ramp(inside, 0, _TIPS) - 1.2 * strands, 0, 1)
