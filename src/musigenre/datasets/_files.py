"""Find the files of a collection, and those among them that are broken or copies."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from musigenre import audio
from musigenre.datasets._problems import Problem
from musigenre.parallel import in_order

#: Extensions of audio files.
AUDIO_EXTENSIONS = (
    ".aac",
    ".aif",
    ".aifc",
    ".aiff",
    ".au",
    ".caf",
    ".flac",
    ".m4a",
    ".mka",
    ".mp3",
    ".mp4",
    ".oga",
    ".ogg",
    ".opus",
    ".rf64",
    ".snd",
    ".w64",
    ".wav",
    ".webm",
    ".wma",
    ".wv",
)

_HEAD = 1 << 16  # bytes compared before whole files are


def find_audio(
    paths: Iterable[str | os.PathLike[str]], extensions: Sequence[str] = AUDIO_EXTENSIONS
) -> list[str]:
    """List audio files: those named, and those below the folders named.

    Parameters
    ----------
    paths : iterable of str or path-like
        Files, taken as they are, and folders, searched to the bottom but for hidden files.
    extensions : sequence of str, optional
        Extensions of audio files in folders, in any case, with or without the dot.

    Returns
    -------
    list of str
        In the order given, folders sorted, each file once.

    Raises
    ------
    ValueError
        If there is no audio file at all.

    Examples
    --------
    >>> import tempfile
    >>> from musigenre.datasets import find_audio, make_tracks
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = make_tracks(folder, 2, kinds=["synthetic-waltz"], duration=1.0)
    ...     find_audio([folder]) == list(made.data)
    True
    """
    wanted = normalise_extensions(extensions)
    found: list[str] = []
    places = [Path(path) for path in paths]
    for path in places:
        if not path.is_dir():
            found.append(str(path))
            continue
        found += [str(path / file) for file in find_files(path) if file.suffix.lower() in wanted]
    if not found:
        raise ValueError(
            f"there is no audio file in {', '.join(repr(str(path)) for path in places)} (looked "
            f"for {', '.join(sorted(wanted))}). Give another folder, or name the extension of the "
            "files with `extensions`."
        )
    return list(dict.fromkeys(found))


def normalise_extensions(extensions: Iterable[str]) -> set[str]:
    """Give extensions in lower case and with their dots."""
    return {f".{extension.lower().lstrip('.')}" for extension in extensions}


def check_folder(root: Path) -> None:
    """Raise an error unless ``root`` is a folder."""
    if not root.exists():
        raise FileNotFoundError(f"there is no folder {str(root)!r}. Check the path.")
    if not root.is_dir():
        raise NotADirectoryError(f"{str(root)!r} is a file. Give the folder that holds it.")


def find_files(
    root: Path, depth: int | None = None, on_error: Callable[[OSError], None] | None = None
) -> list[Path]:
    """List the files below a folder, sorted, as paths relative to it.

    Hidden files and folders, and those archivers leave behind, are passed over. Links to folders
    are followed, but no folder is visited twice. ``depth`` limits the number of folders in a path.
    A folder that cannot be read is an error, unless ``on_error`` takes it.
    """
    found: list[Path] = []
    visited: set[tuple[int, int]] = set()
    for name, folders, files in os.walk(root, followlinks=True, onerror=on_error or _raise):
        folder = Path(name)
        relative = folder.relative_to(root)
        status = folder.stat()
        if (status.st_dev, status.st_ino) in visited:  # links can lead in circles
            folders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        found += [relative / file for file in files if _is_visible(file)]
        too_deep = depth is not None and len(relative.parts) >= depth
        folders[:] = [] if too_deep else sorted(filter(_is_visible, folders))
    return sorted(found, key=Path.as_posix)


def find_unreadable(
    paths: Sequence[Path],
    check: Literal["quick", "full"] | None,
    *,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> tuple[list[Path], list[Problem]]:
    """Part audio files that can be used from those that hold nothing or cannot be read.

    ``"quick"`` reads the header of every file, ``"full"`` decodes it, ``None`` only looks at its
    size. Damaged files with some audio in them stay in, but are a problem too.
    """
    verdicts = in_order(
        _verdict,
        ((path, check) for path in paths),
        n_jobs if check == "full" else 1,
        description="checking",
        total=len(paths),
        unit="file",
        verbose=verbose,
    )
    usable, problems = [], []
    for path, problem in zip(paths, verdicts, strict=True):
        if problem:
            problems.append(problem)
        if not problem or problem.kind == "damaged":
            usable.append(path)
    return usable, problems


def find_duplicates(paths: Iterable[Path]) -> list[Problem]:
    """Find files with the same content as an earlier one."""
    alike = [list(paths)]
    for key in (_size, _head, _digest):  # most files differ before they need be read in full
        alike = [group for files in alike for group in _group(files, key) if len(group) > 1]
    return [
        Problem(str(copy), "duplicate", f"same content as {first}")
        for first, *copies in alike
        for copy in copies
    ]


def path_array(paths: Iterable[Path | str]) -> NDArray[np.object_]:
    """Make an array of paths as str objects."""
    return np.array([str(path) for path in paths], dtype=object)


def _verdict(path: Path, check: str | None) -> Problem | None:
    try:
        if path.stat().st_size == 0:
            return Problem(str(path), "empty", "the file holds no bytes; left out")
        if check == "quick":
            audio.check_header(path)
        elif check == "full":
            with audio.noted_damage() as notes:
                audio.load(path)
            if notes:
                return Problem(str(path), "damaged", audio.describe_damage(notes[0]))
    except audio.AudioError as error:
        return Problem(str(path), "corrupt", f"{error.cause}; {error.remedy}; left out")
    except OSError as error:
        return Problem(str(path), "corrupt", f"{error.strerror}; left out")
    return None


def _group(files: Iterable[Path], key: Callable[[Path], Hashable]) -> list[list[Path]]:
    groups = defaultdict(list)
    for file in files:
        groups[key(file)].append(file)
    return list(groups.values())


def _size(path: Path) -> int:
    return path.stat().st_size


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _is_visible(name: str) -> bool:
    return not name.startswith(".") and name != "__MACOSX"


def _raise(error: OSError) -> NoReturn:
    raise error
