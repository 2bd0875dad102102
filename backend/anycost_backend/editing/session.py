"""One picture being edited: its faces, their projections, and the picture with an edit put in."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import cv2
import numpy as np
from anycost_models.editing.attribute_lock import AttributeLock
from anycost_models.editing.directions import EASE, Region, eased
from anycost_models.face.aligned_square import Rectangle
from anycost_models.face.landmarks import Landmarks
from anycost_models.face.masks import face_oval_mask, fringe_mask, hair_of_matte, matte
from anycost_models.generators.sub_generator import SubGenerator

from anycost_backend.editing import composite
from anycost_backend.editing.byte_lru_cache import ByteLRUCache
from anycost_backend.editing.face_edit import FaceEdit, Wanted, adjustment
from anycost_backend.editing.faces import Face
from anycost_backend.editing.landmark_interpolation import FaceGeometry, LandmarkInterpolator
from anycost_backend.editing.models import Models
from anycost_backend.editing.monochrome import tones_of
from anycost_backend.editing.projection import StoredProjection, project_face
from anycost_backend.photo.photo import Photo
from anycost_backend.photo.sample_types import to_float, to_uint8

if TYPE_CHECKING:
    from anycost_models.projection.inversion import ProjectionStep
    from anycost_models.projection.settings import ProjectionSettings

PROJECTION_SIDE = 256  # pixels
WORKING_SIDES = (256, 512, 1024)  # pixels: an edit is planned at the first that holds the face as the photo shows it
_ROWS = 256  # of a photo that are worked on at a time, so that a large one is never float as a whole


class Pixels(Protocol):
    """What a session asks of a picture: `Photo` says what the methods do."""

    def srgb8(self, rect: tuple[int, int, int, int] | None = None) -> np.ndarray: ...
    def region_srgb(self, x: int, y: int, width: int, height: int) -> np.ndarray: ...
    def from_srgb(self, region: np.ndarray) -> np.ndarray: ...


P = TypeVar("P", bound=Pixels)


@dataclass(frozen=True)
class RenderSpec:
    """How an edit is drawn and planned."""

    sub: SubGenerator | None  # what draws, before and after: an exit's colours are not quite another's
    side: int  # pixels: of the square in which it is planned
    quick: bool = False  # for a preview: found anew is only what the edit can have moved


@dataclass(frozen=True, eq=False)
class EditPlan:
    """A face as the model draws it, before and after, and what follows for the picture."""

    projected: composite.View
    edited: composite.View
    change: composite.Change
    strengths: Mapping[str, float]  # as drawn: with what holding added


@dataclass(frozen=True, eq=False)
class Patch:
    """What a picture becomes around one face, in its own colours and depth: to be blended over it by `mask`."""

    x: int
    y: int
    native: np.ndarray  # [h, w, C], without alpha
    mask: np.ndarray  # float32 [h, w], 0…1


@dataclass(frozen=True, eq=False)
class EditResult:
    """A photo with one face edited, and how it came about; nothing of the model's where nothing was to change."""

    photo: Photo
    projection: StoredProjection | None = None
    projected: np.ndarray | None = None  # float32 [S, S, 3], sRGB 0…1: the face as the model draws it
    edited: np.ndarray | None = None  # the same with the edit
    change: composite.Change | None = None
    strengths: Mapping[str, float] = field(default_factory=dict)  # as drawn: with what holding added


