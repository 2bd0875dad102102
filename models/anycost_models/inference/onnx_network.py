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
from collections.abc import Callable
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
    kept_as = _options(None, precision)  # however many threads run it
    key = key_for(_core(), name, kept_as) if kind == "openvino" and precision != "mixed" else ""
    found = kept(_core(), key, _options(threads, precision)) if key else None
    data = b"" if found else read()
    try:
        if found:
            shapes, run, release = _shapes(found[0].inputs), *_running(*found)
        elif _EXTERNAL in data:
            raise ValueError("it takes tensors from other files")
        elif kind == "onnxruntime":
            (shapes, run), release = _onnxruntime(data, threads), lambda: None
        elif precision == "mixed":
            shapes, run, release = _mixed(data, threads)
        else:
            compiled = _compiled(_model_of(data), threads, precision)
            keep(key, compiled)
            shapes, run, release = _shapes(compiled.inputs), *_running(compiled)
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


def _mixed(data: bytes, threads: int | None) -> tuple[Any, _Run, Callable[[], None]]:
    from anycost_models.inference.mixed_precision import cut

    model = _model_of(data)
    shapes, halves = _shapes(model.inputs), cut(model)
    if halves is None:
        return shapes, *_running(_compiled(model, threads, "f32"))
    parts = zip(halves, ("f32", "bf16"), strict=True)
    (small, free_small), (large, free_large) = (_running(_compiled(half, threads, by)) for half, by in parts)

    def release() -> None:
        free_small()
        free_large()

    return shapes, lambda inputs: large(tuple(small(inputs))), release


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


def _compiled(model: Any, threads: int | None, precision: str) -> Any:
    return _core().compile_model(model, "CPU", _options(threads, precision))


def _running(*compiled: Any) -> tuple[_Run, Callable[[], None]]:
    """What runs it, and what frees its memory between. compiled: the network, and what has to live as long"""
    outputs = list(compiled[0].outputs)
    turn = threading.Lock()  # a compiled model has one request, which refuses a second caller

    def run(inputs: tuple[np.ndarray, ...]) -> list[np.ndarray]:
        with turn:
            results = compiled[0](list(inputs))  # a fresh copy of each output
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
