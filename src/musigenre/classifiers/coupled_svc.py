"""CoupledSVC: a support vector machine whose probabilities can be believed."""

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.svm import SVC
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from musigenre.classifiers.pairwise_coupling import couple, fit_slope


class CoupledSVC(ClassifierMixin, BaseEstimator):
    """Support vector machine with probabilities from pairwise coupling.

    A support vector machine for several classes decides between each two of them. Here these
    decisions are turned into probabilities by one sigmoid, common to all pairs, and pairwise
    coupling [1]_. The slope of the sigmoid is learned from decisions on rows that the deciding
    machine was not trained on, and, if `fit` is told the groups of the rows, on groups that it was
    not trained on. `predict` gives the most probable class.

    Parameters
    ----------
    C : float, default=1.0
        Weight of errors in training, see :class:`sklearn.svm.SVC`.
    kernel : {"linear", "poly", "rbf", "sigmoid"}, default="rbf"
    gamma : {"scale", "auto"} or float, default="scale"
        Width of the kernel.
    class_weight : dict, "balanced" or None, default=None
    precision : {"double", "single", "half"}, default="double"
        To which the training rows are rounded, and so the support vectors: a model file then holds
        them in a half or a quarter of the space. Half precision has eleven binary digits and ends
        at 65,504. What is predicted is not rounded.
    cv : int, default=5
        Number of parts for the slope; fewer where no class has as many rows or there are not as
        many groups.
    random_state : int, RandomState instance or None, default=None
        Draws the parts.

    Attributes
    ----------
    svc_ : sklearn.svm.SVC
        The machine, trained on all rows.
    slope_ : float
        Slope of the sigmoid.
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X had names that are all strings.

    Notes
    -----
    ``SVC(probability=True)`` (deprecated since scikit-learn 1.9) fits a sigmoid for each pair, on
    rows drawn without regard to groups, and its `predict` does not follow its `predict_proba`.
    With one parameter for all pairs a class of a few rows needs none of its own.

    References
    ----------
    .. [1] T.-F. Wu, C.-J. Lin and R. C. Weng, "Probability estimates for multi-class
       classification by pairwise coupling", Journal of Machine Learning Research 5, 2004.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from musigenre.classifiers import CoupledSVC
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = CoupledSVC(random_state=0).fit(X, y)
    >>> classifier.predict_proba(X[[0, 70]]).round(1)
    array([[1. , 0. , 0. ],
           [0. , 0.6, 0.4]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "C": [Interval(Real, 0, None, closed="neither")],
        "kernel": [StrOptions({"linear", "poly", "rbf", "sigmoid"})],
        "gamma": [StrOptions({"scale", "auto"}), Interval(Real, 0, None, closed="neither")],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "precision": [StrOptions({"double", "single", "half"})],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        C: float = 1.0,
        *,
        kernel: str = "rbf",
        gamma: str | float = "scale",
        class_weight: dict | str | None = None,
        precision: str = "double",
        cv: int = 5,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.C = C
        self.kernel = kernel
        self.gamma = gamma
        self.class_weight = class_weight
        self.precision = precision
        self.cv = cv
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Train the machine, and learn the slope of its probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            The class of each row.
        groups : array-like of shape (n_samples,), optional
            Rows that belong together, such as those of one artist, or a track and its altered
            copies. Without it each row stands for itself.

        Returns
        -------
        self : CoupledSVC

        Raises
        ------
        ValueError
            If there is one class only, or so little of each, or so few groups, that no rows can be
            left out for the slope; or if a value is too large for the precision.
        """
        values, labels = validate_data(self, X, y, dtype=np.float64)
        values = self._rounded(values)
        check_classification_targets(labels)
        groups = None if groups is None else column_or_1d(groups)
        check_consistent_length(values, groups)
        self.svc_ = self._machine(values).fit(values, labels)
        self.classes_ = self.svc_.classes_

        parts = []
        for train, test in self._parts(labels, groups):
            known = np.unique(labels[train])
            test = test[np.isin(labels[test], known)]
            if len(known) < 2 or len(test) == 0:
                continue
            machine = self._machine(values).fit(values[train], labels[train])
            decisions = _decisions(machine, values[test])
            parts.append((decisions, np.searchsorted(known, labels[test]), len(known)))
        if not parts:
            raise ValueError(
                f"the {len(labels)} rows have too few of each class, or too few groups, to leave "
                "some out, as probabilities need: give two rows of a class at least, in two groups"
            )
        self.slope_ = fit_slope(parts)
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Give the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        check_is_fitted(self)
        values = validate_data(self, X, dtype=np.float64, reset=False)
        return couple(_decisions(self.svc_, values), len(self.classes_), self.slope_)

    def predict(self, X: ArrayLike) -> NDArray:
        """Tell the most probable class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        most_probable = self.predict_proba(X).argmax(axis=1)
        return self.classes_[most_probable]

    def _rounded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        number = getattr(np, self.precision)
        largest = np.abs(values).max()
        if largest > np.finfo(number).max:
            raise ValueError(
                f"X holds {largest:.6g}, too large for precision={self.precision!r}, which ends at "
                f"{np.finfo(number).max:.6g}; scale X before"
            )
        return values.astype(number).astype(np.float64)

    def _machine(self, values: NDArray) -> SVC:
        gamma = self.gamma
        if gamma == "scale":
            # That of all rows, for the parts too.
            gamma = 1 / (values.shape[1] * (values.var() or 1))
        return SVC(
            C=self.C,
            kernel=self.kernel,
            gamma=gamma,
            class_weight=self.class_weight,
            decision_function_shape="ovo",
        )

    def _parts(self, labels: NDArray, groups: NDArray | None) -> list[tuple[NDArray, NDArray]]:
        """Draw the parts whose decisions teach the slope."""
        most = np.unique(labels, return_counts=True)[1].max()
        n_parts = min(self.cv, most, len(labels if groups is None else np.unique(groups)))
        if n_parts < 2:
            return []
        fold = StratifiedKFold if groups is None else StratifiedGroupKFold
        parts = fold(n_parts, shuffle=True, random_state=check_random_state(self.random_state))
        with warnings.catch_warnings():
            # A class with fewer rows than parts is welcome.
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            return list(parts.split(labels, labels, groups))


def _decisions(machine: SVC, X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the decision for the first of each two classes; (n_samples, n_pairs)."""
    decisions = machine.decision_function(X)
    # Of two classes alone scikit-learn counts in favour of the second.
    return -decisions[:, np.newaxis] if decisions.ndim == 1 else decisions
