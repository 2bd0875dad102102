"""How much memory an edit will need and how much there is: asked before work begins, so that none is lost."""

import contextlib
import os
import re
from pathlib import Path

from anycost_models.core.errors import AnycostError

EDIT_BYTES = 1_500_000_000  # that libraries and models fill, whatever the photo (measured with a small one: 1.6 GB)
EDIT_ADDRESSES = 2_800_000_000  # bytes of addresses that they reserve, which is what 'ulimit -v' limits
_REMEDY = "close other programs, scale the picture down, or use a machine with more memory"
_NOT_ENOUGH = "not enough memory"
_CGROUP = Path("/sys/fs/cgroup")
# What libraries say that could not get memory: libvips, OpenCV, ONNX Runtime, OpenVINO, torch, the dynamic linker.
_SAYINGS = re.compile(
    r"out of memory|cannot allocate|can't alloc|bad_alloc|failed to (?:re)?alloc|failed to map segment|"
    r"insufficient memory|not enough memory|unable to allocate|OutOfMemory",
    re.IGNORECASE,
)


def photo_bytes(width: int, height: int, channels: int, bytes_per_sample: int) -> int:
    """That editing a photo takes besides the models: its pixels before and after, and in sRGB."""
    return width * height * (2 * channels * bytes_per_sample + 3)


def ensure_memory(needed: int, what: str, addresses: int = EDIT_ADDRESSES - EDIT_BYTES) -> None:
    """Raises AnycostError when the machine, or the limit that this process has, leaves less than `needed` bytes.

    what: for people, what needs it. addresses: bytes of them that libraries reserve besides. Where the system does not
    say, nothing is refused."""
    free = _free_bytes()
    if free is not None and free + _own_bytes() < needed:  # what this process has is part of what it needs
        raise AnycostError(
            f"not enough memory: {what} needs about {_gigabytes(needed)}, and {_gigabytes(free)} are free", _REMEDY
        )
    limit = _address_limit()
    enough = needed + addresses
    if limit is not None and limit < enough:
        raise AnycostError(
            f"not enough memory: {what} needs about {_gigabytes(enough)}, and this process may use {_gigabytes(limit)}",
            "raise the limit (ulimit -v), or run it elsewhere",
        )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error, or one that it came from, is for want of memory."""
    seen: BaseException | None = error
    for _ in range(10):
        if seen is None:
            return False
        if isinstance(seen, MemoryError) or _SAYINGS.search(_words_of(seen)):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _words_of(error: BaseException) -> str:
    """What an error says, without names of files where they can be told: one may be called "out of memory.jpg"."""
    if isinstance(error, AnycostError):  # ours: what it came from says why
        return _NOT_ENOUGH if error.cause.startswith(_NOT_ENOUGH) else ""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def out_of_memory(what: str) -> AnycostError:
    """The error for it. what: for people, what was under way."""
    free = _free_bytes()
    has = f", and {_gigabytes(free)} are free" if free is not None else ""
    limit = _address_limit()
    if limit is not None:
        has = f", and this process may use {_gigabytes(limit)} (ulimit -v)"
    needs = EDIT_ADDRESSES if limit is not None else EDIT_BYTES
    return AnycostError(
        f"not enough memory: {what} needs about {_gigabytes(needs)} and more for a large photo{has}", _REMEDY
    )


def _free_bytes() -> int | None:
    """That programs may still fill, swap included; None where the system does not say."""
    free: int | None = None
    with contextlib.suppress(OSError, KeyError, ValueError):
        lines = Path("/proc/meminfo").read_text().splitlines()
        fields = {name: int(rest.split()[0]) * 1024 for name, rest in (line.split(":", 1) for line in lines)}
        free = fields["MemAvailable"] + fields["SwapFree"]
    with contextlib.suppress(OSError, KeyError, ValueError):  # a container's
        most = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
        stat = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        left = most - used + int(stat["inactive_file"])
        free = left if free is None else min(free, left)
    return free


def _own_bytes() -> int:
    """That this process fills already; 0 where the system does not say."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _address_limit() -> int | None:
    """Bytes of addresses that this process may have in all; None where there is no limit."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
