"""The pitch histogram: how strongly each note sounds in a clip."""

import numpy as np
import scipy.fft

from musigenre.dsp.periodicity import enhanced, strongest_peaks
from musigenre.dsp.stft import frame, hann

#: MIDI number of the first and the last bin: G2 to C6, 98 to 1047 Hz.
LOWEST, HIGHEST = 43, 84

_CROSSOVER = 1000.0
_LOWEST_HZ = 70.0
# Of the magnitude spectrum in the autocorrelation.
_COMPRESSION = 0.67
_N_PEAKS = 3


def pitch_histogram(y: np.ndarray, sample_rate: int, frame_length: int = 512) -> np.ndarray:
    """Collect the pitches of each frame.

    After Tzanetakis and Cook (2002, section III.C): in each frame the three strongest peaks of the
    enhanced summary autocorrelation go into the histogram with their height, as a share of the
    frame's energy.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sample_rate : int
    frame_length : int
        In samples, also the hop.

    Returns
    -------
    ndarray of shape (42,)
        One bin for each note from MIDI 43 to 84; the mean over the frames.
    """
    lags = [sample_rate / _note_hz(note) for note in (HIGHEST + 0.5, LOWEST - 0.5)]
    first, last = int(np.ceil(lags[0])), int(lags[1])
    summary = summary_autocorrelation(y, sample_rate, frame_length, last + 2)
    energy = summary[:, :1]
    summary /= np.where(energy > np.finfo(y.dtype).tiny, energy, 1)
    periods, heights = strongest_peaks(enhanced(summary), first, last, _N_PEAKS)
    note = np.rint(69 + 12 * np.log2(sample_rate / periods / _note_hz(69))).astype(int)
    bins = np.clip(note, LOWEST, HIGHEST) - LOWEST
    return np.bincount(bins.ravel(), heights.ravel(), HIGHEST - LOWEST + 1) / len(summary)


def summary_autocorrelation(
    y: np.ndarray, sample_rate: int, frame_length: int, n_lags: int
) -> np.ndarray:
    """Autocorrelation of the low band and of the envelope of the high band, summed.

    Above 1 kHz the ear follows the envelope: that band is half-wave rectified and low-passed. The
    magnitude spectra are compressed by the exponent 0.67, which sharpens the peaks (Tolonen and
    Karjalainen, A computationally efficient multipitch analysis model, 2000). All filters fall by
    12 dB an octave.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sample_rate : int
    frame_length : int
        In samples, also the hop.
    n_lags : int

    Returns
    -------
    ndarray of shape (n_frames, n_lags)
    """
    from scipy import signal

    band = signal.butter(2, (_LOWEST_HZ, _CROSSOVER), "bandpass", fs=sample_rate, output="sos")
    high_pass = signal.butter(2, _CROSSOVER, "highpass", fs=sample_rate, output="sos")
    high = np.maximum(signal.sosfilt(high_pass.astype(y.dtype), y), 0)
    n = scipy.fft.next_fast_len(frame_length + n_lags, real=True)

    def compressed(channel):
        channel = signal.sosfilt(band.astype(y.dtype), channel)
        frames = frame(channel, frame_length, frame_length, "reflect")
        spectrum = scipy.fft.rfft(frames * hann(frame_length, y.dtype), n, axis=-1)
        return (spectrum.real**2 + spectrum.imag**2) ** (_COMPRESSION / 2)

    return scipy.fft.irfft(compressed(y) + compressed(high), n, axis=-1)[:, :n_lags]


def _note_hz(note: float) -> float:
    return 440.0 * 2 ** ((note - 69) / 12)
