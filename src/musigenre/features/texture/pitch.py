"""Block of pitch: which notes sound, how they relate and how they change."""

import numpy as np
import scipy.fft

from musigenre.features.texture.block import Block, labels, numbered
from musigenre.features.texture.track_spectra import TrackSpectra

_N_CLASSES = 12
_TINY = 1e-6

# Turns round the circles of fifths, minor and major thirds for each semitone (Harte et al. 2006).
_CIRCLES = {"fifths": 7 / 12, "minor_thirds": 3 / 12, "major_thirds": 4 / 12}


def _pitch(track: TrackSpectra) -> np.ndarray:
    """Profile of pitch classes, tonal centroid, and the movement of both, in no particular key."""
    classes = _pitch_classes(track.notes)
    profile, spread = classes.mean(axis=1), classes.std(axis=1)
    tonic = int(profile.argmax())
    angles = 2j * np.pi * np.outer(list(_CIRCLES.values()), np.arange(_N_CLASSES))
    centroid = np.exp(angles) @ classes
    change = np.abs(np.diff(classes, axis=1)).sum(axis=0)
    strongest = classes.max(axis=0)
    entropy = -(classes * np.log(classes + _TINY)).sum(axis=0)
    return np.concatenate(
        [
            np.roll(profile, -tonic),
            np.roll(spread, -tonic),
            np.abs(scipy.fft.rfft(profile))[1:] / (profile.sum() or 1),
            np.sort(profile),
            np.abs(centroid).mean(axis=1),
            np.abs(centroid.mean(axis=1)),
            np.abs(np.diff(centroid, axis=1)).mean(axis=1),
            _interval_correlation(classes),
            [change.mean(), change.std(), strongest.mean(), strongest.std()],
            [entropy.mean(), entropy.std()],
            _steps(classes.argmax(axis=0)),
        ]
    )


def _pitch_classes(notes: np.ndarray) -> np.ndarray:
    """Share of each pitch class in a frame, the weakest being zero; (12, n_frames).

    Magnitudes are compressed by a logarithm about their median. A silent frame is all zero.
    """
    compressed = np.log1p(notes / (np.median(notes) + _TINY))
    classes = np.stack([compressed[i::_N_CLASSES].sum(axis=0) for i in range(_N_CLASSES)])
    classes -= classes.min(axis=0)
    return classes / (classes.sum(axis=0) + _TINY)


def _interval_correlation(classes: np.ndarray) -> np.ndarray:
    """Mean correlation over time of classes one to six semitones apart.

    A class that never changes correlates with none.
    """
    centred = classes - classes.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    standard = centred / np.where(length < _TINY, 1, length)
    standard[length[:, 0] < _TINY] = 0
    correlation = standard @ standard.T
    here = np.arange(_N_CLASSES)
    return np.array(
        [correlation[here, (here + semitones) % _N_CLASSES].mean() for semitones in range(1, 7)]
    )


def _steps(strongest: np.ndarray) -> np.ndarray:
    """How often the strongest class moves up by 0 to 11 semitones, as shares."""
    up = np.diff(strongest) % _N_CLASSES
    return np.bincount(up, minlength=_N_CLASSES) / len(up)


PITCH = Block(
    "pitch",
    (
        *labels(numbered("above_tonic", range(_N_CLASSES)), ["mean"]),
        *labels(numbered("above_tonic", range(_N_CLASSES)), ["std"]),
        *numbered("profile_harmonic", range(1, 7)),
        *numbered("profile_rank", range(_N_CLASSES)),
        *labels(_CIRCLES, ["length_mean"]),
        *labels(_CIRCLES, ["length_of_mean"]),
        *labels(_CIRCLES, ["mean_change"]),
        *labels(numbered("interval", range(1, 7)), ["correlation"]),
        *labels(["class_change", "strongest_class", "class_entropy"], ["mean", "std"]),
        *numbered("strongest_moves_up", range(_N_CLASSES)),
    ),
    _pitch,
)
