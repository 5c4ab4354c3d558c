"""Blocks of the shape of the spectrum: frame descriptors and contrasts."""

import numpy as np

from musigenre.features.texture.block import Block, by_statistic, labels, numbered
from musigenre.features.texture.statistics import MOMENTS, log_mean_change, moments
from musigenre.features.texture.track_spectra import SHAPE_SERIES, TrackSpectra

# The first descriptors are frequencies; their logarithm is taken, with 50 Hz added for silence.
_N_IN_HZ = 6
_HZ_OFFSET = 50

_CONTRAST_BANDS = numbered("band", range(7))

# The contrast pattern: groups of eight mel bands, windows of 40 frames (0.93 s) half overlapping.
_N_GROUPS, _GROUP = 16, 8
_N_PEAK = 2
_WINDOW, _WINDOW_HOP = 40, 20
_KEPT_RANK = 4


def _shape(track: TrackSpectra) -> np.ndarray:
    """Moments, percentiles and mean change of the frame descriptors."""
    series = track.shape.copy()
    series[:_N_IN_HZ] = np.log(series[:_N_IN_HZ] + _HZ_OFFSET)
    percentiles = np.percentile(series, (10, 50, 90), axis=1)
    return np.concatenate([moments(series).ravel(), percentiles.ravel(), log_mean_change(series)])


def _contrast(track: TrackSpectra) -> np.ndarray:
    """Moments, percentiles and mean change of the spectral contrast (Jiang et al. 2002)."""
    series = track.contrast
    percentiles = np.percentile(series, (10, 90), axis=1)
    return np.concatenate([moments(series).ravel(), percentiles.ravel(), log_mean_change(series)])


def _contrast_pattern(track: TrackSpectra) -> np.ndarray:
    """How contrast is distributed within a second (Seyerlehner, Schedl, Pohle and Knees 2010).

    In each window the contrasts of a group, the mean of its two strongest over that of its two
    weakest mel bands, are sorted by size; a rank is summed up by its tenth percentile over the
    windows. So a rhythm counts and its phase does not.
    """
    ranked = np.sort(track.level.reshape(_N_GROUPS, _GROUP, -1), axis=1)
    contrast = ranked[:, -_N_PEAK:].mean(axis=1) - ranked[:, :_N_PEAK].mean(axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(contrast, _WINDOW, axis=-1)
    by_rank = np.sort(windows[:, ::_WINDOW_HOP], axis=-1)[..., ::_KEPT_RANK]
    return np.percentile(by_rank, 10, axis=1).ravel()


_SHAPE_NAMES = [name.replace("_hz", "_log_hz") for name in SHAPE_SERIES]

SHAPE = Block(
    "shape",
    by_statistic(_SHAPE_NAMES, (*MOMENTS, "p10", "p50", "p90", "log_mean_change")),
    _shape,
)
CONTRAST = Block(
    "contrast",
    by_statistic(_CONTRAST_BANDS, (*MOMENTS, "p10", "p90", "log_mean_change")),
    _contrast,
)
CONTRAST_PATTERN = Block(
    "contrast_pattern",
    labels(
        numbered("group", range(_N_GROUPS)),
        numbered("rank", range(0, _WINDOW, _KEPT_RANK)),
        ["p10"],
    ),
    _contrast_pattern,
)
