"""Repeated random holdouts that keep class shares, with or without groups held apart."""

import math
import warnings
from collections.abc import Iterator
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import BaseShuffleSplit
from sklearn.utils import check_random_state, column_or_1d, indexable
from sklearn.utils._param_validation import Interval, RealNotInt, validate_parameter_constraints
from sklearn.utils.multiclass import type_of_target

from musigenre.model_selection.group_draw import Counts, draw_groups


class StratifiedMonteCarloSplit(BaseShuffleSplit):
    """Random holdouts with the class shares of the whole, drawn again and again.

    Each holdout is drawn afresh, so a row may be tested several times or never. Without groups the
    class shares are exact to one row and the sizes are as asked. With groups no group lies on both
    sides, and sizes and shares are as close as whole groups allow without the holdouts becoming
    all alike.

    Parameters
    ----------
    n_splits : int, default=10
        Number of holdouts.
    test_size : float or int, default=0.2
        Share of the rows to test on (rounded up), or their number. Rows are counted, not groups.
    random_state : int, RandomState instance or None, default=None
        An int gives the same holdouts at every call of `split`.

    See Also
    --------
    musigenre.evaluate : Fit and score an estimator over such holdouts.
    sklearn.model_selection.StratifiedGroupKFold : A partition instead of repeated draws.

    Notes
    -----
    Every class stays in the training part, and reaches the test part if it has two groups or more.
    A class with a single group cannot be split: it stays in the training part, and a warning names
    it. Another one names classes that cannot be tested because their groups hold such a class too.

    With groups, chance decides within half a typical group: each class may be off its share of the
    test part by about half the size of the group one of its rows meets on average, unless adding or
    leaving out one group mends that. A group too large to fit so is tested only where its class
    leaves no choice.

    The test parts of several holdouts overlap, so :func:`sklearn.model_selection.cross_val_predict`
    refuses them: it wants every row to be tested exactly once.

    References
    ----------
    P. Cortis, "Music genre classification with deep neural networks", section IV.A: ten stratified
    Monte-Carlo holdouts with 20 % of the data for testing.

    Examples
    --------
    >>> from musigenre.model_selection import StratifiedMonteCarloSplit
    >>> genres = ["jazz"] * 4 + ["rock"] * 4
    >>> artists = ["a", "a", "b", "b", "c", "c", "d", "d"]
    >>> holdouts = StratifiedMonteCarloSplit(n_splits=2, test_size=0.5, random_state=1)
    >>> for train, test in holdouts.split(genres, genres, groups=artists):
    ...     print([artists[row] for row in train], [artists[row] for row in test])
    ['a', 'a', 'd', 'd'] ['b', 'b', 'c', 'c']
    ['a', 'a', 'c', 'c'] ['b', 'b', 'd', 'd']
    """

    # In scikit-learn's metadata routing a splitter asks for groups by this name.
    __metadata_request__split: ClassVar[dict[str, bool]] = {"groups": True}

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_splits": [Interval(Integral, 1, None, closed="left")],
        "test_size": [
            Interval(RealNotInt, 0, 1, closed="neither"),
            Interval(Integral, 1, None, closed="left"),
        ],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_splits: int = 10,
        *,
        test_size: float | int = 0.2,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        super().__init__(n_splits=n_splits, test_size=test_size, random_state=random_state)

    def split(
        self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Draw the holdouts.

        Parameters
        ----------
        X : array-like of length n_samples
            Only its length counts.
        y : array-like of shape (n_samples,)
            Class of each row.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, for example its track or its artist. No group lies on both sides.

        Returns
        -------
        holdouts : iterator of (train, test)
            Row numbers of the two parts, in ascending order. Together they are all rows.

        Raises
        ------
        ValueError
            If y is not a vector of classes, a class has one row only, the lengths differ, a group
            is missing, or a part would be too small to hold every class.

        Warns
        -----
        UserWarning
            If a class has a single group, or cannot be in the test part of a holdout.
        """
        validate_parameter_constraints(
            self._parameter_constraints,
            {name: getattr(self, name) for name in self._parameter_constraints},
            caller_name=type(self).__name__,
        )
        if y is None:
            raise ValueError("y is None, but class shares can only be kept if classes are given.")
        X, y, groups = indexable(X, y, groups)
        classes, codes = _encode_classes(y)
        self._test_rows(len(codes), len(classes))
        if groups is None:
            return self._iter_indices(classes, codes)
        return self._iter_indices(classes, codes, _encode_groups(groups))

    def _iter_indices(self, X, y=None, groups=None):
        """Yield the holdouts, with the distinct classes in place of X and codes as y and groups."""
        n_test = self._test_rows(len(y), len(X))
        rng = check_random_state(self.random_state)
        if groups is not None:
            counts = pd.crosstab(groups, y).to_numpy()
            _warn_of_lone_groups(X, counts)
        for holdout in range(self.n_splits):
            if groups is None:
                is_test = _draw_rows(y, n_test, rng)
            else:
                is_drawn = draw_groups(counts, n_test, rng)
                _check_draw(X, counts, is_drawn, holdout)
                is_test = is_drawn[groups]
            yield np.flatnonzero(~is_test), np.flatnonzero(is_test)

    def _test_rows(self, n_samples: int, n_classes: int) -> int:
        """Return the number of rows to test on, if both parts can hold every class."""
        is_count = isinstance(self.test_size, Integral)
        n_test = int(self.test_size) if is_count else math.ceil(self.test_size * n_samples)
        if not n_classes <= n_test <= n_samples - n_classes:
            raise ValueError(
                f"test_size={self.test_size} puts {n_test} of {n_samples} rows in the test part and"
                f" {n_samples - n_test} in the training part, but each part needs at least one row"
                f" of each of the {n_classes} classes."
            )
        return n_test


def _encode_classes(y: ArrayLike) -> tuple[NDArray[Any], NDArray[np.intp]]:
    kind = type_of_target(y, input_name="y")
    if kind not in {"binary", "multiclass"}:
        raise ValueError(
            f"y must hold one class a row, but it is of kind {kind!r}; bin continuous values or"
            " keep one label a row."
        )
    classes, codes, counts = np.unique(column_or_1d(y), return_inverse=True, return_counts=True)
    if counts.min() < 2:
        raise ValueError(
            f"classes {classes[counts < 2].tolist()} have one row only, and a class needs two: one"
            " to train and one to test on. Leave them out or add rows."
        )
    return classes, codes


def _encode_groups(groups: ArrayLike) -> NDArray[np.intp]:
    codes, _ = pd.factorize(column_or_1d(groups, dtype=object))
    missing = np.flatnonzero(codes < 0)
    if missing.size:
        raise ValueError(
            f"groups are missing in {missing.size} rows, the first of them row {missing[0]}; give"
            " each of them a group, its own if nothing else is known."
        )
    return codes


def _warn_of_lone_groups(classes: NDArray[Any], counts: Counts) -> None:
    lone = (counts > 0).sum(axis=0) == 1
    if lone.any():
        warnings.warn(
            f"classes {classes[lone].tolist()} have one group each, so they stay in the training"
            " part and are never tested.",
            UserWarning,
            stacklevel=3,
        )


def _check_draw(
    classes: NDArray[Any], counts: Counts, is_drawn: NDArray[np.bool_], holdout: int
) -> None:
    if not is_drawn.any():
        raise ValueError(
            "no group can be held out: every one of them is the only group of some class. Use a"
            " finer grouping or leave such classes out."
        )
    testable = (counts > 0).sum(axis=0) > 1
    untested = testable & (counts[is_drawn].sum(axis=0) == 0)
    if untested.any():
        warnings.warn(
            f"classes {classes[untested].tolist()} are missing from the test part of holdout"
            f" {holdout}: their groups share rows with classes that must stay in training.",
            UserWarning,
            stacklevel=3,
        )


def _draw_rows(
    codes: NDArray[np.intp], n_test: int, rng: np.random.RandomState
) -> NDArray[np.bool_]:
    """Draw test rows at random, each class to its share by largest remainders."""
    counts = np.bincount(codes)
    wanted = counts * (n_test / len(codes))
    quota = np.clip(np.floor(wanted), 1, counts - 1).astype(int)
    ties = 1e-6 * rng.uniform(size=len(counts))  # equal remainders take turns
    while quota.sum() < n_test:
        quota[np.argmax(np.where(quota < counts - 1, wanted - quota + ties, -np.inf))] += 1
    while quota.sum() > n_test:
        quota[np.argmax(np.where(quota > 1, quota - wanted + ties, -np.inf))] -= 1
    is_test = np.zeros(len(codes), dtype=bool)
    for code, size in enumerate(quota):
        is_test[rng.choice(np.flatnonzero(codes == code), size, replace=False)] = True
    return is_test
