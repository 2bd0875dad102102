"""Tells the C library to keep the memory of freed tensors instead of giving it back and fetching it anew.

Feature maps are megabytes each; by default glibc maps and unmaps every one, and the kernel clears its pages again and
again, which takes a good part of a training step's time.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4  # of mallopt, in malloc.h


def keep_freed_memory() -> bool:
    """For this process from now on; its peak memory hardly changes, what it holds afterwards does. False where the
    C library has no such switch (not glibc)."""
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return all((mallopt(_MMAP_MAX, 0), mallopt(_TRIM_THRESHOLD, 2**31 - 1), mallopt(_TOP_PAD, 2**26)))
