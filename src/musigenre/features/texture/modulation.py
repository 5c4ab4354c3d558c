"""Blocks of modulation: how fast, and along which slant, the spectrogram moves."""

from itertools import pairwise

import numpy as np

from musigenre.dsp.modulation import modulation_spectrum
from musigenre.features.texture.block import Block, labels, numbered
from musigenre.features.texture.statistics import pooled
from musigenre.features.texture.track_spectra import (
    FRAME_RATE,
    JOINT_RATES,
    JOINT_SCALES,
    N_JOINT_GROUPS,
    TrackSpectra,
)

_N_BANDS = 24
# Edges of twelve ranges of rate, in Hz: from a bar to a fast tremolo.
_EDGES = (0.4, 0.8, 1.2, 1.7, 2.3, 3.0, 4.0, 5.3, 7.0, 9.5, 13.0, 18.0, 21.5)

# Added to magnitudes in dB before the logarithm.
_TINY = 1e-3


def _modulation(track: TrackSpectra) -> np.ndarray:
    """Modulation spectrum of each band, relative to how much the band varies (Lee et al. 2009)."""
    bands = pooled(track.level, _N_BANDS)
    strength = modulation_spectrum(bands, FRAME_RATE, _EDGES)
    return (np.log(strength + _TINY) - np.log(bands.std(axis=1) + _TINY)[:, None]).ravel()


def _joint_mean(track: TrackSpectra) -> np.ndarray:
    """Logarithm of the mean output of each joint filter (Andén et al. 2015)."""
    return np.log(track.joint.mean(axis=-1) + _TINY).ravel()


def _joint_spread(track: TrackSpectra) -> np.ndarray:
    """Logarithm of the deviation of that output over its mean: steady, or now and then."""
    return np.log(track.joint.std(axis=-1) + _TINY).ravel() - _joint_mean(track)


def _scale_label(scale: float) -> str:
    if scale == 0:
        return "0cycles"
    return f"{abs(scale):g}cycles_{'falling' if scale > 0 else 'rising'}"


# Each range by its geometric centre.
_RATE_LABELS = [f"{(low * high) ** 0.5:.2g}hz" for low, high in pairwise(_EDGES)]
_FILTER_LABELS = labels(
    [f"{rate:g}hz" for rate in JOINT_RATES],
    [_scale_label(scale) for scale in JOINT_SCALES],
    numbered("group", range(N_JOINT_GROUPS)),
)

MODULATION = Block(
    "modulation", labels(numbered("band", range(_N_BANDS)), _RATE_LABELS), _modulation
)
JOINT_MEAN = Block("joint_mean", _FILTER_LABELS, _joint_mean)
JOINT_SPREAD = Block("joint_spread", _FILTER_LABELS, _joint_spread)
