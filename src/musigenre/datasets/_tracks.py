"""Find the tracks that files, folders and playlists name."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from sklearn.utils import Bunch

from musigenre.datasets._files import (
    AUDIO_EXTENSIONS,
    find_files,
    normalise_extensions,
    path_array,
)
from musigenre.datasets._playlists import is_playlist, read_playlist


def find_tracks(
    paths: Iterable[str | os.PathLike[str]], extensions: Sequence[str] = AUDIO_EXTENSIONS
) -> Bunch:
    r"""List the tracks that files, folders and playlists name, each once.

    Parameters
    ----------
    paths : iterable of str or path-like
        In any mixture: files, taken as they are; folders, searched to the bottom but for hidden
        files; playlists (``.m3u``, ``.m3u8``), which may name files, folders and other playlists.
        Playlists that lie in a folder are passed over, since their tracks are there, too.
    extensions : sequence of str, optional
        Extensions of audio files in folders, in any case, with or without the dot.

    Returns
    -------
    Bunch
        With the attributes

        data : ndarray of shape (n_tracks,) of str
            Paths, in the order given, folders sorted. A file that was named several times, also
            through links, has the first of its names.
        errors : list of dict
            Path, cause and remedy of what is named but not there, or cannot be read.
        left_out : list of str
            Addresses in playlists that name nothing on this machine, such as streams.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from musigenre.datasets import find_tracks, make_tracks
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     made = make_tracks(folder, 2, kinds=["synthetic-waltz"], duration=1.0)
    ...     playlist = Path(folder) / "all.m3u8"
    ...     lines = [*made.data, "gone.mp3", "https://example.org/radio"]
    ...     _ = playlist.write_text("\n".join(lines))
    ...     found = find_tracks([folder, playlist])
    >>> len(found.data), found.left_out
    (2, ['https://example.org/radio'])
    >>> [error["cause"] for error in found.errors]
    ["there is no such file (line 3 of 'all.m3u8')"]
    """
    search = _Search(normalise_extensions(extensions))
    for path in paths:
        search.add(os.fspath(path))
    return Bunch(
        data=path_array(search.tracks.values()), errors=search.errors, left_out=search.left_out
    )


class _Search:
    """Tracks by what their links lead to, and what could not be found."""

    def __init__(self, extensions: set[str]) -> None:
        self.extensions = extensions
        self.tracks: dict[str, str] = {}
        self.playlists: set[str] = set()
        self.errors: list[dict[str, str]] = []
        self.left_out: list[str] = []

    def add(self, path: str, named_by: str = "") -> None:
        try:
            identity = os.path.realpath(path)
            is_folder = os.path.isdir(path)  # noqa: PTH112 - Path drops a trailing slash
            exists = is_folder or os.path.exists(path)  # noqa: PTH110
        except ValueError:  # a null character
            identity, is_folder, exists = path, False, False
        if is_folder:
            self._add_folder(path, named_by)
        elif not exists:
            self._error(path, f"there is no such file{named_by}", "check the path")
        elif is_playlist(path):
            if identity not in self.playlists:  # they may name each other
                self.playlists.add(identity)
                self._add_playlist(path, named_by)
        else:
            self.tracks.setdefault(identity, path)

    def _add_folder(self, path: str, named_by: str) -> None:
        folder = Path(path)
        n_errors = len(self.errors)

        def note(error: OSError) -> None:
            self._error(str(error.filename or path), _words(error), "check its permissions")

        files = [
            str(folder / name)
            for name in find_files(folder, on_error=note)
            if name.suffix.lower() in self.extensions
        ]
        for file in files:
            self.tracks.setdefault(os.path.realpath(file), file)
        if not files and len(self.errors) == n_errors:
            endings = ", ".join(sorted(self.extensions))
            self._error(path, f"there is no audio file in it{named_by}", f"looked for {endings}")

    def _add_playlist(self, path: str, named_by: str) -> None:
        try:
            entries = read_playlist(path)
        except OSError as error:
            self._error(path, f"{_words(error)}{named_by}", "check its permissions")
            return
        except ValueError as error:
            self._error(path, f"{error}{named_by}", "give a playlist, or name the tracks")
            return
        for entry in entries:
            if entry.path is None:
                self.left_out.append(entry.text)
            else:
                self.add(entry.path, f" (line {entry.line} of {Path(path).name!r})")

    def _error(self, path: str, cause: str, remedy: str) -> None:
        self.errors.append({"path": path, "cause": cause, "remedy": remedy})


def _words(error: OSError) -> str:
    return f"the system says '{error.strerror or error}'"
