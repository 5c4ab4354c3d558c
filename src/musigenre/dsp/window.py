"""Windows that taper a stretch of a signal."""

from functools import lru_cache

import numpy as np
import scipy.signal


@lru_cache(maxsize=8)
def symmetric_hann(n: int, dtype: np.dtype) -> np.ndarray:
    """Give the symmetric Hann window of ``n`` samples, zero at both ends.

    The periodic one, :func:`musigenre.dsp.stft.hann`, is its first ``n`` samples for ``n + 1``.
    """
    window = scipy.signal.get_window("hann", n, fftbins=False).astype(dtype)
    window.flags.writeable = False
    return window
