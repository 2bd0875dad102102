"""What a photo shows of a face: its parts, and all that a composite needs of it."""

import cv2
import numpy as np
from anycost_models.core.images import to_unit_float
from anycost_models.face.aligned_square import AlignedSquare
from anycost_models.face.landmarks import BRIDGE, Landmarks
from anycost_models.face.masks import polygon_mask
from anycost_models.parsing.parser import SIDE, PhotoParser
from anycost_models.parsing.parts import HEAD, PARTS, Parts

from anycost_backend.editing.composite.arrays import disc
from anycost_backend.editing.composite.surroundings import behind
from anycost_backend.editing.composite.views import AROUND, PhotoView
from anycost_backend.editing.faces import Face
from anycost_backend.editing.monochrome import monochrome_curve

PERSON = ("skin", "hair", "ears", "neck", "mouth")  # the parts by which a photo without colours is known
PERSON_SIDE = round(SIDE * AROUND)  # pixels: of parts that reach beyond the square
_SURROUNDINGS_SIDE = 512  # pixels across the square at which they are carried on
_FADES = 0.04  # of the square, inside its border: from the parts of all around to those of the square
_EDGE = 0.04  # of the square: width of the fade where the photo goes on beyond the view
_OF_A_HEAD, _RIM_OF_HEADS = 0.3, 0.02  # share from which a pixel is a head's; of the square: width of its soft edge
_RIM = 0.2  # share of glasses on the bridge of the nose from which on they are worn: .05 without, .6 with


def photo_parts(image: np.ndarray, square: AlignedSquare, parser: PhotoParser) -> Parts:
    """The parts of a face's square and of what is around it, [P, `PERSON_SIDE`, `PERSON_SIDE`].

    image: uint8 sRGB [H, W, 3]. Raises AnycostError as `PhotoParser.parse`."""
    around = parser.parse(square.scaled(AROUND).crop(image, SIDE)).resized(PERSON_SIDE)
    inside = parser.parse(square.crop(image, SIDE))  # as the parser was trained: better
    line = np.minimum(np.arange(SIDE), np.arange(SIDE)[::-1])
    fade = np.clip(np.minimum.outer(line, line) / np.float32(_FADES * SIDE), 0, 1)
    shares, margin = around.shares.copy(), (PERSON_SIDE - SIDE) // 2
    middle = shares[:, margin : margin + SIDE, margin : margin + SIDE]
    middle += fade * (inside.shares - middle)
    return Parts(shares)


def parsed(drawing: np.ndarray, parser: PhotoParser) -> Parts:
    """The parts [P, s, s] of the head in an aligned drawing, uint8 RGB [S, S, 3], s ≤ 256. Raises AnycostError as
    `photo_parts`."""
    if len(drawing) > SIDE:
        drawing = cv2.resize(drawing, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return one_head(parser.parse(drawing))


def one_head(parts: Parts) -> Parts:
    """The same without what is of a head and does not hang together with the largest: hair on a wall is none."""
    head = (parts.together(HEAD) > _OF_A_HEAD).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(head)
    if count <= 2:  # nothing, and one head
        return parts
    others = (labels > 0) & (labels != 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))
    others = cv2.dilate(others.astype(np.uint8), disc(_RIM_OF_HEADS * len(head))) > 0
    shares = parts.shares.copy()
    shares[:, others] = 0
    shares[PARTS.index("background"), others] = 1
    return Parts(shares)


def square_parts(around: Parts) -> Parts:
    """What of `photo_parts` lies in the square, [P, 256, 256]."""
    margin = (PERSON_SIDE - SIDE) // 2
    return Parts(around.shares[:, margin:-margin, margin:-margin])


def photo_view(
    image: np.ndarray, face: Face, parts: Parts, mine: np.ndarray | None, side: int, reach: float
) -> PhotoView:
    """image: uint8 sRGB [H, W, 3]; parts: as `photo_parts` returns them; mine: as `PhotoView.mine`; side: pixels of the
    square; reach: 1 or `AROUND`"""
    shown = face.square.scaled(reach)
    picture = to_unit_float(shown.crop(image, round(side * reach)))
    if reach == 1:
        parts = square_parts(parts)
    landmarks = face.in_square
    curve = monochrome_curve(picture, parts.together(PERSON))
    small = min(side, _SURROUNDINGS_SIDE)
    reduced = cv2.resize(picture, (round(small * reach),) * 2, interpolation=cv2.INTER_AREA)
    background, clothes = behind(reduced, parts, reach) if reach > 1 else (None, None)
    return PhotoView(
        picture,
        landmarks,
        parts,
        reach,
        _edge(shown, image.shape, reach),
        background,
        clothes,
        curve,
        wears_glasses(parts, landmarks, reach),
        mine,
    )


def wears_glasses(parts: Parts, landmarks: Landmarks, reach: float) -> bool:
    """Whether a rim crosses the bridge of the nose: deep eyes are taken for lenses now and then.

    landmarks: square units; parts: covering `reach` sides of the square"""
    side = parts.shares.shape[1]
    points = ((landmarks.points[list(BRIDGE), :2] - 0.5) / reach + 0.5) * side
    bridge = polygon_mask(points, side) > 0.5
    return bool(bridge.any() and parts["glasses"][bridge].mean() > _RIM)


def _edge(shown: AlignedSquare, shape: tuple[int, ...], reach: float) -> np.ndarray:
    """`PhotoView.edge`: fades to 0 where the photo [H, W, …] goes on, and not where it ends."""
    back, line = shown.inverse(PERSON_SIDE), np.arange(PERSON_SIDE) + 0.5
    x, y = (back[i, 0] * line[None, :] + back[i, 1] * line[:, None] + back[i, 2] for i in (0, 1))
    on = (x > 0) & (y > 0) & (x < shape[1]) & (y < shape[0])
    rim = np.zeros_like(on)
    rim[[0, -1]] = rim[:, [0, -1]] = True
    if not (rim & on).any():
        return np.ones(on.shape, np.float32)
    distance = cv2.distanceTransform((~(rim & on)).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.clip((distance - 1) / (_EDGE * PERSON_SIDE / reach), 0, 1).astype(np.float32)
