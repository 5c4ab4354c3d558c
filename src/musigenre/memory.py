"""How a process that computes tracks treats its memory."""

import os
import sys
from functools import cache

# Numbers of the GNU C library's mallopt.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3

# Larger than the arrays of a track, and than all that is free between two tracks.
_LARGE_ARRAY, _FREE = 2**25, 2**28


@cache
def keep_freed_memory() -> bool:
    """Let this process keep what it frees, up to 256 MiB, for its next arrays.

    The GNU C library gives large pieces back to the system, which clears them page by page when
    they are wanted again: up to a fifth of the time, where arrays of some megabytes come and go
    with each track. Whoever has set its thresholds by the environment is left alone, and so are
    other C libraries.

    Returns
    -------
    bool
        Whether anything was changed.
    """
    if not sys.platform.startswith("linux"):
        return False
    if any(name.startswith("MALLOC_") for name in os.environ) or "malloc" in os.environ.get(
        "GLIBC_TUNABLES", ""
    ):
        return False
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    # Any of them set by hand ends the adjustment of both.
    return bool(mallopt(_MMAP_THRESHOLD, _LARGE_ARRAY) and mallopt(_TRIM_THRESHOLD, _FREE))
