"""Change the genre tags of many files: planned, written down, done; and undone."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import musigenre
from musigenre.collection.genre_tags import (
    Genre,
    TagError,
    audio_digest,
    change_genre,
    check_writable,
    read_genre,
    remove_left_behind,
)
from musigenre.features.tracks import FileState, crash
from musigenre.files import write_json
from musigenre.parallel import run_jobs

#: Version of the undo file. A reader refuses a later one.
FORMAT_VERSION = 1

_FORMAT = "musigenre-tag-undo"
_MOST_BYTES = 2**30


@dataclass(frozen=True)
class Change:
    """A file whose genre is to change.

    Attributes
    ----------
    path : str
        Absolute.
    old : Genre
    new : str
    audio : str
        SHA-256 of its samples, see `audio_digest`.
    file : FileState
        As it was when the change was planned.
    """

    path: str
    old: Genre
    new: str
    audio: str
    file: FileState


class UndoFileError(ValueError):
    """A file does not tell which tags to put back.

    Parameters
    ----------
    path : str or path-like
    cause : str
        What is wrong.
    """

    def __init__(self, path: str | PathLike[str], cause: str):
        super().__init__(path, cause)
        self.path, self.cause = path, cause

    def __str__(self) -> str:
        return f"'{self.path}' {self.cause}; name a file that 'predict --write-tags' wrote"


def plan_changes(
    genres: Iterable[tuple[str, str]], *, only_missing: bool = False, n_jobs: int | None = None
) -> Iterator[Change | TagError | None]:
    """Look what would have to change, and whether it can; nothing is changed.

    Parameters
    ----------
    genres : iterable of (str, str)
        Absolute paths, and the genre of each.
    only_missing : bool, default=False
        Whether to leave files alone that have a genre.
    n_jobs : int, optional
        Files read at a time, through the active joblib backend.

    Yields
    ------
    Change, TagError or None
        For each in order; ``None`` if the file has the genre already, or is left alone.
    """
    jobs = ((path, genre, only_missing) for path, genre in genres)
    yield from run_jobs(_plan, jobs, n_jobs, ordered=True, on_crash=_crashed)


def apply_changes(
    changes: Sequence[Change], n_jobs: int | None = None
) -> Iterator[tuple[Change, FileState | TagError]]:
    """Change tags; write an undo file before, see `write_undo_file`.

    Parameters
    ----------
    changes : sequence of Change
    n_jobs : int, optional

    Yields
    ------
    change : Change
    result : FileState or TagError
        The state of the changed file, or why it is as it was.
    """
    jobs = ((i, change) for i, change in enumerate(changes))
    with closing(run_jobs(_apply, jobs, n_jobs, on_crash=_crashed_change)) as results:
        for i, result in results:
            yield changes[i], result


def undo_changes(
    changes: Sequence[Change], *, force: bool = False, n_jobs: int | None = None
) -> Iterator[tuple[Change, bool | TagError]]:
    """Put old genres back.

    Parameters
    ----------
    changes : sequence of Change
    force : bool, default=False
        Whether to do so where the genre was changed again, or the audio is another.
    n_jobs : int, optional

    Yields
    ------
    change : Change
    result : bool or TagError
        Whether the file had to be changed, or why it is as it was.
    """
    jobs = ((i, change, force) for i, change in enumerate(changes))
    with closing(run_jobs(_undo, jobs, n_jobs, on_crash=_crashed_change)) as results:
        for i, result in results:
            yield changes[i], result


def write_undo_file(path: str | PathLike[str], changes: Sequence[Change]) -> None:
    """Write down what is going to change, and wait until it is on the disk.

    Parameters
    ----------
    path : str or path-like
        Must not exist: an older one may still be wanted.
    changes : sequence of Change

    Raises
    ------
    FileExistsError
    """
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"'{path}' exists; name another undo file")
    content = {
        "format": _FORMAT,
        "format_version": FORMAT_VERSION,
        "musigenre_version": musigenre.__version__,
        "files": [
            {
                "path": change.path,
                "old": change.old.values,
                "tagged": change.old.tagged,
                "new": change.new,
                "audio": change.audio,
                "size": change.file.size,
                "mtime_ns": change.file.mtime_ns,
            }
            for change in changes
        ],
    }
    write_json(path, content)


def read_undo_file(path: str | PathLike[str]) -> list[Change]:
    """Read what `write_undo_file` wrote.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    list of Change

    Raises
    ------
    UndoFileError
        If it is something else, damaged or of a later version.
    """
    path = Path(path)
    if path.stat().st_size > _MOST_BYTES:
        raise UndoFileError(path, "is too large to be an undo file")
    try:
        content = json.loads(path.read_text(encoding="ascii"))
        is_ours = content["format"] == _FORMAT
        version = content["format_version"]
    except (ValueError, TypeError, KeyError, RecursionError):
        is_ours, version = False, None
    if not is_ours or not isinstance(version, int):
        raise UndoFileError(path, "is no undo file")
    if version > FORMAT_VERSION:
        raise UndoFileError(
            path, f"has format version {version}; this musigenre knows up to {FORMAT_VERSION}"
        )
    try:
        return [_change(each) for each in content["files"]]
    except (TypeError, KeyError, ValueError) as error:
        raise UndoFileError(path, f"is damaged: {error!r}") from error


def _change(each: dict) -> Change:
    old = None if each["old"] is None else tuple(each["old"])
    texts = [each["path"], each["new"], each["audio"], *(old or ())]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a name is no text")
    genre = Genre(old, bool(each["tagged"]))
    file = FileState(each["path"], int(each["size"]), int(each["mtime_ns"]))
    return Change(each["path"], genre, each["new"], each["audio"], file)


def _plan(path: str, genre: str, only_missing: bool) -> Change | TagError | None:
    try:
        file = FileState.of(path)
        old = read_genre(path)
        if old.values == (genre,) or (only_missing and old.values):
            return None
        check_writable(path)
        return Change(path, old, genre, audio_digest(path), file)
    except TagError as error:
        return error


def _apply(position: int, change: Change) -> tuple[int, FileState | TagError]:
    try:
        if FileState.of(change.path) != change.file:
            raise TagError(change.path, "it was changed meanwhile", "run again")
        new = Genre((change.new,))
        return position, change_genre(change.path, new, change.audio)
    except TagError as error:
        return position, error


def _undo(position: int, change: Change, force: bool) -> tuple[int, bool | TagError]:
    try:
        remove_left_behind(Path(change.path).resolve())
        now = read_genre(change.path)
        if now.values == change.old.values:
            return position, False
        audio = audio_digest(change.path)
        if not force and now.values != (change.new,):
            raise TagError(
                change.path, f"its genre is {now} by now, not {change.new}", "give --force"
            )
        if not force and audio != change.audio:
            raise TagError(change.path, "its audio is another than it was", "give --force")
        change_genre(change.path, change.old, audio)
        return position, True
    except TagError as error:
        return position, error


def _crashed(path: str, *_: object) -> TagError:
    return TagError(path, crash(path).cause, "convert it, or leave it out")


def _crashed_change(position: int, change: Change, *_: object) -> tuple[int, TagError]:
    return position, _crashed(change.path)
