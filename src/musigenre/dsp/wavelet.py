"""The discrete wavelet transform as a bank of octave bands."""

import numpy as np

_ROOT3 = np.sqrt(3.0)
# Daubechies' wavelet of four coefficients (Orthonormal bases of compactly supported wavelets,
# 1988), scaled so that a constant keeps its size.
_LOW = np.array([1 + _ROOT3, 3 + _ROOT3, 3 - _ROOT3, 1 - _ROOT3]) / 8
_HIGH = _LOW[::-1] * [1, -1, 1, -1]


def octave_bands(x: np.ndarray, n_levels: int) -> list[np.ndarray]:
    """Split a signal into octaves with Daubechies' wavelet of four coefficients.

    Parameters
    ----------
    x : ndarray of shape (n_samples,)
        Taken to be zero outside.
    n_levels : int

    Returns
    -------
    list of ndarray
        ``n_levels`` bands from the highest octave down, each at half the rate of the one before,
        and what lies below them, at the rate of the last.

    Examples
    --------
    >>> import numpy as np
    >>> [len(band) for band in octave_bands(np.ones(64), 3)]
    [32, 16, 8, 8]
    """
    bands = []
    for _ in range(n_levels):
        low, high = _halve(x)
        bands.append(high)
        x = low
    return [*bands, x]


def _halve(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split a signal into its lower and its upper half, each at half the rate."""
    n = -(-len(x) // 2)
    padded = np.pad(x, (0, 2 * n + 2 - len(x)))
    even, odd = padded[::2], padded[1::2]
    taps = (even[:n], odd[:n], even[1:], odd[1:])

    def filtered(coefficients):
        coefficients = coefficients.astype(x.dtype)
        return sum(weight * tap for weight, tap in zip(coefficients, taps, strict=True))

    return filtered(_LOW), filtered(_HIGH)
