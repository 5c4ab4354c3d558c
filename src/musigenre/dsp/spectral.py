"""One number per frame: loudness, shape of the spectrum, zero crossings.

The numbers are those of librosa's spectral_centroid, spectral_bandwidth, spectral_rolloff, rms and
zero_crossing_rate, with reflected edges.
"""

import numpy as np

from musigenre.dsp.stft import frame


def fft_frequencies(n_bins: int, sample_rate: int, dtype: np.dtype | type = float) -> np.ndarray:
    """Give the centre frequencies, in Hz, of the bins of a real FFT."""
    return np.linspace(0, sample_rate / 2, n_bins).astype(dtype)


def rms(y: np.ndarray, frame_length: int = 2048, hop_length: int = 512) -> np.ndarray:
    """Root mean square of each frame of a signal; (..., n_samples) -> (..., n_frames)."""
    frames = frame(y, frame_length, hop_length, "reflect")
    return np.sqrt(np.einsum("...i,...i->...", frames, frames) / frame_length)


def zero_crossing_rate(
    y: np.ndarray, frame_length: int = 2048, hop_length: int = 512
) -> np.ndarray:
    """Share of samples at which the sign changes; (..., n_samples) -> (..., n_frames).

    Samples within 1e-10 of zero count as positive.
    """
    half = frame_length // 2
    negative = np.pad(y < -1e-10, [(0, 0)] * (y.ndim - 1) + [(half, half)], mode="edge")
    crossings = np.cumsum(negative[..., 1:] != negative[..., :-1], axis=-1, dtype=np.int32)
    # A frame holds frame_length - 1 pairs of neighbours: those up to its last less those before.
    until = np.pad(crossings, [(0, 0)] * (y.ndim - 1) + [(1, 0)])
    last = until[..., frame_length - 1 :: hop_length]
    return (last - until[..., ::hop_length][..., : last.shape[-1]]) / frame_length


def spectral_shape(magnitude: np.ndarray, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Spectral centroid and bandwidth of each frame, in Hz.

    The centroid is the mean frequency and the bandwidth the standard deviation of frequency, both
    weighted by magnitude. A silent frame has 0 for both.

    Parameters
    ----------
    magnitude : ndarray of shape (..., n_bins, n_frames)
    sample_rate : int

    Returns
    -------
    centroid, bandwidth : ndarray of shape (..., n_frames)
    """
    total = magnitude.sum(axis=-2)
    weights = np.swapaxes(magnitude, -1, -2) / _or_one(total)[..., None]
    frequencies = fft_frequencies(magnitude.shape[-2], sample_rate, magnitude.dtype)
    centroid = weights @ frequencies
    squared_distance = (frequencies - centroid[..., None]) ** 2
    bandwidth = np.sqrt(np.einsum("...i,...i->...", weights, squared_distance))
    return centroid, bandwidth


def spectral_rolloff(
    magnitude: np.ndarray, sample_rate: int, roll_percent: float = 0.85
) -> np.ndarray:
    """Frequency, in Hz, below which ``roll_percent`` of a frame's magnitude lies.

    Parameters
    ----------
    magnitude : ndarray of shape (..., n_bins, n_frames)
    sample_rate : int
    roll_percent : float in (0, 1)

    Returns
    -------
    ndarray of shape (..., n_frames)
    """
    from musigenre.dsp import kernels

    frames = np.ascontiguousarray(np.swapaxes(magnitude, -1, -2))
    bins = np.empty(frames.shape[:-1], dtype=np.intp)
    kernels.rolloff(frames.reshape(-1, frames.shape[-1]), roll_percent, bins.reshape(-1))
    return fft_frequencies(magnitude.shape[-2], sample_rate)[bins]


def _or_one(norm: np.ndarray) -> np.ndarray:
    """Replace norms too small to divide by with 1."""
    return np.where(norm < np.finfo(norm.dtype).tiny, 1, norm).astype(norm.dtype)
