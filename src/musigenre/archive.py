"""The model file: a zip archive of one JSON text, plain arrays and graphs; nothing in it executes.

Each entry is checked against the sha256 that ``model.json`` states for it. Entries are read in
memory, up to a limit, and never unpacked onto the disk. See docs/saving.md.
"""

import hashlib
import json
import platform
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray

import musigenre
from musigenre.files import written_whole
from musigenre.plain_arrays import from_npy, to_npy
from musigenre.zip_entries import Room, check_entries, read_entry

#: Version of the file format. A reader refuses files of a later one.
FORMAT_VERSION = 2

#: What is written into files.
VERSIONS = {
    "musigenre": musigenre.__version__,
    "python": platform.python_version(),
    "numpy": np.__version__,
    "scikit-learn": sklearn.__version__,
}

_JSON = "model.json"
_MAX_JSON_BYTES = 16 * 2**20
# Of the arrays together, once they have the type of float that they had; of the others, together.
_MAX_BYTES = 512 * 2**20
_MAX_ENTRIES = 5000
# A fixed date makes equal models equal files.
_DATE = (1980, 1, 1, 0, 0, 0)


class ModelFileError(ValueError):
    """A file is not a model that can be read.

    Parameters
    ----------
    path : str or path-like
    cause : str
        What is wrong with the file.
    remedy : str
        What to do.
    """

    def __init__(self, path, cause: str, remedy: str = "get the file anew from its source"):
        super().__init__(path, cause, remedy)
        self.path, self.cause, self.remedy = path, cause, remedy

    def __str__(self) -> str:
        return f"the model file '{self.path}' {self.cause}; {self.remedy}"


@dataclass
class Parts:
    """What a model holds beside its JSON, which refers to it by number.

    Attributes
    ----------
    arrays : list of ndarray
        Of numbers.
    graphs : list of bytes
        Networks for prediction, in ONNX.
    estimators : list of bytes
        Estimators of scikit-learn, in the format of skops.
    versions : dict
        The versions of what wrote the file.
    room : Room
        What all estimators of scikit-learn may take together.
    """

    arrays: list[NDArray] = field(default_factory=list)
    graphs: list[bytes] = field(default_factory=list)
    estimators: list[bytes] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=lambda: dict(VERSIONS))
    room: Room = field(default_factory=lambda: Room(_MAX_BYTES))

    def take(self, kind: str, number: Any) -> Any:
        """Give a part that the JSON refers to; each once, as it was written.

        So a model takes no more memory than its parts, however often a file may name them.

        Raises
        ------
        ValueError
            If there is none of the number, or none any more.
        """
        parts = getattr(self, kind)
        if type(number) is not int or not 0 <= number < len(parts):
            raise ValueError(f"it refers to number {number!r} of {len(parts)} {kind}")
        if parts[number] is None:
            raise ValueError(f"it refers twice to number {number} of the {kind}")
        part, parts[number] = parts[number], None
        return part


def write_archive(path: str | PathLike[str], model: dict[str, Any], parts: Parts) -> None:
    """Write a model; an existing file is replaced only when all is written.

    Parameters
    ----------
    path : str or path-like
    model : dict
        Fit for JSON.
    parts : Parts
    """
    data = dict(_named("arrays", ".npy", map(to_npy, parts.arrays)))
    data |= _named("graphs", ".onnx", parts.graphs)
    data |= _named("estimators", ".skops", parts.estimators)
    entries = {name: {"sha256": _sha256(entry)} for name, entry in data.items()}
    for name, array in _named("arrays", ".npy", parts.arrays):
        entries[name]["dtype"] = array.dtype.newbyteorder("<").str
    header = {
        "format": "musigenre-model",
        "format_version": FORMAT_VERSION,
        "versions": VERSIONS,
        "entries": entries,
        "model": model,
    }
    with written_whole(Path(path)) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, entry in {_JSON: json.dumps(header, indent=1).encode(), **data}.items():
            info = zipfile.ZipInfo(name, date_time=_DATE)
            archive.writestr(info, entry, compress_type=zipfile.ZIP_DEFLATED)


def read_archive(path: str | PathLike[str]) -> tuple[dict[str, Any], Parts]:
    """Read what :func:`write_archive` wrote, in this or an earlier version of the format.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    model : dict
    parts : Parts

    Raises
    ------
    ModelFileError
        If the file is missing, foreign, damaged, too large or of a later format.
    """
    try:
        with Path(path).open("rb") as file:
            if not zipfile.is_zipfile(file):
                raise ModelFileError(path, "is not a musigenre model, or it is cut short")
            with zipfile.ZipFile(file) as archive:
                return _read(file, archive, path)
    except FileNotFoundError:
        raise ModelFileError(path, "does not exist", "check the name") from None
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise ModelFileError(path, f"cannot be read: {error}") from error


