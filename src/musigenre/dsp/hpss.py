"""Harmonic-percussive source separation."""

import numpy as np
from scipy import ndimage

from musigenre.dsp.stft import istft


def harmonic_percussive(
    spectrum: np.ndarray, magnitude: np.ndarray, y: np.ndarray, kernel_size: int = 31
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
    kernel_size : int
        Odd length of the medians, in frames and in bins.

    Returns
    -------
    harmonic, percussive : ndarray of shape (..., n_samples)
        Zero after the centre of the last frame, see :func:`musigenre.dsp.stft.istft`.
    """
    harmonic = median_filter(magnitude, kernel_size, axis=-1)
    percussive = median_filter(magnitude, kernel_size, axis=-2)
    mask = _soft_mask(harmonic, percussive)
    hop_length = 2 * (spectrum.shape[-2] - 1) // 4
    steady = istft(spectrum * mask, y.shape[-1], hop_length)
    sudden = y - steady
    sudden[..., (spectrum.shape[-1] - 1) * hop_length :] = 0
    return steady, sudden


def median_filter(x: np.ndarray, size: int, axis: int) -> np.ndarray:
    """Take the running median along one axis, the edges mirrored (d c b a | a b c d).

    All rows are filtered in one call: each is mirrored at its ends and they are laid end to end,
    because one-dimensional rank filters are far faster than the general one.
    """
    half = size // 2
    rows = np.moveaxis(x, axis, -1)
    padded = np.pad(rows, [(0, 0)] * (x.ndim - 1) + [(half, half)], mode="symmetric")
    filtered = ndimage.median_filter(padded.ravel(), size).reshape(padded.shape)
    return np.moveaxis(filtered[..., half : half + rows.shape[-1]], -1, axis)


def _soft_mask(x: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Share x² / (x² + other²), one half where both are zero."""
    largest = np.maximum(x, other)
    silent = largest < np.finfo(x.dtype).tiny
    largest[silent] = 1
    x2, other2 = (x / largest) ** 2, (other / largest) ** 2
    with np.errstate(invalid="ignore"):
        mask = x2 / (x2 + other2)
    mask[silent] = 0.5
    return mask
