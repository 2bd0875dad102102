"""The astronaut's head as composites see it, and what tests of composites do with it."""

import cv2
import numpy as np
import skimage.data
from anycost_backend.editing.composite.placing import apply
from anycost_backend.editing.composite.views import AROUND, PhotoView, View, scaled
from anycost_backend.editing.faces import Face
from anycost_backend.editing.photo_view import photo_parts, photo_view
from anycost_models.face.aligned_square import AlignedSquare
from anycost_models.face.landmarks import FaceMesh, Landmarks
from anycost_models.parsing.parser import PhotoParser
from anycost_models.parsing.parts import PARTS, Parts

SIZE = 256  # pixels of the square in most tests
HEAD = np.ascontiguousarray(skimage.data.astronaut()[:256, 100:356])  # her face is 173 px
Y, X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) + 0.5


def seen(
    image: np.ndarray, square: AlignedSquare, mesh: FaceMesh, parser: PhotoParser, size: int = SIZE, reach: float = 1
) -> PhotoView:
    in_square = mesh.landmarks_aligned(square.crop(image, size))
    landmarks = in_square.moved(square.inverse(size)).points
    face = Face((0, 0, *image.shape[1::-1]), landmarks, 1.0, square)
    return photo_view(image, face, photo_parts(image, square, parser), None, size, reach)


def in_pixels(view: View) -> Landmarks:
    """The landmarks in the square of `SIZE`."""
    return scaled(view.landmarks, SIZE)


def parts_where(view: View, **shares: np.ndarray) -> Parts:
    """Her parts, with others put over them: [S, S], 0…1 each."""
    parts = view.parts.shares.copy()
    for name, share in shares.items():
        share = cv2.resize(share.astype(np.float32), parts.shape[:0:-1], interpolation=cv2.INTER_AREA)
        parts *= 1 - share
        parts[PARTS.index(name)] += share
    return Parts(parts)


def put_back(change, square, image, reach=1):
    """The change in an uint8 photo: the rectangle with it, its mask, and the photo's own pixels there; float 0…1."""
    x0, y0, x1, y1 = bounds = square.scaled(reach).bounds(image.shape, margin=2)
    before = image[y0:y1, x0:x1].astype(np.float32) / 255
    after, mask = apply(change, square, before, bounds)
    assert after.shape == before.shape
    assert mask.shape == before.shape[:2]
    assert 0 <= mask.min() <= mask.max() <= 1 + 1e-6
    return before + mask[:, :, None] * (after - before), mask, before


def placed(where: np.ndarray, square: AlignedSquare, shape: tuple[int, ...], reach: float = 1) -> np.ndarray:
    """A region of the square [S, S] in the rectangle of HEAD around it, bool, without its edge."""
    bounds = square.scaled(reach).bounds(HEAD.shape, margin=2)
    framed = np.pad(where.astype(np.float32), round((reach - 1) / 2 * len(where)))
    found = square.scaled(reach).uncrop(framed, bounds) > 0.95
    assert found.shape == shape
    assert found.any()
    return found


def spots(view: View, *points: int, radius: int = 6) -> np.ndarray:
    """Discs around landmarks."""
    where = np.zeros(view.image.shape[:2], np.uint8)
    for point in points:
        x, y = in_pixels(view).points[point, :2].round().astype(int).tolist()
        cv2.circle(where, (x, y), radius, 1, -1)
    return where > 0


def in_square(array: np.ndarray) -> np.ndarray:
    """What of an array [s, s, …] that reaches beyond the square lies in it, [SIZE, SIZE, …]."""
    side = round(SIZE * AROUND)
    margin = (side - SIZE) // 2
    return cv2.resize(array, (side, side), interpolation=cv2.INTER_LINEAR)[margin:-margin, margin:-margin]


def moved(shown: View, shift) -> View:
    """Each place goes to the right by `shift(x, y)` pixels: image and landmarks."""
    points = in_pixels(shown).points.copy()
    points[:, 0] += shift(points[:, 0], points[:, 1])
    picture = cv2.remap(
        shown.image, X - 0.5 - np.float32(shift(X, Y)), Y - 0.5, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )
    return View(picture, scaled(Landmarks(points, 1.0), 1 / SIZE), shown.parts)
