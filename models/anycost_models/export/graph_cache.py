"""A generator's graphs: made once per machine, kept in the user's cache, compiled when they are first needed.

Those of the embedded family are written without torch; those of others are exported by torch, which is not needed to
render by what is in the cache.
"""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError, safe_open

from anycost_models.core.errors import AnycostError
from anycost_models.core.hashes import key_of, known_sha256_of
from anycost_models.core.signed_cache import SignedCache
from anycost_models.export import mobile_graph
from anycost_models.generators.sub_generator import SubGenerator
from anycost_models.inference.onnx_network import Network, Precision, chained, choose, load_named
from anycost_models.weights import intact

if TYPE_CHECKING:
    from anycost_models.generators.elastic import ElasticGenerator

VERSION = 3  # of what is made: graphs of another one are not used
# Signed: a graph is what was made of the weights whose digest is in its key, not one that somebody put there.
GRAPHS = SignedCache("graphs", ".onnx", space=1 << 30, days=90)  # of all models
SAMPLING, TRUNK = "sampling", "trunk"


@dataclass(frozen=True)
class GeneratorFile:
    """What a generator's file says about itself, read without torch."""

    sha256: str  # of the whole file
    family: str  # "mobile": the embedded one's; graphs of others are exported by torch
    resolution: int  # of the full image, pixels
    exits: tuple[int, ...]  # resolutions that can be rendered, ascending, pixels
    styles: int  # rows of a W+ latent
    style_dim: int  # of w

    @classmethod
    def read(cls, path: Path) -> "GeneratorFile":
        """Raises AnycostError when the file is missing, damaged or no generator's."""
        try:
            digest = known_sha256_of(intact(path))
            with safe_open(path, "np") as file:
                metadata = file.metadata() or {}
            family, config = metadata["family"], json.loads(metadata["config"])
            exits = tuple(sorted(int(side) for side in config["exits"]))
            return cls(digest, family, exits[-1], exits, len(config["channels"]), int(config["style_dim"]))
        except FileNotFoundError:
            raise AnycostError(f"the generator {path} is missing", "install the package again") from None
        except OSError as error:
            raise AnycostError(f"the generator {path} cannot be read ({error.strerror})", "check its rights") from error
        except (SafetensorError, KeyError, TypeError, ValueError, IndexError) as error:
            raise AnycostError(f"the generator {path} is damaged ({error})", "install the package again") from error


def load_graph(
    key: str,
    made: Callable[[], bytes],
    path: Path,
    runtime: str | None = None,
    threads: int | None = None,
    precision: Precision = "f32",
) -> Network:
    """The network of the graph of this key: as it was compiled, else from `GRAPHS`, else from what `made` answers, an
    ONNX file's bytes. path: what messages call it. Raises AnycostError as `onnx_network.load`, and what `made` raises.
    """

    def read() -> bytes:
        data = GRAPHS.read(key)
        if data is None:
            data = made()
            GRAPHS.write(key, data)
        return data

    return load_named(key, read, path, runtime, threads, precision)


class GraphCache:
    """Of one generator. May be used from several threads."""

    def __init__(
        self,
        weights: Path,
        generator: "Callable[[], ElasticGenerator]",
        runtime: str | None = None,
        threads: int | None = None,
        precision: Precision | None = None,
    ) -> None:
        """generator: loads it, from `weights`, should torch have to export something
        runtime, threads, precision: as `onnx_network.load` takes them; no precision: full
            images "mixed", at least 50 dB from float32, those of sub-generators "bf16", 43 to 60 dB from it"""
        self.weights = weights
        self.threads = threads
        self.precision = precision
        self.generator = generator
        self._runtime = runtime
        self._networks: dict[str, Network] = {}
        self._busy: dict[str, threading.Lock] = {}  # while a graph is being exported or compiled

    @cached_property
    def file(self) -> GeneratorFile:
        """Raises AnycostError when the weights are missing or damaged."""
        return GeneratorFile.read(self.weights)

    @cached_property
    def runtime(self) -> str:
        """Raises AnycostError when there is none."""
        return choose(self._runtime)

    def synthesis(self, sub: SubGenerator, *, keep: bool = True) -> Network:
        """W+ [1, styles, D], noise strength [1] → image [1, R, R, 3], sRGB 0…1, float32. It stays in memory, unless
        `keep` is off.

        Raises AnycostError for a sub-generator that this generator does not have."""

        is_full = sub == SubGenerator(self.file.resolution)
        precision = self.precision or ("mixed" if is_full else "bf16")
        if self.file.family == mobile_graph.FAMILY:
            return self._on_trunk(sub, precision, keep)

        def made() -> bytes:
            from anycost_models.export.onnx_export import synthesis_graph

            return synthesis_graph(self.generator(), sub, self._metadata)

        return self._network(str(sub), made, precision, keep)

    def _on_trunk(self, sub: SubGenerator, precision: Precision, keep: bool) -> Network:
        """As `synthesis`. What all sub-generators have in common is in memory once for each precision."""
        whole: Precision = "f32" if precision == "mixed" else precision  # its features are small
        trunk = self._network(f"{TRUNK} {whole}", lambda: mobile_graph.trunk_graph(self.weights, self._metadata), whole)
        rest = self._network(
            str(sub), lambda: mobile_graph.synthesis_graph(self.weights, sub, self._metadata), precision, keep
        )
        return chained(trunk, rest)

    def mapping(self) -> Network:
        """z [1, D], truncation ψ [1] → w [1, D], float32."""

        def made() -> bytes:
            if self.file.family == mobile_graph.FAMILY:
                return mobile_graph.mapping_graph(self.weights, self._metadata)
            from anycost_models.export.onnx_export import mapping_graph

            return mapping_graph(self.generator(), self._metadata)

        return self._network(SAMPLING, made, "f32")

    def keep_only(self, subs: Iterable[SubGenerator]) -> None:
        """Frees all synthesis graphs but these."""
        kept = {str(sub) for sub in subs}
        for what in [what for what in self._networks if what not in kept and not what.startswith((SAMPLING, TRUNK))]:
            self._networks.pop(what, None)

    def has(self, sub: SubGenerator) -> bool:
        """Whether a synthesis graph is in memory."""
        return str(sub) in self._networks

    def forget(self, sub: SubGenerator) -> None:
        """Frees a synthesis graph; it can be loaded again from the cache."""
        self._networks.pop(str(sub), None)

    def release(self) -> None:
        """Frees what the graphs in memory compute in, until they run again."""
        for network in list(self._networks.values()):
            network.release()

    @property
    def _metadata(self) -> dict[str, str]:
        return {"sha256": self.file.sha256, "version": str(VERSION)}

    def _network(self, what: str, made: Callable[[], bytes], precision: Precision, keep: bool = True) -> Network:
        if found := self._networks.get(what):
            return found
        with self._busy.setdefault(what, threading.Lock()):  # whoever comes second finds it made
            if found := self._networks.get(what):
                return found
            key = key_of(VERSION, self.file.sha256, what)
            network = load_graph(key, made, Path(what), self.runtime, self.threads, precision)
            if keep:
                self._networks[what] = network
            return network
