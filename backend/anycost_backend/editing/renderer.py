"""Draws pictures from latents, by exported graphs: without torch, unless a graph has yet to be exported."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from anycost_models.core.errors import AnycostError
from anycost_models.core.torch_normals import normals
from anycost_models.export.graph_cache import GeneratorFile, GraphCache
from anycost_models.generators.sub_generator import SubGenerator

from anycost_backend.photo.sample_types import to_uint8

if TYPE_CHECKING:
    from anycost_models.generators.elastic import ElasticGenerator

Drawn = Callable[[SubGenerator, float], None]  # told by what a picture was drawn, and in how many milliseconds
NOISE = np.ones(1, np.float32)  # as strong as the generator was trained with


@dataclass(frozen=True)
class Renderer:
    """One generator. Threads may share it; two that draw with the same sub-generator take turns."""

    weights: Path
    runtime: str | None = None  # as anycost_models.inference.onnx_network.load takes them
    threads: int | None = None
    on_drawn: Drawn = field(default=lambda sub, ms: None, repr=False, compare=False)
    _loading: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    @property
    def model(self) -> "ElasticGenerator":
        """The generator in torch, which loads with it: for projection and export.

        Raises AnycostError when the weights are missing or damaged."""
        with self._loading:
            return self._model

    @cached_property
    def _model(self) -> "ElasticGenerator":
        from anycost_models.generators.checkpoint import load_generator

        return load_generator(self.weights)

    @cached_property
    def graphs(self) -> GraphCache:
        return GraphCache(self.weights, lambda: self.model, self.runtime, self.threads)

    @property
    def file(self) -> GeneratorFile:
        """The shape of the generator, without torch. Raises AnycostError when it is missing or damaged."""
        return self.graphs.file

    @property
    def full(self) -> SubGenerator:
        return SubGenerator(self.file.resolution)

    def render(self, latent: np.ndarray, sub: SubGenerator | None = None) -> np.ndarray:
        """latent: W+ [styles, D] (or w [D]) → float32 RGB [R, R, 3], sRGB 0…1, by the full generator or `sub`.

        Raises AnycostError for a sub-generator or a latent that is not this model's."""
        wplus, sub = self._wplus(latent), sub or self.full
        network = self.graphs.drawing(sub)
        started = time.perf_counter()
        (picture,) = network(wplus[None], NOISE)
        self.on_drawn(sub, 1000 * (time.perf_counter() - started))
        return picture[0]

    def render8(self, latent: np.ndarray, sub: SubGenerator | None = None) -> np.ndarray:
        """As `render`, rounded to uint8."""
        return to_uint8(self.render(latent, sub))

    def warm(self, sub: SubGenerator | None = None) -> None:
        """Exports (where it was not), compiles and runs once, so that the next picture comes at full speed.

        Raises AnycostError for a sub-generator that is not this model's."""
        wplus = self._wplus(np.zeros(self.file.style_dim, np.float32))
        self.graphs.drawing(sub or self.full)(wplus[None], NOISE)

    def sample(self, seed: int, truncation: float) -> np.ndarray:
        """A random face's W+ [styles, D]; the same for the same seed."""
        file = self.file
        psi = np.array([truncation], np.float32)
        (w,) = self.graphs.sampling()(normals(seed, file.style_dim)[None], psi)
        return np.repeat(w, file.styles, axis=0)

    def _wplus(self, latent: np.ndarray) -> np.ndarray:
        shape = self.file.styles, self.file.style_dim
        if latent.shape in (shape, shape[1:]):
            return np.broadcast_to(latent, shape)
        raise AnycostError(
            f"the latent is {latent.shape}, this generator needs {shape}", "use the model that it was made for"
        )
