"""All features that tell of the genre, by comparison with shuffled copies of them."""

import warnings
from itertools import count
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, _fit_context, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import Tags, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from musigenre.selection.association import number_classes
from musigenre.selection.boruta_run import CONFIRMED, REJECTED, TENTATIVE, BorutaRun, run_boruta

_DECISIONS = {CONFIRMED: "confirmed", TENTATIVE: "tentative", REJECTED: "rejected"}


class BorutaSelector(SelectorMixin, BaseEstimator):
    """Keep every feature that a forest finds more useful than shuffled features.

    In each iteration a forest is fitted to the features and to *shadow* features, copies of them
    whose rows are shuffled. A feature that is more important than the best shadow scores a hit.
    Once it has more hits than chance gives it is *confirmed*, with fewer it is *rejected* and
    leaves; till then it is *tentative*.

    Parameters
    ----------
    estimator : estimator or None, default=None
        A forest with `feature_importances_` after `fit` and the parameters `n_estimators` and
        `random_state`. It is cloned. None is
        ``RandomForestClassifier(max_depth=7, class_weight="balanced")``.
    n_estimators : int or "auto", default="auto"
        Trees of each forest. "auto" takes as many as give every feature about a hundred chances;
        fewer, the deeper the trees.
    max_iter : int, default=100
        Iterations at most. It ends when no feature is tentative.
    alpha : float, default=0.05
        Level of the tests, after correction.
    percentile : int, default=100
        Percentile of the shadow importances that a hit must exceed: 100 is their largest. Less
        finds more, and more by chance.
    two_step : bool, default=True
        Correct each iteration's tests for the number of features by Benjamini and Hochberg, and
        for the number of iterations by Bonferroni. False is Bonferroni for the number of features
        alone, as in the original paper.
    tentative : {"drop", "keep"}, default="drop"
        What `transform` does with features that are undecided at the end.
    n_iter_no_change : int or None, default=None
        Stop early after so many iterations without a decision.
    random_state : int, RandomState instance or None, default=None
        Shuffles the shadows and grows the forests. An int gives the same result again.
    n_jobs : int or None, default=None
        Trees to grow at a time, in joblib's terms. None leaves what `estimator` says. The result
        does not depend on it.
    verbose : int, default=0
        Above zero, a progress bar is shown if standard error is a terminal.

    Attributes
    ----------
    support_ : ndarray of shape (n_features,)
        True for the features that are kept.
    decision_ : ndarray of shape (n_features,)
        "confirmed", "tentative" or "rejected".
    ranking_ : ndarray of shape (n_features,)
        1 for confirmed and 2 for tentative features; rejected ones count on from 3, the most
        important first.
    n_iter_ : int
        Iterations that were run.
    report_ : pandas.DataFrame
        One row a feature, in the order of the columns of X: `feature`, `decision`, `iterations`
        (after how many it was decided; all of them if it was not), `hits` (over all iterations
        until it was rejected), `importance` (its median), `shadow_max` (the median, over the same
        iterations, of the largest shadow importance), `rank` and `kept`.
    history_ : pandas.DataFrame
        One row an iteration. The importance of each feature, NaN once it is rejected, and in the
        last three columns, `shadow_min`, `shadow_mean` and `shadow_max`, that of the shadows.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had names that are all strings.

    Warns
    -----
    ConvergenceWarning
        In `fit`, if no feature was decided.
    UserWarning
        In `transform`, if no feature is kept, as every selector of scikit-learn does.

    See Also
    --------
    CorrelationSelector : Also drops features that repeat another.
    musigenre.inspection.BorutaDisplay : The importances as a box plot.
    sklearn.inspection.permutation_importance : Importance for a given model on given rows.

    Notes
    -----
    This is the method of Kursa and Rudnicki [1]_ as the package boruta [2]_ has it: importance is
    the mean decrease in impurity, where the original takes the loss of accuracy out of bag.

    *Confirmed* means all-relevant, not minimal: of two features that say the same both are
    confirmed. It says nothing of how useful a feature is, only that it is no chance.

    The shuffle takes rows to be independent. Clips of one track are not, and a forest can learn
    tracks by heart: even a random number drawn for each track, the same in all its clips, is
    confirmed. Give `fit` the track of each clip as `groups`; then shadows are shuffled by whole
    tracks, and a feature must tell more than which track it is (see ``docs/inspection.md``).

    With the default `alpha` nothing can be confirmed or rejected before iteration 8, and a
    feature in a thousand not before iteration 15.

    References
    ----------
    .. [1] M. B. Kursa, W. R. Rudnicki, "Feature selection with the Boruta package", Journal of
       Statistical Software 36(11), 2010.
    .. [2] D. Homola, boruta_py, https://github.com/scikit-learn-contrib/boruta_py

    P. Cortis, "Music genre classification with deep neural networks", sections III.B and IV.B.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from musigenre.selection import BorutaSelector
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["blues", "metal"], 100)
    >>> loudness = (y == "metal") + rng.normal(size=200)
    >>> X = pd.DataFrame({"noise": rng.normal(size=200), "rms": loudness, "db": np.exp(loudness)})
    >>> selector = BorutaSelector(n_estimators=20, random_state=0).fit(X, y)
    >>> selector.get_feature_names_out()
    array(['rms', 'db'], dtype=object)
    >>> selector.report_[["feature", "decision", "rank"]]
      feature   decision  rank
    0   noise   rejected     3
    1     rms  confirmed     1
    2      db  confirmed     1
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit"]), None],
        "n_estimators": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "alpha": [Interval(Real, 0, 1, closed="right")],
        "percentile": [Interval(Real, 0, 100, closed="right")],
        "two_step": ["boolean"],
        "tentative": [StrOptions({"drop", "keep"})],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), None],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: BaseEstimator | None = None,
        *,
        n_estimators: int | Literal["auto"] = "auto",
        max_iter: int = 100,
        alpha: float = 0.05,
        percentile: float = 100,
        two_step: bool = True,
        tentative: Literal["drop", "keep"] = "drop",
        n_iter_no_change: int | None = None,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.max_iter = max_iter
        self.alpha = alpha
        self.percentile = percentile
        self.two_step = two_step
        self.tentative = tentative
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Decide on the features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers. Their scale does not matter.
        y : array-like of shape (n_samples,)
            The genre of each row, as names or whole numbers; at least two genres.
        groups : array-like of shape (n_samples,) or None, default=None
            What each row belongs to, such as the track of a clip. With it the shadow features are
            shuffled by whole groups, between groups of like size.

        Returns
        -------
        self : BorutaSelector
            The fitted selector.

        Raises
        ------
        ValueError
            If X holds NaN or an infinity, y is not made of classes or holds one class only, a
            group is missing, there are fewer than two groups, or `estimator` is no forest.
        """
        values, labels = validate_data(
            self, X, y, dtype=[np.float64, np.float32], ensure_min_samples=2
        )
        run = run_boruta(
            self._make_forest(),
            values,
            number_classes(labels),
            None if groups is None else _number_groups(groups, values),
            check_random_state(self.random_state),
            max_iter=self.max_iter,
            n_iter_no_change=self.n_iter_no_change,
            verbose=self.verbose,
            n_estimators=self.n_estimators,
            perc=self.percentile,
            alpha=self.alpha,
            two_step=self.two_step,
        )
        final = run.decisions[-1]
        self.n_iter_ = len(run.decisions)
        self.decision_ = np.array([_DECISIONS[code] for code in final], dtype=object)
        self.support_ = final == CONFIRMED
        if self.tentative == "keep":
            self.support_ |= final == TENTATIVE
        self.report_ = self._report(run)
        self.ranking_ = self.report_["rank"].to_numpy()
        self.history_ = pd.DataFrame(
            np.hstack([run.importances, run.shadows]),
            columns=[*self._names(), "shadow_min", "shadow_mean", "shadow_max"],
        )
        if (final == TENTATIVE).all():
            warnings.warn(
                f"Boruta decided nothing in {self.n_iter_} iterations: all {len(final)} features"
                f" are tentative. With alpha={self.alpha} a first decision takes"
                f" {self._least_iterations()} iterations or more; raise max_iter.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def _make_forest(self) -> BaseEstimator:
        forest = (
            RandomForestClassifier(max_depth=7, class_weight="balanced")
            if self.estimator is None
            else clone(self.estimator)
        )
        missing = {"n_estimators", "random_state"} - set(forest.get_params())
        if missing:
            raise ValueError(
                f"estimator={self.estimator!r} has no parameter {' and '.join(sorted(missing))};"
                " give an ensemble of trees, such as sklearn.ensemble.ExtraTreesClassifier."
            )
        if self.n_jobs is not None and "n_jobs" in forest.get_params():
            forest.set_params(n_jobs=self.n_jobs)
        return forest

    def _names(self) -> NDArray[np.object_]:
        unnamed = np.array([f"x{i}" for i in range(self.n_features_in_)], dtype=object)
        return getattr(self, "feature_names_in_", unnamed)

    def _report(self, run: BorutaRun) -> pd.DataFrame:
        """Say for each feature what was decided, when and on what grounds."""
        final = run.decisions[-1]
        importance = np.nanmedian(run.importances, axis=0)
        shadow = np.broadcast_to(run.shadows[:, 2:], run.importances.shape)
        undecided = (run.decisions == TENTATIVE).sum(axis=0)
        rank = np.where(final == CONFIRMED, 1, 2)
        rejected = np.flatnonzero(final == REJECTED)
        rank[rejected[np.argsort(-importance[rejected], kind="stable")]] = 3 + np.arange(
            len(rejected)
        )
        return pd.DataFrame(
            {
                "feature": self._names(),
                "decision": self.decision_,
                "iterations": np.minimum(undecided + 1, self.n_iter_),
                "hits": run.hits,
                "importance": importance,
                "shadow_max": np.nanmedian(
                    np.where(np.isnan(run.importances), np.nan, shadow), axis=0
                ),
                "rank": rank,
                "kept": self.support_,
            }
        )

    def _least_iterations(self) -> int:
        """Return the first iteration in which hits without a miss can be significant."""
        return next(
            n
            for n in count(1)
            if 0.5**n <= self.alpha / (n if self.two_step else self.n_features_in_)
        )

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def _number_groups(groups: ArrayLike, X: NDArray[Any]) -> NDArray[np.intp]:
    check_consistent_length(X, groups)
    codes, names = pd.factorize(column_or_1d(groups, dtype=object))
    if (codes < 0).any():
        raise ValueError(
            f"groups are missing in {(codes < 0).sum()} rows, the first of them row"
            f" {(codes < 0).argmax()}; give each of them a group, its own if nothing else is known."
        )
    if len(names) < 2:
        raise ValueError(
            f"all rows belong to the group {names[0]!r}, so nothing can be shuffled between groups;"
            " leave groups out."
        )
    return codes
