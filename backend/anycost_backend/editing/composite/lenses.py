"""Where the lenses of glasses are in a picture of a face: within rims, which are found along rays around each eye.

The parser tells glasses from all else, but blurs them, and of clear lenses it sees little more than their rims. A rim
is a line across most rays that goes smoothly once around the eye, on what the parser takes for glasses, with nothing of
them beyond it but bridge and temple. Both lenses have nearly one shape, one the mirror image of the other."""

from dataclasses import dataclass

import cv2
import numpy as np
from anycost_models.face.landmarks import BRIDGE, LIDS, Landmarks
from anycost_models.face.masks import polygon_mask
from anycost_models.parsing.parts import Parts

from anycost_backend.editing.composite.arrays import ramp

SIDE = 512  # pixels: of the largest square in which rims are looked for
_RAYS, _STEPS = 64, 56
_FAR = np.linspace(0.4, 1.7, _STEPS)  # how far out they are, of a usual lens
_WIDE, _TALL = 1.0, 0.66  # half axes of a usual lens, in widths of an eye
_BELOW, _OUTWARDS = 0.12, 0.04  # widths of an eye, from its middle to that of its lens
_SQUARE = 2.6  # power of the usual lens's outline: 2 is an ellipse
_NARROWEST = 0.45  # of the nearer eye's width, as which a lens of the farther one counts
_RIMS = 0.007, 0.013, 0.02  # half widths of rims, square units
_LINE = 6.0  # L*: how much darker than both sides a line is that is as likely a rim as not
_BORDER = 0.3  # so much counts what is lighter outside, as above a rim before a lid in shadow
_LIGHT_LINE = 0.5  # so much counts one that is lighter, as of metal, and thin: skin between rim and brow is wide
_ON_GLASSES = 0.05, 0.35  # shares of glasses from which on a line may be a rim, and surely is on glasses
_GLASSES = 0.3  # share of glasses from which on there are some
_TEMPLE = 4  # rays on both sides: a temple crosses fewer than half of these
_INSIDE, _BEYOND, _STIFF, _ALIKE = 1.5, 3.0, 0.1, 0.005  # what costs how much of a sure line
_WORN = 0.1, 0.25  # share of glasses on the bridge of the nose from which on there are some, in doubt, and surely
_SURE = 0.12, 0.3  # the same of how much of a rim is a line


@dataclass(frozen=True, eq=False)
class Lens:
    outline: np.ndarray  # float32 [N, 2], square units
    down: np.ndarray  # float32 [2], of length 1: the face's own
    share: float  # 0…1: how surely it is one


def lenses(image: np.ndarray, parts: Parts, face: Landmarks) -> tuple[Lens, ...]:
    """Of the square, uint8 RGB [S, S, 3]; none where no glasses are. parts: of the same; face: square units"""
    side = len(image)
    points = face.points[:, :2].astype(np.float64) * side
    glasses = cv2.resize(parts["glasses"], (side, side))
    bridge = polygon_mask(points[list(BRIDGE)], side) > 0.5
    worn = float(ramp(glasses[bridge].mean(), *_WORN)) if bridge.any() else 0.0
    if not worn:
        return ()
    light = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)[:, :, 0]
    light = cv2.GaussianBlur(light, (0, 0), 0.002 * side)
    rays = _rays(points)
    lines, costs = zip(*(_cost(each, light, glasses) for each in rays), strict=True)
    common = _around((costs[0] + costs[1]) / 2)
    found = []
    for ray, line, cost in zip(rays, lines, costs, strict=True):
        apart = np.arange(_STEPS)[None] - common[:, None]
        at = _around(cost + np.float32(_ALIKE) * np.square(apart))
        sure = float(ramp(line[np.arange(_RAYS), at].mean(), *_SURE))
        far = np.convolve(np.pad(_FAR[at], 1, "wrap"), np.array([1, 2, 1]) / 4, "valid")
        outline = (ray.middle + ray.along * far[:, None]) / side
        found.append(Lens(outline.astype(np.float32), ray.down.astype(np.float32), worn * sure))
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Rays:
    """From the middle of a lens. Those of both lenses mirror each other."""

    middle: np.ndarray  # [2], pixels
    down: np.ndarray  # [2], of length 1
    along: np.ndarray  # [rays, 2], pixels: to the outline of a usual lens
    past_nose: np.ndarray  # bool [rays, steps]: on the other side of the nose


