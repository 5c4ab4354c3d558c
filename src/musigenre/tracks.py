"""What GenrePipeline accepts as tracks, checked and cut into clips."""

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_array

from musigenre.clips import SAMPLE_RATE, is_clip_table, spans


def check_tracks(X: Any) -> None:
    """Explain what is wrong with tracks that are neither paths nor waveforms.

    Raises
    ------
    TypeError, ValueError
        With what to give instead.
    """
    if isinstance(X, str | PathLike):
        raise TypeError(f"X must be a list of tracks; for a single one give [{str(X)!r}]")
    if is_clip_table(X):
        raise TypeError(
            "X is a clip table, but GenrePipeline cuts the clips itself: give it the paths of "
            "the tracks, or fit an estimator over clips such as make_clip_model()"
        )
    if isinstance(X, list | tuple | np.ndarray | pd.Series | pd.Index) and len(X) == 0:
        raise ValueError("X holds no track: give one path or waveform at least")
    if isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype.kind in "fiu" and X.size > 1000:
        raise ValueError("X is one waveform; Expected 2D array or a list of tracks: give [X]")


def is_waveform_list(X: Any) -> bool:
    """Say whether ``X`` is a list of arrays, the waveforms of tracks that differ in length."""
    return isinstance(X, list | tuple) and all(
        isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "fiu" for y in X
    )


def check_waveform(y: np.ndarray, position: int) -> np.ndarray:
    """Check that the waveform at a position of X has samples, all of them finite."""
    if y.size == 0:
        raise ValueError(f"waveform {position} has no samples; leave it out")
    return check_array(
        y, dtype=[np.float64, np.float32], ensure_2d=False, input_name=f"waveform {position}"
    )


def cut_waveforms(
    waveforms: Sequence[np.ndarray] | np.ndarray,
    duration: float | None,
    *,
    repeat_short: bool = False,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Cut waveforms into clips.

    Parameters
    ----------
    waveforms : array of shape (n_tracks, n_samples), or sequence of 1-D arrays
        At 22,050 Hz.
    duration : float or None
        Seconds; ``None`` takes each waveform as one clip.
    repeat_short : bool, default=False
        Whether a waveform shorter than a clip is repeated until it fills one.

    Returns
    -------
    table : DataFrame
        ``track`` (the position of the waveform), ``start`` and ``duration`` in seconds.
    clips : ndarray of shape (n_clips, n_samples)

    Raises
    ------
    ValueError
        If the clips would differ in length.
    """
    rows, cut = [], []
    # One sample less than the duration, as clips are cut.
    length = round(duration * SAMPLE_RATE) - 1 if repeat_short and duration else 0
    for position, y in enumerate(waveforms):
        for first, n in spans(len(y), duration):
            rows.append((position, first / SAMPLE_RATE, n / SAMPLE_RATE))
            clip = y[first : first + n]
            cut.append(np.resize(clip, length) if n < length else clip)
    if len({len(y) for y in cut}) > 1:
        shortest = min(range(len(waveforms)), key=lambda i: len(waveforms[i]))
        seconds = len(waveforms[shortest]) / SAMPLE_RATE
        raise ValueError(
            f"the clips of the waveforms differ in length: waveform {shortest} has {seconds:.3f} s,"
            f" clip_duration is {duration}; pad it, leave it out or choose shorter clips"
        )
    return pd.DataFrame(rows, columns=["track", "start", "duration"]), np.stack(cut)
