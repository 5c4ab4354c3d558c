"""Read any collection that keeps one folder a genre."""

from collections import Counter
from collections.abc import Sequence
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._param_validation import StrOptions, validate_params

from musigenre.datasets._files import (
    AUDIO_EXTENSIONS,
    check_folder,
    find_duplicates,
    find_files,
    find_unreadable,
    normalise_extensions,
    path_array,
)
from musigenre.datasets._problems import (
    OnProblem,
    Problem,
    check_usable,
    group_table,
    problem_table,
    report,
)

# Files that lie beside music and are no cause for remark.
_SIDE_EXTENSIONS = frozenset(
    f".{extension}"
    for extension in (
        *("bmp", "gif", "jpeg", "jpg", "png", "webp"),
        *("cue", "log", "lrc", "m3u", "m3u8", "nfo", "pls"),
        *("csv", "json", "tsv", "xml", "yaml", "yml"),
        *("cfg", "db", "htm", "html", "ini", "md", "pdf", "rtf", "txt", "url"),
        *("md5", "sfv", "sha256"),
    )
)


@validate_params(
    {
        "root": [str, PathLike],
        "extensions": ["array-like"],
        "check": [StrOptions({"quick", "full"}), None],
        "on_problem": [StrOptions({"warn", "raise", "ignore"})],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def load_folder(
    root: str | PathLike[str],
    *,
    extensions: Sequence[str] = AUDIO_EXTENSIONS,
    check: Literal["quick", "full"] | None = "quick",
    on_problem: OnProblem = "warn",
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch:
    """List the tracks of a collection that keeps one folder a genre.

    ``root/<genre>/<file>`` is a track whose artist is not known;
    ``root/<genre>/<artist>/.../<file>`` one by that artist. Hidden files are passed over.

    Parameters
    ----------
    root : str or path-like
        The folder that holds the genre folders.
    extensions : sequence of str, optional
        Extensions of audio files, in any case, with or without the dot.
    check : {"quick", "full"} or None, default="quick"
        How files are checked. ``"quick"`` reads their headers, ``"full"`` decodes them, and both
        look for copies. ``None`` only looks at names and sizes.
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

        data : ndarray of shape (n_tracks,) of str
            Paths of the files, sorted. Empty and corrupt files are left out.
        target : ndarray of shape (n_tracks,) of str
            The genre of each track.
        groups : DataFrame with columns track and artist
            ``track`` is unique: the path below ``root`` without the extension. ``artist`` is NaN
            where it is not known.
        target_names : list of str
            The genres, sorted.
        problems : DataFrame with columns path, kind and detail
            ``kind`` is one of empty, corrupt, duplicate (same content or same name as an earlier
            file; it stays in), damaged (found by the full check; stays in) and "not audio".

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If ``root`` is no folder.
    ValueError
        If ``root`` holds audio files itself, no genre folder with audio, or none that can be read.

    Examples
    --------
    >>> import tempfile
    >>> from musigenre.datasets import load_folder, make_tracks
    >>> with tempfile.TemporaryDirectory() as root:
    ...     made = make_tracks(root, 2, kinds=["synthetic-waltz"], duration=1.0, random_state=0)
    ...     collection = load_folder(root)
    >>> collection.target_names
    ['synthetic-waltz']
    >>> collection.groups["track"].tolist()
    ['synthetic-waltz/synthetic-waltz.00000', 'synthetic-waltz/synthetic-waltz.00001']
    """
    folder = Path(root)
    check_folder(folder)
    wanted = normalise_extensions(extensions)
    files = find_files(folder)
    names = [file for file in files if file.suffix.lower() in wanted]
    _check_layout(folder, names, wanted)

    paths, problems = find_unreadable(
        [folder / name for name in names], check, n_jobs=n_jobs, verbose=verbose
    )
    check_usable(len(paths), problems, folder)
    names = [path.relative_to(folder) for path in paths]
    if check:
        problems += find_duplicates(paths)
    tracks, same_name = _track_ids(folder, names)
    problems += same_name
    problems += [
        Problem(str(folder / file), "not audio", f"{file.suffix or 'no extension'}; left out")
        for file in files
        if len(file.parts) > 1 and file.suffix.lower() not in wanted | _SIDE_EXTENSIONS
    ]
    table = problem_table(problems)
    report(table, folder, on_problem)
    return Bunch(
        data=path_array(paths),
        target=np.array([name.parts[0] for name in names], dtype=str),
        groups=group_table(
            tracks, [name.parts[1] if len(name.parts) > 2 else None for name in names]
        ),
        target_names=sorted({name.parts[0] for name in names}),
        problems=table,
    )


def _check_layout(root: Path, names: Sequence[Path], extensions: set[str]) -> None:
    loose = [name for name in names if len(name.parts) == 1]
    if loose:
        raise ValueError(
            f"{str(root)!r} holds audio itself ({loose[0].name!r} and {len(loose) - 1} more), but "
            "the genre of a file is the name of its folder. Put each file into a folder named "
            "after its genre, or give the folder above if this one is a genre."
        )
    if not names:
        raise ValueError(
            f"{str(root)!r} has no genre folder with audio in it (looked for "
            f"{', '.join(sorted(extensions))}). Lay the files out as "
            "root/<genre>/<file>, or name their extensions with `extensions`."
        )


def _track_ids(root: Path, names: Sequence[Path]) -> tuple[list[str], list[Problem]]:
    """Give each file an id of its own, and tell of files that differ in the extension only."""
    stems = [name.with_suffix("").as_posix() for name in names]
    times = Counter(stems)
    first: dict[str, Path] = {}
    problems = []
    for name, stem in zip(names, stems, strict=True):
        other = first.setdefault(stem, name)
        if other != name:
            detail = f"same name as {root / other}"
            problems.append(Problem(str(root / name), "duplicate", detail))
    ids = [
        name.as_posix() if times[stem] > 1 else stem
        for name, stem in zip(names, stems, strict=True)
    ]
    return ids, problems
