"""The models that sessions share: generator, encoder, networks that measure faces, and attribute directions."""

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import cv2
import numpy as np
from anycost_models.core.errors import AnycostError
from anycost_models.editing.directions import Directions, load_boundaries, load_directions
from anycost_models.editing.displacements import NO_DISPLACEMENTS, Displacements, load_displacements
from anycost_models.editing.effects import NO_EFFECTS, EffectTable, load_effects
from anycost_models.editing.user_attributes import LatentSpace, folder_mtime, with_user_attributes
from anycost_models.face.labels import FaceLabels
from anycost_models.face.landmarks import Landmarks
from anycost_models.face.shape_warps import displaced
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.hub.imported_models import EMBEDDED, boundaries_path, model_path
from anycost_models.parsing.parser import PhotoParser
from anycost_models.previews.attribute_gains import embedded_gains
from anycost_models.projection.encoder_graph import EncoderGraph

from anycost_backend.editing.faces import FaceFinder
from anycost_backend.editing.projection import embedded_encoder
from anycost_backend.editing.renderer import OnRender, Renderer

MEASURED = SubGenerator(256, 0.5)  # renders faces whose labels are measured while a slider moves


@dataclass(frozen=True)
class Models:
    """Each model loads at its first use. All sessions of a process share them."""

    model: str = EMBEDDED  # a generator's name, as 'anycost models list' shows it
    threads: int | None = None  # of the runtimes; None: the runtime chooses, usually all cores
    on_render: OnRender = field(default=lambda sub, ms: None, compare=False)

    @cached_property
    def renderer(self) -> Renderer:
        """Raises AnycostError when there is no such generator."""
        return Renderer(model_path(self.model), threads=self.threads, on_render=self.on_render)

    @cached_property
    def encoder(self) -> EncoderGraph | None:
        """None for a generator without one: its projections start from the mean style."""
        return embedded_encoder(self.renderer)

    @cached_property
    def finder(self) -> FaceFinder:
        """Raises AnycostError when a model file is missing or damaged."""
        return FaceFinder.load(threads=self.threads)

    @cached_property
    def parser(self) -> PhotoParser:
        """It loads at its first use, and raises AnycostError then when its weights are missing or damaged."""
        return PhotoParser(threads=self.threads)

    @cached_property
    def labels(self) -> FaceLabels:
        """Measures labels of faces, for attribute locks and face matching. Raises AnycostError as `finder`."""
        return FaceLabels.load(threads=self.threads, mesh=self.finder.mesh)

    @property
    def quick(self) -> SubGenerator:
        """A sub-generator whose faces can be measured. Raises AnycostError as `renderer`."""
        nearest = min(self.renderer.file.exits, key=lambda exit: abs(exit - MEASURED.resolution))
        return SubGenerator(nearest, MEASURED.channels)

    def measure(self, latent: np.ndarray, sub: SubGenerator | None = None) -> dict[str, float]:
        """The labels of a face, W+ [styles, D], as `sub` renders it; without it, a quick sub-generator.

        Raises AnycostError as `labels` and `Renderer.render`."""
        image = self.renderer.render8(latent, sub or self.quick)
        side = max(len(image), MEASURED.resolution)
        return self.labels.measure(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC))

    def load_beside(self, *, with_encoder: bool) -> threading.Thread:
        """Loads, in the thread that it returns, what the first face needs once it is found. What fails is raised again
        at its use. Raises AnycostError as `renderer`."""
        parser, encoder = self.parser, self.encoder if with_encoder else None

        def load() -> None:
            with contextlib.suppress(AnycostError):
                parser.warm()
                if encoder:
                    encoder.warm()

        thread = threading.Thread(target=load, name="loading beside", daemon=True)
        thread.start()
        return thread

    @property
    def latent_shape(self) -> tuple[int, int]:
        """Of W+: (styles, D)."""
        return self.renderer.file.styles, self.renderer.file.style_dim

    @property
    def latent_space(self) -> LatentSpace:
        file = self.renderer.file
        return LatentSpace(file.sha256, file.styles, file.style_dim)

    @cached_property
    def shipped_directions(self) -> Directions:
        """The directions that come with the program or the imported model. Raises AnycostError for an imported model
        without boundaries."""
        if self.model == EMBEDDED:
            return load_directions()
        path, file = boundaries_path(self.model), self.renderer.file
        return load_boundaries(path, file.styles, file.style_dim)

    @property
    def directions(self) -> Directions:
        """The shipped directions and the user's own; the same object until one is added or removed.

        Raises AnycostError as `shipped_directions`."""
        return self._directions_at(folder_mtime())

    @cached_property
    def _directions_at(self) -> Callable[[int], Directions]:
        """A state of the folder of the user's own → the directions."""
        return lru_cache(maxsize=1)(lambda state: with_user_attributes(self.shipped_directions, self.latent_space))

    @cached_property
    def effects(self) -> EffectTable:
        """What the shipped attributes promise; empty for an imported model. Raises AnycostError when it is damaged."""
        return load_effects() if self.model == EMBEDDED else NO_EFFECTS

    @cached_property
    def displacements(self) -> Displacements:
        """By which shipped attributes warp the photo; none of an imported model. Raises AnycostError when the file is
        damaged."""
        return load_displacements() if self.model == EMBEDDED else NO_DISPLACEMENTS

    def displaced(self, strengths: Mapping[str, float], directions: Directions, face: Landmarks) -> np.ndarray | None:
        """As `anycost_models.face.shape_warps.displaced`, of this model's attributes. face: square units"""
        points = face.points[:, :2].astype(np.float64)
        return displaced(strengths, directions, self.effects, self.displacements, points)

    @property
    def mean_style(self) -> np.ndarray:
        """W+ [styles, D] of the mean face. Raises AnycostError as `renderer`."""
        return self.renderer.mean_style

    def gains(self, sub: SubGenerator | None) -> Mapping[str, float]:
        """Attribute → factor of its strength with which `sub` shows what the full generator shows."""
        return embedded_gains(sub) if self.model == EMBEDDED and sub is not None else {}
