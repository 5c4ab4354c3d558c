"""Features that tell of the genre and do not repeat each other."""

from contextlib import nullcontext
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from joblib import parallel_config
from numpy.typing import ArrayLike, NDArray
from scipy.stats import false_discovery_control
from sklearn.base import BaseEstimator, _fit_context
from sklearn.feature_selection import SelectorMixin
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted, validate_data

from musigenre.selection.association import ASSOCIATION_TESTS, AssociationTest
from musigenre.selection.variables import number_classes


class CorrelationSelector(SelectorMixin, BaseEstimator):
    """Drop features that are unrelated to the genre or repeat a better one.

    First, a feature is *related* to the genre if at least one test finds an association of
    `min_relevance` or more whose corrected p-value is at most `alpha`. Then the related features
    are visited from the most to the least related. One that any test correlates by more than
    `max_redundancy` with a feature already kept *repeats* it and goes; the others stay.

    Parameters
    ----------
    method : str or sequence of str, default=("pearson", "spearman")
        The tests to ask. "pearson" measures how far the class means lie apart by the correlation
        ratio, and two features by the Pearson correlation; "spearman" does so on ranks. "mic"
        sees relations of any form, by the maximal information coefficient with classes
        (`class_mic`) and between features (MIC_e); it takes seconds, see Notes.
    min_relevance : float, default=0.1
        Smallest association with the genre, from 0 to 1. A correlation ratio of 0.1 explains 1 %
        of a feature's variance, which is commonly called a small effect. Chance alone reaches
        about ``sqrt((n_genres - 1) / (n_samples - 1))``. MIC is more like the square of a
        correlation, so that 0.1 asks for much more of it.
    alpha : float, default=0.05
        Largest p-value, after correction for the number of features and tests. 1 asks for
        `min_relevance` alone.
    max_redundancy : float, default=0.95
        Largest correlation with a feature that is kept, from 0 to 1. 1 lets repetition pass.
    n_jobs : int, optional
        How many jobs "mic" may do at a time, see :class:`joblib.Parallel`; in threads, unless
        another backend is chosen by :func:`joblib.parallel_config`.

    Attributes
    ----------
    support_ : ndarray of shape (n_features,)
        True for the features that are kept.
    relevance_ : ndarray of shape (n_tests, n_features)
        Association with the genre by each test, in the order of `method`.
    pvalues_ : ndarray of shape (n_tests, n_features)
        Their corrected p-values.
    redundancy_ : ndarray of shape (n_features,)
        Largest correlation, over all tests, with a kept feature that is more related to the genre.
        0 for the most related feature, NaN for features that are not related.
    report_ : pandas.DataFrame
        One row a feature, in the order of the columns of X: `feature`, the association by each
        test under the test's name, `p` (the smallest corrected p-value), `redundancy`, `kept` and
        `reason`.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had names that are all strings.

    Warns
    -----
    UserWarning
        In `transform`, if no feature is kept, as every selector of scikit-learn does: `fit`
        succeeds, `report_` says why, and the output has no columns.

    See Also
    --------
    musigenre.selection.association.correlation_ratio : Correlation of a number with classes.
    class_mic : Maximal information coefficient of a number with classes.
    sklearn.feature_selection.SelectFdr : The first step alone.

    Notes
    -----
    The paper (section III.B) removes features that are not correlated with the output and those
    that are correlated with other features, by Pearson's, Spearman's and the maximal information
    coefficient. It gives no thresholds; the defaults are this library's own. "mic" is not among
    them: on the published table of three-second clips it changes nothing and takes seven seconds
    instead of a tenth of one (see the benchmarks). To do as the paper does, give
    ``method=("pearson", "spearman", "mic")``.

    The p-values of all tests and features together are corrected by the procedure of Benjamini and
    Hochberg [1]_: of the associations found, a share of at most `alpha` is expected to be chance.
    They take rows to be independent. The clips of one track are not, so that over a table of clips
    nearly every p-value is tiny and `min_relevance` decides.

    Of features equally related to the genre, to twelve digits, the earlier column comes first.
    Relation is judged one feature at a time: what only tells of the genre together with another
    feature is not seen.

    References
    ----------
    .. [1] Y. Benjamini, Y. Hochberg, "Controlling the false discovery rate: a practical and
       powerful approach to multiple testing", 1995.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from musigenre.selection import CorrelationSelector
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["blues", "metal"], 100)
    >>> loudness = (y == "metal") + rng.normal(size=200)
    >>> X = pd.DataFrame({"noise": rng.normal(size=200), "rms": loudness, "db": np.exp(loudness)})
    >>> selector = CorrelationSelector().fit(X, y)
    >>> selector.get_feature_names_out()
    array(['rms'], dtype=object)
    >>> selector.report_[["feature", "kept", "reason"]]
      feature   kept                         reason
    0   noise  False      unrelated to y (p = 0.27)
    1     rms   True  related to y (spearman 0.416)
    2      db  False   repeats rms (spearman 1.000)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "method": [str, list, tuple],
        "min_relevance": [Interval(Real, 0, 1, closed="both")],
        "alpha": [Interval(Real, 0, 1, closed="both")],
        "max_redundancy": [Interval(Real, 0, 1, closed="both")],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        method: str | list[str] | tuple[str, ...] = ("pearson", "spearman"),
        *,
        min_relevance: float = 0.1,
        alpha: float = 0.05,
        max_redundancy: float = 0.95,
        n_jobs: int | None = None,
    ) -> None:
        self.method = method
        self.min_relevance = min_relevance
        self.alpha = alpha
        self.max_redundancy = max_redundancy
        self.n_jobs = n_jobs

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Choose the features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Finite numbers.
        y : array-like of shape (n_samples,)
            The genre of each row, as names or whole numbers; at least two genres.

        Returns
        -------
        self : CorrelationSelector
            The fitted selector.

        Raises
        ------
        ValueError
            If X holds NaN or an infinity, y is not made of classes, y holds one class only, or
            `method` names no test or an unknown one.
        """
        values, labels = validate_data(
            self, X, y, dtype=[np.float64, np.float32], ensure_min_samples=2
        )
        codes = number_classes(labels)
        names = self._test_names()
        tests = [ASSOCIATION_TESTS[name] for name in names]
        # Tests that take long use joblib, and it as it is set here.
        with nullcontext() if self.n_jobs is None else parallel_config(n_jobs=self.n_jobs):
            return self._fit(values, codes, names, tests)

    def _fit(
        self,
        values: NDArray[np.floating],
        codes: NDArray[np.intp],
        names: list[str],
        tests: list[AssociationTest],
    ) -> Self:
        relevance, pvalues = zip(*(test.with_classes(values, codes) for test in tests), strict=True)
        self.relevance_ = np.array(relevance)
        self.pvalues_ = false_discovery_control(np.ravel(pvalues)).reshape(self.relevance_.shape)
        found = (self.relevance_ >= self.min_relevance) & (self.pvalues_ <= self.alpha)

        related = np.flatnonzero(found.any(axis=0))
        strength = self.relevance_[:, related].max(axis=0).round(12)
        best_first = related[np.argsort(-strength, kind="stable")]
        correlations = np.array([test.between_columns(values[:, best_first]) for test in tests])
        kept, nearest = _without_repeats(correlations.max(axis=0), self.max_redundancy)

        self.support_ = np.zeros(values.shape[1], dtype=bool)
        self.support_[best_first[kept]] = True
        # The earlier kept feature that each related one resembles most, and how much by each test.
        resembled = np.full(values.shape[1], -1)
        resembled[best_first[1:]] = best_first[nearest[1:]]
        resemblance = np.full(self.relevance_.shape, np.nan)
        resemblance[:, best_first[:1]] = 0
        resemblance[:, best_first[1:]] = correlations[:, np.arange(1, len(kept)), nearest[1:]]
        self.redundancy_ = resemblance.max(axis=0)
        self.report_ = self._report(names, found, resembled, resemblance)
        return self

    def _test_names(self) -> list[str]:
        names = [self.method] if isinstance(self.method, str) else list(self.method)
        unknown = [name for name in names if name not in ASSOCIATION_TESTS]
        if unknown or not names or len(set(names)) < len(names):
            raise ValueError(
                f"method must name one or more different tests out of {sorted(ASSOCIATION_TESTS)}, "
                f"got {self.method!r}."
            )
        return names

    def _report(
        self,
        names: list[str],
        found: NDArray[np.bool_],
        resembled: NDArray[np.intp],
        resemblance: NDArray[np.float64],
    ) -> pd.DataFrame:
        """Say for each feature what was found and what became of it."""
        features = getattr(self, "feature_names_in_", None)
        if features is None:
            features = np.array([f"x{i}" for i in range(self.n_features_in_)], dtype=object)
        smallest_p = self.pvalues_.min(axis=0)
        significant = self.pvalues_ <= self.alpha

        def reason(j: int) -> str:
            if not significant[:, j].any():
                return f"unrelated to y (p = {smallest_p[j]:.2g})"
            if not found[:, j].any():
                test = np.where(significant[:, j], self.relevance_[:, j], -1).argmax()
                return f"weakly related to y ({names[test]} {self.relevance_[test, j]:.3f})"
            if not self.support_[j]:
                test = resemblance[:, j].argmax()
                return (
                    f"repeats {features[resembled[j]]} ({names[test]} {resemblance[test, j]:.3f})"
                )
            test = self.relevance_[:, j].argmax()
            return f"related to y ({names[test]} {self.relevance_[test, j]:.3f})"

        return pd.DataFrame(
            {
                "feature": features,
                **dict(zip(names, self.relevance_, strict=True)),
                "p": smallest_p,
                "redundancy": self.redundancy_,
                "kept": self.support_,
                "reason": [reason(j) for j in range(self.n_features_in_)],
            }
        )

    def _get_support_mask(self) -> NDArray[np.bool_]:
        check_is_fitted(self)
        return self.support_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        return tags


def _without_repeats(
    correlation: NDArray[np.float64], limit: float
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Go through columns in order, keeping each that resembles no kept one by more than `limit`.

    Returns which are kept and, for each but the first, the earlier kept one it resembles most.
    """
    kept = np.ones(len(correlation), dtype=bool)
    nearest = np.zeros(len(correlation), dtype=np.intp)
    for column in range(1, len(correlation)):
        nearest[column] = np.where(kept[:column], correlation[column, :column], -1).argmax()
        kept[column] = correlation[column, nearest[column]] <= limit
    return kept, nearest
