"""The model file: a zip archive of one JSON text and plain arrays, in which nothing can execute.

Each array is an ``.npy`` entry of its own, without pickle, checked against the sha256 that
``model.json`` states. Entries are read in memory, up to a limit, and never unpacked onto the disk.
"""

import hashlib
import io
import json
import math
import uuid
import zipfile
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

import musigenre

#: Version of the file format. A reader refuses files of a later one.
FORMAT_VERSION = 1

_JSON = "model.json"
_MAX_JSON_BYTES = 16 * 2**20
_MAX_ARRAY_BYTES = 512 * 2**20
_MAX_ARRAYS = 1000
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


def write_archive(path: str | PathLike[str], model: dict, arrays: list[np.ndarray]) -> None:
    """Write a model; an existing file is replaced only when all is written.

    Parameters
    ----------
    path : str or path-like
    model : dict
        Fit for JSON.
    arrays : list of ndarray
        Of numbers.
    """
    data = [_to_npy(array) for array in arrays]
    header = {
        "format": "musigenre-model",
        "format_version": FORMAT_VERSION,
        "musigenre_version": musigenre.__version__,
        "arrays": [hashlib.sha256(entry).hexdigest() for entry in data],
        "model": model,
    }
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with zipfile.ZipFile(temporary, "w") as archive:
            _write(archive, _JSON, json.dumps(header, indent=1).encode())
            for i, entry in enumerate(data):
                _write(archive, _array_name(i), entry)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read_archive(path: str | PathLike[str]) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Read what :func:`write_archive` wrote.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    model : dict
    arrays : list of ndarray

    Raises
    ------
    ModelFileError
        If the file is missing, foreign, damaged, too large or of a later format.
    """
    if Path(path).is_file() and not zipfile.is_zipfile(path):
        raise ModelFileError(path, "is not a musigenre model, or it is cut short")
    try:
        with zipfile.ZipFile(path) as archive:
            header = _read_header(archive, path)
            arrays = _read_arrays(archive, header["arrays"], path)
    except FileNotFoundError:
        raise ModelFileError(path, "does not exist", "check the name") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise ModelFileError(path, f"cannot be read: {error}") from error
    return header["model"], arrays


def _read_header(archive: zipfile.ZipFile, path: str | PathLike[str]) -> dict[str, Any]:
    try:
        header = json.loads(_read(archive, _JSON, _MAX_JSON_BYTES, path))
    except (ValueError, RecursionError) as error:
        raise ModelFileError(path, f"has an unreadable {_JSON}: {error}") from error
    if not isinstance(header, dict) or header.get("format") != "musigenre-model":
        raise ModelFileError(path, "is not a musigenre model")
    version = header.get("format_version")
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        raise ModelFileError(
            path,
            f"has format version {version}, but musigenre {musigenre.__version__} reads up to "
            f"version {FORMAT_VERSION}",
            f"upgrade musigenre (the file was written by {header.get('musigenre_version')})",
        )
    digests = header.get("arrays")
    if not isinstance(digests, list) or not isinstance(header.get("model"), dict):
        raise ModelFileError(path, f"has an incomplete {_JSON}")
    expected = [_JSON, *(_array_name(i) for i in range(len(digests)))]
    if len(digests) > _MAX_ARRAYS or sorted(archive.namelist()) != sorted(expected):
        raise ModelFileError(path, f"holds other entries than its {_JSON} lists")
    return header


def _read_arrays(
    archive: zipfile.ZipFile, digests: list[str], path: str | PathLike[str]
) -> list[np.ndarray]:
    arrays, left = [], _MAX_ARRAY_BYTES
    for i, digest in enumerate(digests):
        name = _array_name(i)
        data = _read(archive, name, left, path)
        left -= len(data)
        if hashlib.sha256(data).hexdigest() != digest:
            raise ModelFileError(path, f"is damaged: {name!r} does not have the stated sha256")
        try:
            arrays.append(_from_npy(data))
        except ValueError as error:
            raise ModelFileError(path, f"has no plain array in {name!r}: {error}") from error
    return arrays


def _read(archive: zipfile.ZipFile, name: str, limit: int, path: str | PathLike[str]) -> bytes:
    """Read an entry, whatever its header says of its size, but no more than ``limit`` bytes."""
    try:
        with archive.open(name) as file:
            data = file.read(limit + 1)
    except KeyError:
        raise ModelFileError(path, "is not a musigenre model") from None
    except Exception as error:  # zipfile and zlib raise many kinds of error on damaged data
        raise ModelFileError(path, f"is damaged in {name!r}: {error}") from error
    if len(data) > limit:
        raise ModelFileError(path, f"is too large: {name!r} has more than {limit} bytes")
    return data


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, date_time=_DATE)
    archive.writestr(entry, data, compress_type=zipfile.ZIP_DEFLATED)


def _array_name(i: int) -> str:
    return f"arrays/{i:04d}.npy"


def _to_npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.ascontiguousarray(array), (1, 0), allow_pickle=False)
    return file.getvalue()


def _from_npy(data: bytes) -> np.ndarray:
    """Read an array whose header is believed only if it agrees with the data's length."""
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("not npy version 1.0")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in "biuf" or fortran_order:
        raise ValueError(f"dtype {dtype}")
    if math.prod(shape) * dtype.itemsize != len(data) - file.tell():
        raise ValueError(f"shape {shape} does not fit {len(data)} bytes")
    return np.frombuffer(data, dtype, offset=file.tell()).reshape(shape).copy()
