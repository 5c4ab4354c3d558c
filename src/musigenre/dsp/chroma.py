"""Tuning and chroma: the energy of the twelve pitch classes."""

from functools import lru_cache

import numpy as np

from musigenre.dsp.spectral import fft_frequencies


def chroma(power: np.ndarray, sample_rate: int) -> np.ndarray:
    """Chromagram with the tuning of each clip taken into account, each frame scaled to maximum 1.

    Equal to ``librosa.feature.chroma_stft`` (Ellis 2007, chroma feature analysis and synthesis).

    Parameters
    ----------
    power : ndarray of shape (..., n_bins, n_frames)
        Power spectrogram.
    sample_rate : int

    Returns
    -------
    ndarray of shape (..., 12, n_frames)
        Row 0 is C; a silent frame is zero.
    """
    n_fft = 2 * (power.shape[-2] - 1)
    clips = power.reshape(-1, *power.shape[-2:])
    energy = np.empty((len(clips), 12, power.shape[-1]), dtype=power.dtype)
    for clip, out in zip(clips, energy, strict=True):
        tuning = estimate_tuning(clip, sample_rate)
        out[:] = chroma_filters(sample_rate, n_fft, tuning, power.dtype) @ clip
    largest = energy.max(axis=-2, keepdims=True)
    energy /= np.where(largest < np.finfo(energy.dtype).tiny, 1, largest)
    return energy.reshape(*power.shape[:-2], *energy.shape[-2:])


def estimate_tuning(
    power: np.ndarray, sample_rate: int, fmin: float = 150.0, fmax: float = 4000.0
) -> float:
    """Deviation from A440 in fractions of a semitone, in [-0.5, 0.5) and in steps of 0.01.

    Spectral peaks are refined by parabolic interpolation; the most frequent deviation among those
    at least as strong as the median peak is the tuning. Equal to ``librosa.estimate_tuning``.

    Parameters
    ----------
    power : ndarray of shape (n_bins, n_frames)
    sample_rate : int
    fmin, fmax : float
        Range of the peaks, in Hz.
    """
    frequencies = fft_frequencies(power.shape[-2], sample_rate)
    wanted = np.flatnonzero((frequencies >= fmin) & (frequencies < fmax))
    first, last = wanted[0], wanted[-1] + 1
    # One bin more on either side: the neighbours of the outermost peaks.
    near = np.ascontiguousarray(power.T)[:, first - 1 : last + 1]
    left, centre, right = near[:, :-2], near[:, 1:-1], near[:, 2:]
    is_peak = (centre > left) & (centre >= right) & (centre > 0.1 * power.max(axis=0)[:, None])
    if not is_peak.any():
        return 0.0

    left, centre, right = left[is_peak], centre[is_peak], right[is_peak]
    slope, curvature = (right - left) / 2, left + right - 2 * centre
    inside = np.abs(slope) < np.abs(curvature)
    shift = np.zeros_like(centre)
    np.divide(-slope, curvature, out=shift, where=inside)
    strength = centre + slope * shift / 2
    pitch = (first + np.nonzero(is_peak)[1] + shift) * sample_rate / (2 * (len(power) - 1))

    pitch = pitch[strength >= np.median(strength)]
    deviation = np.mod(12 * np.log2(pitch / 440), 1.0)
    deviation[deviation >= 0.5] -= 1.0
    edges = np.linspace(-0.5, 0.5, 101)
    counts, _ = np.histogram(deviation, edges)
    return float(edges[np.argmax(counts)])


@lru_cache(maxsize=128)
def chroma_filters(sample_rate: int, n_fft: int, tuning: float, dtype: np.dtype) -> np.ndarray:
    """Gaussians about the pitch classes, weighted by octave (Ellis 2007).

    Equal to ``librosa.filters.chroma``.

    Parameters
    ----------
    sample_rate, n_fft : int
    tuning : float
        Deviation from A440 in semitones.
    dtype : numpy.dtype

    Returns
    -------
    ndarray of shape (12, 1 + n_fft // 2)
        Read-only.
    """
    # One bin more than wanted: a Gaussian is as wide as the distance to the next bin.
    frequencies = np.arange(1, 2 + n_fft // 2) * sample_rate / n_fft
    semitones = 12 * np.log2(16 * frequencies / 440) - tuning
    # The bin at 0 Hz has no pitch; it is put one and a half octaves below the first.
    semitones = np.append(semitones[0] - 18, semitones)
    width = np.maximum(np.diff(semitones), 1)
    semitones = semitones[:-1]

    distance = np.mod(semitones - np.arange(-9, 3)[:, None] + 6, 12) - 6
    filters = np.exp(-2 * (distance / width) ** 2)
    filters /= np.linalg.norm(filters, axis=0)
    filters *= np.exp(-0.5 * ((semitones / 12 - 5) / 2) ** 2)
    filters = filters.astype(dtype)
    filters.flags.writeable = False
    return filters
