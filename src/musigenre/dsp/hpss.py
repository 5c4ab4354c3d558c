"""Harmonic-percussive source separation."""

import numpy as np

from musigenre.dsp.stft import istft

#: Length of the medians, in frames and in bins.
WIDTH = 31


def harmonic_percussive(
    spectrum: np.ndarray, magnitude: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Split a signal into its steady and its sudden part by median filtering.

    Sustained tones are smooth along time, drums along frequency; medians along either axis give
    the two parts, and soft masks of power 2 share each bin out between them (Fitzgerald, DAFx
    2010, equations 1 to 6). The masks sum to 1, so that only the harmonic part is inverted and
    the percussive part is what remains of the signal.

    Parameters
    ----------
    spectrum : complex ndarray of shape (..., n_bins, n_frames)
        The STFT of ``y``.
    magnitude : ndarray of shape (..., n_bins, n_frames)
        Its absolute value.
    y : ndarray of shape (..., n_samples)

    Returns
    -------
    harmonic, percussive : ndarray of shape (..., n_samples)
        Zero after the centre of the last frame, see :func:`musigenre.dsp.stft.istft`.
    """
    hop_length = 2 * (spectrum.shape[-2] - 1) // 4
    # Nested, so that each of these large arrays is gone when the next is made.
    steady = istft(
        _keep_steady(
            spectrum, median_filter(magnitude, axis=-1), median_filter(magnitude, axis=-2)
        ),
        y.shape[-1],
        hop_length,
    )
    sudden = y - steady
    sudden[..., (spectrum.shape[-1] - 1) * hop_length :] = 0
    return steady, sudden


def median_filter(x: np.ndarray, axis: int) -> np.ndarray:
    """Take the median of ``WIDTH`` adjacent values, the edges mirrored (d c b a | a b c d).

    Parameters
    ----------
    x : ndarray of shape (..., n_bins, n_frames)
        float32 or float64.
    axis : {-1, -2}
        -1 filters along the frames, -2 along the bins.

    Returns
    -------
    ndarray of shape (..., n_bins, n_frames)

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.dsp.hpss import median_filter
    >>> click = np.zeros((1, 50))
    >>> click[0, 25] = 1
    >>> median_filter(click, axis=-1).any()
    np.False_
    """
    from musigenre.dsp import kernels

    frames = np.ascontiguousarray(np.swapaxes(x, -1, -2))
    medians = np.empty_like(frames)
    n = x.shape[axis]
    # The kernel computes blocks of 16 medians: the last one is filled up.
    source = np.pad(np.arange(n), (WIDTH // 2, WIDTH // 2 + -n % 16), mode="symmetric")
    if axis == -2:
        rows = (-1, frames.shape[-1])
        kernels.running_median(frames.reshape(rows), source, True, medians.reshape(rows))
    else:
        clips = (-1, *frames.shape[-2:])
        for clip, out in zip(frames.reshape(clips), medians.reshape(clips), strict=True):
            kernels.running_median(clip, source, False, out)
    return np.swapaxes(medians, -1, -2)


def _keep_steady(spectrum: np.ndarray, steady: np.ndarray, sudden: np.ndarray) -> np.ndarray:
    """Apply the soft mask steady² / (steady² + sudden²), one half where both are zero."""
    from musigenre.dsp import kernels

    frames = np.ascontiguousarray(np.swapaxes(spectrum, -1, -2))
    kept = np.empty_like(frames)
    n_bins, real = frames.shape[-1], steady.dtype
    kernels.keep_steady(
        frames.view(real).reshape(-1, 2 * n_bins),
        np.ascontiguousarray(np.swapaxes(steady, -1, -2)).reshape(-1, n_bins),
        np.ascontiguousarray(np.swapaxes(sudden, -1, -2)).reshape(-1, n_bins),
        kept.view(real).reshape(-1, 2 * n_bins),
    )
    return np.swapaxes(kept, -1, -2)
