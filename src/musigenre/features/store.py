"""FeatureStore: a folder that keeps what was computed, whatever happens to the process."""

import hashlib
import json
import time
import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from uuid import uuid4

from musigenre.features.places import Places
from musigenre.features.shards import (
    Entry,
    FeatureStoreError,
    read_index,
    read_records,
    write_shard,
)
from musigenre.features.tracks import FileState, Recipe, TrackRecord
from musigenre.files import write_json

#: Version of the layout. A reader refuses any other.
FORMAT_VERSION = 2

# What is computed but not on the disk is lost when the process is killed. These limits are looked
# at whenever a result comes.
_MOST_SECONDS = 30.0
_MOST_TRACKS = 4096
_MOST_BYTES = 2**24

# A temporary file this old was left behind by a process that is no more.
_STALE_SECONDS = 24 * 3600


class FeatureStore:
    """Features of audio files on the disk, for one recipe.

    Parameters
    ----------
    folder : str or path-like
        Made if it does not exist. Stores of several recipes share it.
    recipe : Recipe
        What is computed. Another recipe, or another version of it, never sees the values.
    by_content : bool, default=False
        Whether a file is known by its content (SHA-256) rather than by path, size and time of the
        last change. Then files that were moved or copied are known, but all are read in each run.

    Raises
    ------
    FeatureStoreError
        If the folder holds something else, or was written by a newer version.

    Notes
    -----
    A shard is written under a temporary name, synchronised with the disk and renamed: a
    half-written one is never read. Its name is unique, so several processes may write to one
    store at the same time; if two compute the same track, the values are the same. Shards are
    never changed.

    Errors are recorded, too, but such a file is tried again in each run, because the remedy may
    have been outside of it: a codec, a permission, a disk.

    Examples
    --------
    >>> import tempfile
    >>> from musigenre.features.store import FeatureStore
    >>> from musigenre.features.tracks import FileState, Recipe, describe_track
    >>> from musigenre import make_tracks
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = make_tracks(folder, 1, kinds=["synthetic-waltz"], duration=3.0).data[0]
    ...     store = FeatureStore(f"{folder}/features", Recipe())
    ...     places = store.locate([FileState.of(path)])
    ...     print(places.missing)
    ...     with store.writer(places) as writer:
    ...         writer.add(*describe_track(0, path, Recipe()))
    ...     print(places.missing, places.n_clips)
    [0]
    [] [1]
    """

    def __init__(
        self, folder: str | PathLike[str], recipe: Recipe, by_content: bool = False
    ) -> None:
        self.folder = Path(folder)
        self.recipe = recipe
        self.by_content = by_content
        self._check_manifest()
        key = json.dumps(recipe.key(), sort_keys=True)
        name = f"{recipe.name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
        self._shard_folder = self.folder / name
        self._shard_folder.mkdir(exist_ok=True)
        columns = {"columns": list(recipe.features.names)}
        described = self._shard_folder / "recipe.json"
        if not described.exists():
            write_json(described, recipe.key() | columns)
        self._remove_stale()

    def locate(self, files: Iterable[FileState]) -> Places:
        """Find the records of files.

        Parameters
        ----------
        files : iterable of FileState
            With digests if ``by_content``.

        Returns
        -------
        Places

        Warns
        -----
        UserWarning
            If a shard is damaged; its tracks count as missing.
        """
        places = Places(files)
        for path in sorted(self._shard_folder.glob("*.parquet")):
            try:
                entries = list(read_index(path))
            except FeatureStoreError as error:
                warnings.warn(str(error), stacklevel=2)
                continue
            for row, entry in enumerate(entries):
                position = places.position(entry.file, self.by_content)
                if position is not None:
                    places.put(position, path, row, entry)
        return places

    def writer(self, places: Places) -> "StoreWriter":
        """Give a context manager that adds records; see `StoreWriter`."""
        return StoreWriter(self, places)

    def read(self, places: Places, wanted: Sequence[tuple[int, int]]) -> list[TrackRecord]:
        """Read records.

        Parameters
        ----------
        places : Places
        wanted : sequence of (int, int)
            Number of the shard in `places`, and row.

        Returns
        -------
        list of TrackRecord
            One for each that is wanted.

        Raises
        ------
        FeatureStoreError
            If a shard is damaged. It is set aside, so that the next run computes its tracks anew.
        """
        rows_of: dict[int, list[int]] = defaultdict(list)
        for shard, row in sorted(set(wanted)):
            rows_of[shard].append(row)
        records: dict[tuple[int, int], TrackRecord] = {}
        for shard, rows in rows_of.items():
            path = places.shards[shard]
            try:
                found = read_records(path, rows)
            except FeatureStoreError as error:
                if not path.exists():
                    raise
                # Its tracks count as missing in the next run.
                path.replace(path.with_suffix(".damaged"))
                remedy = "it is set aside; run again, and its tracks are computed anew"
                raise FeatureStoreError(path, error.cause, remedy) from error
            records.update(zip([(shard, row) for row in rows], found, strict=True))
        return [records[place] for place in wanted]

    def _write(self, records: list[TrackRecord]) -> Path:
        # Names in order of time, so that the latest record of a file is the one that counts.
        path = self._shard_folder / f"{time.time_ns():020d}-{uuid4().hex[:12]}.parquet"
        write_shard(path, records, self.recipe.key())
        return path

    def _check_manifest(self) -> None:
        manifest = self.folder / "store.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise FeatureStoreError(self.folder, "is a file", "give a folder") from None
        if not manifest.exists():
            other = any(path.suffix != ".tmp" for path in self.folder.iterdir())
            if other and not manifest.exists():  # another process may just have made it
                raise FeatureStoreError(
                    self.folder, "is a folder with other things in it", "give a new or empty folder"
                )
            about = {"format": "musigenre-features", "format_version": FORMAT_VERSION}
            write_json(manifest, about)
            return
        try:
            about = json.loads(manifest.read_text())
            version = about["format_version"] if about["format"] == "musigenre-features" else None
        except (ValueError, TypeError, KeyError):
            version = None
        if not isinstance(version, int):
            raise FeatureStoreError(manifest, "is not one of musigenre", "give another folder")
        if version > FORMAT_VERSION:
            raise FeatureStoreError(
                self.folder,
                f"has format version {version}, but this musigenre knows up to {FORMAT_VERSION}",
                "upgrade musigenre, or give another folder",
            )
        if version < FORMAT_VERSION:
            raise FeatureStoreError(
                self.folder,
                f"has format version {version}, which this musigenre no longer reads",
                "give another folder, or delete this one",
            )

    def _remove_stale(self) -> None:
        for path in self._shard_folder.glob(".*.tmp"):
            try:
                if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                    path.unlink()
            except FileNotFoundError:
                continue  # another process was faster


