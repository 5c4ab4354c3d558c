"""Blocks of rhythm: onsets at every time scale, and the pattern of a bar."""

import numpy as np
import scipy.fft

from musigenre.dsp.periodicity import autocorrelation
from musigenre.dsp.window import symmetric_hann
from musigenre.features.texture.block import Block, labels, numbered
from musigenre.features.texture.statistics import pooled
from musigenre.features.texture.track_spectra import TrackSpectra

# Onset scale: eight bands and their mean, 48 lags from 0.14 to 2.9 s at equal ratios, the lowest
# 16 of their frequencies.
_N_BANDS = 8
_LAGS = np.geomspace(6, 126, 48)
_N_SCALES = 16

# Bar: edges of four groups of mel bands, a beat of 59 to 152 bpm with a prior about 112.
_BAR_EDGES = (0, 10, 40, 85, 128)
_BEAT_LAGS = np.arange(17, 44)
_PRIOR_LAG, _PRIOR_OCTAVES = 23, 0.8
# A bar of four beats is sought within 2 % of the beat's whole number of frames.
_STRETCH = np.linspace(0.98, 1.02, 41)
_N_BINS, _N_HARMONICS = 32, 16
# Harmonics of the bar whose phase is kept: those of beats, halves and quarters, 2 and 12.
_PHASE_HARMONICS = np.array([4, 8, 16, 2, 12])
# Multiples of the beat at which the autocorrelation is kept.
_MULTIPLES = (1, 2, 1 / 2, 3 / 2, 3, 4, 1 / 3, 2 / 3)
_MULTIPLE_NAMES = ("1", "2", "1of2", "3of2", "3", "4", "1of3", "2of3")


def _onset_scale(track: TrackSpectra) -> np.ndarray:
    """Scale transform of the autocorrelation of onsets (Holzapfel and Stylianou 2011).

    On a logarithmic axis of lags a change of tempo is a shift, and the magnitude of a Fourier
    transform does not see shifts: what remains is the rhythm, whatever its tempo.
    """
    onsets = pooled(_rises(track.level), _N_BANDS)
    onsets = np.vstack([onsets, onsets.mean(axis=0)])
    onsets -= onsets.mean(axis=1, keepdims=True)
    repetition = autocorrelation(onsets, int(_LAGS[-1]) + 2)
    repetition /= repetition[:, :1] + 1e-6
    window = symmetric_hann(len(_LAGS), repetition.dtype)
    spectrum = scipy.fft.rfft(_at_lags(repetition, _LAGS) * window)
    return np.log(np.abs(spectrum[:, :_N_SCALES]) + 1e-2).T.ravel()


def _bar(track: TrackSpectra) -> np.ndarray:
    """Onsets folded into one bar of four beats, in four registers.

    The harmonics of the folded pattern say which note values sound in which register, their
    phases against the lowest register which of them sound together.
    """
    rises = _rises(track.mel_db)
    edges = np.array(_BAR_EDGES)
    onsets = np.add.reduceat(rises, edges[:-1], axis=0) / np.diff(edges)[:, None]
    onsets /= onsets.std(axis=1, keepdims=True) + 1e-3
    beat, repetition = _beat(onsets.mean(axis=0))
    pattern = _fold(onsets, 4 * beat)

    spectrum = scipy.fft.rfft(pattern, axis=1)[:, 1 : _N_HARMONICS + 1]
    strength = np.abs(spectrum)
    phase = spectrum[1:] * spectrum[0].conj() / (strength[1:] * strength[0] + 1e-3)
    phase = phase[:, _PHASE_HARMONICS - 1].T
    return np.concatenate(
        [
            np.log(strength + 1e-2).T.ravel(),
            phase.real.ravel(),
            phase.imag.ravel(),
            repetition[[int(multiple * beat) for multiple in _MULTIPLES]],
            [np.log(beat)],
            pattern.max(axis=1),
            pattern.std(axis=1),
        ]
    )


def _rises(level: np.ndarray) -> np.ndarray:
    """How much louder each band is than the frame before, in dB."""
    return np.maximum(np.diff(level, axis=1), 0)


def _at_lags(repetition: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """Interpolate linearly between whole lags."""
    below = lags.astype(int)
    share = (lags - below).astype(repetition.dtype)
    return (1 - share) * repetition[:, below] + share * repetition[:, below + 1]


def _beat(onset: np.ndarray) -> tuple[int, np.ndarray]:
    """Find the beat, in frames; also give the normalised autocorrelation.

    A beat also repeats after two and after four of its periods.
    """
    repetition = autocorrelation(onset - onset.mean(), 4 * _BEAT_LAGS[-1] + 1)
    # Without any onset every lag is as good, and the prior decides.
    repetition = repetition / (repetition[0] or 1)
    prior = np.exp(-0.5 * (np.log2(_BEAT_LAGS / _PRIOR_LAG) / _PRIOR_OCTAVES) ** 2)
    salience = sum(
        weight * repetition[multiple * _BEAT_LAGS]
        for multiple, weight in ((1, 1.0), (2, 0.5), (4, 0.5))
    )
    return int(_BEAT_LAGS[np.argmax(salience * prior)]), repetition


def _fold(onsets: np.ndarray, bar: int) -> np.ndarray:
    """Average the onsets at equal places of a bar, about ``bar`` frames long.

    The length is the one, among those within the stretch, whose pattern has the largest variance;
    the wrong one blurs the pattern.

    Returns
    -------
    ndarray of shape (n_bands, 32)
    """
    frames = np.arange(onsets.shape[1])
    periods = bar * _STRETCH[:, None]
    place = (frames % periods / periods * _N_BINS).astype(int)
    place += _N_BINS * np.arange(len(periods))[:, None]
    n_places = _N_BINS * len(periods)

    count = np.maximum(np.bincount(place.ravel(), minlength=n_places), 1)
    weights = np.broadcast_to(onsets[:, None], (len(onsets), *place.shape)).reshape(len(onsets), -1)
    total = np.stack([np.bincount(place.ravel(), row, n_places) for row in weights])
    patterns = (total / count).reshape(len(onsets), len(periods), _N_BINS)
    return patterns[:, np.argmax(patterns.var(axis=-1).sum(axis=0))]


_BANDS = numbered("register", range(4))

ONSET_SCALE = Block(
    "onset_scale",
    labels(numbered("scale", range(_N_SCALES)), [*numbered("band", range(_N_BANDS)), "all_bands"]),
    _onset_scale,
)
BAR = Block(
    "bar",
    (
        *labels(numbered("harmonic", range(1, _N_HARMONICS + 1)), _BANDS, ["log_strength"]),
        *labels(numbered("harmonic", _PHASE_HARMONICS), _BANDS[1:], ["phase_cos"]),
        *labels(numbered("harmonic", _PHASE_HARMONICS), _BANDS[1:], ["phase_sin"]),
        *(f"repetition_at_{name}_beat" for name in _MULTIPLE_NAMES),
        "log_beat_frames",
        *labels(_BANDS, ["max"]),
        *labels(_BANDS, ["std"]),
    ),
    _bar,
)
