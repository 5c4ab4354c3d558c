"""The beat histogram: how strongly a clip repeats at each tempo."""

import numpy as np

from musigenre.dsp.periodicity import autocorrelation, enhanced, strongest_peaks
from musigenre.dsp.wavelet import octave_bands

#: Tempo of the first and the last bin, in beats per minute.
SLOWEST, FASTEST = 40, 200

_N_LEVELS = 5
# Of the one-pole low-pass, in a sample of the audio: a time constant of 4.5 ms in every band.
_DECAY = 0.99
# From the audio to the envelope: 172 Hz at 22,050 Hz.
_DECIMATION = 128
# Samples of the envelope: 3 s, half overlapping.
_WINDOW = 512
_N_PEAKS = 3


def beat_histogram(y: np.ndarray, sample_rate: int) -> np.ndarray:
    """Collect the periods at which the envelope of a clip repeats.

    After Tzanetakis and Cook (2002, section III.B): the octave bands of a wavelet transform are
    rectified, smoothed, decimated and freed of their mean; their sum is autocorrelated in windows
    of 3 s; the three strongest peaks of each enhanced autocorrelation go into the histogram with
    their height. Heights are in units of squared amplitude: loud beats count for more.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sample_rate : int
        About 22,050 Hz: windows are fixed in samples.

    Returns
    -------
    ndarray of shape (161,)
        One bin for each beat per minute from 40 to 200; the mean over the windows.
    """
    envelope = onset_envelope(y)
    rate = sample_rate / _DECIMATION
    first, last = int(np.ceil(60 * rate / FASTEST)), int(60 * rate / SLOWEST)

    envelope = np.pad(envelope, (0, max(0, _WINDOW - len(envelope))))
    windows = np.lib.stride_tricks.sliding_window_view(envelope, _WINDOW)[:: _WINDOW // 2]
    windows = windows - windows.mean(axis=1, keepdims=True)
    repetition = autocorrelation(windows, last + 2) / _WINDOW
    lags, heights = strongest_peaks(enhanced(repetition), first, last, _N_PEAKS)

    tempo = np.clip(np.rint(60 * rate / lags).astype(int), SLOWEST, FASTEST)
    n_bins = FASTEST - SLOWEST + 1
    return np.bincount((tempo - SLOWEST).ravel(), heights.ravel(), n_bins) / len(windows)


def onset_envelope(y: np.ndarray) -> np.ndarray:
    """Sum of the envelopes of the octave bands, each without its mean.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)

    Returns
    -------
    ndarray of shape (ceil(n_samples / 128),)
    """
    from scipy import signal

    n = -(-len(y) // _DECIMATION)
    total = np.zeros(n, dtype=y.dtype)
    for band in octave_bands(np.pad(y, (0, n * _DECIMATION - len(y))), _N_LEVELS):
        step = len(band) // n
        # A sample of the band stands for so many samples of the audio.
        decay = _DECAY ** (_DECIMATION // step)
        smoothed = signal.lfilter(
            np.array([1 - decay], y.dtype), np.array([1, -decay], y.dtype), np.abs(band)
        )[::step]
        total += smoothed - smoothed.mean()
    return total
