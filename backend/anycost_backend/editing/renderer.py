"""Renders images from latents by graphs. torch is needed to export those of other families than the embedded one's."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from anycost_models.core.errors import AnycostError
from anycost_models.core.extras import require_torch
from anycost_models.core.images import to_uint8
from anycost_models.core.torch_normals import normals
from anycost_models.export.graph_cache import GeneratorFile, GraphCache
from anycost_models.generators.sub_generator import SubGenerator
from safetensors import safe_open

if TYPE_CHECKING:
    from anycost_models.generators.elastic import ElasticGenerator

OnRender = Callable[[SubGenerator, float], None]  # called after each render with what rendered it, and milliseconds
NOISE = np.ones(1, np.float32)  # the strength with which the generator was trained


@dataclass(frozen=True)
class Renderer:
    """One generator. Threads may share it; two that render by the same sub-generator take turns."""

    weights: Path
    runtime: str | None = None  # as anycost_models.inference.onnx_network.load takes it
    threads: int | None = None  # the same
    on_render: OnRender = field(default=lambda sub, ms: None, repr=False, compare=False)
    _loading: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    @property
    def model(self) -> "ElasticGenerator":
        """The generator in torch, for what goes by torch. The first use loads both.

        Raises AnycostError when the weights are missing or damaged, or torch is not installed."""
        with self._loading:
            return self._model

    @cached_property
    def _model(self) -> "ElasticGenerator":
        require_torch(f"the model '{self.weights.stem}'")
        from anycost_models.generators.checkpoint import load_generator

        return load_generator(self.weights)

    @cached_property
    def graphs(self) -> GraphCache:
        return GraphCache(self.weights, lambda: self.model, self.runtime, self.threads)

    @property
    def file(self) -> GeneratorFile:
        """The shape of the generator, read without torch. Raises AnycostError when it is missing or damaged."""
        return self.graphs.file

    @property
    def full(self) -> SubGenerator:
        """The full generator. Raises AnycostError as `file`."""
        return SubGenerator(self.file.resolution)

    def render(self, latent: np.ndarray, sub: SubGenerator | None = None) -> np.ndarray:
        """latent: W+ [styles, D] (or w [D]) → float32 RGB [R, R, 3], sRGB 0…1, by `sub` or the full generator.

        Raises AnycostError for a sub-generator or a latent that is not this generator's."""
        wplus, sub = self._wplus(latent), sub or self.full
        network = self.graphs.synthesis(sub)
        started = time.perf_counter()
        (image,) = network(wplus[None], NOISE)
        self.on_render(sub, 1000 * (time.perf_counter() - started))
        return image[0]

    def render8(self, latent: np.ndarray, sub: SubGenerator | None = None) -> np.ndarray:
        """As `render`, rounded to uint8 RGB [R, R, 3], 0…255."""
        return to_uint8(self.render(latent, sub))

    def warm(self, sub: SubGenerator | None = None) -> None:
        """Exports the graph if necessary, compiles it and runs it once, so that the next render is fast.

        Raises AnycostError for a sub-generator that is not this generator's."""
        wplus = self._wplus(np.zeros(self.file.style_dim, np.float32))
        self.graphs.synthesis(sub or self.full)(wplus[None], NOISE)

    def sample(self, seed: int, truncation: float) -> np.ndarray:
        """A random face's W+, float32 [styles, D]; the same for the same seed. truncation: ψ, 0…1.

        Raises AnycostError as `file`."""
        file = self.file
        psi = np.array([truncation], np.float32)
        (w,) = self.graphs.mapping()(normals(seed, file.style_dim)[None], psi)
        return np.repeat(w, file.styles, axis=0)

    @cached_property
    def mean_style(self) -> np.ndarray:
        """The mean face's W+, float32 [styles, D]: `sample` without its network. Raises AnycostError as `file`."""
        styles = self.file.styles
        with safe_open(self.weights, "np") as file:
            mean = file.get_tensor("mean_style").astype(np.float32)
        return np.repeat(mean[None], styles, axis=0)

    def _wplus(self, latent: np.ndarray) -> np.ndarray:
        shape = self.file.styles, self.file.style_dim
        if latent.shape in (shape, shape[1:]):
            return np.broadcast_to(latent, shape)
        raise AnycostError(
            f"the latent is {latent.shape}, this generator needs {shape}", "use the model that it was made for"
        )
