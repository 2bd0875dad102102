"""The region that an editor opened: its faces, and the final overlay of their edits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from anycost_models.core.errors import AnycostError
from anycost_models.face.aligned_square import Rectangle
from anycost_models.face.masks import face_oval
from anycost_models.generators.sub_generator import SubGenerator

from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.composite.views import Change
from anycost_backend.editing.covering import Covered
from anycost_backend.editing.edit_plan import working_side
from anycost_backend.editing.face_edit import FaceEditLike
from anycost_backend.editing.faces import SURE
from anycost_backend.editing.models import Models
from anycost_backend.editing.session import Session
from anycost_backend.photo.layer import Layer
from anycost_backend.photo.sample_types import Lay, clipped_float

_SMALL_FACE = 96  # pixels: side of a square below which an edit shows little
_LYING = 60  # degrees of roll from which people may not mean a face to be turned
_PROFILE = 35  # degrees of yaw from which a face is seen from the side
_CHOSEN = 0.5  # of the share that is selected of the best selected face: from here on a face counts as selected
_ROWS = 256  # of pixels that are float at a time
_CUT = 0.8  # share of a face's oval that is selected, below which the selection cuts it
_COVERED: Mapping[tuple[Covered, ...], str] = {  # what is said of it, for people
    ("mouth",): "covered at the mouth, which stays as it is",
    ("eye",): "covered at one eye, which stays as it is",
    ("eyes",): "covered at the eyes, which stay as they are",
}

FaceEdits = Mapping[int, FaceEditLike]  # face → edit


@dataclass(frozen=True, eq=False)
class RegionOverlay:
    """The change alone, to be laid over the region: straight alpha, 0 where nothing changed."""

    pixels: np.ndarray  # [h, w, C], alpha last
    bounds: Rectangle  # where it lies, in pixels of the region; `pixels` may be smaller


class Region:
    """A layer's faces that are selected, numbered from 0: the largest first, those that the selection cuts last."""

    def __init__(
        self,
        layer: Layer,
        selection: np.ndarray | None,
        models: Models,
        cache: ByteLRUCache,
        final_sub: SubGenerator | None = None,
    ) -> None:
        """selection: [H, W] of any depth; outside it nothing changes. cache, final_sub: as for `Session`.

        Raises AnycostError when the selection does not fit, or a model is missing."""
        if selection is not None and selection.shape != (layer.height, layer.width):
            raise AnycostError("the selection is not as large as the picture", "send it for the same rectangle")
        self.layer = layer
        self.session: Session[Layer] = Session(layer, models, cache, final_sub=final_sub)
        self._selection = selection
        self.numbers = self._selected()  # in the session

    def thumbnail(self, face: int, side: int) -> np.ndarray:
        """The aligned face, uint8 RGB [side, side, 3]."""
        return self.session.crop(self.numbers[face], side)

    def before(self, max_side: int) -> np.ndarray:
        """The region without edits: uint8 RGB or RGBA [h, w, C], its longest side at most `max_side` pixels."""
        size = self.size_of((0, 0, self.layer.width, self.layer.height), max_side)
        shown = reduced(self.session.image, size)
        if self.layer.alpha is None:
            return shown
        alpha = clipped_float(reduced(self.layer.alpha, size))
        return np.dstack([shown, np.rint(255 * alpha).astype(np.uint8)])

    def warning(self, face: int) -> str:
        """What may go wrong with the face, for people; "" if nothing."""
        found = self.session.faces[self.numbers[face]]
        corners, (yaw, _, roll) = found.square.corners(), found.mesh.pose()
        if found.agreement < SURE:
            return "perhaps no face"
        if found.square.side < _SMALL_FACE:
            return "small: an edit will show little"
        if abs(yaw) > _PROFILE:
            return "seen from the side"
        if abs(roll) > _LYING:
            return "on its side or upside down"
        covering = self.session.editable.covering(self.numbers[face])
        if covering is not None:
            return _COVERED.get(covering.covered, "partly covered: what covers it stays as it is")
        width, height = self.layer.width, self.layer.height
        if (corners.min(axis=0) < -0.3 * found.square.side).any() or (
            corners.max(axis=0) > np.array([width, height]) + 0.3 * found.square.side
        ).any():
            return "partly outside the picture"
        if self._share(face_oval(found.mesh)) < _CUT:
            return "cut by the selection"
        return ""

    def hidden(self, face: int) -> tuple[str, ...]:
        """Attributes that show nothing, because something covers what they change, or a hat."""
        return self.session.editable.hidden(self.numbers[face])

    def reached(self, face: int, strengths: Mapping[str, float]) -> dict[str, float]:
        """Attribute → share of what its strength promises that this face shows, 0…1, as far as it is known."""
        return self.session.planner.reached(self.numbers[face], strengths)

    def draws(self, edit: FaceEditLike) -> bool:
        """As `EditPlanner.draws`."""
        return self.session.planner.draws(edit)

    def projected(self, face: int) -> bool:
        return self.session.latent(self.numbers[face]) is not None

    def refined(self, face: int) -> bool:
        return self.session.refined(self.numbers[face])

    def latent(self, face: int) -> np.ndarray:
        """W+ [styles, D]. Raises ValueError before the face is projected."""
        latent = self.session.latent(self.numbers[face])
        if latent is None:
            raise ValueError(f"face {face} has not been projected")
        return latent

    def adopt(self, corners: np.ndarray, latent: np.ndarray) -> None:
        """An earlier latent, W+ [styles, D], for the face whose square has these corners [4, 2], in pixels; ignored if
        there is no such face."""
        shape = self.session.models.latent_shape
        if latent.shape != shape or corners.shape != (4, 2) or not np.isfinite(latent).all():
            return
        for number in self.numbers:
            square = self.session.faces[number].square
            if np.abs(square.corners() - corners).max() < 0.05 * square.side:
                self.session.adopt(number, latent)

    def final(self, edits: FaceEdits, check: Callable[[], None]) -> RegionOverlay:
        """The edits at full size and quality, in the layer's own depth and colours (grey stays grey).

        check: called between the stages; what it raises ends the work. Raises AnycostError for unknown attributes and
        missing models."""
        photo, bounds = self.layer, self.bounds_of(edits)
        x0, y0, x1, y1 = bounds
        native = np.zeros((y1 - y0, x1 - x0, self.layer.colours.shape[2] + 1), self.layer.colours.dtype)
        alpha = np.zeros(native.shape[:2], np.float32)

        def lay(x: int, y: int, own: np.ndarray, mask: np.ndarray) -> None:
            place = np.s_[y - y0 :, x - x0 :]
            lay_over(native[..., :-1][place], alpha[place], own, mask)

        for count, face in enumerate(edits, 1):
            number = self.numbers[face]
            plan = self.session.planner.plan(number, edits[face], self.session.planner.final_spec(number), check)
            if count < len(edits):  # the next face may overlap
                photo = photo.changing(partial(self._composite, photo, number, plan.change, lay))
            else:
                self.session.composite(photo, number, plan.change, lay)
            del plan
            check()
        peak = np.iinfo(native.dtype).max if native.dtype.kind == "u" else 1
        for row in range(0, y1 - y0, _ROWS):
            part = alpha[row : row + _ROWS]
            opacity = self.opacity((x0, y0 + row, x1, y0 + row + len(part)), (x1 - x0, len(part)))
            if opacity is not None:
                part *= opacity
            part *= peak
            native[row : row + _ROWS, :, -1] = np.rint(part, out=part) if peak > 1 else part
        return RegionOverlay(native, bounds)

    def shows(self, overlay: RegionOverlay) -> bool:
        """Whether a final overlay changes a pixel of the layer by at least one of 255 levels."""
        x0, y0, x1, y1 = overlay.bounds
        after, before = overlay.pixels[:, :, :-1], self.layer.colours[y0:y1, x0:x1]
        for row in range(0, y1 - y0, _ROWS):
            part = np.s_[row : row + _ROWS]
            alpha = clipped_float(overlay.pixels[part][:, :, -1])
            planes = zip(np.moveaxis(after[part], 2, 0), np.moveaxis(before[part], 2, 0), strict=True)
            changes = (np.abs(clipped_float(new) - clipped_float(old)) * alpha for new, old in planes)
            if any(change.max(initial=0.0) >= 1 / 255 for change in changes):
                return True
        return False

    def close(self) -> None:
        """Removes what was cached for the region."""
        self.session.close()

    def _composite(self, photo: Layer, number: int, change: Change, first: Lay, second: Lay) -> None:
        """As `Session.composite`, into both."""

        def lay(x: int, y: int, own: np.ndarray, mask: np.ndarray) -> None:
            first(x, y, own, mask)
            second(x, y, own, mask)

        self.session.composite(photo, number, change, lay)

    # ------------------------------------------------------------------ geometry

    def bounds_of(self, edits: FaceEdits) -> Rectangle:
        """What of the region the edits may touch. Raises AnycostError for unknown attributes."""
        return union([self.session.bounds(self.numbers[face], edit) for face, edit in edits.items()])

    def size_of(self, bounds: Rectangle, max_side: int) -> tuple[int, int]:
        """(width, height) of a rectangle of the region when the region's longest side is at most `max_side` pixels."""
        scale = min(1.0, max_side / max(self.layer.width, self.layer.height))
        x0, y0, x1, y1 = bounds
        return max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale))

    def working_side(self, face: int, max_side: int) -> int:
        """Pixels at which edits of the face are planned for previews of at most `max_side`."""
        whole = (0, 0, self.layer.width, self.layer.height)
        scale = self.size_of(whole, max_side)[0] / self.layer.width
        return working_side(self.session.faces[self.numbers[face]].square.side * min(scale, 1))

    def opacity(self, bounds: Rectangle, size: tuple[int, int]) -> np.ndarray | None:
        """float32 [h, w], 0…1: how far a change may show, by the selection and the layer's alpha; None: everywhere.

        size: (width, height) at which `bounds` is shown"""
        x0, y0, x1, y1 = bounds
        masks = [mask for mask in (self._selection, self.layer.alpha) if mask is not None]
        opacities = [clipped_float(reduced(mask[y0:y1, x0:x1], size)) for mask in masks]
        if not opacities:
            return None
        return opacities[0] if len(opacities) == 1 else opacities[0] * opacities[1]

    def _selected(self) -> list[int]:
        """Faces whose oval is selected, and by half as much as the best one: a neighbour that is only grazed is not
        meant. Where no oval is, as of hair alone, their squares count."""
        faces = self.session.faces
        shares = [self._share(face_oval(face.mesh)) for face in faces]
        if not any(shares):
            shares = [self._share(face.square.corners()) for face in faces]
        least = max(_CHOSEN * max(shares, default=0.0), 1e-9)
        chosen = [number for number, share in enumerate(shares) if share >= least]
        return sorted(chosen, key=lambda number: shares[number] < _CUT)

    def _share(self, outline: np.ndarray) -> float:
        """0…1: how much is selected inside a polygon [N, 2] in pixels; 0 where it lies outside the layer."""
        if self._selection is None:
            return 1.0
        height, width = self._selection.shape
        x0, y0 = np.clip(np.floor(outline.min(axis=0)).astype(int), 0, (width, height))
        x1, y1 = np.clip(np.ceil(outline.max(axis=0)).astype(int) + 1, 0, (width, height))
        inside = np.zeros((y1 - y0, x1 - x0), np.uint8)
        if not inside.size:
            return 0.0
        cv2.fillPoly(inside, [np.rint(outline - (x0, y0)).astype(np.int32)], 1)
        selected = clipped_float(self._selection[y0:y1, x0:x1])[inside > 0]
        return float(selected.mean()) if selected.size else 0.0


def union(rectangles: Sequence[Rectangle]) -> Rectangle:
    """The smallest rectangle around some."""
    x0, y0, x1, y1 = zip(*rectangles, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def lay_over(colours: np.ndarray, alpha: np.ndarray, over: np.ndarray, mask: np.ndarray) -> None:
    """Lays `over` [h, w, C] with its `mask` float32 [h, w], 0…1, over the top left of an image with straight alpha.

    colours: [H, W, C] of the type of `over`; alpha: float32 [H, W], 0…1. Both are changed in place."""
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


def reduced(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`image` [H, W] or [H, W, C] at `size` (width, height), each pixel the mean of those that it covers."""
    if image.shape[1::-1] == size:
        return image
    if image.dtype == np.float16:  # unknown to OpenCV
        image = image.astype(np.float32)
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
