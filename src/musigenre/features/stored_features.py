"""StoredFeatures: the features of a collection, read from a store in bounded memory."""

from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm.auto import tqdm

from musigenre.clips import COLUMNS
from musigenre.features.places import Places
from musigenre.features.store import FeatureStore
from musigenre.features.tracks import TrackRecord, unicode_name
from musigenre.files import written_whole

# Bytes of features read at a time.
_BATCH_BYTES = 2**23


class StoredFeatures:
    """The features of a collection, in a store; :func:`extract_to_store` gives it.

    Tracks stand in the order asked for, whatever the order in which they were computed.

    Parameters
    ----------
    store : FeatureStore
    places : Places
    paths : sequence of str
        As asked for.
    tracks : sequence
        An id for each path.

    Attributes
    ----------
    errors : list of dict
        Path, cause and remedy of each file that could not be read.
    damage : list of dict
        Path of each file of which only a part could be read, and what is wrong with it.
    n_tracks, n_clips : int
        Tracks that have clips, and clips.

    Examples
    --------
    >>> import tempfile
    >>> from musigenre import make_tracks
    >>> from musigenre.features.extract import extract_to_store
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = make_tracks(folder, 1, kinds=["synthetic-waltz"], duration=6.0)
    ...     features = extract_to_store(made.data, f"{folder}/features", clip_duration=3.0)
    ...     print(features.n_tracks, features.n_clips, features.to_frame().shape)
    1 2 (2, 61)
    """

    def __init__(
        self, store: FeatureStore, places: Places, paths: Sequence[str], tracks: Sequence
    ) -> None:
        self._store, self._places, self._paths, self._tracks = store, places, paths, tracks
        self._n_clips = places.n_clips[places.same].astype(np.int64)
        self.n_tracks = int(np.count_nonzero(self._n_clips))
        self.n_clips = int(self._n_clips.sum())
        self.errors, self.damage = [], []
        if places.errors or places.damage:
            for path, same in zip(paths, places.same.tolist(), strict=True):
                if same in places.errors:
                    cause, remedy = places.errors[same]
                    self.errors.append({"path": path, "cause": cause, "remedy": remedy})
                elif same in places.damage:
                    self.damage.append({"path": path, "what": places.damage[same]})

    def batches(self) -> Iterator[pd.DataFrame]:
        """Give the table piece by piece, some 8 MB at a time.

        A track is in one piece, except for spectrograms of more than 16 MB.

        Yields
        ------
        DataFrame
            The columns ``path``, ``start``, ``duration``, ``track``, then those of the features.
        """
        names = self._store.recipe.features.names
        for records, paths, tracks in self._pieces():
            yield clips_frame(records, paths, tracks, names)

    def arrays(self) -> Iterator[tuple[pd.DataFrame, np.ndarray]]:
        """Give the clips and their numbers piece by piece, as arrays; so come spectrograms.

        Yields
        ------
        clips : DataFrame
            The columns ``path``, ``start``, ``duration`` and ``track``.
        values : ndarray of shape (n_clips, n_features), or (n_clips, n_bins, n_frames)
            Float32 for spectrograms.
        """
        shape = self._store.recipe.features.shape or (len(self._store.recipe.features.names),)
        for records, paths, tracks in self._pieces():
            values = np.concatenate([record.values for record in records])
            yield clips_frame(records, paths, tracks), values.reshape(-1, *shape)

    def _pieces(self) -> Iterator[tuple[list[TrackRecord], list[str], list]]:
        """Give records with the path and the id of their track, as many as are read at a time."""
        width = 8 * len(self._store.recipe.features.names)
        positions: list[int] = []
        wanted: list[tuple[int, int]] = []
        n_bytes = 0

        def piece() -> tuple[list[TrackRecord], list[str], list]:
            records = self._store.read(self._places, wanted)
            return (
                records,
                [self._paths[i] for i in positions],
                [self._tracks[i] for i in positions],
            )

        for position in np.flatnonzero(self._n_clips).tolist():
            for shard, row, n_clips in self._places.records(int(self._places.same[position])):
                if wanted and n_bytes + n_clips * width > _BATCH_BYTES:
                    yield piece()
                    positions, wanted, n_bytes = [], [], 0
                positions.append(position)
                wanted.append((shard, row))
                n_bytes += n_clips * width
        if wanted:
            yield piece()

    def to_frame(self) -> pd.DataFrame:
        """Give the whole table, which must fit in memory.

        Returns
        -------
        DataFrame
            As in :meth:`batches`; ``attrs`` has the lists `errors` and `damage`.
        """
        frames = list(self.batches()) or [self._empty()]
        frame = frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
        frame.attrs["errors"], frame.attrs["damage"] = self.errors, self.damage
        return frame

    def write(self, output: str | PathLike[str], *, verbose: int = 0) -> None:
        """Write the table to a file, which appears only when it is complete.

        Parameters
        ----------
        output : str or path-like
            A ``.parquet`` or ``.csv`` file; an existing one is replaced.
        verbose : int, default=0
            With 1 progress is shown on a terminal.

        Raises
        ------
        ValueError
            If the name ends otherwise.
        """
        output = Path(output)
        if output.suffix not in {".parquet", ".csv"}:
            raise ValueError(f"the output must end in .parquet or .csv, got '{output}'")
        write = _write_csv if output.suffix == ".csv" else _write_parquet
        progress = tqdm(
            desc="writing", total=self.n_clips, unit="clip", disable=None if verbose else True
        )
        with progress, written_whole(output) as temporary:

            def counted() -> Iterator[pd.DataFrame]:
                for frame in self.batches():
                    for column in ("path", "track"):
                        frame[column] = frame[column].map(_unicode)
                    yield frame
                    progress.update(len(frame))

            write(temporary, counted(), self._empty())

    def _empty(self) -> pd.DataFrame:
        return clips_frame([], [], [], self._store.recipe.features.names)


