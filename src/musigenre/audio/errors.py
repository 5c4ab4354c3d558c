"""What goes wrong when audio is read."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar


class AudioWarning(UserWarning):
    """A file is damaged or cut short, and only part of its audio is used."""


class AudioError(ValueError):
    """A file cannot be read as audio.

    Parameters
    ----------
    path : str
        The file.
    cause : str
        What is wrong with it.
    remedy : str
        What can be done about it.

    Examples
    --------
    >>> from musigenre import AudioError
    >>> print(AudioError("song.wav", "it is empty", "fetch it anew"))
    cannot read 'song.wav': it is empty; fetch it anew
    """

    def __init__(self, path: str, cause: str, remedy: str):
        super().__init__(path, cause, remedy)  # as args, so that it pickles
        self.path = path
        self.cause = cause
        self.remedy = remedy

    def as_dict(self) -> dict[str, str]:
        """Give path, cause and remedy, as lists of files left out hold them.

        Returns
        -------
        dict of str to str
        """
        return {"path": self.path, "cause": self.cause, "remedy": self.remedy}

    def __str__(self) -> str:
        return f"cannot read {self.path!r}: {self.cause}; {self.remedy}"


_notes: ContextVar[list[dict[str, str]] | None] = ContextVar("notes of damage", default=None)


@contextmanager
def noted_damage() -> Iterator[list[dict[str, str]]]:
    """Note what is said of damaged files, in place of the warnings, which a worker cannot give.

    Yields
    ------
    list of dict
        `path` and `what` is wrong, also of what is still to come. Other threads keep theirs.
    """
    notes: list[dict[str, str]] = []
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def say_damage(path: object, what: str) -> None:
    """Say that a file is damaged: in a note, where they are taken, or else in an `AudioWarning`."""
    note = {"path": str(path), "what": what}
    notes = _notes.get()
    if notes is None:
        warnings.warn(describe_damage(note), AudioWarning, stacklevel=4)
    else:
        notes.append(note)


def describe_damage(note: Mapping[str, str]) -> str:
    """Put a note of damage into a sentence.

    Parameters
    ----------
    note : mapping of str to str
        `path` and `what`, as `noted_damage` gives them.

    Returns
    -------
    str
    """
    return f"{note['path']!r} {note['what']}; only what was decoded is used"


def warn_damaged(notes: Sequence[Mapping[str, str]], n_files: int) -> None:
    """Warn, once, of the damage that was noted.

    Parameters
    ----------
    notes : sequence of mapping
        `path` and `what` of each damaged file; nothing happens if there is none.
    n_files : int
        Number of files there were.

    Warns
    -----
    AudioWarning
        With the first of the notes.
    """
    if notes:
        which = f"{len(notes)} of {n_files} files are damaged; the first: " if n_files > 1 else ""
        warnings.warn(which + describe_damage(notes[0]), AudioWarning, stacklevel=3)


def warn_skipped(errors: list[dict[str, str]], n_files: int) -> None:
    """Warn, once, that files were left out.

    Parameters
    ----------
    errors : list of dict
        Path, cause and remedy of each file left out.
    n_files : int
        Number of files there were.

    Warns
    -----
    AudioWarning
        With the first of the errors.
    """
    first = AudioError(errors[0]["path"], errors[0]["cause"], errors[0]["remedy"])
    text = f"{len(errors)} of {n_files} files are left out; the first: {first}"
    warnings.warn(text, AudioWarning, stacklevel=3)
