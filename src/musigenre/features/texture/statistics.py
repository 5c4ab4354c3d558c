"""Series over time, (n_series, n_frames), summed up in a few numbers each."""

import numpy as np

# Added to deviations: a series that stands still has a logarithm, and no skewness.
_TINY = 1e-6

#: What :func:`moments` gives, in order.
MOMENTS = ("mean", "log_std", "skewness")


def moments(x: np.ndarray) -> np.ndarray:
    """Mean, logarithm of the standard deviation and skewness; (3, n_series)."""
    mean = x.mean(axis=-1, keepdims=True)
    centred = x - mean
    std = np.sqrt(np.einsum("ij,ij->i", centred, centred) / x.shape[-1])[:, None] + _TINY
    standard = centred / std
    skewness = np.einsum("ij,ij,ij->i", standard, standard, standard) / x.shape[-1]
    return np.stack([mean[:, 0], np.log(std[:, 0]), skewness])


def log_std(x: np.ndarray) -> np.ndarray:
    """Logarithm of the standard deviation; (n_series,)."""
    return np.log(x.std(axis=-1) + _TINY)


def log_mean_change(x: np.ndarray) -> np.ndarray:
    """Logarithm of the mean absolute step from frame to frame; (n_series,)."""
    return np.log(np.abs(np.diff(x, axis=-1)).mean(axis=-1) + _TINY)


def pooled(x: np.ndarray, n_groups: int) -> np.ndarray:
    """Average neighbouring series into groups as equal in size as can be.

    Parameters
    ----------
    x : ndarray of shape (n_series, n_frames)
    n_groups : int

    Returns
    -------
    ndarray of shape (n_groups, n_frames)
    """
    edges = np.linspace(0, len(x), n_groups + 1).astype(int)
    return np.add.reduceat(x, edges[:-1], axis=0) / np.diff(edges)[:, None].astype(x.dtype)
