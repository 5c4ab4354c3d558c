"""Autocorrelation, and the lags at which a signal repeats."""

import numpy as np
import scipy.fft


def autocorrelation(x: np.ndarray, n_lags: int) -> np.ndarray:
    """Autocorrelation at the lags 0 to ``n_lags - 1``, from the spectrum.

    Parameters
    ----------
    x : ndarray of shape (..., n)
        Taken to be zero outside.
    n_lags : int

    Returns
    -------
    ndarray of shape (..., n_lags)

    Examples
    --------
    >>> import numpy as np
    >>> autocorrelation(np.array([1.0, 0, 2, 0]), 3).round(9).tolist()
    [5.0, 0.0, 2.0]
    """
    n = scipy.fft.next_fast_len(x.shape[-1] + n_lags, real=True)
    spectrum = scipy.fft.rfft(x, n, axis=-1)
    power = spectrum.real**2 + spectrum.imag**2
    return scipy.fft.irfft(power, n, axis=-1, overwrite_x=True)[..., :n_lags]


def enhanced(x: np.ndarray, n_multiples: int = 5) -> np.ndarray:
    """Remove from autocorrelations the peaks at multiples of a shorter period.

    Negative values are clipped, then copies stretched by 2, 3, ... are subtracted one after the
    other and negative values clipped again (Tolonen and Karjalainen, A computationally efficient
    multipitch analysis model, 2000).

    Parameters
    ----------
    x : ndarray of shape (..., n_lags)
    n_multiples : int
        The largest stretch.

    Returns
    -------
    ndarray of shape (..., n_lags)

    Examples
    --------
    >>> import numpy as np
    >>> enhanced(np.array([9.0, 0, 0, 5, 0, 0, 4])).tolist()
    [0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0]
    """
    x = np.maximum(x, 0)
    lags = np.arange(x.shape[-1])
    for stretch in range(2, n_multiples + 1):
        below, rest = np.divmod(lags, stretch)
        share = (rest / stretch).astype(x.dtype)
        above = np.minimum(below + 1, lags[-1])
        x = np.maximum(x - (1 - share) * x[..., below] - share * x[..., above], 0)
    return x


def strongest_peaks(
    x: np.ndarray, first: int, last: int, n_peaks: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find the highest local maxima of each row, refined by a parabola.

    Parameters
    ----------
    x : ndarray of shape (n_rows, n)
    first, last : int
        Range of the positions, both included; ``0 < first`` and ``last < n - 1``.
    n_peaks : int

    Returns
    -------
    position, height : ndarray of shape (n_rows, n_peaks)
        From the highest down; where a row has fewer peaks, the height is 0.
    """
    left, centre, right = (x[:, first + step : last + 1 + step] for step in (-1, 0, 1))
    height = np.where((centre > left) & (centre >= right), centre, 0)
    found = np.argsort(-height, axis=1, kind="stable")[:, :n_peaks]
    left, centre, right, height = (
        np.take_along_axis(values, found, axis=1) for values in (left, centre, right, height)
    )
    curvature = 2 * centre - left - right
    shift = (right - left) / np.where(curvature > 0, 2 * curvature, 1)
    return first + found + np.where(height > 0, shift, 0), height
