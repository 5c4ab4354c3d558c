"""The maximal information coefficient of one pair of variables, and of many."""

from collections.abc import Iterator
from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length
from sklearn.utils._param_validation import validate_params

from musigenre.parallel import in_order
from musigenre.selection.characteristic_matrix import characteristic_matrix
from musigenre.selection.grids import CONSTRAINTS, Floats, Grids
from musigenre.selection.ranked_columns import RankedColumns
from musigenre.selection.variables import check_variables

# A job takes so many columns of either side: hundreds of searches, and little data to hand over.
_TILE = 8


@validate_params(
    {"x": ["array-like"], "y": ["array-like"], **CONSTRAINTS}, prefer_skip_nested_validation=True
)
def mic(
    x: ArrayLike,
    y: ArrayLike,
    estimator: str = "mic_approx",
    alpha: float = 0.6,
    c: float | None = None,
) -> float:
    """Maximal information coefficient of two variables: how much one tells of the other.

    Grids of every size are laid over the scatter plot, with lines where they tell most, and scored
    by the mutual information of their cells, over the largest that a grid of that size can have.
    MIC is the best score.

    Parameters
    ----------
    x, y : array-like of shape (n_samples,)
        Numbers. Only their order counts, so infinite ones are as good as any; NaN is an error.
    estimator : {"mic_approx", "mic_e"}, default="mic_approx"
        "mic_approx" is the approximation of Reshef et al. 2011 [1]_ (ApproxMaxMI), the coefficient
        that most programs compute; "mic_e" the estimator of Reshef et al. 2016 [2]_: consistent,
        less biased and much faster.
    alpha : float, default=0.6
        From above 0 to 1. Grids have at most n_samples ** alpha cells, but at least four.
    c : float, optional
        Columns begin and end where one of about c times as many stretches of samples (superclumps)
        does. By default 15 for "mic_approx" and 5 for "mic_e".

    Returns
    -------
    mic : float
        From 0 to 1. Near 1 for any function without noise; of independent variables it falls
        with the number of samples, but slowly: "mic_approx" still gives 0.13 for 1,000 of them.

    Raises
    ------
    ValueError
        If x or y holds NaN, is not one row of numbers or differs in length from the other.

    See Also
    --------
    characteristic_matrix : All scores, and what else is drawn from them.
    mic_matrix : MIC of many pairs.
    mic_test : Whether there is any relation.
    class_mic : MIC with classes, whose order means nothing.

    Notes
    -----
    Numbers of three or more classes are no variable: as long as grids are too coarse to give each
    class a row, another numbering gives another coefficient. The treatment of ties, constants and
    few samples is that of `characteristic_matrix`.

    References
    ----------
    .. [1] D. N. Reshef et al., "Detecting novel associations in large data sets", Science 334,
       2011, and its supporting online material.
    .. [2] Y. A. Reshef et al., "Measuring dependence powerfully and equitably", Journal of Machine
       Learning Research 17, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre import mic
    >>> rng = np.random.default_rng(0)
    >>> x = rng.uniform(-1, 1, size=500)
    >>> round(mic(x, np.sin(9 * x)), 2)
    1.0
    >>> round(mic(x, np.sin(9 * x) + rng.normal(scale=0.5, size=500)), 2)
    0.72
    >>> round(mic(x, rng.normal(size=500), estimator="mic_e"), 2)
    0.05
    """
    return characteristic_matrix(x, y, estimator, alpha, c).mic