class Session(Generic[P]):
    """What is computed once per picture and face is kept. `seconds` says what each kind of work has cost so far."""

    def __init__(
        self,
        photo: P,
        parts: Models,
        kept: ByteLRUCache | None = None,
        ease: float = EASE,
        final_sub: SubGenerator | None = None,
    ) -> None:
        """ease: see `eased`; final_sub: renders at full quality (None: the full generator)"""
        self.photo = photo
        self.parts = parts
        self.ease = ease
        self._final_sub = final_sub
        self.seconds: dict[str, float] = {}
        self._projections: dict[int, StoredProjection] = {}
        self._holdings: dict[int, AttributeLock] = {}
        self._kept = kept or ByteLRUCache(1 << 30)
        self._following = LandmarkInterpolator(self._kept)
        with self._timed("find"):
            self.image = photo.srgb8()  # uint8 sRGB [H, W, 3], never written
            self.faces: tuple[Face, ...] = parts.finder.find(self.image)

    def project(
        self,
        face: int,
        settings: "ProjectionSettings | None" = None,
        on_step: "Callable[[ProjectionStep], bool]" = lambda step: True,
        *,
        fresh: bool = False,
        meanwhile: Callable[[], None] | None = None,
    ) -> StoredProjection:
        """The face's latent; computed, remembered or read from the cache. See `project_face`.

        What is found is what edits start from, until `fresh` asks for another; one that was ended early is not kept.
        With a budget of 0 an encoder's answer comes at once; asked for more later, it is refined."""
        kept = self._projections.get(face)
        at_once = settings is not None and settings.budget == 0
        if kept and not fresh and (at_once or kept.stage == "refined"):
            return kept
        crop, mesh, person = self._aligned(face, PROJECTION_SIDE)
        covered = np.maximum(face_oval_mask(mesh, PROJECTION_SIDE), hair_of_matte(person, mesh))
        # All or nothing: an optimisation would amplify the last bits, in which runtimes differ.
        importance = (covered > 0.5).astype(np.float32)
        with self._timed("project"):
            found = project_face(
                self.parts.renderer,
                crop,
                importance,
                settings,
                on_step,
                encoder=self.parts.encoder,
                fresh=fresh,
                meanwhile=meanwhile,
            )
        if found.complete:
            self._projections[face] = found
        self._kept.forget(self, face, "projected")
        return found

    def refine(
        self, face: int, settings: "ProjectionSettings", on_step: "Callable[[ProjectionStep], bool]" = lambda step: True
    ) -> StoredProjection:
        """A better latent, from which edits then start; the one that there was if none is found, or if `on_step` ends
        the search before. See `project_face`."""
        before = self._projections.get(face)
        found = self.project(face, settings, on_step, fresh=True)
        if before is not None and found.psnr < before.psnr:
            found = before
        self._projections[face] = found
        self._kept.forget(self, face, "projected")
        return found

    def approach(self, face: int, latent: np.ndarray, psnr: float) -> None:
        """What a projection under way has found so far, W+ [styles, D]: previews start from it, finals wait on."""
        if not self.refined(face):
            self._projections[face] = StoredProjection(latent, psnr, None, None, 0, 0.0, False, stage="under way")
            self._kept.forget(self, face, "projected")

    def latent(self, face: int) -> np.ndarray | None:
        """W+ [styles, D] of its projection; None while there is none."""
        found = self._projections.get(face)
        return found.latent if found else None

    def start(self, face: int) -> np.ndarray | None:
        """W+ [styles, D] that edits start from: the projection's, eased; None while there is none."""
        latent = self.latent(face)
        return None if latent is None else eased(latent, self.ease)

    def refined(self, face: int) -> bool:
        """Whether more is known than an encoder's answer, or what a refinement has come to by now."""
        found = self._projections.get(face)
        return found is not None and found.stage == "refined"

    def adopt(self, face: int, latent: np.ndarray) -> None:
        """Edits start from this W+ latent [styles, D], whose scores are not known."""
        unknown = float("nan")
        self._projections[face] = StoredProjection(latent, unknown, unknown, unknown, 0, 0.0, remembered=True)
        self._kept.forget(self, face, "projected")

    def edit(
        self,
        photo: Photo,
        face: int,
        wanted: Wanted,
        on_step: "Callable[[ProjectionStep], bool]" = lambda step: True,
    ) -> EditResult:
        """`photo` (this session's, perhaps with other faces edited already) with the face edited at full quality.

        With all strengths 0 it is the photo itself. Raises AnycostError for unknown attributes and missing models."""
        wanted = adjustment(wanted)
        wanted.check(self.parts.directions, self.parts.latent_shape)
        if not wanted.changes:
            return EditResult(photo)
        projection = self.project(face, on_step=on_step)
        drawing = self.draw(face, wanted, self.final(face))
        with self._timed("composite"):
            patch = self.patch(photo, face, drawing.change)
            changed = photo.with_region(patch.x, patch.y, patch.native, patch.mask)
        pictures = drawing.projected.picture, drawing.edited.picture
        return EditResult(changed, projection, *pictures, drawing.change, drawing.strengths)

    def final(self, face: int) -> RenderSpec:
        """How the face is drawn at full quality: by the full generator, as large as the picture shows it."""
        return RenderSpec(self._final_sub or self.parts.renderer.full, working_side(self.faces[face].square.side))

    def draw(
        self,
        face: int,
        wanted: Wanted,
        manner: RenderSpec,
        between: Callable[[], None] = lambda: None,
    ) -> EditPlan:
        """One render, where the projection has been drawn in this manner before. Project the face first.

        `between` is called between the stages: what it raises ends the work. Raises AnycostError for unknown
        attributes and missing models."""
        directions, wanted = self.parts.directions, adjustment(wanted)
        known = self.latent(face)  # perhaps the encoder's, for a preview
        latent = eased(self.project(face).latent if known is None else known, self.ease)
        strengths = self._held(face, latent, wanted, manner.quick, between)
        region: Region = "head" if wanted.offset is not None else directions.region(strengths)
        start = latent if wanted.offset is None else latent + wanted.offset
        with self._timed("render"):
            after = self._render(directions.apply(start, strengths, self.parts.gains(manner.sub)), manner)
        between()
        projected = self._kept.get((self, face, "projected", manner), lambda: self._projected(latent, manner))
        with self._timed("measure"):
            original = self._kept.get((self, face, "original", manner.side), lambda: self._original(face, manner.side))
            if manner.quick:
                found = self._followed(face, start, strengths, manner, projected, region, wanted.offset is None)
                found = found or self._near(after, projected, region)
                edited = composite.View(after, found.landmarks, found.matte)
            else:
                edited = self._view(after)
        between()
        with self._timed("composite"):
            detail = composite.QUICK if manner.quick else composite.FINE
            change = composite.plan(original, projected, edited, region, detail)
        return EditPlan(projected, edited, change, strengths)

    def patch(self, photo: Pixels, face: int, change: composite.Change) -> Patch:
        """The change in `photo` (this session's, perhaps with other faces edited already)."""
        x0, y0, x1, y1 = bounds = self.bounds(face)
        width, height = x1 - x0, y1 - y0
        to_square = composite.square_from(self.faces[face].square, bounds)

        def read(first: int, last: int) -> np.ndarray:
            return photo.region_srgb(x0, y0 + first, width, last - first)

        native = np.empty((0, width, 0))  # until its type is known
        mask = np.empty((height, width), np.float32)
        for first in range(0, height, _ROWS):
            last = min(first + _ROWS, height)
            edited, mask[first:last] = composite.apply_rows(change, to_square, (width, height), (first, last), read)
            band = photo.from_srgb(edited)
            if not len(native):
                native = np.empty((height, *band.shape[1:]), band.dtype)
            native[first:last] = band
        return Patch(x0, y0, native, mask)

    def bounds(self, face: int) -> Rectangle:
        """What of the picture an edit of the face may touch."""
        return self.faces[face].square.bounds(self.image.shape, margin=2)

    def crop(self, face: int, side: int) -> np.ndarray:
        """The aligned face, uint8 sRGB [side, side, 3]."""
        return self.faces[face].square.crop(self.image, side)

    def close(self) -> None:
        """Forgets what was kept."""
        self._kept.forget(self)

    def _held(
        self, face: int, latent: np.ndarray, wanted: FaceEdit, quick: bool, between: Callable[[], None]
    ) -> Mapping[str, float]:
        """The strengths with which what is to be held stays. quick: as far as it can be foreseen."""
        if not wanted.held:
            return wanted.strengths
        directions = self.parts.directions
        with self._timed("hold"):
            holding = self._holdings.get(face)
            if holding is None or not holding.fits(directions, latent, wanted.offset):
                measure, final = self.parts.measure, self.final(face).sub
                holding = AttributeLock(
                    directions, latent, measure, wanted.offset, lambda latent: measure(latent, final)
                )
                self._holdings[face] = holding
            find = holding.quick if quick else holding.exact
            return find(wanted.strengths, wanted.held, between)

    def _render(self, latent: np.ndarray, manner: RenderSpec) -> np.ndarray:
        """Float32 RGB [S, S, 3], S as the manner says."""
        picture = self.parts.renderer.render(latent, manner.sub)
        side = manner.side
        interpolation = cv2.INTER_AREA if side < len(picture) else cv2.INTER_CUBIC
        return picture if side == len(picture) else cv2.resize(picture, (side, side), interpolation=interpolation)

    def _original(self, face: int, side: int) -> composite.View:
        crop, mesh, person = self._aligned(face, side)
        picture = to_float(crop)
        tones = tones_of(picture, face_oval_mask(mesh, side, forehead=0.35))
        return composite.View(picture, mesh, person, fringe_mask(picture, person, mesh), tones)

    def _projected(self, latent: np.ndarray, manner: RenderSpec) -> composite.View:
        with self._timed("render"):
            before = self._render(latent, manner)
        with self._timed("measure"):
            return self._view(before)

    def _aligned(self, face: int, side: int) -> tuple[np.ndarray, Landmarks, np.ndarray]:
        """The face's square: uint8 RGB [S, S, 3], its landmarks there, its matte [S, S]."""
        found = self.faces[face]
        crop = found.square.crop(self.image, side)
        return crop, found.mesh.moved(found.square.matrix(side)), matte(crop, self.parts.matte)

    def _view(self, picture: np.ndarray) -> composite.View:
        eight_bit = to_uint8(picture)
        return composite.View(
            picture, self.parts.finder.mesh.landmarks_aligned(eight_bit), matte(eight_bit, self.parts.matte)
        )

    def _near(self, picture: np.ndarray, near: composite.View, region: Region) -> FaceGeometry:
        """On a picture that is nearly that of another view, which saves work."""
        eight_bit = to_uint8(picture)
        # What changes only the face leaves the silhouette where it was.
        person = matte(eight_bit, self.parts.matte) if region == "head" else near.matte
        return FaceGeometry(self.parts.finder.mesh.follow(eight_bit, near.landmarks), person)

    def _followed(
        self,
        face: int,
        start: np.ndarray,
        strengths: Mapping[str, float],
        manner: RenderSpec,
        projected: composite.View,
        region: Region,
        own: bool,
    ) -> FaceGeometry | None:
        """start: W+ without strengths; own: it is the face's, and not a matched one."""

        def measure(others: Mapping[str, float]) -> FaceGeometry:
            if not any(others.values()) and own:
                return FaceGeometry(projected.landmarks, projected.matte)
            latent = self.parts.directions.apply(start, others, self.parts.gains(manner.sub))
            return self._near(self._render(latent, manner), projected, region)

        key = (self, face, "projected", manner, region, start.tobytes())
        return self._following.find(face, key, strengths, measure)

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - started


def working_side(side: float) -> int:
    """Pixels: at which a face is planned that is shown with squares of `side`."""
    return next((s for s in WORKING_SIDES if s >= side), WORKING_SIDES[-1])
