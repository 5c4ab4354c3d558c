"""Which grids the estimators of MIC search, and the characteristic matrices that come of it."""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from musigenre.selection.ranked_columns import RankedColumns

Floats = NDArray[np.float64]

#: Superclumps a column of the estimators, unless they are told otherwise.
DEFAULT_C = {"mic_approx": 15, "mic_e": 5}

#: Constraints of the parameters that all functions of MIC share, for `validate_params`.
CONSTRAINTS: dict[str, list[Any]] = {
    "estimator": [StrOptions(set(DEFAULT_C))],
    "alpha": [Interval(Real, 0, 1, closed="right")],
    "c": [Interval(Real, 0, None, closed="neither"), None],
}


def count_cells(n_samples: int, alpha: float) -> int:
    """Give B(n), the most cells that a grid may have: n ** alpha, but at least four."""
    n_cells = max(int(n_samples**alpha), 4)
    if n_cells > 2 * np.iinfo(np.uint16).max:
        raise ValueError(
            f"alpha={alpha} allows grids of {n_cells} cells for {n_samples} samples, more than "
            "can be searched: use a smaller alpha (0.6 is usual), or a part of the samples."
        )
    return n_cells


def table_of_logarithms(n_samples: int) -> Floats:
    """Give n log n for 0, 1, ..., n_samples."""
    n = np.arange(n_samples + 1, dtype=np.float64)
    return n * np.log(np.maximum(n, 1))


@dataclass(frozen=True)
class Grids:
    """The grids that an estimator searches for a number of samples.

    Parameters
    ----------
    n_samples : int
        Number of samples.
    estimator : {"mic_approx", "mic_e"}
        "mic_approx" places every number of columns against every equipartition into rows, and the
        other way round; "mic_e" only where there are fewer columns than rows.
    alpha : float
        A grid has at most n_samples ** alpha cells.
    c : float, optional
        Superclumps a column.
    both_diagonals : bool, default=False
        Where there are as many columns as rows, MIC_e searches the rows. Search the columns, too,
        which is what it does for the pair turned round.
    """

    n_samples: int
    estimator: str
    alpha: float
    c: float | None = None
    both_diagonals: bool = False

    @cached_property
    def n_cells(self) -> int:
        """Most cells of a grid."""
        return count_cells(self.n_samples, self.alpha)

    @property
    def max_parts(self) -> int:
        """Most columns or rows of a grid."""
        return self.n_cells // 2

    @property
    def steps(self) -> NDArray[np.intp]:
        """What to search, as `mic_kernels.search` takes it: an array of shape (n_steps, 4)."""
        c = DEFAULT_C[self.estimator] if self.c is None else self.c
        return _steps(self.n_cells, self.estimator, c, self.both_diagonals)

    @cached_property
    def cells(self) -> NDArray[np.intp]:
        """Each grid that is searched: step, k searched parts, columns and rows; shape (4, n)."""
        side, rows, columns, _ = self.steps.T
        step = np.repeat(np.arange(len(side)), columns - 1)
        first = np.cumsum(columns - 1) - (columns - 1)
        k = 2 + np.arange(len(step)) - first[step]
        turned = side[step] == 1
        return np.array([step, k, np.where(turned, rows[step], k), np.where(turned, k, rows[step])])

    def entries(self, ranked: RankedColumns, pairs: NDArray[np.intp]) -> Floats:
        """Entry of the characteristic matrix for each pair and each of `cells`, (n_pairs, n)."""
        from musigenre.selection.mic_kernels import search

        information = np.empty((len(pairs), *self._shape))
        search(*ranked, pairs, self.steps, table_of_logarithms(self.n_samples), information)
        step, k = self.cells[:2]
        side, rows = self.steps.T[:2]
        # Ties may leave fewer rows than were asked for: a grid is scored as what it is.
        n_rows = ranked.n_parts[pairs[:, 1 - side], rows][:, step]
        smaller = np.minimum(k, n_rows)
        values = information[:, step, k] / np.log(np.maximum(smaller, 2))
        return np.where(smaller > 1, np.clip(values, 0, 1), 0)

    @property
    def _shape(self) -> tuple[int, int]:
        """Shape of the search's result for a pair: steps, numbers of columns."""
        return len(self.steps), int(self.steps[:, 2].max()) + 1

    def n_batches(self, n_pairs: int) -> int:
        """Into how many batches to divide pairs, for `entries` to take 32 MB or so at a time."""
        return min(n_pairs, 1 + n_pairs * math.prod(self._shape) // 2**22)

    def largest(self, entries: Floats) -> tuple[Floats, Floats]:
        """Largest entry of each pair (x, y) and, with `both_diagonals`, of (y, x)."""
        step, _, columns, rows = self.cells
        side = self.steps[step, 0]
        of_both = (columns != rows) | (self.estimator == "mic_approx")
        forth = entries[:, of_both | (side == 1)].max(axis=1)
        back = entries[:, of_both | (side == 0)].max(axis=1)
        return forth, back

    def matrix(self, entries: Floats) -> Floats:
        """Arrange the entries of a pair: [i, j] is of i + 2 columns and j + 2 rows, or NaN."""
        matrix = np.full((self.max_parts - 1, self.max_parts - 1), np.nan)
        _, _, columns, rows = self.cells
        np.fmax.at(matrix, (columns - 2, rows - 2), entries)
        return matrix


@lru_cache(maxsize=16)
def _steps(n_cells: int, estimator: str, c: float, both_diagonals: bool) -> NDArray[np.intp]:
    steps = []
    for side in (0, 1):
        for rows in range(2, n_cells // 2 + 1):
            columns = n_cells // rows
            limit = max(int(c * columns), 1)
            if estimator == "mic_e":
                diagonal = side == 1 or both_diagonals
                columns = min(columns, rows if diagonal else rows - 1)
            if columns >= 2:
                steps.append((side, rows, columns, limit))
    array = np.array(steps, dtype=np.intp)
    array.flags.writeable = False
    return array
