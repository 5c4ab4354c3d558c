"""Arrays of numbers as bytes and back, without pickle."""

import io
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

# No object, whose bytes would be a pickle.
_KINDS = "biuf"
# NumPy gives every string of an array the room of the longest.
_MOST_TEXT_BYTES = 64 * 2**20
_FLOATS = (np.float16, np.float32, np.float64)


def to_npy(array: NDArray) -> bytes:
    """Give an array of numbers as a file ``.npy``, of the smallest type of float that holds it.

    Floats that all have a shorter form with the very same value, such as those that once were
    float32, are written in it; ``astype`` brings them back.
    """
    file = io.BytesIO()
    values = np.ascontiguousarray(_narrowed(array))
    values = values.astype(values.dtype.newbyteorder("<"), copy=False)
    np.lib.format.write_array(file, values, (1, 0), allow_pickle=False)
    return file.getvalue()


def from_npy(data: bytes) -> NDArray[Any]:
    """Read an array whose header is believed only if it agrees with the length of the data.

    Raises
    ------
    ValueError
        If the bytes are no array of numbers.
    """
    file = io.BytesIO(data)
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError("not npy version 1.0")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in _KINDS or fortran_order:
        raise ValueError(f"dtype {dtype}")
    if math.prod(shape) * dtype.itemsize != len(data) - file.tell():
        raise ValueError(f"shape {shape} does not fit {len(data)} bytes")
    return np.frombuffer(data, dtype, offset=file.tell()).reshape(shape)


def from_list(values: list[Any], dtype: type | None = None) -> NDArray[Any]:
    """Make an array of a list of strings, numbers or further lists of them.

    Raises
    ------
    ValueError
        If one string is so much longer than the others that the array would be out of proportion.
    """
    waiting, n, longest = [values], 0, 0
    while waiting:
        for value in waiting.pop():
            if isinstance(value, list):
                waiting.append(value)
                continue
            n += 1
            longest = max(longest, len(value) if isinstance(value, str) else 0)
    if n * longest * np.dtype("U1").itemsize > _MOST_TEXT_BYTES:
        raise ValueError(f"{n} strings, one of {longest} characters, are too many for an array")
    return np.array(values, dtype)


def _narrowed(array: NDArray) -> NDArray:
    if array.dtype.kind != "f" or array.size == 0:
        return array
    for narrow in _FLOATS:
        if np.dtype(narrow).itemsize >= array.dtype.itemsize:
            break
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            values = array.astype(narrow)
            # NaN is no number that could be equal.
            if np.array_equal(values.astype(array.dtype), array):
                return values
    return array
