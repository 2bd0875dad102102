"""Parses photographs and drawings by graphs: a hundredth of a second each, without torch.

parts = PhotoParser().parse(square)      # uint8 RGB [S, S, 3], FFHQ-aligned
hair = parts["hair"]                     # float32 [S, S], 0…1
drawn = DrawnParser().parse(latent)      # W+ [styles, D]: the parts of what the full generator draws of it
"""

import dataclasses
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from anycost_models.core.errors import AnycostError
from anycost_models.core.hashes import key_of, known_sha256_of
from anycost_models.export.graph_cache import load_graph
from anycost_models.inference.onnx_network import Network
from anycost_models.parsing.parser_export import drawn_parts_graph, parser_graph
from anycost_models.parsing.parts import Parts
from anycost_models.weights import EMBEDDED_DRAWN_PARTS, EMBEDDED_GENERATOR, EMBEDDED_PARSER, intact

VERSION = 2  # of what is written
ABOUT = {"version": str(VERSION)}  # what the files say about themselves
SIDE = 256  # pixels: the side of what the network sees


@dataclasses.dataclass(frozen=True)
class PhotoParser:
    """Parts of a head in a photograph. Threads may share it."""

    weights: Path = EMBEDDED_PARSER
    runtime: str | None = None  # as anycost_models.inference.onnx_network.load takes them
    threads: int | None = None
    _loading: threading.Lock = dataclasses.field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def parse(self, image: np.ndarray) -> Parts:
        """image: an FFHQ-aligned uint8 RGB square [S, S, 3] of any size; the parts have its size, their edges 128 px'.

        Raises AnycostError when the weights are missing or damaged, ValueError for another shape."""
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[0] != image.shape[1] or image.shape[2] != 3:
            raise ValueError(f"a square uint8 RGB picture is parsed, not {image.dtype} {image.shape}")
        size = len(image)
        if size != SIDE:
            interpolation = cv2.INTER_AREA if size > SIDE else cv2.INTER_CUBIC
            image = cv2.resize(image, (SIDE, SIDE), interpolation=interpolation)
        with self._loading:
            network = self._network
        (shares,) = network(image[None].astype(np.float32))
        parts = Parts(shares[0])
        return parts if size == SIDE else parts.resized(size)

    def warm(self) -> None:
        """Loads it, so that the next face is parsed at once. Raises AnycostError as `parse` does."""
        with self._loading:
            _ = self._network

    @cached_property
    def _network(self) -> Network:
        return _graph("parser", (self.weights,), lambda: parser_graph(self.weights, ABOUT), self.runtime, self.threads)


@dataclasses.dataclass(frozen=True)
class DrawnParser:
    """Parts of what the full generator draws, without drawing it. Threads may share it."""

    generator: Path = EMBEDDED_GENERATOR
    weights: Path = EMBEDDED_DRAWN_PARTS
    runtime: str | None = None  # as anycost_models.inference.onnx_network.load takes them
    threads: int | None = None
    _loading: threading.Lock = dataclasses.field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    def parse(self, latent: np.ndarray) -> Parts:
        """latent: float32 W+ [styles, D] → parts of 128 px.

        Raises AnycostError when a file of weights is missing or damaged, ValueError for another shape."""
        with self._loading:
            network = self._network
        (shares,) = network(latent[None])
        return Parts(shares[0])

    def warm(self) -> None:
        """Loads it, so that the next latent is parsed at once. Raises AnycostError as `parse` does."""
        with self._loading:
            _ = self._network

    @cached_property
    def _network(self) -> Network:
        files = self.generator, self.weights
        return _graph("drawn-parts", files, lambda: drawn_parts_graph(*files, ABOUT), self.runtime, self.threads)


def _graph(
    kind: str, files: tuple[Path, ...], export: Callable[[], bytes], runtime: str | None, threads: int | None
) -> Network:
    """From the cache, else written. Raises AnycostError when a file is missing or damaged."""
    try:
        key = key_of(kind, VERSION, *(known_sha256_of(intact(file)) for file in files))
    except OSError as error:
        raise AnycostError(
            f"{error.filename or files[0]} cannot be read ({error.strerror})", "install the package again"
        ) from error
    return load_graph(key, export, files[-1], runtime, threads)
