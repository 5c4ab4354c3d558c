"""Places: which of the files asked for a store has, and where."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from musigenre.features.shards import Entry
from musigenre.features.tracks import FileState


class Places:
    """Where the records of files lie, in a few bytes for each.

    Parameters
    ----------
    files : iterable of FileState

    Attributes
    ----------
    same : ndarray of int
        For each position the first one with the same file; the rest holds for those alone.
    n_clips : ndarray of int
        Zero for a file of which not all is known.
    shards : list of Path
    errors : dict
        Cause and remedy, by position, of the files that could not be read.
    damage : dict
        What is wrong, by position, with the files of which a part could be read.
    """

    def __init__(self, files: Iterable[FileState]) -> None:
        self._first: dict[str, int] = {}
        same, states = [], []
        for position, file in enumerate(files):
            same.append(self._first.setdefault(file.digest or file.path, position))
            states.append((file.size, file.mtime_ns))
        self.same = np.array(same, dtype=np.int64)
        self._states = np.array(states, dtype=np.int64).reshape(-1, 2)
        self.n_clips = np.zeros(len(same), dtype=np.int32)
        self.shards: list[Path] = []
        self.errors: dict[int, tuple[str, str]] = {}
        self.damage: dict[int, str] = {}
        # Shard (-1 if not all is known) and row of the record of a whole file ...
        self._shard = np.full(len(same), -1, dtype=np.int32)
        self._row = np.zeros(len(same), dtype=np.int32)
        # ... and for the few that come in several, those.
        self._parts: dict[int, _Parts] = {}

    @property
    def missing(self) -> np.ndarray:
        """Positions of files that must be computed: those not wholly known or with an error."""
        wanted = (self._shard < 0) & (self.same == np.arange(len(self.same)))
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

    def put(self, position: int, shard: Path, row: int, entry: Entry) -> None:
        """Note where a record of a file lies; one that does not join what is known is nothing."""
        if not self.shards or self.shards[-1] != shard:
            self.shards.append(shard)
        number = len(self.shards) - 1
        if entry.error is not None:
            self.errors[position] = entry.error
            self.n_clips[position] = 0
            return  # clips known so far stay: the next run goes on at the bad place
        if entry.first_clip == 0:
            self._parts.pop(position, None)
            self._shard[position], self.n_clips[position] = -1, 0
        if entry.first_clip != self.known(position)[0]:
            return
        if entry.first_clip or not entry.complete:
            parts = self._parts.setdefault(position, _Parts(entry.file))
            parts.records.append((number, row, entry.n_clips))
        if entry.complete:
            self._shard[position], self._row[position] = number, row
            self.n_clips[position] = entry.first_clip + entry.n_clips
            self.errors.pop(position, None)
            self.damage.pop(position, None)
            if entry.damage is not None:
                self.damage[position] = entry.damage

    def known(self, position: int) -> tuple[int, FileState | None]:
        """Tell how many clips of a file that is missing are known, and in which state of it."""
        parts = self._parts.get(position)
        return (0, None) if parts is None else (parts.n_clips, parts.file)

    def records(self, position: int) -> list[tuple[int, int, int]]:
        """Give shard, row and number of clips of each record of a file that is known."""
        if position in self._parts:
            return self._parts[position].records
        return [(int(self._shard[position]), int(self._row[position]), int(self.n_clips[position]))]


@dataclass
class _Parts:
    """The records of a file that comes in several, as far as they follow on each other."""

    file: FileState
    records: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def n_clips(self) -> int:
        return sum(n_clips for *_, n_clips in self.records)