def clips_frame(
    records: Sequence[TrackRecord],
    paths: Sequence[str],
    tracks: Sequence,
    names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Make one table of clips and their features.

    Parameters
    ----------
    records : sequence of TrackRecord
    paths, tracks : sequence
        What the table calls each of them.
    names : sequence of str, optional
        The columns of the features; without them the table is of the clips alone.

    Returns
    -------
    DataFrame
    """
    # Tracks without clips are left out first: a file may be one because of its name.
    kept = [(i, record) for i, record in enumerate(records) if len(record.starts)]
    counts = [len(record.starts) for _, record in kept]
    spans = np.concatenate(
        [np.empty((0, 2)), *(np.stack([r.starts, r.durations], axis=1) for _, r in kept)]
    )
    # Objects, because a file name need not be UTF-8, which pandas' strings are.
    rows = np.repeat([i for i, _ in kept], counts).astype(int)
    path = pd.Series([paths[i] for i in rows], dtype=object)
    ids = [tracks[i] for i in rows]
    track = pd.Series(ids, dtype=object if not ids or isinstance(ids[0], str) else None)
    columns = (path, *spans.T, track)
    clips = pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
    if names is None:
        return clips
    values = np.concatenate([np.empty((0, len(names))), *(record.values for _, record in kept)])
    return clips.join(pd.DataFrame(values, columns=list(names)))


def _unicode(name: object) -> object:
    return unicode_name(name) if isinstance(name, str) else name


def _write_parquet(path: Path, frames: Iterator[pd.DataFrame], empty: pd.DataFrame) -> None:
    first = next(frames, empty)
    table = pa.Table.from_pandas(first, preserve_index=False)
    # The pandas part of the metadata speaks of the rows of one piece alone.
    schema = table.schema.remove_metadata()
    with pq.ParquetWriter(path, schema) as writer:
        writer.write_table(table.cast(schema))
        for frame in frames:
            writer.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False))


def _write_csv(path: Path, frames: Iterator[pd.DataFrame], empty: pd.DataFrame) -> None:
    empty.to_csv(path, index=False)
    for frame in frames:
        frame.to_csv(path, mode="a", index=False, header=False)
