"""MIC with classes, which have no order."""

from dataclasses import dataclass
from functools import cached_property
from numbers import Integral, Real
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from musigenre.parallel import run_jobs
from musigenre.selection.grids import CONSTRAINTS, Floats, count_cells, table_of_logarithms
from musigenre.selection.ranked_columns import RankedColumns
from musigenre.selection.upper_tail import upper_tail
from musigenre.selection.variables import check_variables, number_classes

# Columns, or permutations, of a job.
_BATCH = 16


class ClassMic(NamedTuple):
    """Result of `class_mic`.

    Parameters
    ----------
    coefficient : ndarray of shape (n_features,)
        How much each column tells of the classes, from 0 to 1.
    pvalue : ndarray of shape (n_features,)
        How probable as large a coefficient is if it tells nothing.
    """

    coefficient: Floats
    pvalue: Floats


@validate_params(
    {
        "X": ["array-like"],
        "y": ["array-like"],
        "alpha": CONSTRAINTS["alpha"],
        "c": [Interval(Real, 0, None, closed="neither")],
        "n_permutations": [Interval(Integral, 200, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def class_mic(
    X: ArrayLike,
    y: ArrayLike,
    *,
    alpha: float = 0.6,
    c: float = 5,
    n_permutations: int = 1000,
    random_state: int | RandomState | None = 0,
    n_jobs: int | None = None,
) -> ClassMic:
    r"""Maximal information coefficient of each column with classes, and its p-value.

    The classes are the rows of the grids as they are: nothing depends on their names, numbers or
    order. The columns of the grids are parts of the feature, as in MIC_e. The coefficient is

    .. math:: \max_k \frac{I(k)}{\min(\log k, H)}, \quad 2 \le k \le \max(2, B(n) / n_{classes})

    where I(k) is the mutual information of k parts of the feature with the classes, and H the
    entropy of the classes, so that min(log k, H) is the most that I(k) can be. Up to as many
    parts as classes lie where they tell most; more parts are an equipartition.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Numbers, of which only the order counts.
    y : array-like of shape (n_samples,)
        Class labels, of at least two classes.
    alpha : float, default=0.6
        From above 0 to 1. Grids have at most B(n) = n ** alpha cells, or two columns.
    c : float, default=5
        Superclumps a column, see `mic`.
    n_permutations : int, default=1000
        How many columns of noise to compare with; at least 200.
    random_state : int, RandomState instance or None, default=0
        Seed of the noise. The same number gives the same p-values, whatever `n_jobs`.
    n_jobs : int, optional
        How many jobs to do at a time, see :class:`joblib.Parallel`; in threads, unless another
        backend is chosen by :func:`joblib.parallel_config`.

    Returns
    -------
    result : ClassMic
        `coefficient` and `pvalue`.

    Raises
    ------
    ValueError
        If X holds NaN, y is not made of two classes or more, or their lengths differ.

    See Also
    --------
    mic : MIC of two variables that have an order.

    Notes
    -----
    The definition is this library's own; the papers have no classes. It is 1 if parts of the
    feature tell the classes apart without an error, or if the classes tell k equal parts apart.
    For two classes of equal size it is nearly ``mic(x, y, "mic_e")``; for unequal ones that
    coefficient cannot reach 1, as it divides by the logarithm of 2 and not by the entropy of the
    classes.

    p-values come from columns of noise without ties. For any feature without ties that is
    independent of the classes this is its exact distribution, so that all features share one.
    For a column with ties, the coefficient that is compared is that of the column with its
    ties broken at random, which makes the test exact again, if a little weaker; the one
    that is returned has them. Where fewer than ten columns of noise reach a coefficient, the
    p-value is extrapolated, see `musigenre.selection.upper_tail`. The rows are taken to be
    independent; clips of one track are not.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.selection import class_mic
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(-1, 1, size=200)
    >>> y = np.where(np.abs(x) < 0.5, "folk", "metal")
    >>> coefficient, pvalue = class_mic(np.column_stack([x, rng.normal(size=200)]), y)
    >>> coefficient.round(2), pvalue.round(2)
    (array([0.9 , 0.04]), array([0.  , 0.69]))
    """
    numbers, codes = check_variables(X, "X"), number_classes(y)
    check_consistent_length(numbers, codes)
    grids = _ClassGrids(codes, alpha, c)
    if grids.n_classes > np.iinfo(np.uint16).max:
        raise ValueError(
            f"y has {grids.n_classes} classes, more than can be searched: are they classes?"
        )
    n_features = numbers.shape[1]
    if n_features == 0:
        return ClassMic(np.empty(0), np.empty(0))
    n_batches = -(-n_permutations // _BATCH)
    seed, *seeds = check_random_state(random_state).randint(2**31, size=1 + n_batches)
    given = ((grids, seed, numbers[:, i : i + _BATCH]) for i in range(0, n_features, _BATCH))
    results = run_jobs(_score_columns, given, n_jobs, ordered=True, prefer="threads")
    coefficient, without_ties = np.concatenate(list(results), axis=1)
    chance = ((grids, seed) for seed in seeds)
    noise = run_jobs(_score_noise, chance, n_jobs, ordered=True, prefer="threads")
    null = np.concatenate(list(noise))[:n_permutations]
    pvalue = np.where(without_ties > 0, upper_tail(without_ties, null), 1)
    return ClassMic(coefficient, pvalue)


@dataclass(frozen=True)
class _ClassGrids:
    """The grids for some classes, see `class_mic`."""

    codes: NDArray[np.intp]
    alpha: float
    c: float

    @cached_property
    def n_samples(self) -> int:
        return len(self.codes)

    @cached_property
    def n_classes(self) -> int:
        return int(self.codes.max()) + 1

    @cached_property
    def max_columns(self) -> int:
        return max(2, count_cells(self.n_samples, self.alpha) // self.n_classes)

    @cached_property
    def searched(self) -> int:
        """Up to how many columns are placed; more are equipartitions."""
        return min(self.n_classes, self.max_columns)

    @cached_property
    def steps(self) -> NDArray[np.intp]:
        """What to search, see `mic_kernels.search`.

        For an equipartition the sides are turned round: its parts are given, and of the columns,
        then made of classes, no fewer are wanted than there are classes.
        """
        search = (0, 0, self.searched, max(int(self.c * self.max_columns), 1))
        equal = range(self.searched + 1, self.max_columns + 1)
        return np.array([search, *((1, k, self.n_classes, self.n_classes) for k in equal)])

    @cached_property
    def classes(self) -> RankedColumns:
        return RankedColumns.of([self.codes], self.max_columns)

    @cached_property
    def largest_information(self) -> Floats:
        """The most that 2, 3, ... columns can tell of the classes."""
        share = np.bincount(self.codes) / self.n_samples
        entropy = -np.sum(share * np.log(share))
        return np.minimum(np.log(np.arange(2, self.max_columns + 1)), entropy)

    def coefficients(self, features: RankedColumns) -> Floats:
        """MIC of each feature with the classes."""
        from musigenre.selection.mic_kernels import search

        n = len(features.order)
        ranked = features.joined(self.classes)
        pairs = np.array([(i, n) for i in range(n)], dtype=np.intp)
        information = np.empty((n, len(self.steps), self.steps[:, 2].max() + 1))
        search(*ranked, pairs, self.steps, table_of_logarithms(self.n_samples), information)
        placed = information[:, 0, 2 : self.searched + 1]
        equal = information[:, 1:, -1]
        scores = np.concatenate([placed, equal], axis=1) / self.largest_information
        return np.clip(scores, 0, 1).max(axis=1)


def _score_noise(grids: _ClassGrids, seed: int) -> Floats:
    """Coefficients of columns of noise without ties."""
    order = _shuffled_samples(grids, _BATCH, seed)
    return grids.coefficients(RankedColumns.without_ties(order, grids.max_columns))


def _score_columns(grids: _ClassGrids, seed: int, columns: NDArray) -> tuple[Floats, Floats]:
    """Coefficients of columns as they are, and with ties broken at random; 0 if constant."""
    features = RankedColumns.of(list(columns.T), grids.max_columns)
    coefficients = grids.coefficients(features)
    coefficients[features.n_groups == 1] = 0
    without_ties = coefficients.copy()
    tied = (features.n_groups > 1) & (features.n_groups < grids.n_samples)
    if tied.any():
        groups = features.group_of[tied]
        # The seed comes from the column, so that no result depends on the column's place.
        seeds = [[seed, crc32(group.tobytes())] for group in groups]
        shuffled = np.concatenate([_shuffled_samples(grids, 1, each) for each in seeds])
        sorting = np.argsort(np.take_along_axis(groups, shuffled, 1), axis=1, kind="stable")
        order = np.take_along_axis(shuffled, sorting, 1)
        without_ties[tied] = grids.coefficients(
            RankedColumns.without_ties(order, grids.max_columns)
        )
    return coefficients, without_ties


def _shuffled_samples(
    grids: _ClassGrids, n_columns: int, seed: int | list[int]
) -> NDArray[np.intp]:
    samples = np.tile(np.arange(grids.n_samples), (n_columns, 1))
    return np.random.default_rng(seed).permuted(samples, axis=1)
