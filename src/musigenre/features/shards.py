"""Shards: Parquet files that hold the records of some tracks, one row a track."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from musigenre.audio import AudioError
from musigenre.features.tracks import FileState, TrackRecord

_LIST = pa.list_(pa.float64())
_SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("size", pa.int64()),
        ("mtime_ns", pa.int64()),
        ("digest", pa.string()),
        ("cause", pa.string()),
        ("remedy", pa.string()),
        ("n_clips", pa.int32()),
        ("starts", _LIST),
        ("durations", _LIST),
        ("values", _LIST),  # clip after clip
    ]
)
_INDEX = ["path", "size", "mtime_ns", "digest", "cause", "remedy", "n_clips"]


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

    def __init__(self, path: str | os.PathLike[str], cause: str, remedy: str):
        super().__init__(path, cause, remedy)
        self.path, self.cause, self.remedy = path, cause, remedy

    def __str__(self) -> str:
        return f"the feature store '{self.path}' {self.cause}; {self.remedy}"


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Write a file that appears under its name only when it is complete and on the disk.

    Parameters
    ----------
    path : Path

    Yields
    ------
    Path
        A temporary name in the same folder, to be written to.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


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
    errors = [record.error for record in records]
    columns = {
        "path": [record.file.path for record in records],
        "size": [record.file.size for record in records],
        "mtime_ns": [record.file.mtime_ns for record in records],
        "digest": [record.file.digest for record in records],
        "cause": [error and error.cause for error in errors],
        "remedy": [error and error.remedy for error in errors],
        "n_clips": [len(record.starts) for record in records],
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
            use_dictionary=["path", "cause", "remedy"],
            write_page_checksum=True,
        )


def read_index(path: Path) -> Iterator[tuple[FileState, tuple[str, str] | None, int]]:
    """Give the file, the cause and remedy of an error, and the number of clips of each row.

    Raises
    ------
    FeatureStoreError
        If the shard is damaged.
    """
    columns = [column.to_pylist() for column in _read(path, _INDEX).columns]
    for file, size, mtime_ns, digest, cause, remedy, n_clips in zip(*columns, strict=True):
        error = None if cause is None else (cause, remedy)
        yield FileState(file, size, mtime_ns, digest), error, n_clips


def read_records(path: Path, rows: np.ndarray) -> list[TrackRecord]:
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
        file, error, n_clips = index[row]
        records.append(
            TrackRecord(
                file,
                starts,
                durations,
                values.reshape(n_clips, -1 if n_clips else 0),
                None if error is None else AudioError(file.path, *error),
            )
        )
    return records


def _lists(arrays: list[np.ndarray]) -> pa.ListArray:
    offsets = np.cumsum([0, *map(len, arrays)], dtype=np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.concatenate(arrays)))


def _read(path: Path, columns: list[str]) -> pa.Table:
    try:
        with path.open("rb") as file:  # so that the name is not looked at as that of a dataset
            return pq.ParquetFile(file, page_checksum_verification=True).read(columns)
    except (OSError, pa.ArrowException, KeyError) as error:
        raise FeatureStoreError(
            path, f"is damaged: {error}", "delete this file; its tracks are then computed anew"
        ) from error
