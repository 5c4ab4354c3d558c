"""One run of Boruta with all that happened in it. Nothing else here knows the boruta package."""

from typing import Any, NamedTuple

import numpy as np
from boruta import BorutaPy
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from tqdm.auto import tqdm

CONFIRMED, TENTATIVE, REJECTED = 1, 0, -1


class BorutaRun(NamedTuple):
    """What a run of Boruta found, iteration by iteration.

    Parameters
    ----------
    importances : ndarray of shape (n_iter, n_features)
        Importance of each feature; NaN once it is rejected.
    shadows : ndarray of shape (n_iter, 3)
        Smallest, mean and largest importance of the shadow features.
    hits : ndarray of shape (n_features,)
        In how many iterations each feature was above the threshold of the shadows.
    decisions : ndarray of shape (n_iter, n_features)
        1 confirmed, 0 tentative, -1 rejected, after each iteration.
    """

    importances: NDArray[np.float64]
    shadows: NDArray[np.float64]
    hits: NDArray[np.intp]
    decisions: NDArray[np.intp]


def run_boruta(
    forest: BaseEstimator,
    X: NDArray[Any],
    y: NDArray[np.intp],
    groups: NDArray[np.intp] | None,
    rng: np.random.RandomState,
    *,
    max_iter: int,
    n_iter_no_change: int | None,
    verbose: int,
    **options: Any,
) -> BorutaRun:
    """Run Boruta with a forest of one's own, which is fitted and left changed.

    Parameters
    ----------
    forest : estimator with feature_importances_
        With the parameters `n_estimators` and `random_state`.
    X : ndarray of shape (n_samples, n_features)
        Finite numbers.
    y : ndarray of shape (n_samples,)
        Class of each row.
    groups : ndarray of shape (n_samples,) or None
        With it, shadow features are shuffled by whole groups, numbered from zero.
    rng : RandomState
        Source of chance.
    max_iter : int
        Iterations at most.
    n_iter_no_change : int or None
        Iterations without a decision after which to stop.
    verbose : int
        Above zero, a progress bar is shown if standard error is a terminal.
    **options
        Of the package: `n_estimators`, `perc`, `alpha` and `two_step`.

    Returns
    -------
    run : BorutaRun

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> X = np.random.RandomState(0).normal(size=(100, 2))
    >>> run = run_boruta(
    ...     RandomForestClassifier(max_depth=3), X, (X[:, 0] > 0).astype(int), None,
    ...     np.random.RandomState(0), max_iter=20, n_iter_no_change=None, verbose=0,
    ...     n_estimators=20,
    ... )
    >>> run.decisions[-1]
    array([ 1, -1])
    """
    with tqdm(
        desc="Boruta",
        total=max_iter,
        unit="iteration",
        disable=None if verbose else True,  # None: off unless standard error is a terminal
    ) as progress:
        boruta = _RecordedBoruta(
            forest,
            # The package stops one iteration short of its `max_iter`.
            max_iter=max_iter + 1,
            random_state=rng,
            early_stopping=n_iter_no_change is not None,
            n_iter_no_change=n_iter_no_change or max_iter,
            **options,
        )
        boruta.groups, boruta.progress = groups, progress
        boruta.fit(X, y)
    return BorutaRun(
        np.array(boruta.importances),
        np.array(boruta.shadows),
        boruta.hits,
        np.array(boruta.decisions),
    )


class _RecordedBoruta(BorutaPy):
    """BorutaPy that keeps what it throws away: the shadows' importances and every decision.

    Its own `support_` cannot be used: where all features are confirmed or nearly so, it holds
    tentative ones, too, even if nothing was decided.
    """

    groups: NDArray[np.intp] | None
    progress: tqdm

    def __init__(self, estimator: BaseEstimator, **options: Any) -> None:
        super().__init__(estimator, **options)
        self.importances: list[NDArray[np.float64]] = []
        self.shadows: list[list[float]] = []
        self.decisions: list[NDArray[np.intp]] = []

    def _add_shadows_get_imps(self, X, y, dec_reg):
        real, shadow = super()._add_shadows_get_imps(X, y, dec_reg)
        self.importances.append(real.copy())  # it is changed later
        self.shadows.append([shadow.min(), shadow.mean(), shadow.max()])
        return real, shadow

    def _do_tests(self, dec_reg, hit_reg, _iter):
        decided = super()._do_tests(dec_reg, hit_reg, _iter)
        self.decisions.append(decided.copy())
        self.hits = hit_reg.copy()
        counts = {
            name: int((decided == code).sum())
            for name, code in (("confirmed", CONFIRMED), ("rejected", REJECTED))
        }
        self.progress.set_postfix(counts, refresh=False)
        self.progress.update()
        return decided

    def _get_shuffle(self, seq):
        if self.groups is None:
            return super()._get_shuffle(seq)
        return shuffle_groups(seq, self.groups, self.random_state)


def shuffle_groups(
    values: NDArray[Any], groups: NDArray[np.intp], rng: np.random.RandomState
) -> NDArray[Any]:
    """Give the rows of each group the values of another, in order, repeated or cut to fit.

    What holds the rows of a group together stays; what ties a group to anything else goes. Groups
    of like size swap places, as values often repeated would tell a group better than its own do.
    One that is more than four times as large as any other keeps its own.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
    groups : ndarray of int of shape (n_samples,)
        Numbered from zero without gaps.
    rng : RandomState

    Returns
    -------
    shuffled : ndarray of shape (n_samples,)

    Examples
    --------
    >>> import numpy as np
    >>> groups = np.array([0, 0, 1, 1, 2])
    >>> shuffle_groups(np.array([1, 2, 3, 4, 5]), groups, np.random.RandomState(1))
    array([3, 4, 1, 2, 5])
    """
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    starts = np.cumsum(sizes) - sizes
    # Two rankings by size, each blurred by up to a factor of four; equal sizes are plain chance.
    blur = rng.uniform(0, np.log(4), size=(2, len(sizes)))
    receivers, givers = np.argsort(np.log(sizes) + blur, axis=1)
    source = np.empty_like(givers)
    source[receivers] = givers
    # Place of each row within its group, and from there into the group it takes its value from.
    place = np.arange(len(groups)) - np.repeat(starts, sizes)
    giver = np.repeat(source, sizes)
    shuffled = np.empty_like(values)
    shuffled[order] = values[order[starts[giver] + place % sizes[giver]]]
    return shuffled
