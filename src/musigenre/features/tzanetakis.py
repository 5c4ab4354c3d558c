"""The features of the paper that introduced GTZAN: timbre, rhythm and pitch in 30 numbers.

G. Tzanetakis and P. Cook, "Musical genre classification of audio signals", IEEE Transactions on
Speech and Audio Processing 10(5), 2002. The paper leaves a few choices open; those made here are
named in the functions.
"""

import numpy as np

from musigenre.dsp import timbre
from musigenre.dsp.beat_histogram import SLOWEST, beat_histogram
from musigenre.dsp.mel import mel_spectrogram, mfcc, power_to_db
from musigenre.dsp.pitch_histogram import LOWEST, pitch_histogram
from musigenre.dsp.spectral import rms, spectral_shape
from musigenre.dsp.stft import stft

_SERIES = ("centroid", "rolloff", "flux", "crossing_rate", *(f"mfcc{i}" for i in range(1, 6)))

#: The columns: 19 of timbre, 6 of rhythm, 5 of pitch.
FEATURE_NAMES = (
    *(f"{name}_{statistic}" for name in _SERIES for statistic in ("mean", "var")),
    "low_energy",
    "beat_first_share",
    "beat_second_share",
    "beat_second_to_first",
    "beat_first_bpm",
    "beat_second_bpm",
    "beat_sum",
    "pitch_first_share",
    "pitch_note",
    "pitch_class",
    "pitch_interval",
    "pitch_sum",
)

#: Changes whenever a number changes.
VERSION = 1

#: The rate, in Hz, at which the set is defined.
SAMPLE_RATE = 22050

# Frames of 23 ms that do not overlap, texture windows of 43 of them: one second.
_FRAME = 512
_TEXTURE = 43
_N_MELS = 40
# Beats per minute between two peaks of the beat histogram.
_APART = 5


def tzanetakis(y: np.ndarray) -> np.ndarray:
    """Compute the 30 features of clips of one length.

    Parameters
    ----------
    y : ndarray of shape (..., n_samples)
        Mono audio at 22,050 Hz, float32 or float64.

    Returns
    -------
    ndarray of shape (..., 30)
        Float64, in the order of ``FEATURE_NAMES``.

    Examples
    --------
    >>> import numpy as np
    >>> second = np.arange(22050) / 22050
    >>> tone = np.sin(2 * np.pi * 440 * second)
    >>> features = dict(zip(FEATURE_NAMES, tzanetakis(tone), strict=True))
    >>> features["pitch_note"], features["pitch_class"]
    (np.float64(69.0), np.float64(3.0))
    """
    clips = y.reshape(-1, y.shape[-1])
    rows = [np.concatenate([timbral(clip), rhythmic(clip), pitch(clip)]) for clip in clips]
    return np.array(rows, dtype=float).reshape(*y.shape[:-1], len(FEATURE_NAMES))


def timbral(y: np.ndarray) -> np.ndarray:
    """Mean and variance of nine series within texture windows, and low energy; (19,).

    A texture window begins at every frame, and the numbers are averaged over all of them. The
    spectra of flux are scaled to length 1; the cepstrum is of 40 mel bands.
    """
    magnitude = np.abs(stft(y, _FRAME, _FRAME))
    cepstrum = mfcc(power_to_db(mel_spectrogram(magnitude**2, SAMPLE_RATE, _N_MELS)), 6)
    series = np.vstack(
        [
            spectral_shape(magnitude, SAMPLE_RATE)[0],
            timbre.rolloff_frequencies(magnitude, SAMPLE_RATE, (0.85,)),
            timbre.flux(magnitude) ** 2,
            timbre.crossing_rate(y, _FRAME, _FRAME),
            cepstrum[1:],
        ]
    )
    windows = _texture_windows(series)
    moments = np.stack([windows.mean(axis=-1), windows.var(axis=-1)], axis=-1)

    loudness = _texture_windows(rms(y, _FRAME, _FRAME))
    quiet = loudness < loudness.mean(axis=-1, keepdims=True)
    return np.append(moments.mean(axis=1).ravel(), quiet.mean())


def rhythmic(y: np.ndarray) -> np.ndarray:
    """Describe the two strongest peaks of the beat histogram, and its sum; (6,).

    Heights are shares of the sum; periods are in beats per minute, 0 where there is no peak. The
    second peak is at least 5 bpm away from the first. The sum, in units of squared amplitude, is
    the strength of the beat, and that of the recording with it.
    """
    histogram = beat_histogram(y, SAMPLE_RATE)
    first = int(histogram.argmax())
    others = histogram.copy()
    others[max(0, first - _APART + 1) : first + _APART] = 0
    second = int(others.argmax())
    a0, a1 = histogram[first], others[second]
    total = histogram.sum()
    return np.array(
        [
            a0 / (total or 1),
            a1 / (total or 1),
            a1 / (a0 or 1),
            SLOWEST + first if a0 else 0,
            SLOWEST + second if a1 else 0,
            total,
        ]
    )


def pitch(y: np.ndarray) -> np.ndarray:
    """Describe the peaks of the unfolded and of the folded pitch histogram; (5,).

    The folded one has one bin for each pitch class, in fifths from C: C, G, D, ... The numbers are
    the share of its highest bin, the MIDI number of the highest unfolded bin, the position of the
    highest folded bin, 0 to 11, the interval from there to the second highest in fifths, -5 to 6,
    and the sum. Without any pitch all are 0.
    """
    unfolded = pitch_histogram(y, SAMPLE_RATE)
    total = unfolded.sum()
    if not total:
        return np.zeros(5)
    notes = LOWEST + np.arange(len(unfolded))
    folded = np.bincount(7 * notes % 12, unfolded, minlength=12)
    second, first = np.argsort(folded, kind="stable")[-2:]
    interval = (second - first + 5) % 12 - 5
    return np.array([folded[first] / total, notes[unfolded.argmax()], first, interval, total])


def _texture_windows(series: np.ndarray) -> np.ndarray:
    """All stretches of one second, or the one that there is; (..., n_windows, n_frames)."""
    length = min(_TEXTURE, series.shape[-1])
    return np.lib.stride_tricks.sliding_window_view(series, length, axis=-1)
