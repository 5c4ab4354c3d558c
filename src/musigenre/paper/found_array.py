"""Whether an array that nobody vouches for holds what would be computed here."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Numbers are the same up to this share of what their column spans, and of themselves: decoders
# differ, in no column by more than .0085 of the span at the median where one rounds to 16 bits (but
# for those that jump), and so do the last digits of float32.
_OF_SPAN, _OF_VALUE = 1e-2, 1e-5

# The least share of the numbers of a track that are the same: the tempo of a clip may jump.
_SHARE = 0.98

# Rows from which is told what a column spans.
_ROWS = 128


def check_found(
    path: Path,
    table: pd.DataFrame,
    compute: Callable[[pd.DataFrame], NDArray[Any]],
    version: str,
    jumping: float = 0.0,
) -> None:
    """Refuse an array unless three of its tracks, computed anew, are the same.

    A column, or a bin of a spectrogram, is judged by what it spans itself, from the 10th percentile
    to the 90th: large numbers in others do not hide what is wrong with it.

    Parameters
    ----------
    path : Path
        Of an array of shape (n_rows, n_columns) or (n_rows, n_bins, n_frames).
    table : DataFrame of length n_rows
        What the rows are, with the column ``track``.
    compute : callable
        Takes rows of the table, gives what the array must hold of them.
    version : str
        What the array must hold, for errors.
    jumping : float, default=0.0
        Share of the columns that may differ altogether, because they jump at the least difference
        of the audio.

    Raises
    ------
    ValueError
        Which says what differs.
    """
    found = np.load(path, mmap_mode="r", allow_pickle=False)
    remedy = f"delete '{path}', or give another folder of results"
    if len(found) != len(table) or found.dtype != np.float32:
        raise ValueError(
            f"'{path}' has {len(found)} rows of {found.dtype}, but {len(table)} of float32 are "
            f"needed: {remedy}"
        )
    if found.ndim < 2:
        raise ValueError(f"'{path}' has no columns: {remedy}")
    span, same = _spans(found), []
    tracks = table["track"].unique()
    chosen = list(dict.fromkeys((tracks[0], tracks[len(tracks) // 2], tracks[-1])))
    for track in chosen:
        rows = np.flatnonzero(table["track"] == track)
        wanted = np.asarray(compute(table.iloc[rows]))
        alike = found.shape[1:] == wanted.shape[1:]
        if alike:
            tolerance = _OF_SPAN * span + _OF_VALUE * np.abs(wanted)
            same.append(_columns(np.abs(found[rows] - wanted) <= tolerance))
        if not alike or same[-1].mean() < _SHARE:
            raise ValueError(f"'{path}' does not hold {version} of track {track!r}: {remedy}")
    # One that differs in most places is no accident.
    differ = np.flatnonzero(np.hstack(same).mean(axis=1) < 0.5)
    if len(differ) > jumping * found.shape[1]:
        raise ValueError(
            f"'{path}' does not hold {version}: {len(differ)} of {found.shape[1]} columns differ "
            f"for the tracks {', '.join(map(str, chosen))}, the first is column {differ[0]} "
            f"(counted from 0): {remedy}"
        )


def _spans(found: NDArray[np.float32]) -> NDArray[np.float64]:
    """Tell what each column spans, shaped so that it stands beside a row."""
    columns = _columns(np.asarray(found[:: max(1, len(found) // _ROWS)]))
    low, high = np.percentile(columns, (10, 90), axis=1)
    # Of a column that is nearly always the same, the rare numbers tell.
    span = np.where(high > low, high - low, columns.std(axis=1, dtype=np.float64))
    return span.reshape(-1, *[1] * (found.ndim - 2))


def _columns(values: NDArray[Any]) -> NDArray[Any]:
    """Put what belongs to a column, or a bin, into a line: (n_columns, n)."""
    return np.moveaxis(values, 1, 0).reshape(values.shape[1], -1)
