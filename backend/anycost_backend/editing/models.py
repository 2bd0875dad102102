"""The models that sessions work with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
from anycost_models.editing.directions import Directions, load_boundaries, load_directions
from anycost_models.editing.user_attributes import LatentSpace, state_of_folder, with_own
from anycost_models.face.labels import FaceLabels
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.hub.catalogue import path_of
from anycost_models.hub.imported_models import EMBEDDED, boundaries_path, model_path
from anycost_models.inference.onnx_network import Network, load
from anycost_models.previews.attribute_gains import embedded_gains
from anycost_models.projection.encoder_graph import EncoderGraph

from anycost_backend.editing.faces import FaceFinder
from anycost_backend.editing.projection import embedded_encoder
from anycost_backend.editing.renderer import Drawn, Renderer

FINAL: SubGenerator | None = None  # what draws an edit: the full generator; tests name a quicker one
MEASURED = SubGenerator(256, 0.5)  # draws faces to be measured while a slider moves


@dataclass(frozen=True)
class Models:
    """The models, each loaded when it is first needed and then kept; shared by all sessions of a process."""

    model: str = EMBEDDED  # a generator's name, as 'anycost models list' shows it
    threads: int | None = None  # that drawing and finding may use; None: the runtime's own choice, all cores
    on_drawn: Drawn = field(default=lambda sub, ms: None, compare=False)

    @cached_property
    def renderer(self) -> Renderer:
        """Raises AnycostError when there is no such model."""
        return Renderer(model_path(self.model), threads=self.threads, on_drawn=self.on_drawn)

    @cached_property
    def encoder(self) -> EncoderGraph | None:
        """None for a generator that has none: its projections start from the mean style."""
        return embedded_encoder(self.renderer)

    @cached_property
    def finder(self) -> FaceFinder:
        return FaceFinder.load(threads=self.threads)

    @cached_property
    def matte(self) -> Network:
        return load(path_of("selfie_matte"), threads=self.threads)

    @cached_property
    def labels(self) -> FaceLabels:
        """Measures faces, for what is held and what is taken over from another face."""
        return FaceLabels.load(threads=self.threads)

    def measure(self, latent: np.ndarray, *, final: bool = False) -> dict[str, float]:
        """The labels of a face, W+ [styles, D], as the model draws it small, or as the final picture will show it."""
        exits = self.renderer.file.exits
        small = SubGenerator(min(exits, key=lambda exit: abs(exit - MEASURED.resolution)), MEASURED.channels)
        picture = self.renderer.render8(latent, self.final if final else small)
        side = max(len(picture), MEASURED.resolution)
        return self.labels.measure(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC))

    @property
    def final(self) -> SubGenerator:
        """What draws an edit at full quality."""
        return FINAL or self.renderer.full

    @property
    def latent_shape(self) -> tuple[int, int]:
        """Of W+: styles, D."""
        return self.renderer.file.styles, self.renderer.file.style_dim

    @property
    def directions(self) -> Directions:
        """Those that come with the program or the model, and the user's own, also those that have come since. Raises
        AnycostError as `shipped`."""
        now = state_of_folder()
        before, found = vars(self).get("_directions", (None, None))
        if found is None or now != before:
            found = with_own(self.shipped, self.own_place)
            vars(self)["_directions"] = now, found
        return found

    def gains(self, sub: SubGenerator | None) -> Mapping[str, float]:
        """By which attributes are driven where `sub` draws, so that it shows what the full generator would."""
        return embedded_gains(sub) if self.model == EMBEDDED and sub is not None else {}

    @property
    def own_place(self) -> LatentSpace:
        file = self.renderer.file
        return LatentSpace(file.sha256, file.styles, file.style_dim)

    @cached_property
    def shipped(self) -> Directions:
        """Raises AnycostError for an imported model without boundaries."""
        if self.model == EMBEDDED:
            return load_directions()
        path, config = boundaries_path(self.model), self.renderer.model.config
        return load_boundaries(path, config.styles, config.style_dim)
