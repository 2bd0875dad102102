"""What OpenVINO made of networks for this machine, kept: it loads in a third of the time that compiling takes.

Bit for bit the same network. Signed, as all caches are; for one release of OpenVINO and one kind of CPU."""

import contextlib
import importlib.metadata
import mmap
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from anycost_models.core.hashes import key_of, sha256_of_bytes
from anycost_models.core.signed_cache import SignedCache

COMPILED = SignedCache("compiled", ".blob", space=1 << 30, days=90)


def kept_or_compiled(
    core: Any, data: bytes, options: Mapping[str, Any], compiled: Callable[[], Any]
) -> tuple[Any, ...]:
    """The network of these ONNX bytes: loaded as it was kept, else as `compiled` answers, and kept. What follows it has
    to live as long.

    core: openvino.Core; options: as it compiles with. Raises what `compiled` raises."""
    about = importlib.metadata.version("openvino"), core.get_property("CPU", "FULL_DEVICE_NAME")
    key = key_of("compiled", *about, sorted(options.items()), sha256_of_bytes(data))
    if kept := COMPILED.mapped(key):
        with contextlib.suppress(RuntimeError):  # another build of OpenVINO: it is made anew
            return _imported(core, kept, options), kept
    found = compiled()
    with contextlib.suppress(RuntimeError):  # what cannot be kept is compiled each time
        COMPILED.write(key, found.export_model().getvalue())
    return (found,)


def _imported(core: Any, kept: mmap.mmap | bytearray, options: Mapping[str, Any]) -> Any:
    """Its weights stay where they are in the file: OpenVINO packs most of them anew, and needs these no more."""
    import openvino

    tensor = openvino.Tensor(np.frombuffer(kept, np.uint8), shared_memory=True)
    network = core.import_model(tensor, "CPU", dict(options))
    if isinstance(kept, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        kept.madvise(mmap.MADV_DONTNEED)  # what it still needs is read again
    return network
