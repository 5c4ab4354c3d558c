"""Read the files of a copy of GTZAN: audio and images."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from musigenre.datasets._files import (
    AUDIO_EXTENSIONS,
    check_folder,
    find_duplicates,
    find_files,
    find_unreadable,
    path_array,
)
from musigenre.datasets._problems import Problem

#: The ten genres of GTZAN.
GENRES = (
    "blues",
    "classical",
    "country",
    "disco",
    "hiphop",
    "jazz",
    "metal",
    "pop",
    "reggae",
    "rock",
)
TRACKS_PER_GENRE = 100

_NAME = re.compile(rf"({'|'.join(GENRES)})\.?(\d{{5}})")
# Deep enough for <parent>/Data/genres_original/blues; a search of a whole disk is not meant.
DEPTH = 4
_PNG_BEGIN, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"


class Copy(NamedTuple):
    """What was read of a copy of GTZAN: equally many data, names, tracks and labels.

    ``names`` identify the rows in ``problems``; ``found`` are all tracks seen, usable or not.
    """

    data: NDArray[np.object_] | pd.DataFrame
    names: list[str]
    tracks: list[str]
    labels: list[str]
    problems: list[Problem]
    found: set[str]
    base: Path


def read_audio(
    root: Path, check: Literal["quick", "full"] | None, n_jobs: int | None, verbose: int
) -> Copy:
    """Find the audio files, and say which are broken, copies or wrongly named."""
    base, files, problems = _locate(root, AUDIO_EXTENSIONS, "audio")
    usable, unreadable = find_unreadable(
        list(files.values()), check, n_jobs=n_jobs, verbose=verbose
    )
    return _copy_of_files(base, files, usable, problems + unreadable, check)


def read_images(root: Path, check: Literal["quick", "full"] | None) -> Copy:
    """Find the published pictures of spectrograms, and say which are broken or copies."""
    base, files, problems = _locate(root, (".png",), "images")
    verdicts = [(path, _image_verdict(path, check)) for path in files.values()]
    usable = [path for path, problem in verdicts if problem is None]
    problems += [problem for _, problem in verdicts if problem is not None]
    return _copy_of_files(base, files, usable, problems, check)


def track_id(name: str) -> str | None:
    """Give the track of a file name: ``blues.00000`` of ``blues.00000.3.wav`` and its kin."""
    match = _NAME.match(Path(name).name.lower())
    return f"{match[1]}.{match[2]}" if match else None


def missing_tracks(found: Iterable[str]) -> list[Problem]:
    """Say which of the thousand tracks are not there."""
    there = set(found)
    whole = (f"{genre}.{i:05d}" for genre in GENRES for i in range(TRACKS_PER_GENRE))
    return [
        Problem(track, "missing", "the track is not in this copy")
        for track in whole
        if track not in there
    ]


def _locate(
    root: Path, extensions: Sequence[str], what: str
) -> tuple[Path, dict[str, Path], list[Problem]]:
    """Find the folder with the most tracks, and its file of each track."""
    check_folder(root)
    folders: dict[Path, list[Path]] = defaultdict(list)
    for file in find_files(root, DEPTH):
        if file.suffix.lower() in extensions:
            folder = (root / file).parent
            folders[folder.parent if folder.name in GENRES else folder].append(root / file)
    if not any(_NAME.fullmatch(file.stem.lower()) for files in folders.values() for file in files):
        raise ValueError(
            f"{str(root)!r} holds no {what} of GTZAN: no file named like blues.00000"
            f"{extensions[-1]} up to {DEPTH} folders down. Give the folder of the copy, or its "
            "parent; musigenre.load_folder reads collections with other names."
        )
    base = max(folders, key=lambda folder: len({track_id(file.stem) for file in folders[folder]}))
    tracks: dict[str, Path] = {}
    problems = []
    for file in folders[base]:
        track = track_id(file.stem) if _NAME.fullmatch(file.stem.lower()) else None
        if track is None:
            problems.append(Problem(str(file), "unexpected", "no name of GTZAN's; left out"))
        elif track in tracks:
            detail = f"same track as {tracks[track]}; left out"
            problems.append(Problem(str(file), "duplicate", detail))
        else:
            tracks[track] = file
    return base, tracks, problems


def _copy_of_files(
    base: Path,
    files: dict[str, Path],
    usable: list[Path],
    problems: list[Problem],
    check: str | None,
) -> Copy:
    if check:
        problems = problems + find_duplicates(usable)
    names = [str(path) for path in usable]
    tracks = [str(track_id(path.stem)) for path in usable]
    labels = [
        path.parent.name if path.parent.name in GENRES else track.partition(".")[0]
        for path, track in zip(usable, tracks, strict=True)
    ]
    problems = problems + mislabelled(names, tracks, labels)
    return Copy(path_array(usable), names, tracks, labels, problems, set(files), base)


def mislabelled(
    names: Iterable[str], tracks: Iterable[str], labels: Iterable[str]
) -> list[Problem]:
    return [
        Problem(name, "mislabelled", f"labelled {label!r}, named {track!r}")
        for name, track, label in zip(names, tracks, labels, strict=True)
        if track.partition(".")[0] != label
    ]


def _image_verdict(path: Path, check: str | None) -> Problem | None:
    try:
        content = path.read_bytes()
    except OSError as error:
        return Problem(str(path), "corrupt", f"{error.strerror}; left out")
    if not content:
        return Problem(str(path), "empty", "the file holds no bytes; left out")
    if check and not content.startswith(_PNG_BEGIN):
        return Problem(str(path), "corrupt", "not a PNG image; fetch it anew; left out")
    if check and not content.endswith(_PNG_END):
        return Problem(str(path), "corrupt", "the image is cut short; fetch it anew; left out")
    return None
