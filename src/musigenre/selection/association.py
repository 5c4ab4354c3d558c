"""How strongly columns of numbers go with the genre, and with each other.

A genre has no order, so a correlation with numbers put in its place means nothing. The counterpart
of Pearson's correlation for a class is the correlation ratio: the largest Pearson correlation that
any numbering of the classes can reach. Taken over ranks it is the counterpart of Spearman's. That
of the maximal information coefficient takes the classes as one side of a grid, see `class_mic`.

A column whose values are equal up to rounding goes with nothing: association 0, p = 1.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, chdtrc
from scipy.stats import rankdata
from sklearn.utils import check_array, check_consistent_length

from musigenre.selection.class_mic import class_mic
from musigenre.selection.maximal_information import mic_matrix
from musigenre.selection.variables import number_classes

Floats = NDArray[np.float64]


class AssociationTest(NamedTuple):
    """The two questions that a test of association answers.

    Parameters
    ----------
    with_classes : callable
        ``with_classes(X, y)``, for X of shape (n_samples, n_features) and labels y of shape
        (n_samples,), gives two arrays of shape (n_features,): the association of each column with
        the classes, from 0 (none) to 1, and its p-value.
    between_columns : callable
        ``between_columns(X)`` gives the association of every pair of columns, from 0 to 1, as a
        symmetric array of shape (n_features, n_features).
    """

    with_classes: Callable[[ArrayLike, ArrayLike], tuple[Floats, Floats]]
    between_columns: Callable[[ArrayLike], Floats]


def correlation_ratio(X: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    r"""Correlation ratio of each column with the classes, and its p-value.

    With the sums of squares between the class means and in all,
    :math:`\eta = \sqrt{SS_{between} / SS_{total}}`. This is the Pearson correlation of the column
    with the classes when each class is numbered by its mean; no numbering gives a larger one.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite numbers.
    y : array-like of shape (n_samples,)
        Class labels, of at least two classes.

    Returns
    -------
    eta : ndarray of shape (n_features,)
        From 0, all classes have one mean, to 1, all rows of a class have one value.
    pvalue : ndarray of shape (n_features,)
        Of the F test of the one-way analysis of variance. It is 1 where no class has a second row:
        nothing then tells a difference from noise.

    Raises
    ------
    ValueError
        If X is not finite, y is not made of two classes or more, or their lengths differ.

    References
    ----------
    K. Pearson, "On the general theory of skew correlation and non-linear regression", 1905.

    Examples
    --------
    >>> from musigenre.selection.association import correlation_ratio
    >>> X = [[1, 5], [2, 5], [8, 5], [9, 5]]
    >>> eta, pvalue = correlation_ratio(X, ["jazz", "jazz", "pop", "pop"])
    >>> eta.round(3), pvalue.round(3)
    (array([0.99, 0.  ]), array([0.01, 1.  ]))
    """
    numbers, codes = _numbers(X), number_classes(y)
    check_consistent_length(numbers, codes)
    between, within = _sums_of_squares(numbers, codes)
    n_samples, n_classes = len(codes), codes.max() + 1
    if n_samples == n_classes:
        return np.sqrt(between), np.ones_like(between)
    # The upper tail of F, written with SS_within / SS_total: nothing is divided by zero.
    return np.sqrt(between), betainc((n_samples - n_classes) / 2, (n_classes - 1) / 2, within)


def rank_correlation_ratio(X: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    r"""Correlation ratio of the ranks of each column with the classes, and its p-value.

    No increasing or decreasing map of a column changes it. The statistic of the test of Kruskal
    and Wallis, corrected for ties, is :math:`H = (n - 1) \eta^2`.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite numbers.
    y : array-like of shape (n_samples,)
        Class labels, of at least two classes.

    Returns
    -------
    eta : ndarray of shape (n_features,)
        From 0 to 1, which the ranks of a column without ties reach only with one row a class.
    pvalue : ndarray of shape (n_features,)
        Of the Kruskal-Wallis test, by its chi-squared approximation.

    Raises
    ------
    ValueError
        As `correlation_ratio`.

    References
    ----------
    W. H. Kruskal, W. A. Wallis, "Use of ranks in one-criterion variance analysis", 1952.

    Examples
    --------
    >>> from musigenre.selection.association import rank_correlation_ratio
    >>> eta, pvalue = rank_correlation_ratio([[1], [2], [8], [900]], ["jazz", "jazz", "pop", "pop"])
    >>> eta.round(3), pvalue.round(3)
    (array([0.894]), array([0.121]))
    """
    numbers, codes = _numbers(X), number_classes(y)
    check_consistent_length(numbers, codes)
    between, _ = _sums_of_squares(_ranks(numbers), codes)
    return np.sqrt(between), chdtrc(codes.max(), (len(codes) - 1) * between)


def pearson(X: ArrayLike) -> Floats:
    """Absolute Pearson correlation of every pair of columns.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite numbers.

    Returns
    -------
    correlation : ndarray of shape (n_features, n_features)
        From 0 to 1. A constant column has 0 even with itself.

    Examples
    --------
    >>> from musigenre.selection.association import pearson
    >>> pearson([[1, 4, 7], [2, 2, 7], [3, 0, 7]]).round(3)
    array([[1., 1., 0.],
           [1., 1., 0.],
           [0., 0., 0.]])
    """
    Z = _unit_columns(_numbers(X))
    return np.minimum(np.abs(Z.T @ Z), 1)


def spearman(X: ArrayLike) -> Floats:
    """Absolute Spearman correlation of every pair of columns.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite numbers.

    Returns
    -------
    correlation : ndarray of shape (n_features, n_features)
        From 0 to 1. A constant column has 0 even with itself.

    Examples
    --------
    >>> from musigenre.selection.association import spearman
    >>> spearman([[1, 4], [2, 2], [300, 0]]).round(3)
    array([[1., 1.],
           [1., 1.]])
    """
    return pearson(_ranks(_numbers(X)))


def mic_with_classes(X: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    """Maximal information coefficient of each column with the classes, and its p-value.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite numbers.
    y : array-like of shape (n_samples,)
        Class labels, of at least two classes.

    Returns
    -------
    coefficient : ndarray of shape (n_features,)
        From 0 to 1, see `class_mic`.
    pvalue : ndarray of shape (n_features,)
        From a thousand columns of noise, the same in every call.

    Raises
    ------
    ValueError
        As `correlation_ratio`.

    Examples
    --------
    >>> from musigenre.selection.association import mic_with_classes
    >>> X = [[1, 5], [2, 5], [8, 5], [9, 5]]
    >>> coefficient, pvalue = mic_with_classes(X, ["jazz", "jazz", "pop", "pop"])
    >>> coefficient.round(3), pvalue.round(3)
    (array([1., 0.]), array([0.357, 1.   ]))
    """
    return class_mic(_without_rounding(_numbers(X)), y)


def mic_between_columns(X: ArrayLike) -> Floats:
    """Maximal information coefficient (MIC_e) of every pair of columns.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
        Finite numbers.

    Returns
    -------
    coefficient : ndarray of shape (n_features, n_features)
        From 0 to 1; of both orders of a pair the larger one, so that it is symmetric. A column has
        1 with itself, but 0 if it is constant.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.selection.association import mic_between_columns
    >>> x = np.linspace(-1, 1, 100)
    >>> mic_between_columns(np.column_stack([x, np.cos(3 * x), np.ones(100)])).round(3)
    array([[1.   , 0.924, 0.   ],
           [0.924, 1.   , 0.   ],
           [0.   , 0.   , 0.   ]])
    """
    numbers = _without_rounding(_numbers(X))
    coefficient = mic_matrix(numbers)
    np.fill_diagonal(coefficient, np.ptp(numbers, axis=0) > 0)
    return np.maximum(coefficient, coefficient.T)


#: The tests that can be chosen by name.
ASSOCIATION_TESTS = {
    "pearson": AssociationTest(with_classes=correlation_ratio, between_columns=pearson),
    "spearman": AssociationTest(with_classes=rank_correlation_ratio, between_columns=spearman),
    "mic": AssociationTest(with_classes=mic_with_classes, between_columns=mic_between_columns),
}


def _numbers(X: ArrayLike) -> NDArray[np.floating]:
    return check_array(
        X,
        dtype=[np.float64, np.float32],
        ensure_min_samples=2,
        ensure_min_features=0,
        input_name="X",
    )


def _unit_columns(X: NDArray[np.floating]) -> Floats:
    """Centre each column and give it length 1; a column of equal values becomes zeros."""
    resolution = np.finfo(X.dtype).eps
    size = np.abs(X).max(axis=0).astype(np.float64)
    Z = X / np.where(size > 0, size, 1)  # squares of tiny and huge values stay within range
    Z -= Z.mean(axis=0)
    length = np.sqrt(np.sum(Z**2, axis=0))
    constant = length <= 10 * resolution * np.sqrt(len(Z))
    Z[:, constant] = 0
    Z /= np.where(constant, 1, length)
    return Z


def _sums_of_squares(X: NDArray[np.floating], codes: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Share the sum of squares out: between the classes, within the classes."""
    counts = np.bincount(codes)
    Z = _unit_columns(X)[np.argsort(codes, kind="stable")]
    means = np.add.reduceat(Z, np.cumsum(counts) - counts) / counts[:, np.newaxis]
    between = counts @ means**2
    within = np.sum((Z - np.repeat(means, counts, axis=0)) ** 2, axis=0)
    total = between + within  # 1 up to rounding, 0 for a constant column
    constant = total == 0
    total[constant] = within[constant] = 1
    return between / total, within / total


def _without_rounding(X: NDArray[np.floating]) -> NDArray[np.floating]:
    """Set columns that are constant up to rounding to zero: rounding alone makes no order."""
    return np.where(_unit_columns(X).any(axis=0), X, 0)


def _ranks(X: NDArray[np.floating]) -> Floats:
    """Rank each column, ties by their mean rank."""
    return rankdata(_without_rounding(X), axis=0)
