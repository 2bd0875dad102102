"""A region that an editor opened: its faces, and the edited region at preview size or as the final picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from anycost_models.core.errors import AnycostError
from anycost_models.face.aligned_square import AlignedSquare, Rectangle
from anycost_models.generators.sub_generator import SubGenerator

from anycost_backend.editing import composite
from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.face_edit import Wanted
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import RenderSpec, Session, working_side
from anycost_backend.photo.layer import Layer
from anycost_backend.photo.sample_types import clipped_float, to_float, to_uint8

_SMALL_FACE = 96  # pixels: side of a square below which an edit shows little
_TURNED = 35  # degrees: from here on a face is seen from the side

Strengths = Mapping[int, Wanted]  # face → what it is to become


@dataclass(frozen=True, eq=False)
class RegionOverlay:
    """The change alone, to be laid over the region: straight alpha, 0 where nothing changed."""

    pixels: np.ndarray  # [h, w, C], alpha last
    bounds: Rectangle  # where it lies, in pixels of the region; `pixels` may be smaller


class Region:
    """The faces of a layer that a selection touches, numbered from the largest."""

    def __init__(
        self,
        layer: Layer,
        selection: np.ndarray | None,
        parts: Models,
        kept: ByteLRUCache,
        final_sub: SubGenerator | None = None,
    ) -> None:
        """selection: [H, W] of any depth; outside it nothing changes. Raises AnycostError when it does not fit."""
        if selection is not None and selection.shape != (layer.height, layer.width):
            raise AnycostError("the selection is not as large as the picture", "send it for the same rectangle")
        self.layer = layer
        self.session: Session[Layer] = Session(layer, parts, kept, final_sub=final_sub)
        self._selection = selection
        self._kept = kept
        touched = (self._touches(face.square) for face in self.session.faces)
        self.numbers = [number for number, touches in enumerate(touched) if touches]  # in the session

    def thumbnail(self, face: int, side: int) -> np.ndarray:
        """uint8 RGB [side, side, 3], aligned."""
        return self.session.crop(self.numbers[face], side)

    def before(self, max_side: int) -> np.ndarray:
        """The region as it is: uint8 RGB or RGBA, its longest side at most `max_side` pixels."""
        whole = (0, 0, self.layer.width, self.layer.height)
        size = self._size(whole, max_side)
        shown = _reduced(self.session.image, size)
        if self.layer.alpha is None:
            return shown
        alpha = clipped_float(_reduced(self.layer.alpha, size))
        return np.dstack([shown, np.rint(255 * alpha).astype(np.uint8)])

    def warning(self, face: int) -> str:
        """What may go wrong with it, for people; "" if nothing."""
        found = self.session.faces[self.numbers[face]]
        corners, yaw = found.square.corners(), found.mesh.pose()[0]
        if found.square.side < _SMALL_FACE:
            return "small: an edit will show little"
        if abs(yaw) > _TURNED:
            return "seen from the side"
        width, height = self.layer.width, self.layer.height
        if (corners.min(axis=0) < -0.3 * found.square.side).any() or (
            corners.max(axis=0) > np.array([width, height]) + 0.3 * found.square.side
        ).any():
            return "partly outside the picture"
        return ""

    def projected(self, face: int) -> bool:
        return self.session.latent(self.numbers[face]) is not None

    def refined(self, face: int) -> bool:
        return self.session.refined(self.numbers[face])

    def latent(self, face: int) -> np.ndarray:
        """W+ [styles, D]; project the face first."""
        latent = self.session.latent(self.numbers[face])
        if latent is None:
            raise ValueError(f"face {face} has not been projected")
        return latent

    def adopt(self, corners: np.ndarray, latent: np.ndarray) -> None:
        """A latent that was found earlier, for the face whose square has these corners [4, 2]; else nothing."""
        file = self.session.parts.renderer.file
        if latent.shape != (file.styles, file.style_dim) or corners.shape != (4, 2) or not np.isfinite(latent).all():
            return
        for number in self.numbers:
            square = self.session.faces[number].square
            if np.abs(square.corners() - corners).max() < 0.05 * square.side:
                self.session.adopt(number, latent)

    def side_shown(self, face: int, max_side: int) -> int:
        """Pixels: at which the face is planned for pictures of the region of at most `max_side`."""
        whole = (0, 0, self.layer.width, self.layer.height)
        scale = self._size(whole, max_side)[0] / self.layer.width
        return working_side(self.session.faces[self.numbers[face]].square.side * min(scale, 1))

    def preview(
        self,
        strengths: Strengths,
        sub: SubGenerator,
        max_side: int,
        quick: bool,
        check: Callable[[], None],
    ) -> RegionOverlay:
        """sRGB, RGBA 8: the faces that are named, each drawn by `sub` and put in one after the other.

        `check` is called between the stages: what it raises ends the work."""
        squares = {face: self.session.faces[self.numbers[face]].square for face in strengths}
        bounds = _around([self.session.bounds(self.numbers[face]) for face in strengths])
        size = self._size(bounds, max_side)
        canvas = _Canvas(self._kept.get((self.session, "shown", bounds, size), lambda: self._shown(bounds, size)))
        for face, square in squares.items():
            manner = RenderSpec(sub, min(sub.resolution, self.side_shown(face, max_side)), quick)
            drawing = self.session.draw(self.numbers[face], strengths[face], manner, check)
            to_square = composite.square_from(square, bounds, size)
            canvas.put(drawing.change, to_square, _within(self.session.bounds(self.numbers[face]), bounds, size), quick)
            check()
        alpha = canvas.alpha
        opacity = self._kept.get((self.session, "opacity", bounds, size), lambda: self._opacity(bounds, size))
        if opacity is not None:
            alpha = alpha * opacity
        pixels = cv2.cvtColor(to_uint8(canvas.colours), cv2.COLOR_RGB2RGBA)
        cv2.insertChannel(to_uint8(alpha), pixels, 3)
        return RegionOverlay(pixels, bounds)

    def final(self, strengths: Strengths, check: Callable[[], None]) -> RegionOverlay:
        """The same at full size and quality, in the layer's own depth and colours (grey stays grey)."""
        bounds = _around([self.session.bounds(self.numbers[face]) for face in strengths])
        x0, y0, x1, y1 = bounds
        native = np.zeros((y1 - y0, x1 - x0, self.layer.colours.shape[2] + 1), self.layer.colours.dtype)
        alpha = np.zeros(native.shape[:2], np.float32)
        photo = self.layer
        for count, face in enumerate(strengths, 1):
            number = self.numbers[face]
            drawing = self.session.draw(number, strengths[face], self.session.final(number), check)
            patch = self.session.patch(photo, number, drawing.change)
            place = np.s_[patch.y - y0 :, patch.x - x0 :]
            _lay(native[..., :-1][place], alpha[place], patch.native, patch.mask)
            if count < len(strengths):  # the next face may overlap
                photo = photo.with_region(patch.x, patch.y, patch.native, patch.mask)
            check()
        opacity = self._opacity(bounds, (x1 - x0, y1 - y0))
        if opacity is not None:
            alpha *= opacity
        most = np.iinfo(native.dtype).max if native.dtype.kind == "u" else 1
        alpha *= most
        native[:, :, -1] = np.rint(alpha, out=alpha) if most > 1 else alpha
        return RegionOverlay(native, bounds)

    def close(self) -> None:
        self.session.close()

    def _touches(self, square: AlignedSquare) -> bool:
        """Whether anything is selected in the square."""
        if self._selection is None:
            return True
        x0, y0, x1, y1 = square.bounds(self._selection.shape)
        inside = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillConvexPoly(inside, np.rint(square.corners() - (x0, y0)).astype(np.int32), 1)
        return bool(self._selection[y0:y1, x0:x1][inside > 0].any())

    def _size(self, bounds: Rectangle, max_side: int) -> tuple[int, int]:
        """Of a rectangle in pictures of the region whose longest side is at most `max_side`: width, height."""
        scale = min(1.0, max_side / max(self.layer.width, self.layer.height))
        x0, y0, x1, y1 = bounds
        return max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale))

    def _shown(self, bounds: Rectangle, size: tuple[int, int]) -> np.ndarray:
        """float32 sRGB [h, w, 3]."""
        x0, y0, x1, y1 = bounds
        return to_float(_reduced(self.layer.srgb8((x0, y0, x1 - x0, y1 - y0)), size))

    def _opacity(self, bounds: Rectangle, size: tuple[int, int]) -> np.ndarray | None:
        """float32 [h, w]: how far a change may show, by the selection and the layer's alpha."""
        x0, y0, x1, y1 = bounds
        masks = [self._selection, self.layer.alpha]
        parts = [clipped_float(_reduced(mask[y0:y1, x0:x1], size)) for mask in masks if mask is not None]
        return None if not parts else parts[0] if len(parts) == 1 else parts[0] * parts[1]


