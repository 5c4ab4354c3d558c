"""From audio files to one table of clips and their features."""

from collections.abc import Iterable, Sequence
from os import PathLike

import pandas as pd
from sklearn.utils import Bunch

from musigenre.clips import COLUMNS, OnError, clip_table
from musigenre.features.audio_features import AudioFeatures


def extract(
    paths: Iterable[str | PathLike[str]],
    clip_duration: float | None = 3.0,
    *,
    feature_set: str = "gtzan57",
    on_error: OnError = "raise",
    tracks: Sequence | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Cut tracks into clips and compute the features of each, all in one table.

    Parameters
    ----------
    paths : iterable of str or path-like
        Audio files, one a track.
    clip_duration : float or None, default=3.0
        Seconds; ``None`` for whole tracks.
    feature_set : str, default="gtzan57"
        See :class:`musigenre.AudioFeatures`.
    on_error : {"raise", "warn", "skip"}, default="raise"
        What to do with a file that cannot be read, see :func:`musigenre.clip_table`.
    tracks : sequence, optional
        An id for each path; the path itself by default.
    n_jobs : int, optional
        Tracks at a time.
    verbose : int, default=0
        With 1 progress is shown on a terminal.

    Returns
    -------
    pandas.DataFrame
        The columns of the clip table, then those of the features; files left out are listed in
        ``table.attrs["errors"]``.
    """
    table = clip_table(
        paths, clip_duration, on_error=on_error, tracks=tracks, n_jobs=n_jobs, verbose=verbose
    )
    if table.empty:
        return table
    extractor = AudioFeatures(feature_set, n_jobs=n_jobs, verbose=verbose)
    features = extractor.set_output(transform="pandas").fit_transform(table)
    joined = table.join(features)
    joined.attrs = table.attrs
    return joined


def extract_dataset(
    tracks: Bunch,
    clip_duration: float | None = 3.0,
    *,
    feature_set: str = "gtzan57",
    on_error: OnError = "raise",
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch:
    """Turn a dataset of audio tracks into one of clips and their features.

    Parameters
    ----------
    tracks : Bunch
        With ``data`` (paths), ``target`` (genres) and ``groups`` (columns ``track``, ``artist``),
        as :func:`musigenre.load_folder` and :func:`musigenre.make_tracks` give.
    clip_duration, feature_set, on_error, n_jobs, verbose
        See :func:`extract`.

    Returns
    -------
    Bunch
        ``data`` (DataFrame of features, one row a clip), ``target``, ``groups`` (DataFrame),
        ``clips`` (the clip table) and ``errors`` (the files left out).
    """
    table = extract(
        tracks.data,
        clip_duration,
        feature_set=feature_set,
        on_error=on_error,
        tracks=range(len(tracks.data)),
        n_jobs=n_jobs,
        verbose=verbose,
    )
    position = table["track"].to_numpy()
    groups = tracks.groups.iloc[position].reset_index(drop=True)
    table["track"] = groups["track"]
    return Bunch(
        data=table.drop(columns=list(COLUMNS)),
        target=tracks.target[position],
        groups=groups,
        clips=table[list(COLUMNS)],
        errors=table.attrs["errors"],
    )
