"""Read zip archives from anywhere: their directory is checked before anything is inflated."""

import os
import re
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

# What may not be in a name is what names nothing inside the archive, or differs between systems.
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")

_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


@dataclass
class Room:
    """How many bytes may still be taken, by archives that are read one after the other.

    Attributes
    ----------
    size : int
    taken : int
    """

    size: int
    taken: int = 0

    def take(self, n_bytes: int) -> None:
        """Take some, or raise ValueError if there are not as many left."""
        self.taken += n_bytes
        if self.taken > self.size:
            raise ValueError(f"is too large: it takes more than {self.size} bytes")


def check_entries(file: IO[bytes], archive: zipfile.ZipFile, limits: Mapping[str, int]) -> None:
    """Refuse an archive with entries that a model file never has.

    Parameters
    ----------
    file : binary file
        What the archive is in.
    archive : ZipFile
    limits : mapping of str to int
        For the ending of a name (such as ``".npy"``) how many bytes all its entries may have
        together, inflated. Other endings are refused.

    Raises
    ------
    ValueError
        With what is wrong, to follow the name of the archive.
    """
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        raise ValueError("has something before its first entry")
    names: set[str] = set()
    sizes = dict.fromkeys(limits, 0)
    for entry in archive.infolist():
        name = entry.filename
        if not _NAME.fullmatch(name) or entry.orig_filename != name:
            raise ValueError(f"has an entry of the name {entry.orig_filename!r}")
        if name in names:
            raise ValueError(f"has two entries {name!r}")
        names.add(name)
        if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
            raise ValueError(f"has an entry {name!r} that is no plain file")
        if entry.flag_bits & 1 or entry.compress_type not in _COMPRESSIONS:
            raise ValueError(f"has an entry {name!r} that is encrypted or compressed otherwise")
        ending = os.path.splitext(name)[1]  # noqa: PTH122 - it is no path of a file
        if ending not in sizes:
            raise ValueError(f"has an entry {name!r}, of a kind that no model has")
        sizes[ending] += entry.file_size
        if sizes[ending] > limits[ending]:
            raise ValueError(
                f"is too large: its entries {ending} have more than {limits[ending]} bytes"
            )
    # Entries that share their compressed bytes would inflate to more than the sizes let expect.
    if sum(entry.compress_size for entry in archive.infolist()) > file.seek(0, os.SEEK_END):
        raise ValueError("has entries that overlap")


def read_entry(archive: zipfile.ZipFile, name: str) -> bytes:
    """Read an entry, no more than it says it has.

    Raises
    ------
    KeyError
        If there is none of the name.
    ValueError
        If its bytes are damaged, or more or fewer than stated.
    """
    entry = archive.getinfo(name)
    try:
        with archive.open(entry) as file:
            data = file.read(entry.file_size + 1)
    except Exception as error:  # zipfile and zlib raise many kinds of error on damaged data
        raise ValueError(f"is damaged in {name!r}: {error}") from error
    if len(data) != entry.file_size:
        raise ValueError(f"is damaged in {name!r}: it has not the size that it states")
    return data
