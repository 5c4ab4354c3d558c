"""Normalisation of cepstral coefficients over a sliding window."""

import numpy as np


def sliding_cmvn(
    x: np.ndarray,
    window: int,
    *,
    center: bool = True,
    normalize_variance: bool = True,
    variance_floor: float = 1e-6,
) -> np.ndarray:
    """Subtract the mean of the frames around each frame, and divide by their deviation.

    The window of frame ``t`` begins at ``t - window // 2`` (``center=True``) or ends with ``t``.
    Where it would reach beyond the signal it is shifted inside, so that every frame is normalised
    by the same number of frames; a signal shorter than the window is normalised as a whole.

    Parameters
    ----------
    x : ndarray of shape (..., n_frames)
    window : int
        In frames.
    center, normalize_variance : bool
    variance_floor : float
        A smaller variance is raised to it.

    Returns
    -------
    ndarray of shape (..., n_frames)
        Float64.

    Examples
    --------
    >>> import numpy as np
    >>> sliding_cmvn(np.array([1.0, 3.0, 5.0, 9.0]), 2)
    array([-1.,  1.,  1.,  1.])
    """
    n_frames = x.shape[-1]
    window = min(window, n_frames)
    offset = window // 2 if center else window - 1
    first = np.clip(np.arange(n_frames) - offset, 0, n_frames - window)

    # An offset costs digits when squares are subtracted. Without the middle of its range, a
    # constant is exactly zero.
    values = x.astype(np.float64)
    values -= (values.max(axis=-1, keepdims=True) + values.min(axis=-1, keepdims=True)) / 2
    mean = _window_sums(values, first, window) / window
    if not normalize_variance:
        return values - mean
    variance = _window_sums(values**2, first, window) / window - mean**2
    values -= mean
    values /= np.sqrt(np.maximum(variance, variance_floor))
    return values


def _window_sums(x: np.ndarray, first: np.ndarray, window: int) -> np.ndarray:
    """Sum ``window`` values from each of the places ``first`` on, along the last axis."""
    sums = np.zeros((*x.shape[:-1], x.shape[-1] + 1))
    np.cumsum(x, axis=-1, out=sums[..., 1:])
    return sums[..., first + window] - sums[..., first]
