"""Predictions of a collection, chunk by chunk: the probabilities of each clip, and notes."""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from musigenre.audio import AudioError, AudioWarning, noted_damage
from musigenre.audio.reading import MAX_DURATION, too_long
from musigenre.clips import COLUMNS, SAMPLE_RATE, spans
from musigenre.features.sound_check import SoundCheck
from musigenre.features.tracks import FileState, decoded_blocks
from musigenre.parallel import run_jobs

if TYPE_CHECKING:
    from musigenre.pipeline import GenrePipeline

#: Tracks that are predicted together, and lost if the process is killed meanwhile.
CHUNK = 32


@dataclass(frozen=True)
class TrackPrediction:
    """What is known of a track after prediction.

    Attributes
    ----------
    path : str
        As asked for.
    file : FileState
        As it was before it was read.
    starts, durations : ndarray of shape (n_clips,)
        In seconds.
    probabilities : ndarray of shape (n_clips, n_genres)
        In the order of the pipeline's ``classes_``.
    note : str
        What :func:`musigenre.features.sound_note` says of the sound.
    damage : str or None
        What is wrong with a file of which a part could be read.
    error : AudioError or None
        Why there are no clips, if it could not be read.
    """

    path: str
    file: FileState
    starts: np.ndarray
    durations: np.ndarray
    probabilities: np.ndarray
    note: str = ""
    damage: str | None = None
    error: AudioError | None = None


@dataclass(frozen=True)
class _Examined:
    file: FileState
    spans: list[tuple[int, int]]
    note: str = ""
    damage: str | None = None
    error: AudioError | None = None


def predict_tracks(
    pipeline: "GenrePipeline", paths: Sequence[str]
) -> Iterator[list[TrackPrediction]]:
    """Predict tracks, some at a time; a file that cannot be read stops nothing.

    Work is parallel as the active context of joblib says (``joblib.parallel_config``).

    Parameters
    ----------
    pipeline : GenrePipeline
        Fitted on paths.
    paths : sequence of str
        Audio files, one a track.

    Yields
    ------
    list of TrackPrediction
        Of at most `CHUNK` tracks, in order. Every call with the same paths makes the same chunks.
    """
    for first in range(0, len(paths), CHUNK):
        yield _predict_chunk(pipeline, paths[first : first + CHUNK])


def _predict_chunk(pipeline: "GenrePipeline", paths: Sequence[str]) -> list[TrackPrediction]:
    # Workers may have another working folder. Links stay as they are, which resolve() follows.
    files = [os.path.abspath(path) for path in paths]  # noqa: PTH100
    examined: list[_Examined | None] = [None] * len(paths)
    jobs = ((i, file, pipeline.clip_duration_) for i, file in enumerate(files))
    with closing(run_jobs(_examine, jobs, on_crash=_crashed)) as results:
        for position, result in results:
            examined[position] = result
    found = dict(enumerate(each for each in examined if each is not None))
    errors = {i: each.error for i, each in found.items() if each.error is not None}
    while True:
        table = _clip_table(files, found, leave_out=errors)
        if table.empty:
            timeline = pd.DataFrame()
            break
        try:
            with warnings.catch_warnings():
                # Damage was noted when the file was examined.
                warnings.simplefilter("ignore", AudioWarning)
                timeline = pipeline.predict_clips(table)
            break
        except AudioError as error:
            # It could be read, but is not what the model takes, or has gone since.
            found_at = [i for i in found if files[i] == error.path and i not in errors]
            if not found_at:
                raise
            errors[found_at[0]] = error

    predictions = []
    names = [f"p_{genre}" for genre in pipeline.classes_]
    rows_of = {} if timeline.empty else timeline.groupby("track").indices
    for i, path in enumerate(paths):
        rows = rows_of.get(i)
        of_track = timeline.iloc[rows if rows is not None else []]
        is_read = rows is not None
        predictions.append(
            TrackPrediction(
                path,
                found[i].file,
                of_track["start"].to_numpy(float) if is_read else np.empty(0),
                of_track["duration"].to_numpy(float) if is_read else np.empty(0),
                of_track[names].to_numpy(float) if is_read else np.empty((0, len(names))),
                found[i].note if is_read else "",
                found[i].damage if is_read else None,
                errors.get(i),
            )
        )
    return predictions


def _clip_table(
    files: Sequence[str], found: dict[int, _Examined], leave_out: dict[int, AudioError]
) -> pd.DataFrame:
    rows = [
        (files[i], first / SAMPLE_RATE, n / SAMPLE_RATE, i)
        for i, each in found.items()
        if i not in leave_out
        for first, n in each.spans
    ]
    columns = zip(*rows, strict=True) if rows else [()] * len(COLUMNS)
    # Objects, because a file name need not be UTF-8, which pandas' strings are.
    return pd.DataFrame(
        {
            name: pd.Series(column, dtype=object if name == "path" else None)
            for name, column in zip(COLUMNS, columns, strict=True)
        }
    )


def _examine(position: int, path: str, duration: float | None) -> tuple[int, _Examined]:
    """Decode a track once, in a worker: count its samples and listen to what it is."""
    file = FileState.of(path)
    check = SoundCheck()
    n_samples = 0
    with noted_damage() as notes:
        try:
            for block in decoded_blocks(path, SAMPLE_RATE):
                n_samples += len(block)
                if n_samples > MAX_DURATION * SAMPLE_RATE:
                    raise too_long(path, MAX_DURATION)
                check.add(block)
            if n_samples == 0:
                raise AudioError(
                    path, f"there are no samples in it at {SAMPLE_RATE} Hz", "leave it out"
                )
        except AudioError as error:
            return position, _Examined(file, [], error=error)
    damage = notes[0]["what"] if notes else None
    cuts = spans(n_samples, duration)
    return position, _Examined(file, cuts, check.measures().note, damage)


def _crashed(position: int, path: str, duration: float | None) -> tuple[int, _Examined]:
    error = AudioError(
        path,
        "the process that read it ended (it crashed, or memory ran out)",
        "convert it to another format, or leave it out",
    )
    return position, _Examined(FileState.of(path), [], error=error)
