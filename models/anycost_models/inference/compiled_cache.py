"""What OpenVINO made of networks for this machine, kept: it loads in a third of the time that compiling takes.

Bit for bit the same network. Signed, as all caches are; for one release of OpenVINO and one kind of CPU."""

import contextlib
import importlib.metadata
import mmap
from collections.abc import Mapping
from typing import Any

import numpy as np

from anycost_models.core.hashes import key_of
from anycost_models.core.signed_cache import SignedCache

COMPILED = SignedCache("compiled", ".blob", space=1 << 30, days=90)


def key_for(core: Any, name: str, options: Mapping[str, Any]) -> str:
    """Of a network on this machine. core: openvino.Core; name: says all about the network; options: as it compiles
    with, but for the number of threads, by which it runs and is made no otherwise."""
    about = importlib.metadata.version("openvino"), core.get_property("CPU", "FULL_DEVICE_NAME")
    return key_of("compiled", *about, sorted(options.items()), name)


def kept(core: Any, key: str, options: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The network as it was kept, and what has to live as long; None if it was not."""
    if data := COMPILED.mapped(key):
        with contextlib.suppress(RuntimeError):  # another build of OpenVINO: it is made anew
            return _imported(core, data, options), data
    return None


def keep(key: str, compiled: Any) -> None:
    with contextlib.suppress(RuntimeError):  # what cannot be kept is compiled each time
        COMPILED.write(key, compiled.export_model().getvalue())


def _imported(core: Any, data: mmap.mmap | bytearray, options: Mapping[str, Any]) -> Any:
    """Its weights stay where they are in the file: OpenVINO packs most of them anew, and needs these no more."""
    import openvino

    tensor = openvino.Tensor(np.frombuffer(data, np.uint8), shared_memory=True)
    network = core.import_model(tensor, "CPU", dict(options))
    if isinstance(data, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        data.madvise(mmap.MADV_DONTNEED)  # what it still needs is read again
    return network
