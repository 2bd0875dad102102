"""How much memory this process has taken."""

import contextlib
import sys
from pathlib import Path


def peak_megabytes() -> float | None:
    """Of this process so far; None where the system doesn't say."""
    with contextlib.suppress(OSError, StopIteration):  # Linux: getrusage would count what started this process as well
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
