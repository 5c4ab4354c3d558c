"""Shards: Parquet files that hold the records of some tracks, one row a record."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from musigenre.audio import AudioError
from musigenre.features.tracks import FileState, TrackRecord
from musigenre.files import written_whole

_LIST = pa.list_(pa.float64())
_SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("size", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("digest", pa.string()),
        ("cause", pa.string()),
        ("remedy", pa.string()),
        ("damage", pa.string()),
        ("first_clip", pa.int32()),
        ("complete", pa.bool_()),
        ("n_clips", pa.int32()),
        ("starts", _LIST),
        ("durations", _LIST),
        ("values", _LIST),  # clip after clip
    ]
)
_INDEX = [name for name in _SCHEMA.names if name not in ("starts", "durations", "values")]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the index of a shard says of a record.

    Attributes
    ----------
    file : FileState
    error : (str, str) or None
        Cause and remedy, if the file could not be read.
    damage : str or None
    first_clip, complete
        See :class:`TrackRecord`.
    n_clips : int
    """

    file: FileState
    error: tuple[str, str] | None
    damage: str | None
    first_clip: int
    complete: bool
    n_clips: int

    @classmethod
    def of(cls, record: TrackRecord) -> "Entry":
        """Give the entry of a record."""
        error = None if record.error is None else (record.error.cause, record.error.remedy)
        return cls(
            record.file,
            error,
            record.damage,
            record.first_clip,
            record.complete,
            len(record.starts),
        )


class FeatureStoreError(ValueError):
    """A feature store, or a part of it, cannot be used.

    Parameters
    ----------
    path : str or path-like
    cause : str
        What is wrong.
    remedy : str
        What to do.
    """

    def __init__(self, path: str | PathLike[str], cause: str, remedy: str):
        super().__init__(path, cause, remedy)
        self.path, self.cause, self.remedy = path, cause, remedy

    def __str__(self) -> str:
        return f"the feature store '{self.path}' {self.cause}; {self.remedy}"


def write_shard(path: Path, records: Sequence[TrackRecord], about: dict) -> None:
    """Write records as a shard.

    Parameters
    ----------
    path : Path
    records : sequence of TrackRecord
    about : dict
        Noted in the file, as JSON: what the values are.
    """
    # The numbers in the precision that they have: spectrograms are single, and large.
    dtype = next((r.values.dtype for r in records if len(r.starts)), np.dtype(float))
    entries = [Entry.of(record) for record in records]
    columns = {
        "path": [entry.file.path for entry in entries],
        "size": [entry.file.size for entry in entries],
        "mtime_ns": [entry.file.mtime_ns for entry in entries],
        "digest": [entry.file.digest for entry in entries],
        "cause": [entry.error and entry.error[0] for entry in entries],
        "remedy": [entry.error and entry.error[1] for entry in entries],
        "damage": [entry.damage for entry in entries],
        "first_clip": [entry.first_clip for entry in entries],
        "complete": [entry.complete for entry in entries],
        "n_clips": [entry.n_clips for entry in entries],
        "starts": _lists([record.starts for record in records]),
        "durations": _lists([record.durations for record in records]),
        "values": _lists([record.values.ravel().astype(dtype) for record in records]),
    }
    values = pa.field("values", pa.list_(pa.from_numpy_dtype(dtype)))
    schema = _SCHEMA.set(len(_SCHEMA) - 1, values)
    schema = schema.with_metadata({"musigenre": json.dumps(about)})
    with written_whole(path) as temporary:
        table = pa.table(columns, schema=schema)
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            # Numbers hardly repeat: looking for those that do takes time and much memory.
            use_dictionary=["path", "cause", "remedy", "damage"],
            write_page_checksum=True,
        )


def read_index(path: Path) -> Iterator[Entry]:
    """Give what the index says of each record.

    Raises
    ------
    FeatureStoreError
        If the shard is damaged.
    """
    columns = [column.to_pylist() for column in _read(path, _INDEX).columns]
    for file, size, mtime_ns, digest, cause, remedy, *rest in zip(*columns, strict=True):
        error = None if cause is None else (cause, remedy)
        yield Entry(FileState(file, size, mtime_ns, digest), error, *rest)


def read_records(path: Path, rows: Sequence[int]) -> list[TrackRecord]:
    """Read the records in some rows of a shard.

    Raises
    ------
    FeatureStoreError
        If the shard is damaged.
    """
    index = list(read_index(path))
    lists = _read(path, ["starts", "durations", "values"]).take(pa.array(rows))
    arrays = [
        [item.values.to_numpy(zero_copy_only=False) for item in column] for column in lists.columns
    ]
    records = []
    for row, starts, durations, values in zip(rows, *arrays, strict=True):
        entry = index[row]
        records.append(
            TrackRecord(
                entry.file,
                starts,
                durations,
                values.reshape(entry.n_clips, -1 if entry.n_clips else 0),
                None if entry.error is None else AudioError(entry.file.path, *entry.error),
                entry.damage,
                entry.first_clip,
                entry.complete,
            )
        )
    return records


def _lists(arrays: list[np.ndarray]) -> pa.ListArray:
    offsets = np.cumsum([0, *map(len, arrays)], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.concatenate(arrays)))


def _read(path: Path, columns: list[str]) -> pa.Table:
    try:
        with path.open("rb") as file:  # so that the name is not looked at as that of a dataset
            table = pq.ParquetFile(file, page_checksum_verification=True).read(columns)
            return table.select(columns)  # a KeyError, if one is not there
    except (OSError, pa.ArrowException, KeyError) as error:
        raise FeatureStoreError(
            path, f"is damaged: {error}", "delete this file; its tracks are then computed anew"
        ) from error
