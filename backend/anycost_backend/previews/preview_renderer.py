"""Renders previews of a region: quick ones while a slider moves, exact ones when it rests."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import cv2
import numpy as np
from anycost_models.core.images import to_uint8, to_unit_float
from anycost_models.editing.directions import STILL, Directions
from anycost_models.face.aligned_square import Rectangle
from anycost_models.generators.sub_generator import SubGenerator

from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.composite.arrays import four_planes
from anycost_backend.editing.composite.views import QUICK, Change, View, scaled
from anycost_backend.editing.edit_plan import RenderedEdit, RenderSpec
from anycost_backend.editing.face_edit import FaceEdit, as_face_edit
from anycost_backend.editing.photo_view import parsed
from anycost_backend.editing.region import FaceEdits, Region, RegionOverlay, reduced, union
from anycost_backend.previews.canvas import FaceChange, composited
from anycost_backend.previews.landmark_interpolation import FaceGeometry, LandmarkInterpolator

_SPARE = 24  # part of what edits may touch by which more is shown than changes at first


class PreviewRenderer:
    """Of one region. What the next preview needs again is cached under the region's session."""

    def __init__(self, region: Region, cache: ByteLRUCache) -> None:
        self._region, self._session = region, region.session
        self._cache = cache
        self._interpolator = LandmarkInterpolator(cache)
        self._frames: dict[Rectangle, Rectangle] = {}  # what edits may touch → what of it previews have shown

    def render(
        self, edits: FaceEdits, sub: SubGenerator, max_side: int, quick: bool, check: Callable[[], None]
    ) -> RegionOverlay:
        """The change as RGBA 8, sRGB: the edited faces, rendered by `sub` and composited one after the other.

        max_side: pixels, longest side of the whole region; quick: interpolate landmarks and composite coarsely.
        check: called between the stages; what it raises ends the work. Raises AnycostError for unknown attributes and
        missing models."""
        region, session = self._region, self._session
        changes = []
        for face, edit in edits.items():
            number = region.numbers[face]
            spec = RenderSpec(sub, min(sub.resolution, region.working_side(face, max_side)))
            if quick:
                change = self._quick_change(number, as_face_edit(edit), spec, check)
            else:
                change = session.planner.plan(number, edit, spec, check).change
            changes.append(FaceChange(change, session.faces[number].square))
            check()
        frame = self._frame(region.bounds_of(edits), changes)
        size = region.size_of(frame, max_side)
        before = self._cache.get((session, "shown", frame, size), lambda: self._shown(frame, size))
        colours, alpha = composited(changes, frame, before, quick)
        opacity = self._cache.get((session, "opacity", frame, size), lambda: region.opacity(frame, size))
        if opacity is not None:
            alpha = alpha * opacity
        pixels = to_uint8(colours)
        cv2.insertChannel(to_uint8(alpha), pixels, 3)
        return RegionOverlay(pixels, frame)

    def _frame(self, bounds: Rectangle, changes: list[FaceChange]) -> Rectangle:
        """The part of the region that is shown, inside `bounds`, which is what the edits may touch: where something
        changes. It grows while sliders move, and never shrinks: hosts make room for other places anew."""
        shown = self._frames.get(bounds)
        parts = [part for part in (each.place(bounds) for each in changes) if part[0] < part[2] and part[1] < part[3]]
        if not parts:
            return shown or bounds
        x0, y0, x1, y1 = union(parts)
        if shown is not None:
            if union([shown, (x0, y0, x1, y1)]) == shown:
                return shown
            x0, y0, x1, y1 = union([shown, (x0, y0, x1, y1)])
        spare = max(bounds[2] - bounds[0], bounds[3] - bounds[1]) // _SPARE
        frame = (
            max(x0 - spare, bounds[0]),
            max(y0 - spare, bounds[1]),
            min(x1 + spare, bounds[2]),
            min(y1 + spare, bounds[3]),
        )
        self._frames[bounds] = frame
        return frame

    def _quick_change(self, number: int, edit: FaceEdit, spec: RenderSpec, check: Callable[[], None]) -> Change:
        """As `EditPlanner.plan`, from interpolated landmarks, locks and smooth parts of less detail."""
        session, directions = self._session, self._session.planner.directions(number)

        def measured(rendered: RenderedEdit, before: View) -> View:
            with session.timed("measure"):
                taken_over = edit.offset is not None and rendered.region not in STILL
                geometry = self._interpolated(number, rendered, directions, spec, before, taken_over)
                geometry = geometry or self._followed(rendered.image, rendered, before)
                return View(rendered.image, geometry.landmarks, geometry.parts)

        def projected() -> View:
            return self._quick_view(number, spec)

        return session.planner.plan_measured(number, edit, spec, directions, projected, measured, check, QUICK).change

    def _quick_view(self, number: int, spec: RenderSpec) -> View:
        """As `EditPlanner.projected_view`, with parts as a quick plan takes them."""
        planner = self._session.planner

        def compute() -> View:
            view = planner.projected_view(number, spec)
            return replace(view, parts=view.head_parts(QUICK))

        return self._cache.get((*planner.projected_key(number, spec), "quick"), compute)

    def _interpolated(
        self,
        number: int,
        rendered: RenderedEdit,
        directions: Directions,
        spec: RenderSpec,
        before: View,
        taken_over: bool,
    ) -> FaceGeometry | None:
        """None unless one slider alone has moved since the last preview. taken_over: whether the face changes without
        strengths, too"""
        session = self._session

        def measure(strengths: Mapping[str, float]) -> FaceGeometry:
            if not any(strengths.values()) and not taken_over:
                return FaceGeometry(before.landmarks, before.head_parts(QUICK))
            again = session.planner.rendered_again(rendered, strengths, spec, directions)
            return self._followed(again.image, again, before)

        key = (*session.planner.projected_key(number, spec), rendered.region, rendered.start.tobytes(), directions)
        layer = number, rendered.region in STILL, rendered.keeps_hair_colour
        return self._interpolator.find(layer, key, rendered.strengths, measure)

    def _followed(self, image: np.ndarray, rendered: RenderedEdit, before: View) -> FaceGeometry:
        """Measures an image that is nearly the one before, which is quicker. image: float32 RGB [S, S, 3], 0…1."""
        eight_bit, side = to_uint8(image), len(image)
        models = self._session.models
        landmarks = scaled(models.finder.mesh.follow(eight_bit, scaled(before.landmarks, side)), 1 / side)
        if rendered.region not in ("hair", "head"):  # only these move the silhouette
            return FaceGeometry(landmarks, before.head_parts(QUICK))
        return FaceGeometry(landmarks, View(image, landmarks, parsed(eight_bit, models.parser)).head_parts(QUICK))

    def _shown(self, bounds: Rectangle, size: tuple[int, int]) -> np.ndarray:
        """The region before the edit, float32 sRGB [h, w, 4], 0…1."""
        x0, y0, x1, y1 = bounds
        return four_planes(to_unit_float(reduced(self._region.layer.srgb8((x0, y0, x1 - x0, y1 - y0)), size)))
