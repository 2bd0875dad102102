"""Runs an ONNX file on the CPU: by OpenVINO where it is installed, else by ONNX Runtime, at the same results.

"The same" is float32's few last bits, unless a network may be computed in bfloat16 where CPU and runtime have it.
"""

import functools
import importlib.metadata
import importlib.util
import io
import os
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from anycost_models.core.errors import AnycostError
from anycost_models.core.hashes import sha256_of_bytes
from anycost_models.hub.catalogue import FIX_COMMAND
from anycost_models.inference.compiled_cache import keep, kept, key_for

# openvino reports its use to a web service wherever this package can be imported, and leaves files in ~/intel.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: not importable
# onnxruntime from 1.29 on tells Microsoft about each session unless this is set before it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

RUNTIMES = ("openvino", "onnxruntime")  # the quicker first
_EXTERNAL = b"\n\x08location\x12"  # in ONNX's encoding: the key that names the file of a tensor's external data
_Run = Callable[[tuple[np.ndarray, ...]], list[np.ndarray]]
Precision = Literal["f32", "mixed", "bf16"]  # mixed: bfloat16 but for features of 32 px and less
_MIXED = ("f32", "bf16")  # its parts, in turn


@dataclass(frozen=True)
class Network:
    """A loaded network. Calling it with one array per input gives one array per output, in the file's order.

    Calls may come from several threads: each waits its turn.
    """

    path: Path  # of a network that was loaded from bytes: its name
    runtime: str
    precision: Precision  # in which it computes
    input_shapes: tuple[tuple[int | None, ...], ...]  # None where the size is free (a batch)
    _run: _Run
    _release: Callable[[], None]

    def __call__(self, *inputs: np.ndarray) -> list[np.ndarray]:
        """float32 arrays in, float32 arrays out. Raises ValueError for a wrong number or shape of inputs."""
        if len(inputs) != len(self.input_shapes):
            raise ValueError(f"{self.path.name} takes {len(self.input_shapes)} inputs, got {len(inputs)}")
        for array, shape in zip(inputs, self.input_shapes, strict=True):
            if array.ndim != len(shape) or any(w not in (None, h) for h, w in zip(array.shape, shape, strict=True)):
                raise ValueError(f"{self.path.name} takes {list(shape)}, got {list(array.shape)}")
        return self._run(tuple(np.ascontiguousarray(array, np.float32) for array in inputs))

    def release(self) -> None:
        """Gives back the memory that it computes in, until the next call, which takes a little longer then."""
        self._release()