class _Canvas:
    """A picture of a part of the region into which one face after the other is put."""

    def __init__(self, before: np.ndarray) -> None:
        self._before = before  # float32 [h, w, 3], never written
        self.colours = before.copy()
        self.alpha = np.zeros(before.shape[:2], np.float32)

    def put(self, change: composite.Change, to_square: np.ndarray, within: Rectangle, quick: bool) -> None:
        """within: the part of this picture to touch; quick: a little less sharp."""
        x0, y0, x1, y1 = composite.covered(change, to_square, within)
        if x0 == x1 or y0 == y1:
            return
        place = np.s_[y0:y1, x0:x1]
        moved = to_square.copy()
        moved[:, 2] += moved[:, :2] @ (x0, y0)
        covered = self.alpha[place][:, :, None]
        so_far = self._before[place]
        if covered.any():  # by another face
            so_far = so_far + covered * (self.colours[place] - so_far)
        size = x1 - x0, y1 - y0
        interpolation = cv2.INTER_LINEAR if quick else cv2.INTER_CUBIC
        rows = 0, size[1]
        edited, mask = composite.apply_rows(change, moved, size, rows, lambda a, b: so_far[a:b], interpolation)
        _lay(self.colours[place], self.alpha[place], edited, mask)


def _lay(colours: np.ndarray, alpha: np.ndarray, over: np.ndarray, mask: np.ndarray) -> None:
    """Lays `over` [h, w, C] with its `mask` [h, w] over a picture with straight alpha, in place (its first h×w)."""
    height, width = mask.shape
    colours, alpha = colours[:height, :width], alpha[:height, :width]
    if not alpha.any():
        colours[...], alpha[...] = over, mask
        return
    behind = alpha * (1 - mask)
    total = mask + behind
    mixed = (mask[:, :, None] * over + behind[:, :, None] * colours) / np.maximum(total, 1e-6)[:, :, None]
    colours[...] = mixed if colours.dtype.kind == "f" else np.rint(mixed)
    alpha[...] = total


def _around(rectangles: list[Rectangle]) -> Rectangle:
    x0, y0, x1, y1 = zip(*rectangles, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def _within(part: Rectangle, whole: Rectangle, size: tuple[int, int]) -> Rectangle:
    """`part` of `whole` in the pixels of a picture of `whole` of that size."""
    x, y = size[0] / (whole[2] - whole[0]), size[1] / (whole[3] - whole[1])
    low = np.floor([(part[0] - whole[0]) * x, (part[1] - whole[1]) * y]).astype(int)
    high = np.ceil([(part[2] - whole[0]) * x, (part[3] - whole[1]) * y]).astype(int)
    return int(low[0]), int(low[1]), min(int(high[0]), size[0]), min(int(high[1]), size[1])


def _reduced(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if picture.shape[1::-1] == size:
        return picture
    if picture.dtype == np.float16:  # unknown to OpenCV
        picture = picture.astype(np.float32)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
