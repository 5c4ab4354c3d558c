"""The search for the grids of MIC, compiled by numba; of selection it alone knows numba.

Importing this module compiles its kernels, once in the life of an installation, or loads them from
numba's cache (see `musigenre.compilation`). It is therefore imported inside the functions that
need it.

Of a grid one side is given, here the rows, and the places of the columns are searched. Samples lie
in the order of x. A *group* is all samples of one value of x. A *clump* is a run of groups that lie
in one row; a group that lies in several rows is a clump of its own. If there are more clumps than a
limit, they are joined to *superclumps* of about equal size. Columns begin and end with these.

What is to be found are columns that make the sum over cells of n log n, minus the sum over columns
of n log n, as large as can be: over the number of samples, this is the mutual information less the
entropy of the rows. The part of a column depends on its ends alone, so that the best l columns for
the first t superclumps follow from the best l - 1 for fewer:

    score[l, t] = max over s < t of score[l - 1, s] + cost(s, t)

Costs come as whole numbers of samples into a table of n log n, in which nothing is lost. Two facts
save most of the rest. Cutting a column never lowers the sum: so if some s does no better than
score[l - 1, t] for a t after it, t serves at least as well as s for all that follows, and s is
never looked at again. And many t are computed at a time, as vectors.
"""

from typing import Any

import numpy as np
from numba import njit, types

from musigenre.compilation import Compiler, read_only

