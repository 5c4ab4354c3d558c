"""The genre in a file's own tags, read and changed without risk to the file.

ID3 (MP3, WAV, AIFF), Vorbis comments (FLAC, Ogg, Opus), MP4, APEv2 and ASF, through mutagen.
"""

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musigenre.audio import AudioError, noted_damage
from musigenre.audio.decoding import open_audio, regular_file, warn_if_short
from musigenre.audio.foreign import DecodeError
from musigenre.features.tracks import FileState
from musigenre.files import written_whole

_NO_TAGS, _CONVERT = "files of its kind have no tags", "convert it, for instance to FLAC"

# Names of the temporary copies that `written_whole` makes.
_LEFT_BEHIND = r"\.{name}\.[0-9a-f]{{8}}\.tmp"


class TagError(ValueError):
    """The tags of a file cannot be read or changed; the file is as it was.

    Parameters
    ----------
    path : str
    cause : str
        What is wrong.
    remedy : str
        What to do.
    """

    def __init__(self, path: str, cause: str, remedy: str):
        super().__init__(path, cause, remedy)
        self.path, self.cause, self.remedy = path, cause, remedy

    def __str__(self) -> str:
        return f"cannot tag '{self.path}': {self.cause}; {self.remedy}"


@dataclass(frozen=True)
class Genre:
    """The genre in the tags of a file.

    Attributes
    ----------
    values : tuple of str, or None
        As they stand there, usually one; ``None`` if there is none.
    tagged : bool
        Whether the file has tags at all.
    """

    values: tuple[str, ...] | None
    tagged: bool = True

    def __str__(self) -> str:
        return " / ".join(self.values) if self.values else "(none)"


def read_genre(path: str) -> Genre:
    """Read the genre in the tags of a file.

    Parameters
    ----------
    path : str

    Returns
    -------
    Genre

    Raises
    ------
    TagError
        If the file is of a kind that has no tags, damaged, or gone.
    """
    opened = _open(path, path)
    genre = _genre(opened)
    if not genre.tagged:
        _add_tags(path, opened)  # in memory, to find out whether it can have any
    return genre


def check_writable(path: str) -> None:
    """Find out whether a file may be changed.

    Raises
    ------
    TagError
        If it is write-protected, which a replacement would ignore.
    """
    file = Path(path).resolve()
    try:
        status = file.stat()
    except OSError as error:
        raise TagError(path, f"the system says '{error.strerror}'", "check the path") from error
    # The superuser may write to everything, but the owner said no.
    if not status.st_mode & 0o222 or not os.access(file, os.W_OK):
        raise TagError(path, "it is read-only", "allow writing to it")
    if not os.access(file.parent, os.W_OK):
        raise TagError(path, f"its folder '{file.parent}' is read-only", "allow writing to it")


def audio_digest(path: str) -> str:
    """Give the SHA-256 of the samples that a file decodes to, whatever its tags say.

    Parameters
    ----------
    path : str

    Returns
    -------
    str
        Hexadecimal; of rate, channels and samples of all channels.

    Raises
    ------
    TagError
        If the file cannot be decoded to its end: what is damaged is left alone.
    """
    digest = hashlib.sha256()
    n_samples = 0
    with noted_damage() as notes:
        try:
            file = regular_file(path)
            with open_audio(file) as stream:
                digest.update(f"{stream.sample_rate} {stream.channels} ".encode())
                for block in stream.blocks:
                    digest.update(block.astype("<f4", copy=False).tobytes())
                    n_samples += len(block)
                warn_if_short(file, stream, n_samples)
        except (AudioError, DecodeError) as error:
            raise TagError(path, error.cause, error.remedy) from error
        except OSError as error:
            cause = f"the system says '{error.strerror or error}'"
            raise TagError(path, cause, "check its disk") from error
    if notes:
        raise TagError(path, "it is damaged or cut short", "get it anew")
    return digest.hexdigest()


def change_genre(path: str, genre: Genre, audio: str) -> FileState:
    """Put a genre into the tags of a file, or take it out.

    The tags are changed in a copy in the same folder, which must decode to the same samples and
    have the genre; only then it takes the place of the file, in one step. If anything fails, or
    the process ends, the file is as it was. Permissions and owner are kept; the time of the last
    change is that of this change, so that programs that make backups see it. A link is followed,
    and other hard links to the file keep the old content.

    Parameters
    ----------
    path : str
    genre : Genre
        Without values the genre is taken out; if ``tagged`` is false, so are tags that then are
        empty.
    audio : str
        What `audio_digest` must give of the file.

    Returns
    -------
    FileState
        Of the changed file.

    Raises
    ------
    TagError
        If it cannot be done, or the file was changed meanwhile by someone else.
    """
    check_writable(path)
    file = Path(path).resolve()
    kind = type(_open(path, path))
    try:
        remove_left_behind(file)
        before = FileState.of(str(file))
        with written_whole(file) as temporary:
            shutil.copy2(file, temporary)
            _keep_owner(path, file, temporary)
            copy = _open(path, temporary, kind)
            try:
                _set(path, copy, genre)
            except (OSError, TagError):
                raise
            except Exception as error:  # mutagen raises many kinds of error on odd files
                raise TagError(path, f"mutagen says {error!r}", "convert the file") from error
            if _genre(_open(path, temporary, kind)).values != genre.values:
                raise TagError(path, "the tag could not be read back", "convert the file")
            if audio_digest(str(temporary)) != audio:
                raise TagError(path, "its audio is not what it was before", "run again")
            if FileState.of(str(file)) != before:
                raise TagError(path, "it is being changed by another program", "run again")
    except OSError as error:
        cause = f"the system says '{error.strerror or error}'"
        raise TagError(path, cause, "check the disk and permissions") from error
    return FileState.of(os.path.abspath(path))  # noqa: PTH100 - resolve() follows links


