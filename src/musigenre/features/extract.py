"""From audio files to one table of clips and their features."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from os import PathLike
from typing import Literal

import pandas as pd
from sklearn.utils import Bunch
from tqdm.auto import tqdm

from musigenre.audio import AudioError, warn_damaged, warn_skipped
from musigenre.clips import COLUMNS, OnError, as_paths, check_option, track_ids
from musigenre.features.spectrogram_extractor import SpectrogramExtractor
from musigenre.features.store import FeatureStore
from musigenre.features.stored_features import StoredFeatures, clips_frame
from musigenre.features.tracks import (
    FileState,
    Recipe,
    TrackRecord,
    compile_kernels,
    crashed_track,
    describe_track,
)
from musigenre.parallel import JOBS_PER_WORKER, run_jobs

# Records of spectrograms that may wait for the writer, of each worker.
_LARGE_RESULTS = 8


def extract(
    paths: Iterable[str | PathLike[str]],
    clip_duration: float | None = 3.0,
    *,
    feature_set: str = "gtzan57",
    hop: float | None = None,
    partial: Literal["drop", "keep", "overlap"] = "drop",
    short: Literal["keep", "drop"] = "keep",
    dtype: Literal["float32", "float64"] = "float32",
    on_error: OnError = "raise",
    tracks: Sequence | None = None,
    store: str | PathLike[str] | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Cut tracks into clips and compute the features of each, all in one table.

    Every file is decoded once, block by block.

    Parameters
    ----------
    paths : iterable of str or path-like
        Audio files, one a track.
    clip_duration : float or None, default=3.0
        Seconds; ``None`` for whole tracks.
    feature_set : str, default="gtzan57"
        See :class:`musigenre.AudioFeatures`.
    hop, partial, short
        How tracks are cut, see :func:`musigenre.clip_table`.
    dtype : {"float32", "float64"}, default="float32"
        Precision of the computation.
    on_error : {"raise", "warn", "skip"}, default="raise"
        What to do with a file that cannot be read, see :func:`musigenre.clip_table`.
    tracks : sequence, optional
        An id for each path; the path itself by default.
    store : str or path-like, optional
        A folder that keeps what is computed, see :func:`extract_to_store`.
    n_jobs : int, optional
        Tracks at a time, through the active joblib backend.
    verbose : int, default=0
        With 1 progress is shown on a terminal.

    Returns
    -------
    pandas.DataFrame
        The columns of the clip table, then those of the features; files left out are listed in
        ``table.attrs["errors"]``, those of which a part was read in ``table.attrs["damage"]``.

    Raises
    ------
    AudioError
        If a file cannot be read and ``on_error="raise"``.

    Examples
    --------
    >>> import tempfile
    >>> from musigenre import make_tracks
    >>> from musigenre.features import extract
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = make_tracks(folder, 1, kinds=["synthetic-waltz"], duration=6.0)
    ...     table = extract(made.data, clip_duration=3.0)
    >>> table.shape, table.columns[4]
    ((2, 61), 'chroma_stft_mean')
    """
    recipe = Recipe(feature_set, clip_duration, hop, partial, short, dtype)
    if store is not None:
        return extract_to_store(
            paths,
            store,
            clip_duration,
            feature_set=feature_set,
            hop=hop,
            partial=partial,
            short=short,
            dtype=dtype,
            on_error=on_error,
            tracks=tracks,
            n_jobs=n_jobs,
            verbose=verbose,
        ).to_frame()
    files, ids = _checked(paths, tracks, on_error)
    records: dict[int, TrackRecord] = {}
    jobs = ((i, _absolute(path), recipe) for i, path in enumerate(files))
    for position, record in _described(jobs, recipe, len(files), files, on_error, n_jobs, verbose):
        records[position] = record
    in_order = [records[i] for i in range(len(files))]
    table = clips_frame(in_order, files, ids, recipe.features.names)
    table.attrs["errors"] = [
        {"path": path, "cause": record.error.cause, "remedy": record.error.remedy}
        for path, record in zip(files, in_order, strict=True)
        if record.error is not None
    ]
    table.attrs["damage"] = [
        {"path": path, "what": record.damage}
        for path, record in zip(files, in_order, strict=True)
        if record.damage is not None
    ]
    _warn(on_error, table.attrs["errors"], table.attrs["damage"], len(files))
    return table