@validate_params(
    {
        "X": ["array-like"],
        "Y": ["array-like", None],
        **CONSTRAINTS,
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def mic_matrix(
    X: ArrayLike,
    Y: ArrayLike | None = None,
    *,
    estimator: str = "mic_e",
    alpha: float = 0.6,
    c: float | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Floats:
    """Maximal information coefficient of many pairs of columns.

    A column is sorted and divided once, whatever the number of pairs that it takes part in.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_columns)
        Numbers, see `mic`.
    Y : array-like of shape (n_samples, n_other_columns) or (n_samples,), optional
        The columns to pair those of X with. By default those of X among themselves.
    estimator : {"mic_approx", "mic_e"}, default="mic_e"
        See `mic`, whose default is the other one: for many pairs it is slow.
    alpha : float, default=0.6
        See `mic`.
    c : float, optional
        See `mic`.
    n_jobs : int, optional
        How many pairs to compute at a time, see :class:`joblib.Parallel`; in threads, unless
        another backend is chosen by :func:`joblib.parallel_config`.
    verbose : int, default=0
        Whether to show progress on a terminal.

    Returns
    -------
    coefficients : ndarray of shape (n_columns, n_other_columns), or (n_columns,) for a Y like that
        ``coefficients[i, j]`` is ``mic(X[:, i], Y[:, j])``.

    Raises
    ------
    ValueError
        If X or Y holds NaN, is not made of numbers or differs in length from the other.

    Notes
    -----
    "mic_approx" is symmetric. "mic_e" nearly is: of grids with as many columns as rows it searches
    the parts of the second variable alone, as defined.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.selection import mic_matrix
    >>> x = np.linspace(-1, 1, 300)
    >>> noise = np.random.default_rng(0).normal(size=300)
    >>> mic_matrix(np.column_stack([x, x**2, noise])).round(2)
    array([[1.  , 1.  , 0.06],
           [1.  , 1.  , 0.08],
           [0.06, 0.08, 1.  ]])
    >>> mic_matrix(np.column_stack([x, noise]), np.abs(x)).round(2)
    array([1.  , 0.08])
    """
    columns = list(check_variables(X, "X").T)
    n_left, offset = len(columns), 0
    if Y is not None:
        others = check_variables(np.reshape(Y, (-1, 1)) if np.ndim(Y) == 1 else Y, "Y")
        check_consistent_length(X, others)
        columns += list(others.T)
        offset = n_left
    coefficients = np.empty((n_left, len(columns) - offset))
    if coefficients.size:
        grids = Grids(len(columns[0]), estimator, alpha, c, both_diagonals=Y is None)
        ranked = RankedColumns.of(columns, grids.max_parts)
        tiles = list(_tiles(n_left, offset, len(columns)))
        results = in_order(
            _compute_tile,
            ((grids, *ranked.take_pairs(pairs)) for pairs in tiles),
            n_jobs,
            description="MIC",
            total=len(tiles),
            unit="tile",
            verbose=verbose,
            prefer="threads",
        )
        for (i, j), (forth, back) in zip((pairs.T for pairs in tiles), results, strict=True):
            coefficients[i, j - offset] = forth
            if Y is None:
                coefficients[j, i] = back
    return coefficients[:, 0] if Y is not None and np.ndim(Y) == 1 else coefficients


def _tiles(n_left: int, offset: int, n_columns: int) -> Iterator[NDArray[np.intp]]:
    """Pairs of columns, those of few columns together: arrays of shape (n_pairs, 2)."""
    for i in range(0, n_left, _TILE):
        for j in range(offset or i, n_columns, _TILE):
            yield np.array(
                [
                    (x, y)
                    for x in range(i, min(i + _TILE, n_left))
                    for y in range(max(j, x) if not offset else j, min(j + _TILE, n_columns))
                ]
            )


def _compute_tile(
    grids: Grids, ranked: RankedColumns, pairs: NDArray[np.intp]
) -> tuple[Floats, Floats]:
    """MIC of each pair (x, y), and of (y, x)."""
    coefficients = np.empty((2, len(pairs)))
    for part in np.array_split(np.arange(len(pairs)), grids.n_batches(len(pairs))):
        coefficients[:, part] = grids.largest(grids.entries(ranked, pairs[part]))
    return coefficients[0], coefficients[1]