_compiler = Compiler("about 5 s")
# A Python wrapper for each would only take time to compile.
_OPTIONS: dict[str, Any] = {
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
_helper = njit(**_OPTIONS)
_inlined = njit(forceinline=True, **_OPTIONS)

# Whole numbers are unsigned: for signed ones numba looks for negative indices at every access.
_u4, _u2 = types.uint32, types.uint16
_ONE = np.uint32(1)

# Values of t that are computed at a time, and of s that are given up together.
_LANES = 32
_CHUNK = 16


@_compiler((read_only(_u4, 1), types.intp, types.intp, _u4[::1], types.intp[::1]))
def equipartitions(starts, n_groups, max_rows, firsts, n_rows):
    """Divide groups into 2, 3, ..., max_rows rows of about as many samples each.

    A row ends where its size comes closest to an equal share of what is left. ``firsts`` takes, for
    each number of rows, the first group of each row and the end, one number of rows after the
    other; ``n_rows[r]`` the rows that there really are, fewer than r where there are many ties.
    """
    n = np.int64(starts[n_groups])
    at = 0
    for rows in range(2, max_rows + 1):
        begin = np.int64(0)
        group = 0
        row = 0
        firsts[at] = 0
        while row < rows - 1:
            # The first group that is as near to the next row as to this one.
            share, left = 2 * (n - begin), rows - row
            low, high = group + 1, n_groups
            while low < high:
                middle = (low + high) >> 1
                ends = np.int64(starts[middle]) + np.int64(starts[middle + 1])
                if (ends - 2 * begin) * left >= share:
                    high = middle
                else:
                    low = middle + 1
            if low == n_groups:
                break
            group = low
            begin = np.int64(starts[group])
            row += 1
            firsts[at + row] = group
        firsts[at + row + 1] = n_groups
        n_rows[rows] = row + 1
        at += rows + 1


@_helper
def _row_of_group(place, starts, row_of, group):
    """Row of a group, or -1 if it lies in several."""
    first = starts[group]
    row = np.int64(row_of[place[first]])
    for i in range(first + _ONE, starts[group + 1]):
        if row_of[place[i]] != row:
            return -1
    return row


@_helper
def _find_clumps(place, row_of, order, group_of, starts, n_groups, limit, ends):
    """Write where clumps, or at most ``limit`` superclumps, end; return how many there are."""
    n = np.int64(starts[n_groups])
    ends[0] = 0
    count = 0
    row_before = -1
    for group in range(n_groups):
        row = _row_of_group(place, starts, row_of, group)
        if group == 0 or row < 0 or row != row_before:
            if count == limit:
                break
            ends[count] = starts[group]
            count += 1
        row_before = row
    else:
        ends[count] = n
        return count

    # Superclumps: see equipartitions. The clump about the share's end is all one has to look at.
    count = 0
    begin = first = np.int64(0)
    while begin < n:
        ends[count] = begin
        count += 1
        share, left = n - begin, limit - count + 1
        if left == 1:
            break
        low = np.int64(group_of[order[begin + share // left]])
        high = low + 1
        row = _row_of_group(place, starts, row_of, low)
        if row >= 0:
            while low > first and _row_of_group(place, starts, row_of, low - 1) == row:
                low -= 1
            while high < n_groups and _row_of_group(place, starts, row_of, high) == row:
                high += 1
        if low > first:
            both_ends = np.int64(starts[low]) + np.int64(starts[high])
            first = low if (both_ends - 2 * begin) * left >= 2 * share else high
        else:
            first = high
        begin = np.int64(starts[first])
    ends[count] = n
    return count


@_helper
def _count(place, row_of, n_rows, ends, n_clumps, counts):
    """Count samples by row up to the end of each clump; the last column counts them all.

    What lies behind the last clump repeats it, so that vectors may reach beyond.
    """
    for row in range(n_rows + 1):
        counts[0, row] = 0
    for t in range(n_clumps):
        for row in range(n_rows):
            counts[t + 1, row] = counts[t, row]
        for i in range(ends[t], ends[t + 1]):
            counts[t + 1, row_of[place[i]]] += _ONE
        counts[t + 1, n_rows] = ends[t + 1]
    for t in range(n_clumps + 1, len(counts)):
        for row in range(n_rows + 1):
            counts[t, row] = counts[n_clumps, row]


@_helper
def _cost(counts, n_rows, xlogx, s, t):
    """Part of a column from clump s to before clump t: minus n times the entropy of its rows."""
    cost = -xlogx[counts[t, n_rows] - counts[s, n_rows]]
    for row in range(n_rows):
        cost += xlogx[counts[t, row] - counts[s, row]]
    return cost


@_inlined
def _four_costs(counts, n_rows, xlogx, s, t):
    """Costs of s and t, t + 1, t + 2, t + 3, without waiting for one sum after the other."""
    n = counts[s, n_rows]
    a, b = -xlogx[counts[t, n_rows] - n], -xlogx[counts[t + 1, n_rows] - n]
    c, d = -xlogx[counts[t + 2, n_rows] - n], -xlogx[counts[t + 3, n_rows] - n]
    for row in range(n_rows):
        n = counts[s, row]
        a += xlogx[counts[t, row] - n]
        b += xlogx[counts[t + 1, row] - n]
        c += xlogx[counts[t + 2, row] - n]
        d += xlogx[counts[t + 3, row] - n]
    return a, b, c, d


@_inlined
def _eight_costs(counts, n_rows, xlogx, s, t):
    """Costs of s and s + 1 with t, t + 1, t + 2, t + 3: a count that is loaded serves twice."""
    m, n = counts[s, n_rows], counts[s + 1, n_rows]
    w, x, y, z = (
        counts[t, n_rows],
        counts[t + 1, n_rows],
        counts[t + 2, n_rows],
        counts[t + 3, n_rows],
    )
    a, b, c, d = -xlogx[w - m], -xlogx[x - m], -xlogx[y - m], -xlogx[z - m]
    e, f, g, h = -xlogx[w - n], -xlogx[x - n], -xlogx[y - n], -xlogx[z - n]
    for row in range(n_rows):
        m, n = counts[s, row], counts[s + 1, row]
        w, x = counts[t, row], counts[t + 1, row]
        y, z = counts[t + 2, row], counts[t + 3, row]
        a += xlogx[w - m]
        b += xlogx[x - m]
        c += xlogx[y - m]
        d += xlogx[z - m]
        e += xlogx[w - n]
        f += xlogx[x - n]
        g += xlogx[y - n]
        h += xlogx[z - n]
    return (a, b, c, d), (e, f, g, h)


@_inlined
def _put_four(costs, s, lane, four):
    costs[s, lane], costs[s, lane + 1], costs[s, lane + 2], costs[s, lane + 3] = four


@_helper
def _fill_costs(counts, n_rows, xlogx, first, width, costs):
    """Costs of all s < t for ``width`` values of t from ``first`` on; lanes are values of t."""
    for s in range(1, first, 2):
        for lane in range(0, width, 4):
            this, following = _eight_costs(counts, n_rows, xlogx, s, first + lane)
            _put_four(costs, s, lane, this)
            _put_four(costs, s + 1, lane, following)
        for lane in range(width, _LANES):
            costs[s, lane] = costs[s + 1, lane] = -np.inf
    for s in range(first, first + _LANES):
        for lane in range(_LANES):
            costs[s, lane] = -np.inf
    for s in range(first, first + width):
        lane = s - first + 1
        while lane + 4 <= width:
            _put_four(costs, s, lane, _four_costs(counts, n_rows, xlogx, s, first + lane))
            lane += 4
        for rest in range(lane, width):
            costs[s, rest] = _cost(counts, n_rows, xlogx, s, first + rest)


@_helper
def _improve(best, scores, costs, s):
    """Take scores[s] + costs[s] where it is better, for 16 values of s from the given one on."""
    for i in range(s, s + _CHUNK, 4):
        a, b, c, d = scores[i], scores[i + 1], scores[i + 2], scores[i + 3]
        for lane in range(_LANES):
            v, w = a + costs[i, lane], b + costs[i + 1, lane]
            x, y = c + costs[i + 2, lane], d + costs[i + 3, lane]
            v = v if v > w else w
            x = x if x > y else y
            v = v if v > x else x
            w = best[lane]
            best[lane] = v if v > w else w


@_helper
def _optimise(counts, n_rows, n_clumps, max_columns, xlogx, costs, scores, out):
    """Mutual information of the best 2, 3, ..., max_columns columns."""
    n = counts[n_clumps, n_rows]
    entropy = xlogx[n]  # of the rows, times n
    for row in range(n_rows):
        entropy -= xlogx[counts[n_clumps, row]]
    best = np.empty((max_columns + 1, _LANES))
    useless = np.zeros((max_columns + 1, (n_clumps + 2 * _LANES) // _CHUNK), np.bool_)
    last = max_columns - 1  # the level of the last column is wanted at the end only
    for first in range(1, n_clumps + 1 if last > 1 else 0, _LANES):
        width = min(_LANES, n_clumps + 1 - first)
        _fill_costs(counts, n_rows, xlogx, first, width, costs)
        for lane in range(_LANES):
            scores[1, first + lane] = -np.inf
        for lane in range(width):
            scores[1, first + lane] = _cost(counts, n_rows, xlogx, 0, first + lane)
        best[:] = -np.inf
        for chunk in range((first - 1) // _CHUNK):
            for level in range(2, last + 1):
                if not useless[level, chunk]:
                    _improve(best[level], scores[level - 1], costs, 1 + chunk * _CHUNK)
        for level in range(2, last + 1):
            for lane in range(_LANES):  # or leave the last column empty
                v, w = scores[level - 1, first + lane], best[level, lane]
                best[level, lane] = v if v > w else w
            for s in range(first, first + width, _CHUNK):
                _improve(best[level], scores[level - 1], costs, s)
            for lane in range(_LANES):
                scores[level, first + lane] = best[level, lane]
        if width < _LANES:
            continue
        t = first + _LANES - 1
        for chunk in range((t - 1) // _CHUNK):
            for level in range(3, last + 1):  # at level 2 nothing ever becomes useless
                if not useless[level, chunk]:
                    s = 1 + chunk * _CHUNK
                    end = s + _CHUNK
                    while s < end and (
                        scores[level - 1, s] + costs[s, _LANES - 1] <= scores[level - 1, t]
                    ):
                        s += 1
                    useless[level, chunk] = s == end

    if last == 1:
        for t in range(1, n_clumps + 1):
            scores[1, t] = _cost(counts, n_rows, xlogx, 0, t)
    for level in range(2, last + 1):
        out[level] = (entropy + scores[level, n_clumps]) / n
    top = scores[last, n_clumps]
    for s in range(1, n_clumps):
        v = scores[last, s] + _cost(counts, n_rows, xlogx, s, n_clumps)
        top = v if v > top else top
    out[max_columns] = (entropy + top) / n


@_compiler(
    (
        read_only(_u4, 2),
        read_only(_u4, 2),
        read_only(_u4, 2),
        read_only(types.intp, 1),
        read_only(_u4, 2),
        read_only(types.intp, 2),
        read_only(types.intp, 2),
        read_only(types.intp, 2),
        read_only(types.float64, 1),
        types.float64[:, :, ::1],
    )
)
def search(order, group_of, starts, n_groups, firsts, n_parts, pairs, steps, xlogx, out):
    """Mutual information of the best grids of each pair (x, y) of variables.

    The first six arguments are `RankedColumns`. Each step is (side, number of rows, most columns,
    limit of clumps): on side 0 columns of x are searched against rows of y, on side 1 the other
    way round; with 0 rows every group of y has a row of its own. ``out[pair, step, k]`` is the
    information of the best k columns, k = 2, 3, ...
    """
    n = order.shape[1]
    most_clumps = most_counts = most_scores = 0
    for _, rows, columns, limit in steps:
        most_clumps = max(most_clumps, limit)
        if rows == 0:
            for _, y in pairs:
                rows = max(rows, n_groups[y])
        most_counts = max(most_counts, (limit + 1 + _LANES) * (rows + 1))
        most_scores = max(most_scores, (limit + 2 * _LANES) * (columns + 1))
    place, row_of = np.empty(n, np.uint32), np.empty(n, np.uint16)
    ends = np.empty(most_clumps + 1, np.uint32)
    all_counts, all_scores = np.empty(most_counts, np.uint32), np.empty(most_scores)
    costs = np.empty((most_clumps + 2 * _LANES, _LANES))
    for pair in range(len(pairs)):
        side_before = -1
        for step in range(len(steps)):
            side, rows, columns, limit = steps[step]
            x, y = pairs[pair, side], pairs[pair, 1 - side]
            if side != side_before:
                for i in range(n):
                    place[i] = group_of[y, order[x, i]]
                side_before = side
            if rows == 0:
                n_rows = n_groups[y]
                for row in range(n_rows):
                    row_of[row] = row
            else:
                n_rows = n_parts[y, rows]
                first = (rows - 2) * (rows + 3) // 2
                for row in range(n_rows):
                    row_of[firsts[y, first + row] : firsts[y, first + row + 1]] = row
            n_clumps = _find_clumps(
                place, row_of, order[x], group_of[x], starts[x], n_groups[x], limit, ends
            )
            shape = n_clumps + 1 + _LANES, n_rows + 1
            counts = all_counts[: shape[0] * shape[1]].reshape(shape)
            _count(place, row_of, n_rows, ends, n_clumps, counts)
            shape = columns + 1, n_clumps + 2 * _LANES
            scores = all_scores[: shape[0] * shape[1]].reshape(shape)
            _optimise(counts, n_rows, n_clumps, columns, xlogx, costs, scores, out[pair, step])
