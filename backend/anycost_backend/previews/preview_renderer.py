"""Renders previews of a region: quick ones while a slider moves, exact ones when it rests."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import cv2
import numpy as np
from anycost_models.core.images import to_uint8, to_unit_float
from anycost_models.editing.directions import Region as FaceRegion
from anycost_models.face.aligned_square import Rectangle
from anycost_models.generators.sub_generator import SubGenerator

from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.composite.groundwork import Groundwork, groundwork
from anycost_backend.editing.composite.placing import apply_rows, covered, square_from
from anycost_backend.editing.composite.planning import plan
from anycost_backend.editing.composite.views import QUICK, Change, PhotoView, View, scaled
from anycost_backend.editing.face_edit import FaceEdit, as_face_edit
from anycost_backend.editing.photo_view import parsed
from anycost_backend.editing.region import FaceEdits, Region, RegionOverlay, lay_over, reduced
from anycost_backend.editing.session import RenderedEdit, RenderSpec
from anycost_backend.previews.landmark_interpolation import FaceGeometry, LandmarkInterpolator


class PreviewRenderer:
    """Of one region. What the next preview needs again is cached under the region's session."""

    def __init__(self, region: Region, cache: ByteLRUCache) -> None:
        self._region, self._session = region, region.session
        self._cache = cache
        self._interpolator = LandmarkInterpolator(cache)

    def render(
        self, edits: FaceEdits, sub: SubGenerator, max_side: int, quick: bool, check: Callable[[], None]
    ) -> RegionOverlay:
        """The change as RGBA 8, sRGB: the edited faces, rendered by `sub` and composited one after the other.

        max_side: pixels, longest side of the whole region; quick: interpolate landmarks and composite coarsely.
        check: called between the stages; what it raises ends the work. Raises AnycostError for unknown attributes and
        missing models."""
        region, session = self._region, self._session
        bounds = region.bounds_of(edits)
        size = region.size_of(bounds, max_side)
        canvas = _Canvas(self._cache.get((session, "shown", bounds, size), lambda: self._shown(bounds, size)))
        for face, edit in edits.items():
            number = region.numbers[face]
            spec = RenderSpec(sub, min(sub.resolution, region.working_side(face, max_side)))
            if quick:
                change = self._quick_change(number, as_face_edit(edit), spec, check)
            else:
                change = session.plan(number, edit, spec, check).change
            to_square = square_from(session.faces[number].square, bounds, size)
            canvas.put(change, to_square, _within(session.bounds(number, edit), bounds, size), quick)
            check()
        alpha = canvas.alpha
        opacity = self._cache.get((session, "opacity", bounds, size), lambda: region.opacity(bounds, size))
        if opacity is not None:
            alpha = alpha * opacity
        pixels = cv2.cvtColor(to_uint8(canvas.colours), cv2.COLOR_RGB2RGBA)
        cv2.insertChannel(to_uint8(alpha), pixels, 3)
        return RegionOverlay(pixels, bounds)

    def _quick_change(self, number: int, edit: FaceEdit, spec: RenderSpec, check: Callable[[], None]) -> Change:
        """As `Session.plan`, from interpolated landmarks, locks and smooth parts of less detail."""
        session = self._session
        rendered = session.render(number, edit, spec, check, quick_locks=True)
        check()
        projected = self._quick_view(number, spec)
        original, ground = self._original(number, spec.side, rendered.region)
        with session.timed("measure"):
            geometry = self._interpolated(number, edit, rendered, spec, projected)
            geometry = geometry or self._followed(rendered.image, rendered, projected)
            edited = View(rendered.image, geometry.landmarks, geometry.parts)
        check()
        with session.timed("composite"):
            return plan(original, projected, edited, rendered.region, QUICK, ground)

    def _quick_view(self, number: int, spec: RenderSpec) -> View:
        """As `Session.projected_view`, with parts as a quick plan takes them."""

        def compute() -> View:
            view = self._session.projected_view(number, spec)
            return replace(view, parts=view.head_parts(QUICK))

        return self._cache.get((*self._session.projected_key(number, spec), "quick"), compute)

    def _original(self, number: int, side: int, region: FaceRegion) -> tuple[PhotoView, Groundwork]:
        """What quick plans take from the photo."""
        original = self._session.original_view(number, side, region)
        key = (self._session, number, "ground", side, region)
        return original, self._cache.get(key, lambda: groundwork(original, region, QUICK))

    def _interpolated(
        self, number: int, edit: FaceEdit, rendered: RenderedEdit, spec: RenderSpec, projected: View
    ) -> FaceGeometry | None:
        """None where more than one slider has moved since the last preview."""
        session = self._session

        def measure(strengths: Mapping[str, float]) -> FaceGeometry:
            if not any(strengths.values()) and edit.offset is None:
                return FaceGeometry(projected.landmarks, projected.head_parts(QUICK))
            models = session.models
            latent = models.directions.apply(rendered.start, strengths, models.gains(spec.sub))
            return self._followed(session.render_latent(latent, spec), rendered, projected)

        key = (*session.projected_key(number, spec), rendered.region, rendered.start.tobytes())
        return self._interpolator.find(number, key, rendered.strengths, measure)

    def _followed(self, image: np.ndarray, rendered: RenderedEdit, projected: View) -> FaceGeometry:
        """Measures an image that is nearly the projected one, which is quicker. image: float32 RGB [S, S, 3], 0…1."""
        eight_bit, side = to_uint8(image), len(image)
        models = self._session.models
        landmarks = scaled(models.finder.mesh.follow(eight_bit, scaled(projected.landmarks, side)), 1 / side)
        if rendered.region != "head":  # only an edit of the head moves the silhouette
            return FaceGeometry(landmarks, projected.head_parts(QUICK))
        return FaceGeometry(landmarks, View(image, landmarks, parsed(eight_bit, models.parser)).head_parts(QUICK))

    def _shown(self, bounds: Rectangle, size: tuple[int, int]) -> np.ndarray:
        """The region before the edit, float32 sRGB [h, w, 3], 0…1."""
        x0, y0, x1, y1 = bounds
        return to_unit_float(reduced(self._region.layer.srgb8((x0, y0, x1 - x0, y1 - y0)), size))


