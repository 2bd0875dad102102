"""Runs the encoder as graphs: a face's latent in a few hundredths of a second, without torch."""

import dataclasses
import json
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from anycost_models.core.errors import AnycostError
from anycost_models.core.hashes import key_of, known_sha256_of
from anycost_models.core.images import to_signed_float
from anycost_models.export.graph_cache import load_graph
from anycost_models.inference.onnx_network import Network
from anycost_models.projection.encoder_export import encoder_graph
from anycost_models.weights import intact

VERSION = 2  # of what is written
Render = Callable[[np.ndarray], np.ndarray]  # W+ [styles, D] → float32 RGB [R, R, 3], 0…1, R the encoder's resolution


@dataclasses.dataclass(frozen=True)
class EncoderGraph:
    """Of one encoder. Threads may share it."""

    weights: Path
    runtime: str | None = None  # as anycost_models.inference.onnx_network.load takes them
    threads: int | None = None
    _loading: threading.Lock = dataclasses.field(default_factory=threading.Lock, init=False, repr=False, compare=False)

    @cached_property
    def sha256(self) -> str:
        """Raises AnycostError when the weights are missing."""
        try:
            return known_sha256_of(intact(self.weights))
        except OSError as error:
            raise AnycostError(
                f"the encoder {self.weights} cannot be read ({error.strerror})", "install the package again"
            ) from error

    def warm(self) -> None:
        """Loads it, so that the next face is encoded at once. Raises AnycostError when it is missing or damaged."""
        with self._loading:
            _ = self._networks

    def forget(self) -> None:
        """Gives back its memory, some 200 MB, until the next face."""
        with self._loading:
            vars(self).pop("_networks", None)

    def encode(self, face: np.ndarray, render: Render) -> np.ndarray:
        """The latent, float32 W+ [styles, D], of an aligned uint8 RGB face [R, R, 3].

        render: called where the encoder has a second pass. Raises AnycostError when the weights are missing or
        damaged."""
        image = to_signed_float(face).transpose(2, 0, 1)[None]
        with self._loading:
            networks = self._networks
        (latent,) = networks[0](image)
        for network in networks[1:]:
            rendered = render(latent[0]).transpose(2, 0, 1)[None] * 2 - 1
            (latent,) = network(image, np.ascontiguousarray(rendered, np.float32), latent)
        return latent[0]

    @cached_property
    def _networks(self) -> list[Network]:
        """One for each pass."""
        try:
            with safe_open(self.weights, "np") as file:
                passes = int(json.loads(file.metadata()["config"])["passes"])
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise AnycostError(
                f"the encoder {self.weights} is damaged ({error})", "install the package again"
            ) from error
        return [self._network(number) for number in range(min(passes, 2))]

    def _network(self, number: int) -> Network:
        key = key_of("encoder", VERSION, self.sha256, number)

        def made() -> bytes:
            return encoder_graph(self.weights, number, {"sha256": self.sha256, "version": str(VERSION)})

        return load_graph(key, made, self.weights, self.runtime, self.threads)
