"""Train on altered copies that were computed beforehand."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone

from musigenre.model_selection.group_fit import fit_with_groups


class StoredCopiesClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Do as :class:`musigenre.AugmentedClassifier`, with the copies already in X.

    To alter audio and compute its features takes longer than all the rest, so a reproduction does
    it once. A row of X holds the numbers of a track and, after them, those of an altered copy. Both
    are trained on; only the first are looked at in prediction.

    Parameters
    ----------
    estimator : classifier

    Attributes
    ----------
    estimator_ : classifier
        The trained estimator.
    classes_ : ndarray of shape (n_classes,)
    """

    def __init__(self, estimator: Any):
        self.estimator = estimator

    def fit(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Train on the tracks and their copies.

        Parameters
        ----------
        X : array-like of shape (n_tracks, 2 * n_features)
        y : array-like of shape (n_tracks,)
        groups : array-like of shape (n_tracks,), optional
            What belongs together; by default each track with its copy.

        Returns
        -------
        self : StoredCopiesClassifier
        """
        tracks, copies = np.hsplit(np.asarray(X), 2)
        owners = np.arange(len(tracks)) if groups is None else np.asarray(groups)
        self.estimator_ = fit_with_groups(
            clone(self.estimator),
            np.concatenate([tracks, copies]),
            np.tile(np.asarray(y), 2),
            np.tile(owners, 2),
        )
        self.classes_ = self.estimator_.classes_
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Give the probability of each class, from the tracks as they are.

        Parameters
        ----------
        X : array-like of shape (n_tracks, 2 * n_features)

        Returns
        -------
        ndarray of shape (n_tracks, n_classes)
        """
        return self.estimator_.predict_proba(np.hsplit(np.asarray(X), 2)[0])

    def predict(self, X: ArrayLike) -> NDArray:
        """Tell the most probable class.

        Parameters
        ----------
        X : array-like of shape (n_tracks, 2 * n_features)

        Returns
        -------
        ndarray of shape (n_tracks,)
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]
