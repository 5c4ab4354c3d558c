"""How the modules that know numba compile their kernels."""

import logging
import pickle
import warnings
from collections.abc import Callable
from typing import Any

from numba import njit, types

_log = logging.getLogger("musigenre")


class Compiler:
    """Decorator that compiles a function for given types at once, or loads it from numba's cache.

    A function is compiled when its module is imported, once in the life of an installation, and
    never later for another shape or type. Where numba cannot write its cache, a warning says so
    and what to do, and everything works as before but for the time.

    Several processes may fill an empty cache together. numba replaces its files atomically, but
    names the compiled forms of a function by number, in the order in which they come. Signatures
    have an order, so that a number means the same code whoever wrote it.

    Parameters
    ----------
    duration : str
        How long the functions of the module take to compile, for the message that announces it.
    """

    def __init__(self, duration: str) -> None:
        self.duration = duration
        self.cache = True
        self.announced = False

    def __call__(self, *signatures: tuple) -> Callable:
        """Give the decorator of a function for one or more signatures, each a tuple of types."""

        def compile_kernel(function: Callable) -> Callable:
            if self.cache:
                try:
                    return self._compile(function, list(signatures))
                except (RuntimeError, OSError, EOFError, pickle.UnpicklingError) as error:
                    self.cache = False
                    warnings.warn(
                        f"numba cannot use its cache of compiled code ({error}): musigenre works, "
                        "but compiles anew, for some seconds, in every process; set the "
                        "environment variable NUMBA_CACHE_DIR to an empty folder that can be "
                        "written to",
                        stacklevel=2,
                    )
            return self._compile(function, list(signatures))

        return compile_kernel

    def _compile(self, function: Callable, signatures: list[tuple]) -> Callable:
        # No fastmath: sums keep their order, NaN and infinity their meaning.
        options: dict[str, Any] = {"cache": self.cache, "nogil": True, "error_model": "numpy"}
        kernel = njit(signatures, **options)(function)
        if self.cache and kernel.stats.cache_misses and not self.announced:
            # The first kernel is a small one: nearly all the time is still to come.
            _log.warning("musigenre: compiling kernels, once (%s)", self.duration)
            self.announced = True
        return kernel


def read_only(scalar: types.Type, ndim: int) -> types.Array:
    """Type of an array that is only read: those that NumPy has locked are accepted too."""
    return types.Array(scalar, ndim, "C", readonly=True)
