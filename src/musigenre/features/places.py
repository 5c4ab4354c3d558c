"""Places: which of the files asked for a store has, and where."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from musigenre.features.tracks import FileState


class Places:
    """Where the records of files lie, in a few bytes for each.

    Parameters
    ----------
    files : iterable of FileState

    Attributes
    ----------
    same : ndarray of int
        For each position the first one with the same file; the other arrays hold for those alone.
    shard, row : ndarray of int
        Number of the shard, -1 if there is none, and the row in it.
    n_clips : ndarray of int
    shards : list of Path
    errors : dict
        Cause and remedy, by position, of the files that could not be read.
    """

    def __init__(self, files: Iterable[FileState]) -> None:
        self._first: dict[str, int] = {}
        same, states = [], []
        for position, file in enumerate(files):
            same.append(self._first.setdefault(file.digest or file.path, position))
            states.append((file.size, file.mtime_ns))
        self.same = np.array(same, dtype=np.int64)
        self._states = np.array(states, dtype=np.int64).reshape(-1, 2)
        self.shard = np.full(len(same), -1, dtype=np.int32)
        self.row = np.zeros(len(same), dtype=np.int32)
        self.n_clips = np.zeros(len(same), dtype=np.int32)
        self.shards: list[Path] = []
        self.errors: dict[int, tuple[str, str]] = {}

    @property
    def missing(self) -> np.ndarray:
        """Positions of files that must be computed: those without a record or with an error."""
        wanted = (self.shard < 0) & (self.same == np.arange(len(self.same)))
        wanted[list(self.errors)] = True
        return np.flatnonzero(wanted)

    def position(self, file: FileState, by_content: bool) -> int | None:
        """Give the position of a file, if it was asked for and is in the same state."""
        key = file.digest if by_content else file.path
        position = self._first.get(key) if key is not None else None
        if position is None or by_content:
            return position
        size, mtime_ns = self._states[position]
        return position if (size, mtime_ns) == (file.size, file.mtime_ns) else None

    def put(
        self, position: int, shard: Path, row: int, n_clips: int, error: tuple[str, str] | None
    ) -> None:
        """Note where the record of a file lies."""
        if not self.shards or self.shards[-1] != shard:
            self.shards.append(shard)
        self.shard[position] = len(self.shards) - 1
        self.row[position], self.n_clips[position] = row, n_clips
        if error is None:
            self.errors.pop(position, None)
        else:
            self.errors[position] = error
