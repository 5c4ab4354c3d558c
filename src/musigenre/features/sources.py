"""What an extractor accepts as X, brought to one form: the clips of one track after another."""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike, fspath
from typing import Any

import numpy as np
import pandas as pd

from musigenre import audio
from musigenre.clips import AUGMENTATION, SAMPLE_RATE, check_clip_table, is_clip_table
from musigenre.dsp.augmentation import augment


@dataclass(frozen=True)
class TrackClips:
    """The rows of X that come from one file.

    Attributes
    ----------
    rows : ndarray of int
        Where the clips stand in X.
    path : str
    spans : list of (float, float), or None
        Start and duration of each clip in seconds; ``None`` is the whole file.
    seeds : list of int or None, or None
        With which seed each clip is altered; ``None`` leaves it, or all of them, as they are.
    """

    rows: np.ndarray
    path: str
    spans: list[tuple[float, float]] | None
    seeds: list[int | None] | None = None

    def waveforms(self, sample_rate: int) -> list[np.ndarray]:
        """Decode the file once, cut out the clips and alter those that are to be altered.

        Raises
        ------
        AudioError
            If the file cannot be read, or ends before a clip does.
        """
        y = audio.load(self.path, sample_rate)
        if self.spans is None:
            return [y]
        clips = []
        for start, duration in self.spans:
            first, n = round(start * sample_rate), round(duration * sample_rate)
            # Clips are measured in samples at 22,050 Hz, of which there are fewer to a second than
            # at a higher rate: the last may seem to reach beyond the end by a part of one.
            overshoot = first + n - len(y)
            if 0 < overshoot <= math.ceil(sample_rate / SAMPLE_RATE):
                n -= overshoot
            elif overshoot > 0:
                raise audio.AudioError(
                    self.path,
                    f"the clip from {start:.3f} s to {start + duration:.3f} s reaches beyond the "
                    f"end of the audio at {len(y) / sample_rate:.3f} s",
                    "make the clip table anew with clip_table",
                )
            clips.append(y[first : first + n])
        for i, seed in enumerate(self.seeds or []):
            if seed is not None:
                clips[i] = augment(clips[i], sample_rate, np.random.default_rng(seed))
        return clips


@dataclass(frozen=True)
class Waveforms:
    """Rows of X that are waveforms themselves."""

    rows: np.ndarray
    clips: np.ndarray

    def waveforms(self, sample_rate: int) -> list[np.ndarray]:
        """Give the clips; they are at ``sample_rate`` already."""
        return list(self.clips)


Source = TrackClips | Waveforms


def is_paths(X: Any) -> bool:
    """Say whether ``X`` is a one-dimensional collection of paths."""
    if isinstance(X, pd.DataFrame | str | PathLike) or getattr(X, "ndim", 1) != 1:
        return False
    if not isinstance(X, list | tuple | np.ndarray | pd.Series | pd.Index):
        return False
    return len(X) > 0 and all(isinstance(item, str | PathLike) for item in X)


def path_sources(X: Any) -> Iterator[TrackClips] | None:
    """Give the sources of a clip table or a collection of paths; ``None`` for anything else.

    The rows of a table may stand in any order: those of one file are read together.
    """
    if is_clip_table(X):
        starts, durations = check_clip_table(X)
        rows_of = defaultdict(list)
        for row, path in enumerate(X["path"]):
            rows_of[fspath(path)].append(row)
        seeds = _seeds(X)
        return (
            TrackClips(
                np.array(rows),
                path,
                list(zip(starts[rows], durations[rows], strict=True)),
                None if seeds is None else [seeds[row] for row in rows],
            )
            for path, rows in rows_of.items()
        )
    if is_paths(X):
        return (TrackClips(np.array([i]), fspath(path), None) for i, path in enumerate(X))
    return None


def _seeds(table: pd.DataFrame) -> list[int | None] | None:
    """Give the seed with which each clip of a table is altered, if any is."""
    if AUGMENTATION not in table.columns:
        return None
    return [None if pd.isna(seed) else int(seed) for seed in table[AUGMENTATION]]


def waveform_sources(X: np.ndarray, batch: int) -> Iterator[Waveforms]:
    """Give waveforms, (n_clips, n_samples), as sources of at most ``batch`` rows."""
    for first in range(0, len(X), batch):
        clips = X[first : first + batch]
        yield Waveforms(np.arange(first, first + len(clips)), clips)
