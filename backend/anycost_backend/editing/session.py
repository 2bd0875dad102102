"""One image being edited: its faces, their projections, and the image with an edited face."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

import cv2
import numpy as np
from anycost_models.core.images import to_uint8, to_unit_float
from anycost_models.face.aligned_square import Rectangle
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.parsing.parts import HEAD

from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.composite.arrays import times
from anycost_backend.editing.composite.placing import apply_rows
from anycost_backend.editing.composite.views import AROUND, Change
from anycost_backend.editing.composite_rows import Pixels, composite
from anycost_backend.editing.edit_planner import EditPlanner
from anycost_backend.editing.editable import EditableParts
from anycost_backend.editing.face_edit import FaceEditLike, as_face_edit
from anycost_backend.editing.faces import Face
from anycost_backend.editing.models import Models
from anycost_backend.editing.photo_view import square_parts
from anycost_backend.editing.projection import StoredProjection, project_face
from anycost_backend.photo.photo import Photo
from anycost_backend.photo.sample_types import Lay

if TYPE_CHECKING:
    from anycost_models.projection.inversion import ProjectionStep
    from anycost_models.projection.settings import ProjectionSettings

PROJECTION_SIDE = 256  # pixels
_CACHE_BYTES = 256 << 20


P = TypeVar("P", bound=Pixels)


@dataclass(frozen=True, eq=False)
class EditResult:
    """A photo with one face edited. If nothing was to change, only the photo."""

    photo: Photo
    projection: StoredProjection | None = None  # None: nothing was drawn
    projected: np.ndarray | None = None  # float32 RGB [S, S, 3], 0…1: the face as the model renders it
    edited: np.ndarray | None = None  # the same with the edit
    change: Change | None = None
    strengths: Mapping[str, float] = field(default_factory=dict)  # with those that hold attributes
    reached: Mapping[str, float] = field(default_factory=dict)  # as `EditPlan.reached`


class Session(Generic[P]):
    """What is computed once per image and face is cached. `seconds` has what each kind of work took so far, each second
    counted once."""

    def __init__(
        self,
        photo: P,
        models: Models,
        cache: ByteLRUCache | None = None,
        final_sub: SubGenerator | None = None,
    ) -> None:
        """cache: shared with other sessions; final_sub: renders at full quality (None: the full
        generator). Raises AnycostError when a model is missing or damaged."""
        self.photo = photo
        self.models = models
        self.seconds: dict[str, float] = {}
        self._timed_within = 0.0  # seconds that blocks inside the one being timed have taken
        self._projections: dict[int, StoredProjection] = {}
        self._cache = cache or ByteLRUCache(_CACHE_BYTES)
        with self.timed("find"):
            self.image = photo.srgb8()  # uint8 sRGB [H, W, 3], never written
            self.faces: tuple[Face, ...] = models.finder.find(self.image)
        self.editable = EditableParts(self.image, self.faces, models, self._cache, self)
        self.planner = EditPlanner(self, self._cache, final_sub)

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
        with self.timed("project"):
            found = project_face(
                self.models.renderer,
                crop,
                lambda: self._importance(face),
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
        projection = self.project(face, on_step=on_step) if self.planner.draws(edit) else None
        plan = self.planner.plan(face, edit, self.planner.final_spec(face))
        with self.timed("composite"):
            changed = photo.changing(partial(self.composite, photo, face, plan.change))
        projected, edited = (None if view is None else view.image for view in (plan.projected, plan.edited))
        return EditResult(changed, projection, projected, edited, plan.change, plan.strengths, plan.reached)

    def composite(self, photo: Pixels, face: int, change: Change, lay: Lay) -> None:
        """The change in `photo` (this session's, perhaps with other faces edited already). lay: as for `composite`."""
        bounds = self._bounds(face, change.reach)
        composite(change, self.faces[face].square, bounds, photo, lay, self.models.threads)

    def square_with(self, face: int, change: Change, side: int) -> np.ndarray:
        """The aligned face with the change, uint8 sRGB [side, side, 3]."""
        photo = to_unit_float(self.crop(face, side))
        to_square = np.array([[1 / side, 0, 0], [0, 1 / side, 0]])
        rows = 0, side
        edited, mask = apply_rows(change, to_square, (side, side), rows, lambda first, last: photo[first:last])
        return to_uint8(photo + times(edited - photo, mask))

    # ------------------------------------------------------------------ faces

    def bounds(self, face: int, edit: FaceEditLike) -> Rectangle:
        """What of the image the edit of the face may touch. Raises AnycostError for unknown attributes."""
        edit = as_face_edit(edit)
        whole = edit.offset is not None or edit.held  # what holds an attribute may move others
        region = "head" if whole else self.models.directions.region(edit.strengths)
        return self._bounds(face, AROUND if region in ("hair", "head") else 1)

    def crop(self, face: int, side: int) -> np.ndarray:
        """The aligned face, uint8 sRGB [side, side, 3]."""
        return self.faces[face].square.crop(self.image, side)

    def close(self) -> None:
        """Removes what this session has cached."""
        self._cache.forget(self)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Adds the time of the block to `seconds`, but for that of blocks within it, which count for themselves."""
        outer, self._timed_within = self._timed_within, 0.0
        started = time.perf_counter()
        try:
            yield
        finally:
            whole = time.perf_counter() - started
            self.seconds[what] = self.seconds.get(what, 0.0) + whole - self._timed_within
            self._timed_within = outer + whole

    # ------------------------------------------------------------------ inside

    def _store(self, face: int, projection: StoredProjection) -> None:
        self._projections[face] = projection
        self._cache.forget(self, face, "projected")

    def _importance(self, face: int) -> np.ndarray:
        """float32 [256, 256]: 1 where the head is to be drawn as it is."""
        with self.timed("measure"):
            covered = square_parts(self.editable.parts(face)).together(HEAD)
            mine = self.editable.of(face)
        if mine is not None:
            covered *= cv2.resize(mine, covered.shape, interpolation=cv2.INTER_AREA)
        # 0 or 1: the optimisation would amplify the last bits, in which runtimes differ.
        return (covered > 0.5).astype(np.float32)

    def _bounds(self, face: int, reach: float) -> Rectangle:
        return self.faces[face].square.scaled(reach).bounds(self.image.shape, margin=2)
