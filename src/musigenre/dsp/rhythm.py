"""Onset strength and tempo."""

import numpy as np
import scipy.fft

from musigenre.dsp.stft import hann


def onset_strength(mel_db: np.ndarray, n_fft: int = 2048, hop_length: int = 512) -> np.ndarray:
    """Median over the mel bands of the rise in level from one frame to the next.

    Parameters
    ----------
    mel_db : ndarray of shape (..., n_mels, n_frames)
        Mel spectrogram in dB.
    n_fft, hop_length : int
        In samples; they say by how many frames the onset lags behind its cause.

    Returns
    -------
    ndarray of shape (..., n_frames)
    """
    n_frames = mel_db.shape[-1]
    rise = np.median(np.maximum(np.diff(mel_db, axis=-1), 0), axis=-2)
    lag = 1 + n_fft // (2 * hop_length)
    return np.pad(rise, [(0, 0)] * (rise.ndim - 1) + [(lag, 0)])[..., :n_frames]


def tempo(
    onset: np.ndarray, sample_rate: int, hop_length: int = 512, start_bpm: float = 120.0
) -> np.ndarray:
    """Tempo in beats per minute, as ``librosa.beat.beat_track`` reports it.

    The autocorrelation of the onset strength over windows of eight seconds, averaged, is weighted
    by a log-normal prior of one octave about ``start_bpm``; the best lag is the beat (Ellis, beat
    tracking by dynamic programming, 2007). Lags above 320 bpm are excluded. Without any onset the
    tempo is 0.

    Parameters
    ----------
    onset : ndarray of shape (..., n_frames)
    sample_rate, hop_length : int
    start_bpm : float

    Returns
    -------
    ndarray of shape (...)
    """
    n_lags = int(8.0 * sample_rate // hop_length)
    strength = _mean_autocorrelation(onset.reshape(-1, onset.shape[-1]), n_lags)
    bpm = 60.0 * sample_rate / hop_length / np.arange(1, n_lags)
    log_prior = np.where(bpm < 320, -0.5 * np.log2(bpm / start_bpm) ** 2, -np.inf)
    # Rounding may leave values just below zero.
    best = np.argmax(np.log1p(1e6 * np.maximum(strength[:, 1:], 0)) + log_prior, axis=-1)
    return np.where(onset.any(axis=-1), bpm[best].reshape(onset.shape[:-1]), 0.0)


def _mean_autocorrelation(onset: np.ndarray, n_lags: int) -> np.ndarray:
    """Mean over all windows of ``n_lags`` frames of the normalised autocorrelation.

    An autocorrelation is largest at lag 0, where it is the window's energy; so the mean of the
    normalised ones needs a single inverse FFT, that of the mean of normalised power spectra.
    """
    half = n_lags // 2
    padded = np.pad(onset, [(0, 0), (half, half)], mode="linear_ramp", end_values=0)
    windows = np.lib.stride_tricks.sliding_window_view(padded, n_lags, axis=-1)
    windows = windows[:, : onset.shape[-1]] * hann(n_lags, onset.dtype)
    energy = np.einsum("...i,...i->...", windows, windows)
    energy = np.where(energy < np.finfo(energy.dtype).tiny, 1, energy)
    n = scipy.fft.next_fast_len(2 * n_lags - 1, real=True)
    spectra = scipy.fft.rfft(windows, n, axis=-1)
    power = np.mean((spectra.real**2 + spectra.imag**2) / energy[..., None], axis=1)
    return scipy.fft.irfft(power, n, axis=-1)[:, :n_lags]
