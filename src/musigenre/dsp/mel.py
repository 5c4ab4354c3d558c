"""The mel scale and cepstral coefficients."""

from functools import lru_cache

import numpy as np
import scipy.fft

from musigenre.dsp.spectral import fft_frequencies


@lru_cache(maxsize=8)
def mel_filters(
    sample_rate: int,
    n_fft: int,
    n_mels: int,
    fmin: float = 0.0,
    fmax: float | None = None,
    *,
    dtype: np.dtype,
) -> np.ndarray:
    """Triangular filters of equal area on the mel scale of Slaney's Auditory Toolbox (1998).

    Equal to ``librosa.filters.mel``.

    Parameters
    ----------
    sample_rate, n_fft, n_mels : int
    fmin, fmax : float
        Lower foot of the first filter and upper foot of the last, in Hz; by default 0 and half the
        sample rate.
    dtype : numpy.dtype

    Returns
    -------
    ndarray of shape (n_mels, 1 + n_fft // 2)
        Read-only.
    """
    edges = mel_frequencies(n_mels, fmin, sample_rate / 2 if fmax is None else fmax)
    lower, centre, upper = (edges[i : i + n_mels, None] for i in range(3))
    frequencies = fft_frequencies(1 + n_fft // 2, sample_rate)
    rise = (frequencies - lower) / (centre - lower)
    fall = (upper - frequencies) / (upper - centre)
    filters = np.maximum(0, np.minimum(rise, fall)) * 2 / (upper - lower)
    filters = filters.astype(dtype)
    filters.flags.writeable = False
    return filters


def mel_frequencies(n_mels: int, fmin: float, fmax: float) -> np.ndarray:
    """Give the centres of mel bands in Hz, between the feet of the first and of the last.

    Returns
    -------
    ndarray of shape (n_mels + 2,)
        Each band reaches from the centre of its lower neighbour to that of its upper one.
    """
    return _mel_to_hz(np.linspace(_hz_to_mel(fmin), _hz_to_mel(fmax), n_mels + 2))


# Slaney's scale: linear to 1,000 Hz (15 mel), from there 27 mel to a factor of 6.4.
def _hz_to_mel(hz: float) -> float:
    return 3 * hz / 200 if hz < 1000 else 15 + 27 * np.log(hz / 1000) / np.log(6.4)


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    return np.where(mel < 15, 200 * mel / 3, 1000 * 6.4 ** ((mel - 15) / 27))


def mel_spectrogram(
    power: np.ndarray,
    sample_rate: int,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
) -> np.ndarray:
    """Sum a power spectrogram into mel bands.

    Parameters
    ----------
    power : ndarray of shape (..., n_bins, n_frames)
    sample_rate, n_mels, fmin, fmax
        As for :func:`mel_filters`.

    Returns
    -------
    ndarray of shape (..., n_mels, n_frames)
    """
    n_fft = 2 * (power.shape[-2] - 1)
    filters = mel_filters(sample_rate, n_fft, n_mels, fmin, fmax, dtype=power.dtype)
    frames = np.swapaxes(power, -1, -2)
    mel = np.empty((*frames.shape[:-1], n_mels), dtype=power.dtype)
    # Neighbouring filters cover few bins: most of the whole product would be with zeros.
    for first in range(0, n_mels, 16):
        bands = slice(first, first + 16)
        covered = np.flatnonzero(filters[bands].any(axis=0))
        bins = slice(covered[0], covered[-1] + 1) if len(covered) else slice(0)
        mel[..., bands] = frames[..., bins] @ filters[bands, bins].T
    return np.swapaxes(mel, -1, -2)


def power_to_db(power: np.ndarray, amin: float = 1e-10, top_db: float = 80.0) -> np.ndarray:
    """Decibels relative to 1, at most ``top_db`` below the loudest point of the clip.

    Parameters
    ----------
    power : ndarray of shape (..., n_bins, n_frames)
    amin, top_db : float

    Returns
    -------
    ndarray of shape (..., n_bins, n_frames)
    """
    db = 10 * np.log10(np.maximum(power, amin))
    return np.maximum(db, db.max(axis=(-2, -1), keepdims=True) - top_db)


def mfcc(mel_db: np.ndarray, n_mfcc: int = 20) -> np.ndarray:
    """Mel-frequency cepstral coefficients: the orthonormal DCT-II of the mel bands in dB.

    Parameters
    ----------
    mel_db : ndarray of shape (..., n_mels, n_frames)
    n_mfcc : int
        How many of the first coefficients are kept.

    Returns
    -------
    ndarray of shape (..., n_mfcc, n_frames)
    """
    basis = scipy.fft.dct(np.eye(mel_db.shape[-2]), axis=0, norm="ortho")[:n_mfcc]
    return basis.astype(mel_db.dtype) @ mel_db