class _Canvas:
    """A part of the region, onto which one face after the other is composited."""

    def __init__(self, before: np.ndarray) -> None:
        """before: float32 sRGB [h, w, 3], 0…1, never written."""
        self._before = before
        self.colours = before.copy()
        self.alpha = np.zeros(before.shape[:2], np.float32)

    def put(self, change: Change, to_square: np.ndarray, within: Rectangle, quick: bool) -> None:
        """within: the part of the canvas that may change; quick: interpolate linearly, which is a little less sharp."""
        x0, y0, x1, y1 = covered(change, to_square, within)
        if x0 == x1 or y0 == y1:
            return
        place = np.s_[y0:y1, x0:x1]
        moved = to_square.copy()
        moved[:, 2] += moved[:, :2] @ (x0, y0)
        other = self.alpha[place][:, :, None]
        so_far = self._before[place]
        if other.any():  # another face is there
            so_far = so_far + other * (self.colours[place] - so_far)
        size = x1 - x0, y1 - y0
        interpolation = cv2.INTER_LINEAR if quick else cv2.INTER_CUBIC
        rows = 0, size[1]
        edited, mask = apply_rows(change, moved, size, rows, lambda a, b: so_far[a:b], interpolation)
        lay_over(self.colours[place], self.alpha[place], edited, mask)


def _within(part: Rectangle, whole: Rectangle, size: tuple[int, int]) -> Rectangle:
    """`part` of `whole` in the pixels of an image of `whole` of that size."""
    x, y = size[0] / (whole[2] - whole[0]), size[1] / (whole[3] - whole[1])
    low = np.floor([(part[0] - whole[0]) * x, (part[1] - whole[1]) * y]).astype(int)
    high = np.ceil([(part[2] - whole[0]) * x, (part[3] - whole[1]) * y]).astype(int)
    return int(low[0]), int(low[1]), min(int(high[0]), size[0]), min(int(high[1]), size[1])
