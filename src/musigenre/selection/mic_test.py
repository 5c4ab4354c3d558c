"""Whether two variables have anything to do with each other."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
from numpy.random import RandomState
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from musigenre.parallel import in_order
from musigenre.selection.grids import CONSTRAINTS, Floats, Grids
from musigenre.selection.ranked_columns import RankedColumns
from musigenre.selection.variables import check_variable

# Permutations of a job.
_BATCH = 16


class MicTest(NamedTuple):
    """Result of `mic_test`.

    Parameters
    ----------
    statistic : float
        MIC or TIC of the two variables.
    pvalue : float
        Share of permutations, the one that was observed among them, with a statistic as large.
    null : ndarray of shape (n_permutations,)
        The statistics of the permutations.
    """

    statistic: float
    pvalue: float
    null: Floats


@validate_params(
    {
        "x": ["array-like"],
        "y": ["array-like"],
        "statistic": [StrOptions({"mic", "tic"})],
        **CONSTRAINTS,
        "n_permutations": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def mic_test(
    x: ArrayLike,
    y: ArrayLike,
    *,
    statistic: str = "tic",
    estimator: str = "mic_e",
    alpha: float = 0.6,
    c: float | None = None,
    n_permutations: int = 999,
    random_state: int | RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> MicTest:
    """Test by permutation whether two variables are independent.

    Parameters
    ----------
    x, y : array-like of shape (n_samples,)
        Numbers, see `mic`.
    statistic : {"tic", "mic"}, default="tic"
        What to compare: the sum of the characteristic matrix, which finds weak relations more
        often (Reshef et al. 2016), or its largest entry, the coefficient itself.
    estimator : {"mic_e", "mic_approx"}, default="mic_e"
        See `mic`.
    alpha : float, default=0.6
        See `mic`.
    c : float, optional
        See `mic`.
    n_permutations : int, default=999
        How often to shuffle y. The smallest p-value is 1 / (n_permutations + 1).
    random_state : int, RandomState instance or None, default=None
        The same number gives the same result, whatever `n_jobs`.
    n_jobs : int, optional
        How many permutations to do at a time, see :class:`joblib.Parallel`; in threads, unless
        another backend is chosen by :func:`joblib.parallel_config`.
    verbose : int, default=0
        Whether to show progress on a terminal.

    Returns
    -------
    result : MicTest
        `statistic`, `pvalue` and `null`.

    Raises
    ------
    ValueError
        As `mic`.

    Notes
    -----
    Of independent variables, a p-value of at most a comes with a probability of at most a,
    whatever their distributions [1]_. Samples that depend on each other, like the clips of a track,
    may not be shuffled one by one: test tracks.

    References
    ----------
    .. [1] B. Phipson, G. K. Smyth, "Permutation p-values should never be zero", Statistical
       Applications in Genetics and Molecular Biology 9(1), 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.selection import mic_test
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(-1, 1, size=100)
    >>> mic_test(x, x**2 + rng.normal(scale=0.3, size=100), random_state=0).pvalue
    0.001
    >>> mic_test(x, rng.normal(size=100), random_state=0).pvalue
    0.181
    """
    numbers = check_variable(x, "x"), check_variable(y, "y")
    check_consistent_length(*numbers)
    grids = Grids(len(numbers[0]), estimator, alpha, c)
    x_ranked, y_ranked = (RankedColumns.of([column], grids.max_parts) for column in numbers)
    as_it_is = np.arange(grids.n_samples)[np.newaxis]
    (observed,) = _statistics(grids, x_ranked, y_ranked, as_it_is, statistic)
    n_batches = -(-n_permutations // _BATCH)
    seeds = check_random_state(random_state).randint(2**31, size=n_batches)
    batches = in_order(
        _statistics_by_chance,
        ((grids, x_ranked, y_ranked, seed, statistic) for seed in seeds),
        n_jobs,
        description="permutations",
        total=n_batches,
        unit="batch",
        verbose=verbose,
        prefer="threads",
    )
    null = np.concatenate(list(batches))[:n_permutations]
    # Grids that are equal may differ in the last digits.
    as_large = np.count_nonzero(null >= observed - 1e-12)
    return MicTest(float(observed), float((1 + as_large) / (1 + n_permutations)), null)


def _statistics_by_chance(
    grids: Grids, x: RankedColumns, y: RankedColumns, seed: int, statistic: str
) -> Floats:
    samples = np.tile(np.arange(grids.n_samples), (_BATCH, 1))
    permutations = np.random.default_rng(seed).permuted(samples, axis=1)
    return _statistics(grids, x, y, permutations, statistic)


def _statistics(
    grids: Grids, x: RankedColumns, y: RankedColumns, permutations: np.ndarray, statistic: str
) -> Floats:
    """Statistic of x and each of the permuted y."""
    ranked = x.joined(y.permuted(permutations))
    pairs = np.array([(0, 1 + i) for i in range(len(permutations))])
    total = np.nansum if statistic == "tic" else np.nanmax
    return np.array([total(grids.matrix(e)) for e in grids.entries(ranked, pairs)])
