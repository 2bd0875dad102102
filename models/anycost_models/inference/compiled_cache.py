"""What OpenVINO made of networks for this machine, kept: it loads in a third of the time that compiling takes.

Bit for bit the same network. Signed, as all caches are; for one release of OpenVINO and one kind of CPU."""

import contextlib
import importlib.metadata
import io
from collections.abc import Callable, Mapping
from typing import Any

from anycost_models.core.hashes import key_of, sha256_of_bytes
from anycost_models.core.signed_cache import SignedCache

COMPILED = SignedCache("compiled", ".blob", space=1 << 30, days=90)


def kept_or_compiled(core: Any, data: bytes, options: Mapping[str, Any], compiled: Callable[[], Any]) -> Any:
    """The network of these ONNX bytes: loaded as it was kept, else as `compiled` answers, and kept.

    core: openvino.Core; options: as it compiles with. Raises what `compiled` raises."""
    about = importlib.metadata.version("openvino"), core.get_property("CPU", "FULL_DEVICE_NAME")
    key = key_of("compiled", *about, sorted(options.items()), sha256_of_bytes(data))
    if kept := COMPILED.read(key):
        with contextlib.suppress(RuntimeError):  # another build of OpenVINO: it is made anew
            return core.import_model(io.BytesIO(kept), "CPU", dict(options))
    found = compiled()
    with contextlib.suppress(RuntimeError):  # what cannot be kept is compiled each time
        COMPILED.write(key, found.export_model().getvalue())
    return found