def extract_to_store(
    paths: Iterable[str | PathLike[str]],
    store: str | PathLike[str],
    clip_duration: float | None = 3.0,
    *,
    feature_set: str | SpectrogramExtractor = "gtzan57",
    hop: float | None = None,
    partial: Literal["drop", "keep", "overlap"] = "drop",
    short: Literal["keep", "drop"] = "keep",
    dtype: Literal["float32", "float64"] = "float32",
    on_error: OnError = "raise",
    by_content: bool = False,
    tracks: Sequence | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> StoredFeatures:
    """Compute the features of a collection of any size into a store, or go on where it stopped.

    What the store has already is not computed again: a run that was interrupted, even by
    ``kill -9``, goes on when it is repeated, and a later run computes files that are new or have
    changed. Memory does not grow with the collection but for some hundred bytes a file.

    Parameters
    ----------
    paths, clip_duration, feature_set, hop, partial, short, dtype, on_error, tracks, n_jobs, verbose
        See :func:`extract`. A file that could not be read is tried again in the next run.
        ``feature_set`` may also be a :class:`musigenre.SpectrogramExtractor`; its spectrograms are
        kept then, and :meth:`StoredFeatures.arrays` reads them.
    store : str or path-like
        A folder; made if it does not exist. One folder holds the features of many recipes.
    by_content : bool, default=False
        Whether a file is known by its content rather than by path, size and time of the last
        change. Files that were moved are then known, but each run reads all files.

    Returns
    -------
    StoredFeatures
        In the order of ``paths``; not yet in memory.

    Raises
    ------
    AudioError
        If a file cannot be read and ``on_error="raise"``; what was computed is kept.
    FeatureStoreError
        If the folder holds something else, or was written by a newer version.
    """
    wanted = feature_set if isinstance(feature_set, str) else feature_set.recipe()
    recipe = Recipe(wanted, clip_duration, hop, partial, short, dtype)
    files, ids = _checked(paths, tracks, on_error)
    kept = FeatureStore(store, recipe, by_content)
    places = kept.locate(_states(files, by_content, n_jobs, verbose))
    missing = places.missing
    jobs = (
        (i, _absolute(files[i]), recipe, by_content, *places.known(i)) for i in missing.tolist()
    )
    with kept.writer(places) as writer:
        for result in _described(jobs, recipe, len(missing), files, on_error, n_jobs, verbose):
            writer.add(*result)
    features = StoredFeatures(kept, places, files, ids)
    _warn(on_error, features.errors, features.damage, len(files))
    return features


def extract_dataset(
    tracks: Bunch,
    clip_duration: float | None = 3.0,
    *,
    feature_set: str = "gtzan57",
    on_error: OnError = "raise",
    store: str | PathLike[str] | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch:
    """Turn a dataset of audio tracks into one of clips and their features.

    Parameters
    ----------
    tracks : Bunch
        With ``data`` (paths), ``target`` (genres) and ``groups`` (columns ``track``, ``artist``),
        as :func:`musigenre.load_folder` and :func:`musigenre.make_tracks` give.
    clip_duration, feature_set, on_error, store, n_jobs, verbose
        See :func:`extract`.

    Returns
    -------
    Bunch
        ``data`` (DataFrame of features, one row a clip), ``target``, ``groups`` (DataFrame),
        ``clips`` (the clip table), ``errors`` (the files left out) and ``damage`` (those of which
        only a part was read).
    """
    table = extract(
        tracks.data,
        clip_duration,
        feature_set=feature_set,
        on_error=on_error,
        tracks=range(len(tracks.data)),
        store=store,
        n_jobs=n_jobs,
        verbose=verbose,
    )
    position = table["track"].to_numpy(dtype=int)
    groups = tracks.groups.iloc[position].reset_index(drop=True)
    table["track"] = groups["track"]
    return Bunch(
        data=table.drop(columns=list(COLUMNS)),
        target=tracks.target[position],
        groups=groups,
        clips=table[list(COLUMNS)],
        errors=table.attrs["errors"],
        damage=table.attrs["damage"],
    )


def _checked(
    paths: Iterable[str | PathLike[str]], tracks: Sequence | None, on_error: str
) -> tuple[list[str], Sequence]:
    check_option("on_error", on_error, ("raise", "warn", "skip"))
    files = as_paths(paths)
    return files, track_ids(files, tracks)


def _described(
    jobs: Iterable[tuple],
    recipe: Recipe,
    n_missing: int,
    files: Sequence[str],
    on_error: str,
    n_jobs: int | None,
    verbose: int,
) -> Iterator[tuple[int, TrackRecord]]:
    """Do the jobs, show progress, and raise the first error if that is wanted."""
    if n_missing and recipe.features.uses_kernels:
        compile_kernels()
    # Fewer results may wait where they are large.
    n_waiting = JOBS_PER_WORKER if recipe.most_clips is None else _LARGE_RESULTS
    progress = tqdm(
        desc="extracting",
        total=len(files),
        initial=len(files) - n_missing,
        unit="track",
        smoothing=0.05,
        disable=None if verbose else True,
    )
    with progress:
        while True:
            unfinished = []
            with closing(
                run_jobs(
                    describe_track,
                    jobs,
                    n_jobs,
                    jobs_per_worker=n_waiting,
                    on_crash=crashed_track,
                )
            ) as results:
                for position, record in results:
                    if record.error is not None and on_error == "raise":
                        raise AudioError(files[position], record.error.cause, record.error.remedy)
                    yield position, record
                    if record.complete:
                        progress.update()
                    else:
                        done = record.first_clip + len(record.starts)
                        unfinished.append((position, done, record.file))
            if not unfinished:
                return
            jobs = (
                (i, _absolute(files[i]), recipe, file.digest is not None, done, file)
                for i, done, file in unfinished
            )


def _warn(on_error: str, errors: list[dict], damage: list[dict], n_files: int) -> None:
    if errors and on_error == "warn":
        warn_skipped(errors, n_files)
    if on_error != "skip":
        warn_damaged(damage, n_files)


def _states(
    files: Sequence[str], by_content: bool, n_jobs: int | None, verbose: int
) -> Iterator[FileState]:
    """Look at all files; their contents are read in parallel."""
    if not by_content:
        return (FileState.of(_absolute(path)) for path in files)
    states: list[FileState | None] = [None] * len(files)
    jobs = ((i, _absolute(path)) for i, path in enumerate(files))
    with (
        closing(run_jobs(_state_of_content, jobs, n_jobs)) as results,
        tqdm(
            desc="reading", total=len(files), unit="file", disable=None if verbose else True
        ) as progress,
    ):
        for position, state in results:
            states[position] = state
            progress.update()
    return (state for state in states if state is not None)


def _absolute(path: str) -> str:
    # Workers may have another working folder. Links stay as they are.
    return os.path.abspath(path)  # noqa: PTH100 - resolve() follows links


def _state_of_content(position: int, path: str) -> tuple[int, FileState]:
    return position, FileState.of(path, by_content=True)
