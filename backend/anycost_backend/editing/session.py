"""One image being edited: its faces, their projections, and the image with an edited face."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

import cv2
import numpy as np
from anycost_models.core.images import to_uint8
from anycost_models.editing.attribute_lock import AttributeLock
from anycost_models.editing.directions import EASE, Region, eased
from anycost_models.face.aligned_square import Rectangle
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.parsing.parts import HEAD

from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.composite.groundwork import Groundwork, groundwork
from anycost_backend.editing.composite.planning import plan
from anycost_backend.editing.composite.views import AROUND, FINE, Change, Detail, PhotoView, View, scaled
from anycost_backend.editing.editable import EditableParts
from anycost_backend.editing.face_edit import FaceEdit, FaceEditLike, as_face_edit
from anycost_backend.editing.faces import Face
from anycost_backend.editing.models import Models
from anycost_backend.editing.patch import Patch, Pixels, patch_of
from anycost_backend.editing.photo_view import parsed, photo_view, square_parts
from anycost_backend.editing.projection import StoredProjection, project_face
from anycost_backend.photo.photo import Photo

if TYPE_CHECKING:
    from anycost_models.projection.inversion import ProjectionStep
    from anycost_models.projection.settings import ProjectionSettings

PROJECTION_SIDE = 256  # pixels
WORKING_SIDES = (256, 512, 1024)  # pixels: an edit is planned at the first that is as large as the face in the image
_CACHE_BYTES = 1 << 30


P = TypeVar("P", bound=Pixels)


@dataclass(frozen=True)
class RenderSpec:
    """What renders a face before and after the edit, both by the same: colours of sub-generators differ a little."""

    sub: SubGenerator
    side: int  # pixels: of the square in which the edit is planned


@dataclass(frozen=True, eq=False)
class RenderedEdit:
    """A face as the model renders it after an edit."""

    image: np.ndarray  # float32 RGB [S, S, 3], 0…1
    start: np.ndarray  # float32 W+ [styles, D] without strengths
    strengths: Mapping[str, float]  # with those that hold attributes
    region: Region  # what of the image may change


@dataclass(frozen=True, eq=False)
class EditPlan:
    """A face as the model renders it before and after, and the change of the image that follows."""

    projected: View
    edited: View
    change: Change
    strengths: Mapping[str, float]  # with those that hold attributes


@dataclass(frozen=True, eq=False)
class EditResult:
    """A photo with one face edited. If nothing was to change, only the photo."""

    photo: Photo
    projection: StoredProjection | None = None
    projected: np.ndarray | None = None  # float32 RGB [S, S, 3], 0…1: the face as the model renders it
    edited: np.ndarray | None = None  # the same with the edit
    change: Change | None = None
    strengths: Mapping[str, float] = field(default_factory=dict)  # with those that hold attributes


class Session(Generic[P]):
    """What is computed once per image and face is cached. `seconds` has what each kind of work took so far."""

    def __init__(
        self,
        photo: P,
        models: Models,
        cache: ByteLRUCache | None = None,
        ease: float = EASE,
        final_sub: SubGenerator | None = None,
    ) -> None:
        """cache: shared with other sessions; ease: see `eased`; final_sub: renders at full quality (None: the full
        generator). Raises AnycostError when a model is missing or damaged."""
        self.photo = photo
        self.models = models
        self.ease = ease
        self.seconds: dict[str, float] = {}
        self._final_sub = final_sub
        self._projections: dict[int, StoredProjection] = {}
        self._locks: dict[int, AttributeLock] = {}
        self._cache = cache or ByteLRUCache(_CACHE_BYTES)
        with self.timed("find"):
            self.image = photo.srgb8()  # uint8 sRGB [H, W, 3], never written
            self.faces: tuple[Face, ...] = models.finder.find(self.image)
        self.editable = EditableParts(self.image, self.faces, models, self._cache, self)

    # ------------------------------------------------------------------ projections

    def project(
        self,
        face: int,
        settings: "ProjectionSettings | None" = None,
        on_step: "Callable[[ProjectionStep], bool]" = lambda step: True,
        *,
        fresh: bool = False,
        meanwhile: Callable[[], None] | None = None,
    ) -> StoredProjection:
        """The face's projection, computed or read from the cache on disk. Edits start from it. See `project_face`.

        With a budget of 0 the encoder answers at once; asked for more later, its answer is refined. fresh: compute
        again. A projection that `on_step` ended early is returned and not stored. Raises AnycostError when a model is
        missing."""
        stored = self._projections.get(face)
        encoder_only = settings is not None and settings.budget == 0
        if stored and not fresh and (encoder_only or stored.stage == "refined"):
            return stored
        crop = self.crop(face, PROJECTION_SIDE)
        covered = square_parts(self.editable.parts(face)).together(HEAD)
        mine = self.editable.of(face)
        if mine is not None:
            covered *= cv2.resize(mine, covered.shape, interpolation=cv2.INTER_AREA)
        # 0 or 1: the optimisation would amplify the last bits, in which runtimes differ.
        importance = (covered > 0.5).astype(np.float32)
        with self.timed("project"):
            found = project_face(
                self.models.renderer,
                crop,
                importance,
                settings,
                on_step,
                encoder=self.models.encoder,
                fresh=fresh,
                meanwhile=meanwhile,
            )
        if found.complete:
            self._projections[face] = found
        self._cache.forget(self, face, "projected")
        return found

    def refine(
        self, face: int, settings: "ProjectionSettings", on_step: "Callable[[ProjectionStep], bool]" = lambda step: True
    ) -> StoredProjection:
        """Projects again and stores the better projection, also one that `on_step` ended early. See `project`."""
        before = self._projections.get(face)
        found = self.project(face, settings, on_step, fresh=True)
        if before is not None and found.psnr < before.psnr:
            found = before
        self._store(face, found)
        return found

    def set_interim(self, face: int, latent: np.ndarray, psnr: float) -> None:
        """Stores what a running projection has reached, unless a refined one is stored: previews start from it.

        latent: W+ [styles, D]; psnr: dB"""
        if not self.refined(face):
            self._store(face, StoredProjection(latent, psnr, None, None, 0, 0.0, False, stage="under way"))

    def adopt(self, face: int, latent: np.ndarray) -> None:
        """Edits start from this latent, W+ [styles, D], whose scores are unknown."""
        unknown = float("nan")
        self._store(face, StoredProjection(latent, unknown, unknown, unknown, 0, 0.0, remembered=True))

    def latent(self, face: int) -> np.ndarray | None:
        """The projection's W+ [styles, D]; None before there is one."""
        found = self._projections.get(face)
        return found.latent if found else None

    def start(self, face: int) -> np.ndarray | None:
        """W+ [styles, D] that edits start from: the projection's, eased; None before there is one."""
        latent = self.latent(face)
        return None if latent is None else eased(latent, self.ease)

    def refined(self, face: int) -> bool:
        """Whether there is more than an encoder's answer or an interim latent."""
        found = self._projections.get(face)
        return found is not None and found.stage == "refined"

    # ------------------------------------------------------------------ edits

    def edit(
        self,
        photo: Photo,
        face: int,
        edit: FaceEditLike,
        on_step: "Callable[[ProjectionStep], bool]" = lambda step: True,
    ) -> EditResult:
        """Edits the face in `photo` (this session's, perhaps with other faces edited already) at full quality.

        With all strengths 0 the photo is returned itself. Raises AnycostError for unknown attributes and missing
        models."""
        edit = as_face_edit(edit)
        edit.check(self.models.directions, self.models.latent_shape)
        if not edit.changes:
            return EditResult(photo)
        projection = self.project(face, on_step=on_step)
        plan = self.plan(face, edit, self.final_spec(face))
        with self.timed("composite"):
            patch = self.patch(photo, face, plan.change)
            changed = photo.with_region(patch.x, patch.y, patch.native, patch.mask)
        return EditResult(changed, projection, plan.projected.image, plan.edited.image, plan.change, plan.strengths)

    def final_spec(self, face: int) -> RenderSpec:
        """At full quality: by the full generator, as large as the image shows the face."""
        return RenderSpec(self._final_sub or self.models.renderer.full, working_side(self.faces[face].square.side))

    def plan(
        self, face: int, edit: FaceEditLike, spec: RenderSpec, check: Callable[[], None] = lambda: None
    ) -> EditPlan:
        """Renders and measures the edit. Project the face first.

        check: called between the stages; what it raises ends the work. Raises AnycostError for unknown attributes and
        missing models."""
        rendered = self.render(face, as_face_edit(edit), spec, check)
        check()
        projected = self.projected_view(face, spec)
        original, ground = self.original(face, spec.side, rendered.region)
        with self.timed("measure"):
            edited = self._measured_view(rendered.image)
        check()
        with self.timed("composite"):
            change = plan(original, projected, edited, rendered.region, ground=ground)
        return EditPlan(projected, edited, change, rendered.strengths)

    def render(
        self, face: int, edit: FaceEdit, spec: RenderSpec, check: Callable[[], None], *, quick_locks: bool = False
    ) -> RenderedEdit:
        """Renders the edited face. quick_locks: hold attributes only as far as can be foreseen without measuring.

        check: called between renders; what it raises ends the work. Raises AnycostError as `plan`."""
        directions = self.models.directions
        latent = self._start(face)
        strengths = self._with_locks(face, latent, edit, quick_locks, check)
        region: Region = "head" if edit.offset is not None else directions.region(strengths)
        start = latent if edit.offset is None else latent + edit.offset
        with self.timed("render"):
            image = self.render_latent(directions.apply(start, strengths, self.models.gains(spec.sub)), spec)
        return RenderedEdit(image, start, strengths, region)

    def render_latent(self, latent: np.ndarray, spec: RenderSpec) -> np.ndarray:
        """W+ [styles, D] → float32 RGB [side, side, 3], 0…1. Raises AnycostError as `Renderer.render`."""
        image = self.models.renderer.render(latent, spec.sub)
        side = spec.side
        interpolation = cv2.INTER_AREA if side < len(image) else cv2.INTER_CUBIC
        return image if side == len(image) else cv2.resize(image, (side, side), interpolation=interpolation)

    def projected_view(self, face: int, spec: RenderSpec) -> View:
        """The face as the model renders it without an edit, cached."""

        def compute() -> View:
            latent = self._start(face)
            with self.timed("render"):
                image = self.render_latent(latent, spec)
            with self.timed("measure"):
                return self._measured_view(image)

        return self._cache.get(self.projected_key(face, spec), compute)

    def projected_key(self, face: int, spec: RenderSpec) -> tuple[object, ...]:
        """Prefix of the cache's keys for what depends on the face's projection."""
        return self, face, "projected", spec

    def original(self, face: int, side: int, region: Region, detail: Detail = FINE) -> tuple[PhotoView, Groundwork]:
        """The face as the image shows it, and what plans take from it, cached. side: pixels of its square.

        Raises AnycostError when the parser's weights are missing or damaged."""
        reach = AROUND if region == "head" else 1.0

        def compute() -> PhotoView:
            editable = self.editable
            return photo_view(self.image, self.faces[face], editable.parts(face), editable.of(face, reach), side, reach)

        with self.timed("measure"):
            view = self._cache.get((self, face, "original", side, reach), compute)
            key = (self, face, "ground", side, region, detail)
            return view, self._cache.get(key, lambda: groundwork(view, region, detail))

    def patch(self, photo: Pixels, face: int, change: Change) -> Patch:
        """The change in `photo` (this session's, perhaps with other faces edited already)."""
        return patch_of(change, self.faces[face].square, self._bounds(face, change.reach), photo, self.models.threads)

    # ------------------------------------------------------------------ faces

    def bounds(self, face: int, edit: FaceEditLike) -> Rectangle:
        """What of the image the edit of the face may touch. Raises AnycostError for unknown attributes."""
        edit = as_face_edit(edit)
        whole = edit.offset is not None or edit.held  # what holds an attribute may move others
        region = "head" if whole else self.models.directions.region(edit.strengths)
        return self._bounds(face, AROUND if region == "head" else 1)

    def crop(self, face: int, side: int) -> np.ndarray:
        """The aligned face, uint8 sRGB [side, side, 3]."""
        return self.faces[face].square.crop(self.image, side)

    def close(self) -> None:
        """Removes what this session has cached."""
        self._cache.forget(self)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Adds the time of the block to `seconds`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - started

    # ------------------------------------------------------------------ inside

    def _store(self, face: int, projection: StoredProjection) -> None:
        self._projections[face] = projection
        self._cache.forget(self, face, "projected")

    def _start(self, face: int) -> np.ndarray:
        """As `start`; projects the face if it was not."""
        start = self.start(face)  # perhaps from the encoder's answer, for a preview
        return eased(self.project(face).latent, self.ease) if start is None else start

    def _with_locks(
        self, face: int, latent: np.ndarray, edit: FaceEdit, quick: bool, check: Callable[[], None]
    ) -> Mapping[str, float]:
        """The strengths, with those that hold the edit's held attributes."""
        if not edit.held:
            return edit.strengths
        directions = self.models.directions
        with self.timed("hold"):
            lock = self._locks.get(face)
            if lock is None or not lock.fits(directions, latent, edit.offset):
                measure, final = self.models.measure, self.final_spec(face).sub
                lock = AttributeLock(directions, latent, measure, edit.offset, lambda latent: measure(latent, final))
                self._locks[face] = lock
            find = lock.quick if quick else lock.exact
            return find(edit.strengths, edit.held, check)

    def _bounds(self, face: int, reach: float) -> Rectangle:
        return self.faces[face].square.scaled(reach).bounds(self.image.shape, margin=2)

    def _measured_view(self, image: np.ndarray) -> View:
        """image: float32 RGB [S, S, 3], 0…1."""
        eight_bit = to_uint8(image)
        landmarks = self.models.finder.mesh.landmarks_aligned(eight_bit)
        return View(image, scaled(landmarks, 1 / len(image)), parsed(eight_bit, self.models.parser))


def working_side(side: float) -> int:
    """Pixels at which an edit is planned of a face that is shown with squares of `side`."""
    return next((s for s in WORKING_SIDES if s >= side), WORKING_SIDES[-1])
