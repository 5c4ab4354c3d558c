"""PredictionJournal: what was predicted stays known, whatever happens to the process."""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

import numpy as np

from musigenre.audio import AudioError
from musigenre.collection.predictions import TrackPrediction
from musigenre.features.sound_check import VERSION as SOUND_CHECK_VERSION
from musigenre.features.tracks import FileState, unicode_name

if TYPE_CHECKING:
    from musigenre.pipeline import GenrePipeline

#: Version of the layout. A reader refuses a later one.
FORMAT_VERSION = 1

# What marks a file of SQLite as ours: "MgJ1".
_APPLICATION_ID = 0x4D674A31

_COLUMNS = "path, size, mtime_ns, starts, durations, probabilities, note, damage, cause, remedy"


class JournalError(ValueError):
    """A journal cannot be used.

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
        return f"the journal '{self.path}' {self.cause}; {self.remedy}"


class PredictionJournal:
    """Predictions of tracks, kept in a file of SQLite.

    A chunk of predictions is written as a whole or not at all. A file is known by its path, its
    size and the time of its last change; predictions of several models share a journal.

    Parameters
    ----------
    path : str or path-like
        Made if it does not exist.
    model : str
        What tells the model from others. Another model never sees the predictions.
    n_genres : int
        How many genres the model knows.

    Raises
    ------
    JournalError
        If the file is something else, damaged, in use or was written by a newer version.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from musigenre.collection.journal import PredictionJournal
    >>> from musigenre.collection.predictions import TrackPrediction
    >>> from musigenre.features.tracks import FileState, unicode_name
    >>> state = FileState("/music/a.mp3", 1000, 0)
    >>> clips = np.array([0.0]), np.array([3.0]), np.array([[0.75, 0.25]])
    >>> with (
    ...     tempfile.TemporaryDirectory() as folder,
    ...     PredictionJournal(f"{folder}/journal", "model", 2) as journal,
    ... ):
    ...     journal.add([TrackPrediction("a.mp3", state, *clips)])
    ...     journal.knows(state), journal.knows(FileState("/music/a.mp3", 1001, 0))
    (True, False)
    """

    def __init__(self, path: str | PathLike[str], model: str, n_genres: int) -> None:
        self.path, self.model, self.n_genres = Path(path), model, n_genres
        is_new = not self.path.exists() or self.path.stat().st_size == 0
        with self._errors_named():
            self._database = sqlite3.connect(self.path, isolation_level=None, timeout=5)
            try:
                self._open(is_new)
            except BaseException:
                self._database.close()
                raise

    def knows(self, file: FileState) -> bool:
        """Say whether a file was predicted, in the state it is in; one that failed was not."""
        row = self._row("size, mtime_ns, cause", file)
        return row is not None and row == (file.size, file.mtime_ns, None)

    def failed(self, file: FileState) -> bool:
        """Say whether a file could not be read, in the state it is in."""
        row = self._row("size, mtime_ns, cause", file)
        return row is not None and row[:2] == (file.size, file.mtime_ns) and row[2] is not None

    def add(self, predictions: Iterable[TrackPrediction]) -> None:
        """Write predictions, all or none; an older one of the same file is replaced."""
        rows = [
            (
                self.model,
                each.file.path,
                each.file.size,
                each.file.mtime_ns,
                _bytes(each.starts),
                _bytes(each.durations),
                _bytes(each.probabilities),
                each.note,
                each.damage and unicode_name(each.damage),
                each.error and unicode_name(each.error.cause),
                each.error and unicode_name(each.error.remedy),
            )
            for each in predictions
        ]
        places = ", ".join("?" * 11)
        with self._errors_named(), self._transaction():
            self._database.executemany(
                f"INSERT OR REPLACE INTO tracks (model, {_COLUMNS}) VALUES ({places})",  # noqa: S608
                rows,
            )

    def changed(self, old: FileState, new: FileState) -> None:
        """Note that a file has a new state, but the sound that it had."""
        with self._errors_named(), self._transaction():
            self._database.execute(
                "UPDATE tracks SET size = ?, mtime_ns = ?"
                " WHERE path = ? AND size = ? AND mtime_ns = ?",
                (new.size, new.mtime_ns, old.path, old.size, old.mtime_ns),
            )

    def read(self, paths: Sequence[str], files: Sequence[FileState]) -> Iterator[TrackPrediction]:
        """Give the predictions of files, in their order.

        Parameters
        ----------
        paths : sequence of str
            What the predictions call them.
        files : sequence of FileState

        Yields
        ------
        TrackPrediction

        Raises
        ------
        JournalError
            If one is missing or damaged.
        """
        for path, file in zip(paths, files, strict=True):
            row = self._row(_COLUMNS, file)
            if row is None:
                raise JournalError(self.path, f"does not know '{file.path}'", "run again")
            name, size, mtime_ns, *arrays, note, damage, cause, remedy = row
            try:
                starts, durations, probabilities = (np.frombuffer(each, "<f8") for each in arrays)
                probabilities = probabilities.reshape(len(starts), self.n_genres)
                if len(durations) != len(starts):
                    raise ValueError("the lengths differ")
            except (ValueError, TypeError) as error:
                raise JournalError(
                    self.path, f"is damaged at '{name}': {error}", "delete it and run again"
                ) from error
            yield TrackPrediction(
                path,
                FileState(name, size, mtime_ns),
                starts,
                durations,
                probabilities,
                note,
                damage,
                None if cause is None else AudioError(path, cause, remedy),
            )

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _open(self, is_new: bool) -> None:
        run = self._database.execute
        # Views and triggers of a foreign file are not trusted.
        run("PRAGMA trusted_schema = OFF")
        run("PRAGMA synchronous = FULL")
        if is_new:
            with self._transaction():
                run(
                    "CREATE TABLE IF NOT EXISTS tracks (model TEXT, path TEXT, size INTEGER,"
                    " mtime_ns INTEGER, starts BLOB, durations BLOB, probabilities BLOB,"
                    " note TEXT, damage TEXT, cause TEXT, remedy TEXT,"
                    " PRIMARY KEY (path, model)) WITHOUT ROWID"
                )
                run(f"PRAGMA application_id = {_APPLICATION_ID}")
                run(f"PRAGMA user_version = {FORMAT_VERSION}")
        (kind,) = run("PRAGMA application_id").fetchone()
        (version,) = run("PRAGMA user_version").fetchone()
        if kind != _APPLICATION_ID:
            raise JournalError(self.path, "is not one of musigenre", "name another file")
        if version > FORMAT_VERSION:
            raise JournalError(
                self.path,
                f"has format version {version}, but this musigenre knows up to {FORMAT_VERSION}",
                "upgrade musigenre, or name another file",
            )

    def _row(self, columns: str, file: FileState) -> tuple | None:
        with (
            self._errors_named(),
            closing(
                self._database.execute(
                    f"SELECT {columns} FROM tracks WHERE path = ? AND model = ?",  # noqa: S608
                    (file.path, self.model),
                )
            ) as found,
        ):
            return found.fetchone()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                cause, remedy = "is in use by another process", "wait for it, or name another file"
            elif isinstance(error, sqlite3.OperationalError):
                cause, remedy = f"cannot be used: {error}", "check the folder, or name another file"
            else:
                cause, remedy = f"cannot be read: {error}", "name another file, or delete this one"
            raise JournalError(os.fspath(self.path), cause, remedy) from error


def model_identity(pipeline: "GenrePipeline") -> str:
    """Give the SHA-256 of the model file of a pipeline: equal models have equal ones."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "model"
        pipeline.save(file)
        digest = hashlib.sha256(file.read_bytes())
    digest.update(f"sound check {SOUND_CHECK_VERSION}".encode())
    return digest.hexdigest()


def _bytes(array: np.ndarray) -> bytes:
    return np.ascontiguousarray(array, "<f8").tobytes()
