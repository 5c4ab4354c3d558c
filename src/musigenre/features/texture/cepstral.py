"""Blocks of the spectral envelope: cepstral coefficients and mel bands."""

import numpy as np

from musigenre.dsp.mel import mfcc
from musigenre.features.texture.block import Block, by_statistic, numbered
from musigenre.features.texture.statistics import MOMENTS, log_std, moments, pooled
from musigenre.features.texture.track_spectra import TrackSpectra

_N_MFCC = 20
_N_BANDS = 64
# Frames between the two ends of a difference: 93 ms.
_DELTA = 4

_COEFFICIENTS = numbered("mfcc", range(_N_MFCC))


def _mfcc(track: TrackSpectra) -> np.ndarray:
    """Moments of the cepstral coefficients; the zeroth is the level."""
    return moments(mfcc(track.level, _N_MFCC)).ravel()


def _mfcc_delta(track: TrackSpectra) -> np.ndarray:
    """How much the coefficients change within 93 ms, and how much that change changes."""
    coefficients = mfcc(track.level, _N_MFCC)
    delta = coefficients[:, _DELTA:] - coefficients[:, :-_DELTA]
    delta2 = delta[:, _DELTA:] - delta[:, :-_DELTA]
    return np.concatenate([log_std(delta), log_std(delta2)])


def _mel(track: TrackSpectra) -> np.ndarray:
    """Moments of the level in bands of two mel filters."""
    return moments(pooled(track.level, _N_BANDS)).ravel()


MFCC = Block("mfcc", by_statistic(_COEFFICIENTS, MOMENTS), _mfcc)
MFCC_DELTA = Block(
    "mfcc_delta", by_statistic(_COEFFICIENTS, ("delta_log_std", "delta2_log_std")), _mfcc_delta
)
MEL = Block("mel", by_statistic(numbered("band", range(_N_BANDS)), MOMENTS), _mel)
