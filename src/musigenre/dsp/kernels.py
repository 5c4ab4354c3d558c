"""The loops that NumPy has no fast form for, compiled by numba; of dsp it alone knows numba.

Importing this module compiles every kernel for float32 and float64, once in the life of an
installation, or loads them from numba's cache (see `musigenre.compilation`). It is therefore
imported inside the functions that need it. No kernel is compiled later, for another shape or type.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types

from musigenre.compilation import Compiler, read_only

_compiler = Compiler("about 10 s")


def _compiled(types_of: Callable[[types.Float], tuple]) -> Callable:
    """Decorate a kernel: ``types_of`` gives the types of the arguments for a precision."""
    return _compiler(types_of(types.float32), types_of(types.float64))


# ---- One pass over a spectrogram, frame by frame: rows are frames, columns are bins ----


@_compiled(lambda real: (read_only(real, 2), real, types.intp[::1]))
def rolloff(magnitude, share, out):
    """Count the bins up to which the sum of a frame is less than ``share`` of the whole."""
    n_frames, n_bins = magnitude.shape
    cumulated = np.empty(n_bins, magnitude.dtype)
    for frame in range(n_frames):
        total = magnitude.dtype.type(0)
        for k in range(n_bins):
            total += magnitude[frame, k]
            cumulated[k] = total
        below = 0
        while cumulated[below] < share * total:
            below += 1
        out[frame] = below


@_compiled(lambda real: (read_only(real, 2), read_only(real, 2), read_only(real, 2), real[:, ::1]))
def keep_steady(spectrum, steady, sudden, out):
    """Multiply each bin by steady² / (steady² + sudden²), or one half where both are zero.

    In a row of ``spectrum`` and of ``out`` real and imaginary parts alternate.
    """
    tiny = np.finfo(steady.dtype).tiny
    for frame in range(steady.shape[0]):
        for k in range(steady.shape[1]):
            x, other = steady[frame, k], sudden[frame, k]
            share = 1 / (1 + (other / x) ** 2)
            if x < tiny and other < tiny:
                share = steady.dtype.type(0.5)
            out[frame, 2 * k] = spectrum[frame, 2 * k] * share
            out[frame, 2 * k + 1] = spectrum[frame, 2 * k + 1] * share


@_compiled(lambda real: (read_only(real, 2), read_only(real, 1), types.intp, real[::1]))
def overlap_add(frames, window, hop_length, out):
    """Add windowed frames, each ``hop_length`` samples after the one before."""
    for frame in range(frames.shape[0]):
        begin = frame * hop_length
        for i in range(frames.shape[1]):
            out[begin + i] += window[i] * frames[frame, i]


# ---- Running medians of 31 values ----
#
# The windows of 16 adjacent outputs have 16 values in common: these are sorted once. The windows
# of either half of them share 8 more; of the 24 values only the 8 in the middle can still become
# a median, and so on for 4, 2 and 1 outputs. It is all minima and maxima of values at fixed
# places, without a branch, so that many columns (lanes) are computed at a time by vector code.
# Sorted values are tuples, which stay in registers.

# A Python wrapper for each would only take time to compile.
_INLINED: dict[str, Any] = {
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
_inlined = njit(**_INLINED)

_OUTPUTS = 16
_WINDOW = 31 - 1 + _OUTPUTS
_LANES = 64


@_inlined
def _order(a, b):
    return (a if a < b else b), (b if a < b else a)


@_inlined
def _merge_2(t):
    """Sort two values; as all merges, what rises and then falls, or the other way round."""
    return _order(t[0], t[1])


@_inlined
def _merge_4(t):
    a, c = _order(t[0], t[2])
    b, d = _order(t[1], t[3])
    return _merge_2((a, b)) + _merge_2((c, d))


@_inlined
def _merge_8(t):
    a, e = _order(t[0], t[4])
    b, f = _order(t[1], t[5])
    c, g = _order(t[2], t[6])
    d, h = _order(t[3], t[7])
    return _merge_4((a, b, c, d)) + _merge_4((e, f, g, h))


@_inlined
def _least_2(s, t):
    return _order(s[0], t[0])[0], _order(s[1], t[1])[0]


@_inlined
def _least_4(s, t):
    return _least_2(s[:2], t[:2]) + _least_2(s[2:], t[2:])


@_inlined
def _least_8(s, t):
    return _least_4(s[:4], t[:4]) + _least_4(s[4:], t[4:])


@_inlined
def _greatest_2(s, t):
    return _order(s[0], t[0])[1], _order(s[1], t[1])[1]


@_inlined
def _greatest_4(s, t):
    return _greatest_2(s[:2], t[:2]) + _greatest_2(s[2:], t[2:])


@_inlined
def _greatest_8(s, t):
    return _greatest_4(s[:4], t[:4]) + _greatest_4(s[4:], t[4:])


@_inlined
def _sort_4(t):
    return _merge_4(_merge_2(t[:2]) + _merge_2(t[2:])[::-1])


@_inlined
def _sort_8(t):
    return _merge_8(_sort_4(t[:4]) + _sort_4(t[4:])[::-1])


@_inlined
def _sort_16(t):
    rising, falling = _sort_8(t[:8]), _sort_8(t[8:])[::-1]
    return _merge_8(_least_8(rising, falling)) + _merge_8(_greatest_8(rising, falling))


@_inlined
def _narrow_1(candidates, added):
    return _order(candidates[0], _order(candidates[1], added)[0])[1]


@_inlined
def _narrow_2(candidates, added):
    low = _merge_2(_least_2(candidates[2:], _merge_2(added)[::-1]))
    return _merge_2(_greatest_2(candidates[:2], low[::-1]))


@_inlined
def _narrow_4(candidates, added):
    low = _merge_4(_least_4(candidates[4:], _sort_4(added)[::-1]))
    return _merge_4(_greatest_4(candidates[:4], low[::-1]))


@_inlined
def _narrow_8(candidates, added):
    """Of 16 sorted candidates and 8 values keep the middle: the largest 8 of the smallest 16."""
    low = _merge_8(_least_8(candidates[8:], _sort_8(added)[::-1]))
    return _merge_8(_greatest_8(candidates[:8], low[::-1]))


@_inlined
def _medians_2(candidates, left, right):
    return _narrow_1(candidates, left[0]), _narrow_1(candidates, right[0])


@_inlined
def _medians_4(candidates, left, right):
    return _medians_2(_narrow_2(candidates, left[1:]), left[:1], right[:1]) + _medians_2(
        _narrow_2(candidates, right[:2]), left[2:], right[2:]
    )


@_inlined
def _medians_8(candidates, left, right):
    return _medians_4(_narrow_4(candidates, left[3:]), left[:3], right[:3]) + _medians_4(
        _narrow_4(candidates, right[:4]), left[4:], right[4:]
    )


@_inlined
def _medians_16(candidates, left, right):
    """Medians of 16 windows, from what all share and the 15 values on its left and its right."""
    return _medians_8(_narrow_8(candidates, left[7:]), left[:7], right[:7]) + _medians_8(
        _narrow_8(candidates, right[:8]), left[8:], right[8:]
    )


@_inlined
def _eight(rows, first, lane):
    return (
        rows[first, lane],
        rows[first + 1, lane],
        rows[first + 2, lane],
        rows[first + 3, lane],
        rows[first + 4, lane],
        rows[first + 5, lane],
        rows[first + 6, lane],
        rows[first + 7, lane],
    )


@_inlined
def _put_eight(rows, first, lane, t):
    rows[first, lane] = t[0]
    rows[first + 1, lane] = t[1]
    rows[first + 2, lane] = t[2]
    rows[first + 3, lane] = t[3]
    rows[first + 4, lane] = t[4]
    rows[first + 5, lane] = t[5]
    rows[first + 6, lane] = t[6]
    rows[first + 7, lane] = t[7]


@_compiled(lambda real: (read_only(real, 2), types.intp[::1], types.boolean, real[:, ::1]))
def running_median(x, source, along_rows, out):
    """Medians of 31 adjacent values down the columns of x, or along its rows.

    ``source[i]`` says which row (or column) of x stands at place i of the padded input: 15 places
    before the first, and after the last as many as the windows of whole blocks of 16 need.
    """
    n = x.shape[1] if along_rows else x.shape[0]
    n_lanes = x.shape[0] if along_rows else x.shape[1]
    # These are made here, not passed in: the compiler then knows that they do not overlap.
    window = np.zeros((_WINDOW, _LANES), x.dtype)
    medians = np.empty((_OUTPUTS, _LANES), x.dtype)
    for lane_0 in range(0, n_lanes, _LANES):
        lanes = min(_LANES, n_lanes - lane_0)
        known = 0
        for first in range(0, n, _OUTPUTS):
            if along_rows:
                for lane in range(lanes):
                    for i in range(known, _WINDOW):
                        window[i, lane] = x[lane_0 + lane, source[first + i]]
            else:
                for i in range(known, _WINDOW):
                    for lane in range(lanes):
                        window[i, lane] = x[source[first + i], lane_0 + lane]

            for lane in range(_LANES):
                shared = _sort_16(_eight(window, 15, lane) + _eight(window, 23, lane))
                left = _eight(window, 0, lane) + _eight(window, 7, lane)[1:]
                right = _eight(window, 31, lane) + _eight(window, 38, lane)[1:]
                t = _medians_16(shared, left, right)
                _put_eight(medians, 0, lane, t[:8])
                _put_eight(medians, 8, lane, t[8:])

            new = min(_OUTPUTS, n - first)
            if along_rows:
                for lane in range(lanes):
                    for i in range(new):
                        out[lane_0 + lane, first + i] = medians[i, lane]
            else:
                for i in range(new):
                    for lane in range(lanes):
                        out[first + i, lane_0 + lane] = medians[i, lane]
            known = _WINDOW - _OUTPUTS
            window[:known] = window[_OUTPUTS:]
