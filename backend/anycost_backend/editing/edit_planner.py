"""Plans edits of a session's faces: renders them before and after, each as far as its attributes have to go."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from anycost_models.core.images import to_uint8
from anycost_models.editing.attribute_lock import AttributeLock
from anycost_models.editing.directions import STILL, Directions, Region
from anycost_models.editing.effects import USUAL_BASE, Base
from anycost_models.face.shape_warps import holding
from anycost_models.generators.sub_generator import SubGenerator

from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.composite.groundwork import Groundwork, groundwork
from anycost_backend.editing.composite.lens_tint import LENS_TINT, tinted_lenses
from anycost_backend.editing.composite.overlay import changed_hair, changed_view, overlaid
from anycost_backend.editing.composite.planning import moving_points, plan
from anycost_backend.editing.composite.recolouring import recoloured
from anycost_backend.editing.composite.tones import with_hair_colour
from anycost_backend.editing.composite.views import AROUND, FINE, Change, Detail, PhotoView, View, scaled
from anycost_backend.editing.composite.warping import warped
from anycost_backend.editing.edit_plan import Draw, Drawings, EditPlan, Measure, RenderedEdit, RenderSpec, working_side
from anycost_backend.editing.edit_rules import grain_of, hair_change, rigid, taken_off, worn
from anycost_backend.editing.face_edit import FaceEdit, FaceEditLike, as_face_edit, layers_of
from anycost_backend.editing.photo_view import parsed, photo_view
from anycost_backend.editing.reach import Reach

if TYPE_CHECKING:
    from anycost_backend.editing.session import Session

_TURNED = 20  # degrees from which on glasses are drawn anew when the head turns: they are seen from another side
_SHAPES = 6  # rows of W+ that shape hair; the later ones colour it
_FARTHEST = 0.8  # share of the way to the mean style
MEASURED_SIDE = 256  # pixels: of squares whose labels are measured


class EditPlanner:
    """Of one session. What is computed once per face and projection is cached."""

    def __init__(self, session: "Session[Any]", cache: ByteLRUCache, final_sub: SubGenerator | None) -> None:
        """final_sub: renders at full quality (None: the full generator)."""
        self._session, self._models = session, session.models
        self._cache, self._final_sub = cache, final_sub
        self._locks: dict[int, AttributeLock] = {}
        self._reaches: dict[int, Reach] = {}

    def final_spec(self, face: int) -> RenderSpec:
        """At full quality: by the full generator, as large as the image shows the face."""
        side = working_side(self._session.faces[face].square.side)
        return RenderSpec(self._final_sub or self._models.renderer.full, side)

    def plan(
        self,
        face: int,
        edit: FaceEditLike,
        spec: RenderSpec,
        check: Callable[[], None] = lambda: None,
        directions: Directions | None = None,
    ) -> EditPlan:
        """Renders and measures the edit. Project the face first, if it `draws`.

        check: called between the stages; what it raises ends the work. directions: None: how far they have to go on
        this face is found. Raises AnycostError for unknown attributes and missing models."""
        edit = as_face_edit(edit)
        if directions is None:
            drawings = Drawings(self._models.renderer.render)
            directions = self._found_directions(face, edit, check, drawings.keeping)
            return self.plan(face, edit, replace(spec, draw=drawings.taking), check, directions)

        def measured(rendered: RenderedEdit, before: View) -> View:
            return self._measured_view(rendered.image)

        project = partial(self.projected_view, face, spec)
        return self.plan_measured(face, edit, spec, directions, project, measured, check)

    def plan_measured(
        self,
        face: int,
        edit: FaceEdit,
        spec: RenderSpec,
        directions: Directions,
        project: Callable[[], View],
        measured: Measure,
        check: Callable[[], None],
        detail: Detail = FINE,
    ) -> EditPlan:
        """As `plan`, by another way to measure; locks hold attributes only as far as can be foreseen without measuring
        if the detail isn't `FINE`. project: returns the `projected_view`, called if it is needed"""
        layers = layers_of(edit, directions, self._models.effects)
        drawn = {name: strength for name, strength in edit.strengths.items() if name not in layers.warped}
        around: Region = "head" if edit.offset is not None else directions.region(drawn)
        displaced = self._displaced(face, edit.strengths, directions)
        holds: dict[str, float] = {}  # strengths of warps that hold their labels
        change: Change | None = None
        strengths = edit.strengths
        projected: View | None = None
        edited: View | None = None
        glasses: View | None = None
        hair: np.ndarray | None = None  # as it was drawn, [s, s]

        def laid(rendered: RenderedEdit, before: View) -> View:
            """The view of what was rendered, which is laid on the change so far."""
            nonlocal change, hair, displaced, holds
            check()
            after = measured(rendered, before) if rendered.region != "skin" else replace(before, image=rendered.image)
            if rendered.keeps_hair_colour:
                after = replace(after, image=with_hair_colour(after, before))
            check()
            if edit.held and rendered.region not in STILL:
                moving = moving_points(*self.original(face, spec.side, rendered.region, around, detail))
                motion = before.landmarks, after.landmarks, moving
                holds = holding(edit.held, edit.strengths, *motion, directions, self._models.effects)
                displaced = self._displaced(face, {**edit.strengths, **holds}, directions) if holds else displaced
            change = self._laid(face, change, rendered, before, after, around, spec, detail, displaced)
            hair = after.parts["hair"] if rendered.region in ("hair", "head") else hair
            return after

        if displaced is not None and not layers.face.changes:
            original, ground = self.original(face, spec.side, "face", around, detail)
            with self._session.timed("composite"):
                change = warped(original, ground, displaced, detail)
        if layers.face.changes or layers.still:
            projected, latent = project(), self._start(face)
            edited = projected
            if layers.face.changes:
                rendered = self.render(face, layers.face, spec, directions, check, quick_locks=detail is not FINE)
                rendered = replace(rendered, worn=rendered.worn and worn(edit.strengths))
                around = "head" if rendered.region == "head" else around  # by a lock
                edited = laid(rendered, edited)
                latent, strengths = rendered.latent, {**strengths, **rendered.strengths, **holds}
            for own in layers.still:
                rendered = self._rendered_still(latent, own, spec, directions)
                latent, edited = rendered.latent, laid(rendered, edited)
        if layers.recoloured:
            check()
            original, ground = self._so_far(face, change, "skin", around, spec, detail)
            with self._session.timed("composite"):
                amounts = {name: directions.direction(name).multiple(each) for name, each in layers.recoloured.items()}
                hair = None if change is None or hair is None else changed_hair(ground, change, hair)
                over = recoloured(original, ground, amounts, hair)
                change = over if change is None else overlaid(change, over)
        for base, own in layers.others.items():
            check()
            before = self.projected_view(face, spec, base)
            rendered = self._rendered(self._start(face, base), own, spec, directions)
            after = replace(before, image=rendered.image)  # lenses and beards move nothing
            glasses = after if "glasses" in own else glasses
            if change is None:
                projected, edited = before, after
            change = self._laid(face, change, rendered, before, after, around, spec, detail, None)
        if layers.lens_tint:
            original, _ = self.original(face, spec.side, "eyes", around, detail)
            with self._session.timed("composite"):
                multiple, parse = directions.direction(LENS_TINT).multiple(layers.lens_tint), self._models.parser.parse
                over = tinted_lenses(original, change, glasses, parse, multiple, detail)
                change = over if change is None else overlaid(change, over)
            self._reach(face).note(LENS_TINT, layers.lens_tint, float(over.mask.any()))
        if change is None:
            raise ValueError("an edit that changes nothing")
        if grain := grain_of(directions, strengths):
            skin = self.original(face, spec.side, "skin", around, detail)[1].bare_skin
            change = replace(change, grain=None if skin is None else np.float32(grain) * skin)
        return EditPlan(projected, edited, change, strengths, self.reached(face, edit.strengths))

    def _laid(
        self,
        face: int,
        change: Change | None,
        rendered: RenderedEdit,
        before: View,
        after: View,
        around: Region,
        spec: RenderSpec,
        detail: Detail,
        displaced: np.ndarray | None,
    ) -> Change:
        """The change so far with what was rendered on it; the first one warps the photo, too."""
        original, ground = self._so_far(face, change, rendered.region, around, spec, detail)
        with self._session.timed("composite"):
            over = plan(
                original,
                before,
                after,
                rendered.region,
                detail,
                ground,
                worn=rendered.worn,
                hair=hair_change(rendered.strengths) if rendered.region == "hair" else "any",
                displaced=displaced if change is None else None,
                rigid=rigid(rendered.strengths),
                taken_off=taken_off(rendered.strengths),
            )
            return over if change is None else overlaid(change, over)

    def _so_far(
        self, face: int, change: Change | None, region: Region, around: Region, spec: RenderSpec, detail: Detail
    ) -> tuple[PhotoView, Groundwork]:
        """As `original`, with the change in it."""
        original, ground = self.original(face, spec.side, region, around, detail)
        if change is None:
            return original, ground
        with self._session.timed("composite"):
            original = changed_view(original, change)
            return original, groundwork(original, region, detail)

    def render(
        self,
        face: int,
        edit: FaceEdit,
        spec: RenderSpec,
        directions: Directions,
        check: Callable[[], None],
        *,
        quick_locks: bool = False,
    ) -> RenderedEdit:
        """Renders the edited face, drawn from the usual base.

        quick_locks: hold attributes only as far as can be foreseen without measuring. check: called between renders;
        what it raises ends the work. Raises AnycostError as `plan`."""
        latent = self._start(face)
        strengths = self._with_locks(face, latent, directions, edit, quick_locks, check)
        start = latent if edit.offset is None else latent + edit.offset
        rendered = self._rendered(start, strengths, spec, directions)
        turned = abs(self._session.faces[face].mesh.pose()[0]) > _TURNED and bool(strengths.get("yaw"))
        whole = edit.offset is not None or rendered.region == "hair"  # by a lock
        region: Region = "head" if whole else "face" if rendered.region == "skin" else rendered.region
        return replace(rendered, region=region, worn=rendered.worn and not turned)

    def rendered_again(
        self, rendered: RenderedEdit, strengths: Mapping[str, float], spec: RenderSpec, directions: Directions
    ) -> RenderedEdit:
        """The same with other strengths."""
        render = self._rendered_still if rendered.region in STILL else self._rendered
        return replace(render(rendered.start, strengths, spec, directions), region=rendered.region)

    def _rendered_still(
        self, start: np.ndarray, strengths: Mapping[str, float], spec: RenderSpec, directions: Directions
    ) -> RenderedEdit:
        """As `_rendered`."""
        pulls = (
            abs(directions.direction(name).multiple(strength)) * self._models.effects.pull(name, strength)
            for name, strength in strengths.items()
        )
        share = min(sum(pulls), _FARTHEST)
        pulled = start.copy()
        pulled[:_SHAPES] += np.float32(share) * (self._models.mean_style - start)[:_SHAPES]
        rendered = self._rendered(pulled, strengths, spec, directions)
        return replace(rendered, start=start, keeps_hair_colour=share > 0)

    def _rendered(
        self, start: np.ndarray, strengths: Mapping[str, float], spec: RenderSpec, directions: Directions
    ) -> RenderedEdit:
        """start: W+ [styles, D]"""
        with self._session.timed("render"):
            latent = directions.apply(start, strengths, self._models.gains(spec.sub))
            image = self.render_latent(latent, spec)
        return RenderedEdit(image, start, latent, strengths, directions.region(strengths), worn(strengths))

    def render_latent(self, latent: np.ndarray, spec: RenderSpec) -> np.ndarray:
        """W+ [styles, D] → float32 RGB [side, side, 3], 0…1. Raises AnycostError as `Renderer.render`."""
        side, draw = spec.side, spec.draw or self._models.renderer.render
        image = draw(latent, spec.sub)
        interpolation = cv2.INTER_AREA if side < len(image) else cv2.INTER_CUBIC
        return image if side == len(image) else cv2.resize(image, (side, side), interpolation=interpolation)

    def projected_view(self, face: int, spec: RenderSpec, base: Base = USUAL_BASE) -> View:
        """The face as the model renders it without an edit, cached."""

        def compute() -> View:
            latent = self._start(face, base)
            with self._session.timed("render"):
                image = self.render_latent(latent, spec)
            return self._measured_view(image)

        return self._cache.get((*self.projected_key(face, spec), base), compute)

    def projected_key(self, face: int, spec: RenderSpec) -> tuple[object, ...]:
        """Prefix of the cache's keys for what depends on the face's projection."""
        return self._session, face, "projected", spec.sub, spec.side

    def original(
        self, face: int, side: int, region: Region, around: Region, detail: Detail = FINE
    ) -> tuple[PhotoView, Groundwork]:
        """The face as the image shows it, and what plans take from it, cached. side: pixels of its square; region: what
        a plan may change; around: what all plans of the edit may.

        Raises AnycostError when the parser's weights are missing or damaged."""
        reach = AROUND if around in ("hair", "head") else 1.0

        def compute() -> PhotoView:
            editable, found = self._session.editable, self._session.faces[face]
            mine = editable.of(face, reach)
            return photo_view(self._session.image, found, editable.parts(face), mine, side, reach)

        with self._session.timed("measure"):
            view = self._cache.get((self._session, face, "original", side, reach), compute)
            key = (self._session, face, "ground", side, region, reach, detail)
            return view, self._cache.get(key, lambda: groundwork(view, region, detail))

    def draws(self, edit: FaceEditLike) -> bool:
        """Whether the generator draws anything of the edit, so that the face must be projected: not where the photo is
        only warped and recoloured. Raises AnycostError for unknown attributes."""
        return layers_of(as_face_edit(edit), self._models.directions, self._models.effects).drawn

    def start(self, face: int, base: Base = USUAL_BASE) -> np.ndarray | None:
        """W+ [styles, D] that edits start from: the base of the projection; None before there is one."""
        latent = self._session.latent(face)
        return None if latent is None else base.of(latent, self._models.mean_style)

    def directions(self, face: int) -> Directions:
        """Of the attributes, as far as they have to go on this face, if that is known; otherwise on the usual one."""
        return self._reach(face).directions

    def reached(self, face: int, strengths: Mapping[str, float]) -> dict[str, float]:
        """As `EditPlan.reached`, as far as it is known by now."""
        return self._reach(face).reached(strengths)

    def gain(self, face: int, name: str, sense: int) -> float:
        """How far the attribute goes on this face below 0 (sense −1) or above, relative to its step."""
        return self._reach(face).gain(name, sense)

    # ------------------------------------------------------------------ inside

    def _displaced(self, face: int, strengths: Mapping[str, float], directions: Directions) -> np.ndarray | None:
        return self._models.displaced(strengths, directions, self._session.faces[face].in_square)

    def _start(self, face: int, base: Base = USUAL_BASE) -> np.ndarray:
        """As `start`; projects the face if it was not."""
        start = self.start(face, base)  # perhaps from the encoder's answer, for a preview
        return base.of(self._session.project(face).latent, self._models.mean_style) if start is None else start

    def _reach(self, face: int) -> Reach:
        latent = self._session.latent(face)
        reach, directions = self._reaches.get(face), self._models.directions
        if reach is None or not reach.fits(directions, latent):
            reach = self._reaches[face] = Reach(self._models.effects, directions, latent, reach)
        return reach

    def _found_directions(self, face: int, edit: FaceEdit, check: Callable[[], None], draw: Draw) -> Directions:
        """The directions, as far as the edit's attributes have to go on this face; draw: what draws it for that."""
        draws = self.draws(edit)
        if draws and self._session.latent(face) is None:
            self._session.project(face)
        reach = self._reach(face)
        if not draws or self._session.refined(face):  # otherwise it will change
            final = replace(self.final_spec(face), draw=draw)
            spec = replace(final, side=MEASURED_SIDE)
            measure = self._models.labels.measure

            def show(name: str, sense: int, directions: Directions) -> Mapping[str, float]:
                warps = self._models.effects.warp(name) and not self.draws({name: sense})  # quick, and eyes are small
                planned = final if warps else spec
                change = self.plan(face, {name: sense}, planned, check, directions).change
                return measure(self._session.square_with(face, change, MEASURED_SIDE))

            with self._session.timed("reach"):
                reach.find(edit.strengths, lambda: measure(self._session.crop(face, MEASURED_SIDE)), show, check)
        return reach.directions

    def _with_locks(
        self,
        face: int,
        latent: np.ndarray,
        directions: Directions,
        edit: FaceEdit,
        quick: bool,
        check: Callable[[], None],
    ) -> Mapping[str, float]:
        """The strengths, with those that hold the edit's held attributes."""
        if not edit.held:
            return edit.strengths
        with self._session.timed("hold"):
            lock = self._locks.get(face)
            if lock is None or not lock.fits(directions, latent, edit.offset):
                measure, final = self._models.measure, self.final_spec(face).sub
                lock = AttributeLock(directions, latent, measure, edit.offset, lambda latent: measure(latent, final))
                self._locks[face] = lock
            find = lock.quick if quick else lock.exact
            return find(edit.strengths, edit.held, check)

    def _measured_view(self, image: np.ndarray) -> View:
        """image: float32 RGB [S, S, 3], 0…1."""
        with self._session.timed("measure"):
            eight_bit = to_uint8(image)
            landmarks = self._models.finder.mesh.landmarks_aligned(eight_bit)
            return View(image, scaled(landmarks, 1 / len(image)), parsed(eight_bit, self._models.parser))
