"""Windows that taper a stretch of a signal."""

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=8)
def symmetric_hann(n: int, dtype: np.dtype) -> np.ndarray:
    """Give the symmetric Hann window of ``n`` samples, zero at both ends.

    The periodic one, :func:`musigenre.dsp.stft.hann`, is its first ``n`` samples for ``n + 1``.
    """
    # scipy.signal, which has it too, takes a tenth of a second to import.
    window = (
        (0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, n))).astype(dtype)
        if n > 1
        else np.ones(1, dtype)
    )
    window.flags.writeable = False
    return window