def _rays(points: np.ndarray) -> tuple[_Rays, _Rays]:
    """points: [478, 2], pixels"""
    rings = [points[list(ring)] for ring in LIDS]
    middles = [(ring[0] + ring[len(ring) // 2]) / 2 for ring in rings]
    widths = [float(np.hypot(*(ring[len(ring) // 2] - ring[0]))) for ring in rings]
    widest = max(*widths, 1e-3)
    across = middles[1] - middles[0]
    between = max(float(np.hypot(*across)), 1e-3)
    across = across / between
    down = np.array([-across[1], across[0]])
    nose = points[list(BRIDGE)].mean(axis=0)
    angles = np.arange(_RAYS) * (2 * np.pi / _RAYS)
    x, y = np.cos(angles), np.sin(angles)
    radius = (np.abs(x) ** _SQUARE + np.abs(y) ** _SQUARE) ** (-1 / _SQUARE)

    def around(middle: np.ndarray, width: float, inwards: np.ndarray) -> _Rays:
        width = max(width, _NARROWEST * widest)
        middle = middle + _BELOW * widest * down - _OUTWARDS * width * inwards
        along = (radius * x * _WIDE * width)[:, None] * inwards + (radius * y * _TALL * widest)[:, None] * down
        at = middle + along[:, None] * _FAR[None, :, None]
        return _Rays(middle, down, along, (at - nose) @ inwards > -0.03 * between)

    return around(middles[0], widths[0], across), around(middles[1], widths[1], -across)


def _cost(rays: _Rays, light: np.ndarray, glasses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[rays, steps]: how surely a rim crosses there, 0…1, and what it costs to take the outline there.

    light: L* [S, S]; glasses: their share [S, S]"""
    side = len(light)
    at = (rays.middle + rays.along[:, None] * _FAR[None, :, None] - 0.5).astype(np.float32)
    light, glasses = (cv2.remap(each, at, None, cv2.INTER_LINEAR) for each in (light, glasses))
    step = np.hypot(*rays.along.T) * (_FAR[1] - _FAR[0])  # pixels
    places, line = np.arange(_STEPS)[None], np.zeros_like(light)
    for width in _RIMS:
        off = np.maximum(np.rint(width * side / step).astype(int), 1)[:, None]
        inside, outside = (np.take_along_axis(light, np.clip(places + way * off, 0, _STEPS - 1), 1) for way in (-1, 1))
        dark, bright = np.minimum(inside, outside) - light, light - np.maximum(inside, outside)
        line = np.maximum(line, dark)
        if width == _RIMS[0]:
            line = np.maximum(line, np.float32(_LIGHT_LINE) * bright)
            line = np.maximum(line, np.float32(_BORDER) * (outside - inside))
    line = line / (line + np.float32(_LINE)) * ramp(glasses, *_ON_GLASSES)
    there = (glasses > _GLASSES) & ~rays.past_nose
    line[rays.past_nose] = 0
    last = np.where(there, places, 0).max(axis=1)  # the outermost glasses
    near = np.arange(-_TEMPLE, _TEMPLE + 1)
    last = np.median(last[(np.arange(_RAYS)[:, None] + near) % _RAYS], axis=1)  # without the temple, which is narrow
    off = (places - last[:, None]) / _STEPS
    return line, (np.where(off > 0, _BEYOND * off, -_INSIDE * off) - line).astype(np.float32)


def _around(cost: np.ndarray) -> np.ndarray:
    """int [rays]: the step of each ray on the smooth outline that costs least: by dynamic programming, half a turn more
    at both ends, so that it closes."""
    half, (rays, steps) = len(cost) // 2, cost.shape
    twice = np.concatenate([cost[half:], cost, cost[:half]])
    moves = np.arange(-3, 4)
    bends = np.array([2.2, 1, 0.3, 0, 0.3, 1, 2.2])[:, None] * _STIFF
    total, before = twice[0], np.zeros(twice.shape, np.int64)
    for ray in range(1, len(twice)):
        padded = np.pad(total, 3, constant_values=np.inf)
        reached = np.stack([padded[3 + move : 3 + move + steps] for move in moves]) + bends
        best = reached.argmin(axis=0)
        before[ray], total = moves[best], reached[best, np.arange(steps)] + twice[ray]
    at = np.empty(len(twice), np.int64)
    at[-1] = total.argmin()
    for ray in range(len(twice) - 1, 0, -1):
        at[ray - 1] = at[ray] + before[ray, at[ray]]
    return at[half : half + rays]
