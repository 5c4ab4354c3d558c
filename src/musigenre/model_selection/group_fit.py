"""Fit an estimator that may want to know the groups of its rows."""

from typing import Any

from numpy.typing import ArrayLike
from sklearn import get_config
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter


def fit_with_groups(estimator: Any, X: Any, y: ArrayLike, groups: ArrayLike | None) -> Any:
    """Fit an estimator, and tell it the groups of the rows if its `fit` takes them.

    An estimator that holds back a part of the rows, to tune or to stop early, must not split a
    group. It says so by a parameter `groups` of its `fit`; of a Pipeline the last step counts.

    Parameters
    ----------
    estimator : estimator
    X, y
        What its `fit` takes.
    groups : array-like of shape (n_rows,) or None
        Group of each row, for example its track.

    Returns
    -------
    estimator
        The estimator itself, fitted.

    Examples
    --------
    >>> from sklearn.base import BaseEstimator
    >>> from sklearn.pipeline import make_pipeline
    >>> from musigenre.model_selection.group_fit import fit_with_groups
    >>> class Model(BaseEstimator):
    ...     def fit(self, X, y, groups=None):
    ...         self.groups_ = groups
    ...         return self
    >>> fit_with_groups(make_pipeline(Model()), [[1.0], [2.0]], [0, 1], ["a", "b"])[-1].groups_
    ['a', 'b']
    """
    last, prefix = estimator, ""
    while isinstance(last, Pipeline):
        step, last = last.steps[-1]
        prefix += f"{step}__"
    if groups is None or not hasattr(last, "fit") or not has_fit_parameter(last, "groups"):
        return estimator.fit(X, y)
    if get_config()["enable_metadata_routing"]:
        last.set_fit_request(groups=True)
        return estimator.fit(X, y, groups=groups)
    return estimator.fit(X, y, **{f"{prefix}groups": groups})
