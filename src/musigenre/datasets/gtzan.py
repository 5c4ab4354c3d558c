"""Read GTZAN, from any of the copies that go round."""

from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from sklearn.utils import Bunch
from sklearn.utils._param_validation import StrOptions, validate_params

from musigenre.datasets._gtzan_files import Copy, missing_tracks, read_audio, read_images
from musigenre.datasets._gtzan_tables import read_metadata, read_table
from musigenre.datasets._problems import (
    OnProblem,
    Problem,
    check_usable,
    group_table,
    problem_table,
    report,
)

DESCR = """\
GTZAN
=====
1,000 tracks of 30 seconds, 100 in each of ten genres, collected by G. Tzanetakis around 2001
(Tzanetakis and Cook, "Musical genre classification of audio signals", IEEE Transactions on Speech
and Audio Processing 10(5), 2002). The tables of 57 features and the pictures were published later.

GTZAN carries no licence, and this library ships nothing of it. It has faults: repeated recordings,
wrong labels, distortion, and few artists in some genres (Sturm, "The GTZAN dataset: its contents,
its faults", arXiv:1306.1461, 2013). Name the protocol with every accuracy on it.
"""


@validate_params(
    {
        "root": [str, PathLike],
        "features": [StrOptions({"audio", "30s", "3s", "images"})],
        "metadata": [str, PathLike, None],
        "check": [StrOptions({"quick", "full"}), None],
        "on_problem": [StrOptions({"warn", "raise", "ignore"})],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def load_gtzan(
    root: str | PathLike[str],
    features: Literal["audio", "30s", "3s", "images"] = "audio",
    *,
    metadata: str | PathLike[str] | None = None,
    check: Literal["quick", "full"] | None = "quick",
    on_problem: OnProblem = "warn",
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch:
    """Load a copy of GTZAN, and say what is missing, broken or there twice.

    Any usual layout is read: ``genres/``, ``genres_original/`` or any other folder of genre
    folders, a flat folder of files, and the tables and images beside them. Where there are
    several copies, the one with the most tracks is taken.

    Parameters
    ----------
    root : str or path-like
        The copy, a folder in it or a parent of it: files are found up to four folders down. For
        the tables also the CSV file itself.
    features : {"audio", "30s", "3s", "images"}, default="audio"
        What to load: the audio files, the published table of 57 features of whole tracks
        (``features_30_sec.csv``) or of 3 s clips (``features_3_sec.csv``), or the published
        pictures of Mel spectrograms.
    metadata : str or path-like, optional
        A CSV file with the columns ``track`` (``blues.00000``) and ``artist``, and if it likes
        ``duplicate_of``, a track. By default a ``tracks.csv`` beside the data, if there is one.
    check : {"quick", "full"} or None, default="quick"
        How files are checked. ``"quick"`` reads their headers, ``"full"`` decodes them, and both
        look for copies. ``None`` only looks at names and sizes. Tables are always checked.
    on_problem : {"warn", "raise", "ignore"}, default="warn"
        What to do if there are problems: one :class:`DatasetWarning`, one ``ValueError``, or
        nothing. The table of problems is returned in any case.
    n_jobs : int, optional
        Files decoded at a time by the full check, see :class:`joblib.Parallel`.
    verbose : int, default=0
        With 1 a progress bar is shown on a terminal.

    Returns
    -------
    Bunch
        With the attributes

        data : ndarray of shape (n_tracks,) of str, or DataFrame of shape (n_rows, 57)
            Paths of audio files or images; or features, the file name as index. Files and rows
            that cannot be used are left out.
        target : ndarray of shape (n_rows,) of str
            The genre that the copy gives: the folder's name or the label.
        groups : DataFrame with columns track and artist
            What must not be split between training and test, a row for each row of data.
            ``artist`` is NaN where it is not known.
        target_names : list of str
            The genres, sorted.
        problems : DataFrame with columns path, kind and detail
            ``path`` is an entry of ``data`` or of its index where there is one, or else a track
            or file. ``kind`` is one of missing, empty, corrupt, unexpected and "missing value"
            (left out); duplicate, damaged, mislabelled and "clip count" (left in, unless detail
            says otherwise); and "unknown column".
        metadata : DataFrame or None
            The file of artists, indexed by track.
        DESCR : str
            What GTZAN is.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If there is no such folder or table.
    ValueError
        If there is nothing of GTZAN in the folder, or a table cannot be read: the message names
        file, line and column.

    See Also
    --------
    load_folder : Any collection with a folder a genre.
    make_tracks : Synthetic music, for those who have no copy.

    Examples
    --------
    >>> from musigenre import load_gtzan
    >>> gtzan = load_gtzan("gtzan", "3s")  # doctest: +SKIP
    >>> X, y = gtzan.data, gtzan.target  # doctest: +SKIP
    >>> copies = gtzan.problems.query("kind == 'duplicate'")["path"]  # doctest: +SKIP
    """
    folder = Path(root)
    if features == "audio":
        copy = read_audio(folder, check, n_jobs, verbose)
    elif features == "images":
        copy = read_images(folder, check)
    else:
        copy = read_table(folder, features)
    check_usable(len(copy.names), copy.problems, folder)
    known = read_metadata(None if metadata is None else Path(metadata), copy.base, folder)

    problems = problem_table(
        [*copy.problems, *_known_duplicates(copy, known), *missing_tracks(copy.found)]
    )
    report(problems, folder, on_problem)
    tracks = pd.Series(copy.tracks, dtype=object)
    return Bunch(
        data=copy.data,
        target=np.array(copy.labels, dtype=str),
        groups=group_table(tracks, tracks.map({} if known is None else known["artist"].to_dict())),
        target_names=sorted(set(copy.labels)),
        problems=problems,
        metadata=known,
        DESCR=DESCR,
    )


def _known_duplicates(copy: Copy, known: pd.DataFrame | None) -> list[Problem]:
    """Say which rows belong to a track that the metadata calls a duplicate."""
    if known is None or "duplicate_of" not in known:
        return []
    original = known["duplicate_of"].dropna().to_dict()
    return [
        Problem(name, "duplicate", f"the metadata call {track} a duplicate of {original[track]}")
        for name, track in zip(copy.names, copy.tracks, strict=True)
        if original.get(track) in copy.found
    ]
