"""Predictions as tables for people and programs, and the files they are written to."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from musigenre.collection.predictions import TrackPrediction
from musigenre.files import written_whole

#: Endings of the files that a table can be written to.
TABLE_ENDINGS = (".csv", ".json", ".jsonl", ".parquet")


def prediction_table(
    predictions: Iterable[TrackPrediction],
    genres: NDArray,
    *,
    clips: bool = False,
    top: int = 2,
    threshold: float = 0.5,
) -> pd.DataFrame:
    """Make a table of predictions; tracks that could not be read are left out.

    Parameters
    ----------
    predictions : iterable of TrackPrediction
    genres : ndarray of shape (n_genres,)
        The ``classes_`` of the pipeline.
    clips : bool, default=False
        Whether to make a row of each clip, with its ``start`` and ``duration`` in seconds.
    top : int, default=2
        How many genres to name, from the most probable on.
    threshold : float, default=0.5
        A row whose best probability is below it is unsure, and so is one with a note.

    Returns
    -------
    DataFrame
        ``track``; ``genre`` and ``probability``, then ``genre_2`` and ``probability_2`` up to
        ``top``; ``unsure`` (bool); ``note`` (what the sound is, if it is no music, see
        :func:`musigenre.features.sound_note`); ``p_<genre>`` with the probability of each genre.
    """
    # A track that could not be read, or is too short for a clip, has no clips.
    read = [each for each in predictions if len(each.starts)]
    if clips:
        probabilities = np.concatenate(
            [np.empty((0, len(genres))), *(each.probabilities for each in read)]
        )
        repeats = [len(each.starts) for each in read]
    else:
        probabilities = np.array([each.probabilities.mean(axis=0) for each in read])
        probabilities = probabilities.reshape(-1, len(genres))
        repeats = [1] * len(read)
    notes = np.repeat(np.array([each.note for each in read], dtype=object), repeats)
    tracks = np.repeat(np.array([each.path for each in read], dtype=object), repeats)
    # Objects, because a file name need not be UTF-8, which pandas' strings are.
    table = pd.DataFrame({"track": pd.Series(tracks, dtype=object)})
    if clips:
        table["start"] = np.concatenate([np.empty(0), *(each.starts for each in read)])
        table["duration"] = np.concatenate([np.empty(0), *(each.durations for each in read)])
    # Of equals the first comes first, as argmax has it.
    order = np.argsort(-probabilities, axis=1, kind="stable")
    rows = np.arange(len(table))
    for rank in range(min(top, len(genres))):
        suffix = f"_{rank + 1}" if rank else ""
        table[f"genre{suffix}"] = genres[order[:, rank]]
        table[f"probability{suffix}"] = probabilities[rows, order[:, rank]]
    table["unsure"] = (probabilities.max(axis=1) < threshold) | (notes != "")
    table["note"] = notes
    names = [f"p_{genre}" for genre in genres]
    return table.join(pd.DataFrame(probabilities, columns=names))


def write_table(path: Path, frames: Iterable[pd.DataFrame]) -> None:
    """Write a table piece by piece to a file, which appears only when it is complete.

    Parameters
    ----------
    path : Path
        Ends in one of `TABLE_ENDINGS`: CSV with a header, a JSON array of objects, a JSON object a
        line, or Parquet. An existing file is replaced.
    frames : iterable of DataFrame
        One at least, with the same columns. The same pieces make the same file.
    """
    frames = _filled(iter(frames))
    write = {
        ".csv": _write_csv,
        ".json": _write_json,
        ".jsonl": _write_json_lines,
        ".parquet": _write_parquet,
    }[path.suffix.lower()]
    with written_whole(path) as temporary:
        write(temporary, frames)


def json_lines(table: pd.DataFrame) -> Iterator[str]:
    """Give the rows of a table as JSON."""
    for row in table.to_dict("records"):
        yield json.dumps(row, ensure_ascii=False)


def _filled(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Leave empty frames out, which do not know the types of their columns, but for the first."""
    first = next(frames)
    for frame in frames:
        if first.empty:
            first = frame
        elif not frame.empty:
            yield first
            first = frame
    yield first


def _write_csv(path: Path, frames: Iterator[pd.DataFrame]) -> None:
    for i, frame in enumerate(frames):
        frame.to_csv(path, mode="a" if i else "w", index=False, header=i == 0)


def _write_json_lines(path: Path, frames: Iterator[pd.DataFrame]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for frame in frames:
            file.writelines(f"{line}\n" for line in json_lines(frame))


def _write_json(path: Path, frames: Iterator[pd.DataFrame]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        before = "["
        for frame in frames:
            for line in json_lines(frame):
                file.write(f"{before}\n{line}")
                before = ","
        file.write("[]\n" if before == "[" else "\n]\n")


def _write_parquet(path: Path, frames: Iterator[pd.DataFrame]) -> None:
    first = next(frames)
    # The pandas part of the metadata speaks of the rows of one piece alone.
    schema = pa.Schema.from_pandas(first, preserve_index=False).remove_metadata()
    with pq.ParquetWriter(path, schema) as writer:
        writer.write_table(pa.Table.from_pandas(first, schema=schema, preserve_index=False))
        for frame in frames:
            writer.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False))