class StoreWriter:
    """Add records to a store; on leaving its context, however that happens, the rest is written.

    Parameters
    ----------
    store : FeatureStore
    places : Places
        Told of each record that is on the disk.
    """

    def __init__(self, store: FeatureStore, places: Places) -> None:
        self._store, self._places = store, places
        self._waiting: list[tuple[int, TrackRecord]] = []
        self._n_bytes, self._since = 0, time.monotonic()

    def add(self, position: int, record: TrackRecord) -> None:
        """Take a record, and write those that wait if they are many, large or old."""
        error = Entry.of(record).error
        if error is not None and self._places.errors.get(position) == error:
            return  # it is recorded already
        self._waiting.append((position, record))
        self._n_bytes += record.values.nbytes
        if (
            len(self._waiting) >= _MOST_TRACKS
            or self._n_bytes >= _MOST_BYTES
            or time.monotonic() - self._since >= _MOST_SECONDS
        ):
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            shard = self._store._write([record for _, record in self._waiting])
            for row, (position, record) in enumerate(self._waiting):
                self._places.put(position, shard, row, Entry.of(record))
        self._waiting, self._n_bytes, self._since = [], 0, time.monotonic()

    def __enter__(self) -> "StoreWriter":
        return self

    def __exit__(self, *exception: object) -> None:
        self.flush()