def chained(first: Network, second: Network) -> Network:
    """`second` on what `first` answers: it takes the inputs of `first`, and then its answers."""

    def run(inputs: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        return second(*inputs, *first(*inputs))

    def release() -> None:
        first.release()
        second.release()

    shapes = second.input_shapes[: len(first.input_shapes)]
    return Network(second.path, second.runtime, second.precision, shapes, run, release)


def choose(runtime: str | None = None) -> str:
    """The runtime's name: the one asked for, else `ANYCOST_RUNTIME`, else the first that is installed."""
    wanted = runtime or os.environ.get("ANYCOST_RUNTIME")
    if wanted is None:
        installed = [name for name in RUNTIMES if importlib.util.find_spec(name)]
        if not installed:
            raise AnycostError("neither openvino nor onnxruntime is installed", "run 'pip install onnxruntime'")
        return installed[0]
    if wanted not in RUNTIMES:
        raise AnycostError(f"unknown runtime '{wanted}' (ANYCOST_RUNTIME)", f"use one of {', '.join(RUNTIMES)}")
    if not importlib.util.find_spec(wanted):
        raise AnycostError(f"the runtime '{wanted}' is not installed", f"run 'pip install {wanted}'")
    return wanted


def load(path: Path, runtime: str | None = None, threads: int | None = None, precision: Precision = "f32") -> Network:
    """Read the ONNX file at `path` for `threads` CPU threads (None: the runtime's own choice, all cores).

    precision: computes in float32 nevertheless where the CPU or the runtime has no quick bfloat16
    Raises AnycostError when the file is missing or damaged, or the runtime is not there.
    """
    name = choose(runtime)
    if not path.is_file():
        raise AnycostError(f"{path} is missing", FIX_COMMAND)
    return load_bytes(path.read_bytes(), path, name, threads, precision)


def load_bytes(
    data: bytes, path: Path, runtime: str | None = None, threads: int | None = None, precision: Precision = "f32"
) -> Network:
    """As `load`, of an ONNX file's bytes; path: what messages call it."""
    return load_named(sha256_of_bytes(data), lambda: data, path, runtime, threads, precision)


def load_named(
    name: str,
    read: Callable[[], bytes],
    path: Path,
    runtime: str | None = None,
    threads: int | None = None,
    precision: Precision = "f32",
) -> Network:
    """As `load_bytes` of what `read` answers, which is not asked where the network of this name was compiled before.

    name: a digest that says all about the network. Raises what `read` raises as well."""
    kind = choose(runtime)
    if kind != "openvino" or not has_bfloat16():
        precision = "f32"  # ONNX Runtime's CPU kernels know no other, but for a few
    parts = _MIXED if precision == "mixed" else (precision,)
    loaded = _kept(name, parts, threads) if kind == "openvino" else []
    data = b"" if loaded else read()
    try:
        if _EXTERNAL in data:
            raise ValueError("it takes tensors from other files")
        if kind == "onnxruntime":
            (shapes, run), release = _onnxruntime(data, threads), lambda: None
        else:
            shapes, run, release = _in_turn(loaded or _made(name, data, parts, threads))
    except Exception as error:  # each runtime has its own family of errors for an unreadable file
        raise AnycostError(f"{path} is damaged ({_first_line(error)})", FIX_COMMAND) from error
    return Network(path, kind, precision, shapes, run, release)


@functools.cache
def _core() -> Any:
    """One for the whole process: where several begin and end beside each other, the last one leaves the thread a signal
    stack that is no longer there, and the next signal (Ctrl-C, a child's end) kills the process."""
    import openvino

    return openvino.Core()


def has_bfloat16() -> bool:
    """Whether OpenVINO computes in bfloat16 on this CPU more quickly than in float32."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def version(runtime: str) -> str:
    """Of the installed runtime, as its package says it."""
    return importlib.metadata.version(runtime)


def _keys(name: str, parts: Sequence[str]) -> list[str]:
    """Of what is kept of a network that is computed in parts, by their precisions, however many threads run it."""
    return [key_for(_core(), name if len(parts) == 1 else f"{name} {by}", _options(None, by)) for by in parts]


def _kept(name: str, parts: Sequence[str], threads: int | None) -> list[tuple[Any, ...]]:
    """The parts as they were compiled before, each with what has to live as long; empty unless all are there."""
    found = [kept(_core(), key, _options(threads, by)) for key, by in zip(_keys(name, parts), parts, strict=True)]
    return [part for part in found if part] if all(found) else []


def _made(name: str, data: bytes, parts: Sequence[str], threads: int | None) -> list[tuple[Any, ...]]:
    """The parts, compiled, and kept for the next process."""
    models = [_model_of(data)]
    if len(parts) > 1:
        from anycost_models.inference.mixed_precision import cut

        models = list(cut(models[0]) or models)
    compiled = [
        _core().compile_model(model, "CPU", _options(threads, by)) for model, by in zip(models, parts, strict=False)
    ]
    if len(compiled) == len(parts):
        for key, part in zip(_keys(name, parts), compiled, strict=True):
            keep(key, part)
    return [(part,) for part in compiled]


def _model_of(data: bytes) -> Any:
    from openvino.frontend import FrontEndManager

    # As ONNX and nothing else: left to guess, OpenVINO's other readers complain about a damaged file on stderr.
    frontend = FrontEndManager().load_by_framework("onnx")
    model = frontend.convert(frontend.load(io.BytesIO(data)))
    if not model.outputs:
        raise ValueError("it is empty")
    return model


def _shapes(inputs: Any) -> tuple[tuple[int | None, ...], ...]:
    return tuple(tuple(None if size.is_dynamic else size.get_length() for size in i.partial_shape) for i in inputs)


def _options(threads: int | None, precision: str) -> dict[str, Any]:
    # Its default lets newer CPUs compute everything in bf16, which moves landmarks by whole pixels.
    options: dict[str, Any] = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = threads
    return options


def _in_turn(parts: Sequence[tuple[Any, ...]]) -> tuple[Any, _Run, Callable[[], None]]:
    """Of a network in parts, of which each takes what the one before answers: the shapes of its inputs, what runs it,
    and what frees its memory between."""
    runs, releases = zip(*(_running(*part) for part in parts), strict=True)

    def run(inputs: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        results = list(inputs)
        for part in runs:
            results = part(tuple(results))
        return results

    def release() -> None:
        for part in releases:
            part()

    return _shapes(parts[0][0].inputs), run, release


def _running(*compiled: Any) -> tuple[_Run, Callable[[], None]]:
    """What runs it, and what frees its memory between. compiled: the network, and what has to live as long"""
    outputs = list(compiled[0].outputs)
    turn = threading.Lock()  # a compiled model has one request, which refuses a second caller

    def run(inputs: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        with turn:
            results = compiled[0](list(inputs), share_inputs=True)  # a fresh copy of each output
        return [results[port] for port in outputs]

    def release() -> None:
        with turn:
            compiled[0].release_memory()

    return run, release


def _onnxruntime(data: bytes, threads: int | None) -> tuple[Any, Any]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    if threads is not None:
        options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    shapes = tuple(
        tuple(size if isinstance(size, int) else None for size in entry.shape) for entry in session.get_inputs()
    )

    def run(inputs: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        return session.run(None, dict(zip(names, inputs, strict=True)))

    return shapes, run


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__)[:120]
