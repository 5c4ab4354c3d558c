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

    values = x.astype(np.float64)
    border, mean, variance = _window_moments(values, first, window)
    values -= border
    values -= mean
    if normalize_variance:
        values /= np.sqrt(np.maximum(variance, variance_floor))
    return values


def _window_moments(
    x: np.ndarray, first: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give mean and variance of the ``window`` values from each of the places ``first`` on.

    The mean comes in two parts, a value of the window and the rest.

    The signal is cut into blocks of one window. A window is the end of a block and the beginning
    of the next, so both sums are cumulated from the border between them, and no value outside of
    the window is added and taken away again. Deviations are counted from the value at the border,
    which lies in the window too: the subtraction of squares then loses no more digits than the
    window is long, whatever the level.
    """
    n_blocks = -(-x.shape[-1] // window)
    padding = [(0, 0)] * (x.ndim - 1) + [(0, n_blocks * window - x.shape[-1])]
    blocks = np.pad(x, padding, mode="edge").reshape(*x.shape[:-1], n_blocks, window)
    border = blocks[..., :1]
    # Position k: the sum of the first k + 1 values after a border, or of the last k before it.
    after = blocks - border
    before = np.zeros_like(blocks)
    before[..., 1:, 1:] = blocks[..., :-1, :0:-1] - border[..., 1:, :]

    # A window that begins with a block has nothing before its border.
    block, n_before = -(-first // window), -first % window
    at_after = block * window + window - 1 - n_before
    at_before = block * window + n_before

    def window_sums(right: np.ndarray, left: np.ndarray) -> np.ndarray:
        flat = (*x.shape[:-1], -1)
        sums = np.take(np.cumsum(right, axis=-1).reshape(flat), at_after, axis=-1)
        sums += np.take(np.cumsum(left, axis=-1).reshape(flat), at_before, axis=-1)
        return sums

    mean = window_sums(after, before) / window
    variance = window_sums(after**2, before**2) / window - mean**2
    return border[..., block, 0], mean, variance