def _read(file, archive: zipfile.ZipFile, path) -> tuple[dict[str, Any], Parts]:
    if _JSON not in archive.namelist():
        raise ModelFileError(path, "is not a musigenre model")
    limits = dict.fromkeys([".npy", ".onnx", ".skops"], _MAX_BYTES)
    try:
        check_entries(file, archive, limits | {".json": _MAX_JSON_BYTES})
        header = _header(read_entry(archive, _JSON), path)
        entries = _entries(header)
        if len(entries) > _MAX_ENTRIES or {_JSON, *entries} != set(archive.namelist()):
            raise ValueError(f"holds other entries than its {_JSON} lists")
        data = {name: read_entry(archive, name) for name in entries}
        for name, entry in entries.items():
            if _sha256(data[name]) != entry["sha256"]:
                raise ValueError(f"is damaged: {name!r} does not have the stated sha256")
        return header["model"], Parts(
            arrays=_arrays(entries, data),
            graphs=_of_kind(data, "graphs", ".onnx"),
            estimators=_of_kind(data, "estimators", ".skops"),
            versions=header["versions"],
        )
    except ModelFileError:
        raise
    except ValueError as error:
        raise ModelFileError(path, str(error)) from error


def _header(data: bytes, path) -> dict[str, Any]:
    try:
        header = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"has an unreadable {_JSON}: {error}") from error
    if not isinstance(header, dict) or header.get("format") != "musigenre-model":
        raise ValueError("is not a musigenre model")
    version = header.get("format_version")
    if version == 1:  # the first, which named arrays by number and knew of one version only
        header["versions"] = {"musigenre": header.get("musigenre_version")}
    versions = header.get("versions")
    versions = versions if isinstance(versions, dict) else {}
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        raise ModelFileError(
            path,
            f"has format version {version}, but musigenre {musigenre.__version__} reads up to "
            f"version {FORMAT_VERSION}",
            f"upgrade musigenre (the file was written by {versions.get('musigenre')})",
        )
    header["versions"] = {str(name): str(value) for name, value in versions.items()}
    if not isinstance(header.get("model"), dict):
        raise ValueError(f"has an incomplete {_JSON}")
    return header


def _entries(header: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give what the JSON says of the other entries."""
    if header["format_version"] == 1:
        digests = header.get("arrays")
        if not isinstance(digests, list):
            raise ValueError(f"has an incomplete {_JSON}")
        return {n: {"sha256": digest} for n, digest in _named("arrays", ".npy", digests)}
    entries = header.get("entries")
    if not isinstance(entries, dict) or not all(
        isinstance(entry, dict) and "sha256" in entry for entry in entries.values()
    ):
        raise ValueError(f"has an incomplete {_JSON}")
    return entries


def _arrays(entries: dict[str, dict[str, Any]], data: dict[str, bytes]) -> list[NDArray]:
    """Read the arrays, and give each the type that it had before it was written."""
    arrays, left = [], _MAX_BYTES
    for name, entry in _named("arrays", ".npy", _of_kind(data, "arrays", ".npy")):
        try:
            array = from_npy(entry)
            dtype = np.dtype(entries[name].get("dtype", array.dtype.str))
            if dtype != array.dtype and not dtype.kind == array.dtype.kind == "f":
                raise ValueError(f"{array.dtype} instead of {dtype}")
        except (ValueError, TypeError) as error:
            raise ValueError(f"has no plain array in {name!r}: {error}") from error
        left -= array.size * dtype.itemsize
        if left < 0:
            raise ValueError(f"is too large: its arrays have more than {_MAX_BYTES} bytes")
        arrays.append(array.astype(dtype))
    return arrays


def _of_kind(data: dict[str, bytes], folder: str, ending: str) -> list[bytes]:
    """Give the entries of a kind in the order of their numbers, which must be complete."""
    found = [name for name in data if name.endswith(ending)]
    names = [name for name, _ in _named(folder, ending, found)]
    if set(names) != set(found):
        raise ValueError(f"has other names of entries {ending} than '{folder}/0000{ending}', ...")
    return [data[name] for name in names]


def _named(folder: str, ending: str, items: Iterable[Any]) -> list[tuple[str, Any]]:
    return [(f"{folder}/{i:04d}{ending}", item) for i, item in enumerate(items)]


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