def _mutagen() -> Any:
    try:
        import mutagen
    except ImportError:
        raise ValueError(
            "to read and write tags, mutagen is needed: pip install 'musigenre[tags]'"
        ) from None
    return mutagen


def _open(path: str, file: str | Path, kind: type | None = None) -> Any:
    """Open a file with mutagen; ``path`` is what errors call it."""
    mutagen = _mutagen()
    from mutagen.id3 import ID3

    try:
        opened = mutagen.File(file) if kind is None else kind(str(file))
        tags = getattr(opened, "tags", None)
        if isinstance(tags, ID3) and tags.version[:2] in {(2, 3), (2, 4)}:
            # As they stand, not brought to one version, so that all others stay as they are.
            opened = type(opened)(str(file), translate=False)
    except Exception as error:  # mutagen raises many kinds of error on odd files
        raise TagError(path, f"its tags cannot be read: {error}", "check the file") from error
    if opened is None:
        raise TagError(path, _NO_TAGS, _CONVERT)
    return opened


def _key(tags: Any) -> str | None:
    """Give the key of the genre in tags that are like a dict; ``None`` for ID3."""
    from mutagen.apev2 import APEv2
    from mutagen.asf import ASFTags
    from mutagen.id3 import ID3
    from mutagen.mp4 import MP4Tags

    if isinstance(tags, ID3):
        return None
    kinds = {MP4Tags: "\xa9gen", ASFTags: "WM/Genre", APEv2: "Genre"}
    return next((key for kind, key in kinds.items() if isinstance(tags, kind)), "genre")


def _genre(opened: Any) -> Genre:
    tags = opened.tags
    if tags is None:
        return Genre(None, tagged=False)
    key = _key(tags)
    if key is None:
        frames = tags.getall("TCON")
        values = [str(text) for text in frames[0].text] if frames else []
    else:
        values = [str(value) for value in tags[key]] if key in tags else []
    return Genre(tuple(values) or None)


def _add_tags(path: str, opened: Any) -> None:
    try:
        opened.add_tags()
    except (_mutagen().MutagenError, NotImplementedError, TypeError) as error:
        raise TagError(path, _NO_TAGS, _CONVERT) from error


def _set(path: str, opened: Any, genre: Genre) -> None:
    is_new = opened.tags is None
    if is_new:
        if genre.values is None:
            return
        _add_tags(path, opened)
    tags = opened.tags
    key = _key(tags)
    if key is None:
        from mutagen.id3 import TCON

        tags.delall("TCON")
        if genre.values is not None:
            # UTF-16, since version 2.3 knows no UTF-8.
            tags.add(TCON(encoding=1, text=list(genre.values)))
    elif genre.values is not None:
        tags[key] = list(genre.values)
    elif key in tags:
        del tags[key]

    if not genre.tagged and not genre.values and not tags.keys():
        opened.delete()
    elif key is not None:
        opened.save()
    else:
        # Version 2.3, which every player reads, unless the file has 2.4.
        version = 4 if tags.version[:2] == (2, 4) and not is_new else 3
        if version == 3 and tags.version[:2] != (2, 3):
            tags.update_to_v23()
        opened.save(v2_version=version, v23_sep=None)  # several values stay several


def _keep_owner(path: str, file: Path, copy: Path) -> None:
    if not hasattr(os, "chown"):
        return
    old, new = file.stat(), copy.stat()
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        try:
            os.chown(copy, old.st_uid, old.st_gid)
            copy.chmod(old.st_mode & 0o7777)  # which chown may have narrowed
        except PermissionError as error:
            raise TagError(path, "it belongs to another user", "run as its owner") from error


def remove_left_behind(file: Path) -> None:
    """Remove the copies of this file that a process left behind that was killed."""
    pattern = re.compile(_LEFT_BEHIND.format(name=re.escape(file.name)))
    for other in os.scandir(file.parent):
        if pattern.fullmatch(other.name):
            Path(other.path).unlink(missing_ok=True)
