"""The mel scale and cepstral coefficients."""

from functools import lru_cache

import numpy as np
import scipy.fft


@lru_cache(maxsize=8)
def mel_filters(sample_rate: int, n_fft: int, n_mels: int, dtype: np.dtype) -> np.ndarray:
    """Give librosa's Slaney-normalised mel filter bank, (n_mels, 1 + n_fft // 2)."""
    import librosa

    filters = librosa.filters.mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels, dtype=dtype.type)
    filters.flags.writeable = False
    return filters


def mel_spectrogram(power: np.ndarray, sample_rate: int, n_mels: int = 128) -> np.ndarray:
    """Sum a power spectrogram into mel bands.

    Parameters
    ----------
    power : ndarray of shape (..., n_bins, n_frames)
    sample_rate : int
    n_mels : int

    Returns
    -------
    ndarray of shape (..., n_mels, n_frames)
    """
    filters = mel_filters(sample_rate, 2 * (power.shape[-2] - 1), n_mels, power.dtype)
    return np.swapaxes(np.swapaxes(power, -1, -2) @ filters.T, -1, -2)


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
