"""Playlists: M3U files, read whatever program wrote them, and written for every player."""

import codecs
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from musigenre.files import written_whole

#: Extensions of playlists.
PLAYLIST_EXTENSIONS = (".m3u", ".m3u8")

# A larger file is no playlist: this is a line for each of some million tracks.
_MOST_BYTES = 2**28

# Two letters at least: one is a drive of Windows.
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """What one line of a playlist names.

    Attributes
    ----------
    line : int
        Number of the line, from 1.
    text : str
        As it stands there.
    path : str or None
        The file, or folder; ``None`` if the line is the address of something elsewhere.
    """

    line: int
    text: str
    path: str | None


def is_playlist(path: str | PathLike[str]) -> bool:
    """Say whether a name ends as that of a playlist."""
    return Path(path).suffix.lower() in PLAYLIST_EXTENSIONS


def read_playlist(path: str | PathLike[str]) -> list[Entry]:
    """Read the entries of an M3U playlist.

    Comments and empty lines are passed over. Relative entries are taken from the folder of the
    playlist. ``.m3u8`` is UTF-8; ``.m3u`` has no encoding of its own, so that each entry is tried
    as the bytes of a file name, as UTF-8 and as Latin-1, and what exists is taken. Backslashes,
    which programs on Windows write, are tried as slashes.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    list of Entry
        Each with ``line`` (its number, from 1), ``text`` (as it stands there) and ``path``, which
        is ``None`` if it is the address of something elsewhere. Not all of them need exist.

    Raises
    ------
    ValueError
        If the file is too large to be a playlist, or binary.
    OSError
        If it cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"it has more than {_MOST_BYTES} bytes, which no playlist has")
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if content.startswith(mark):
            content = content.decode(encoding, "replace").encode()
    if b"\x00" in content:
        raise ValueError("it holds bytes that no text has")
    content = content.removeprefix(codecs.BOM_UTF8)
    entries = []
    for number, line in enumerate(content.splitlines(), 1):
        line = line.strip(b" \t")
        if line and not line.startswith(b"#"):
            entries.append(_entry(number, line, path.parent))
    return entries


def write_playlist(path: str | PathLike[str], tracks: Iterable[str]) -> None:
    """Write a playlist, in UTF-8; it appears under its name when it is complete.

    Tracks below the folder of the playlist are named relative to it, so that both can be moved
    together; others by their absolute path.

    Parameters
    ----------
    path : str or path-like
        An existing file is replaced.
    tracks : iterable of str

    Raises
    ------
    ValueError
        If the name of a track holds a line break, which no playlist can express.
    """
    path = Path(path)
    folder = Path(os.path.abspath(path)).parent  # noqa: PTH100 - resolve() follows links
    lines = ["#EXTM3U"]
    for track in tracks:
        file = Path(os.path.abspath(track))  # noqa: PTH100
        name = str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)
        if "\n" in name or "\r" in name:
            raise ValueError(f"the name {track!r} holds a line break: no playlist can name it")
        # What would be read as a comment, an address, or without the space.
        special = name.startswith("#") or _SCHEME.match(name) or name != name.strip(" \t")
        lines.append(os.path.join(".", name) if special else name)  # noqa: PTH118 - Path drops "."
    text = "\n".join(lines) + "\n"
    with written_whole(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "surrogateescape"))


def _entry(number: int, line: bytes, folder: Path) -> Entry:
    names = [os.fsdecode(line)] if os.name == "posix" else []
    for encoding in ("utf-8", "latin-1"):
        try:
            names.append(line.decode(encoding))
        except UnicodeDecodeError:
            continue
    text = names[-2] if len(names) > 1 else names[-1]  # UTF-8 if it can be
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[1].lower() == "file":
        return Entry(number, text, _path_of_url(text))
    if scheme is not None and text[scheme.end() :].startswith("//"):
        return Entry(number, text, None)
    candidates = [folder / name for name in dict.fromkeys(names)]
    candidates += [folder / name.replace("\\", "/") for name in dict.fromkeys(names)]
    for candidate in candidates:
        if _exists(candidate):
            return Entry(number, text, str(candidate))
    return Entry(number, text, str(folder / text))


def _path_of_url(url: str) -> str | None:
    parts = urlsplit(url)
    host = "" if parts.netloc.lower() == "localhost" else parts.netloc
    if host and os.name != "nt":  # a share of another machine
        return None
    # What stands behind ? and # belongs to the name: a file has neither query nor fragment.
    name = url2pathname(url.split(":", 1)[1].removeprefix("//" + parts.netloc))
    return f"\\\\{host}{name}" if host else name


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
