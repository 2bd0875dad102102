"""One photo being edited: its faces, their projections, and the photo with an edit put in."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np
from anycost_models.catalogue import path_of
from anycost_models.directions import Directions, load_boundaries, load_directions
from anycost_models.face_masks import face_oval_mask, hair_of_matte, matte
from anycost_models.face_mesh import Landmarks
from anycost_models.model_store import EMBEDDED, boundaries_path, model_path
from anycost_models.runtime import Network, load

from anycost_backend import composite
from anycost_backend.faces import Face, FaceFinder
from anycost_backend.photo import Photo
from anycost_backend.projection import StoredProjection, project_face
from anycost_backend.renderer import Renderer

if TYPE_CHECKING:
    from anycost_models.elastic import SubGenerator
    from anycost_models.inversion import ProjectionSettings, Step

PROJECTION_SIDE = 256  # pixels
FINAL: "SubGenerator | None" = None  # what draws an edit: the full generator
WORKING_SIDES = (256, 512, 1024)  # pixels: an edit is planned at the first that holds the face as the photo shows it


@dataclass(frozen=True)
class Parts:
    """The models, each loaded when it is first needed and then kept; shared by all sessions of a process."""

    model: str = EMBEDDED  # a generator's name, as 'anycost models list' shows it

    @cached_property
    def renderer(self) -> Renderer:
        """Raises AnycostError when there is no such model."""
        return Renderer(model_path(self.model))

    @cached_property
    def finder(self) -> FaceFinder:
        return FaceFinder.load()

    @cached_property
    def matte(self) -> Network:
        return load(path_of("selfie_matte"))

    @cached_property
    def directions(self) -> Directions:
        """Raises AnycostError for an imported model without boundaries."""
        if self.model == EMBEDDED:
            return load_directions()
        path, config = boundaries_path(self.model), self.renderer.model.config
        return load_boundaries(path, config.styles, config.style_dim)


@dataclass(frozen=True, eq=False)
class Edit:
    """A photo with one face edited, and how it came about; nothing of the model's where nothing was to change."""

    photo: Photo
    projection: StoredProjection | None = None
    projected: np.ndarray | None = None  # float32 [S, S, 3], sRGB 0…1: the face as the model draws it
    edited: np.ndarray | None = None  # the same with the edit
    change: composite.Change | None = None


class Session:
    """What is computed once per photo and face is kept. `seconds` says what each kind of work has cost so far."""

    def __init__(self, photo: Photo, parts: Parts) -> None:
        self.photo = photo
        self.parts = parts
        self.seconds: dict[str, float] = {}
        self._projections: dict[int, StoredProjection] = {}
        self._before: dict[int, tuple[composite.View, composite.View]] = {}  # original, projected
        with self._timed("find"):
            self._image = photo.srgb8()
            self.faces: tuple[Face, ...] = parts.finder.find(self._image)

    def project(
        self,
        face: int,
        settings: "ProjectionSettings | None" = None,
        on_step: "Callable[[Step], bool]" = lambda step: True,
        *,
        fresh: bool = False,
    ) -> StoredProjection:
        """The face's latent; computed, remembered or read from the cache. See `project_face`.

        What is found is what edits start from, until `fresh` asks for another; one that was ended early is not kept."""
        if face in self._projections and not fresh:
            return self._projections[face]
        crop, mesh, person = self._aligned(face, PROJECTION_SIDE)
        covered = np.maximum(face_oval_mask(mesh, PROJECTION_SIDE), hair_of_matte(person, mesh))
        # All or nothing: an optimisation would amplify the last bits, in which runtimes differ.
        importance = (covered > 0.5).astype(np.float32)
        with self._timed("project"):
            found = project_face(self.parts.renderer, crop, importance, settings, on_step, fresh=fresh)
        if found.complete:
            self._projections[face] = found
        self._before.pop(face, None)
        return found

    def edit(
        self,
        photo: Photo,
        face: int,
        strengths: Mapping[str, float],
        on_step: "Callable[[Step], bool]" = lambda step: True,
    ) -> Edit:
        """`photo` (this session's, perhaps with other faces edited already) with the face edited at full quality.

        With all strengths 0 it is the photo itself. Raises AnycostError for unknown attributes and missing models."""
        directions = self.parts.directions
        directions.check(strengths)
        if not any(strengths.values()):
            return Edit(photo)
        projection = self.project(face, on_step=on_step)
        square = self.faces[face].square
        side = next((s for s in WORKING_SIDES if s >= square.side), WORKING_SIDES[-1])
        with self._timed("render"):
            before = None if face in self._before else self._render(projection.latent, side)
            after = self._render(directions.apply(projection.latent, strengths), side)
        with self._timed("measure"):
            if before is not None:
                crop, mesh, person = self._aligned(face, side)
                original = composite.View(crop.astype(np.float32) / 255, mesh, person)
                self._before[face] = original, self._view(before)
            edited = self._view(after)
        with self._timed("composite"):
            original, projected = self._before[face]
            change = composite.plan(original, projected, edited, directions.region(strengths))
            bounds = square.bounds(self._image.shape, margin=2)
            x0, y0, x1, y1 = bounds
            pixels = photo.region_srgb(x0, y0, x1 - x0, y1 - y0)
            result, mask = composite.apply(change, square, pixels, bounds)
            changed = photo.with_region(x0, y0, photo.from_srgb(result), mask)
        return Edit(changed, projection, projected.picture, edited.picture, change)

    def _render(self, latent: np.ndarray, side: int) -> np.ndarray:
        """Always by the full generator, then reduced: what an exit draws is only nearly the same."""
        picture = self.parts.renderer.render(latent, FINAL)
        smaller = side < len(picture)
        interpolation = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        return picture if side == len(picture) else cv2.resize(picture, (side, side), interpolation=interpolation)

    def _aligned(self, face: int, side: int) -> tuple[np.ndarray, Landmarks, np.ndarray]:
        """The face's square: uint8 RGB [S, S, 3], its landmarks there, its matte [S, S]."""
        found = self.faces[face]
        crop = found.square.crop(self._image, side)
        return crop, found.mesh.moved(found.square.matrix(side)), matte(crop, self.parts.matte)

    def _view(self, picture: np.ndarray) -> composite.View:
        eight_bit = (picture * 255).round().astype(np.uint8)
        mesh = self.parts.finder.mesh.landmarks_aligned(eight_bit)
        return composite.View(picture, mesh, matte(eight_bit, self.parts.matte))

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - started
