"""What goes wrong when audio is read."""

import warnings


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
        """Give path, cause and remedy, as lists of files left out hold them."""
        return {"path": self.path, "cause": self.cause, "remedy": self.remedy}

    def __str__(self) -> str:
        return f"cannot read {self.path!r}: {self.cause}; {self.remedy}"


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
