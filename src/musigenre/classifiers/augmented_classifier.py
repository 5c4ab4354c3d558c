"""AugmentedClassifier: train any classifier of audio on altered copies as well."""

from numbers import Integral
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, _fit_context, clone
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from musigenre.clips import AUGMENTATION, SAMPLE_RATE, clip_table, is_clip_table
from musigenre.dsp.augmentation import augment
from musigenre.features.sources import is_paths
from musigenre.model_selection.group_fit import fit_with_groups


def _has(method: str):
    """Say whether the estimator, once fitted, offers a method."""

    def check(self) -> bool:
        getattr(getattr(self, "estimator_", self.estimator), method)
        return True

    return check


class AugmentedClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Train a classifier of clips on altered copies of them as well.

    Each copy plays at 92, 94, 106 or 108 % of the speed and passes through a random equaliser of
    seven points with a standard deviation of 3 dB. Copies are made in training alone: what is
    predicted is never altered, nor is a test part in cross-validation.

    Parameters
    ----------
    estimator : classifier
        What is trained. Its X are clips; usually a Pipeline that begins with
        :class:`musigenre.AudioFeatures` or :class:`musigenre.SpectrogramExtractor`.
    n_copies : int, default=1
        Copies of each clip; with 0 the estimator is trained as it is.
    random_state : int, RandomState instance or None, default=None
        Draws the alterations.

    Attributes
    ----------
    estimator_ : classifier
        The trained estimator.
    classes_ : ndarray of shape (n_classes,)
    n_features_in_ : int
        Samples in a waveform, if fitted on an array of waveforms.

    Notes
    -----
    A copy belongs with its original. An estimator that divides its training rows, as
    :class:`musigenre.CoupledSVC` does for its probabilities, is told so: if its `fit`, or that of
    the last step of a Pipeline, takes `groups`, it gets those given here, or else the tracks.

    Files are altered where they are read, one at a time: a clip table gets a column
    ``augmentation`` with a seed for each copy, which the extractors understand.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from musigenre import AudioFeatures
    >>> from musigenre.classifiers import AugmentedClassifier
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.normal(size=(4, 8000))
    >>> X = np.vstack([noise, np.cumsum(noise, axis=1) / 100])
    >>> y = ["white"] * 4 + ["brown"] * 4
    >>> model = make_pipeline(AudioFeatures(), StandardScaler(), LogisticRegression())
    >>> classifier = AugmentedClassifier(model, n_copies=2, random_state=0).fit(X, y)
    >>> int(classifier.estimator_[1].n_samples_seen_)
    24
    >>> classifier.predict(rng.normal(size=(1, 8000))).tolist()
    ['white']
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"])],
        "n_copies": [Interval(Integral, 0, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, estimator, n_copies: int = 1, *, random_state=None):
        self.estimator = estimator
        self.n_copies = n_copies
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Make the copies and train the estimator on all.

        Parameters
        ----------
        X : clip table, array-like of paths or array of shape (n_clips, n_samples)
            Waveforms are mono and at 22,050 Hz.
        y : array-like of shape (n_clips,)
            The class of each clip.
        groups : array-like of shape (n_clips,), optional
            Clips that belong together; by default those of a track, where the clip table tells.

        Returns
        -------
        self : AugmentedClassifier
        """
        if hasattr(self, "n_features_in_"):
            del self.n_features_in_
        if is_paths(X):
            X = clip_table(X, None)
        is_table = is_clip_table(X)
        if not is_table:
            X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        labels = column_or_1d(y, warn=True)
        check_consistent_length(X, labels, groups)
        if groups is None:
            groups = X["track"] if is_table and "track" in X.columns else np.arange(len(labels))
        rng = check_random_state(self.random_state)
        seeds = rng.randint(np.iinfo(np.int32).max, size=(self.n_copies, len(labels)))
        enlarged = _with_copies(X, seeds) if is_table else _with_waveforms(X, seeds)
        n = 1 + self.n_copies
        self.estimator_ = fit_with_groups(
            clone(self.estimator), enlarged, np.tile(labels, n), np.tile(np.asarray(groups), n)
        )
        self.classes_ = self.estimator_.classes_
        return self

    def predict(self, X: Any) -> NDArray:
        """Tell the class of each clip, unaltered.

        Parameters
        ----------
        X : clip table, array-like of paths or array of shape (n_clips, n_samples)

        Returns
        -------
        ndarray of shape (n_clips,)
        """
        check_is_fitted(self)
        return self.estimator_.predict(self._checked(X))

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: Any) -> NDArray[np.floating]:
        """Give the probability of each class for each clip, unaltered.

        Parameters
        ----------
        X : clip table, array-like of paths or array of shape (n_clips, n_samples)

        Returns
        -------
        ndarray of shape (n_clips, n_classes)
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(self._checked(X))

    @available_if(_has("decision_function"))
    def decision_function(self, X: Any) -> NDArray[np.floating]:
        """Give what the estimator's decision function gives.

        Parameters
        ----------
        X : clip table, array-like of paths or array of shape (n_clips, n_samples)

        Returns
        -------
        ndarray of shape (n_clips,) or (n_clips, n_classes)
        """
        check_is_fitted(self)
        return self.estimator_.decision_function(self._checked(X))

    def _checked(self, X: Any) -> Any:
        if is_paths(X) or is_clip_table(X):
            return X
        return validate_data(self, X, dtype=[np.float64, np.float32], reset=False)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        return tags


def _with_copies(table: pd.DataFrame, seeds: NDArray[np.integer]) -> pd.DataFrame:
    copies = [table.assign(**{AUGMENTATION: pd.array(row, dtype="Int64")}) for row in seeds]
    if AUGMENTATION not in table.columns:
        table = table.assign(**{AUGMENTATION: pd.array([pd.NA] * len(table), dtype="Int64")})
    return pd.concat([table, *copies], ignore_index=True)


def _with_waveforms(X: NDArray[np.floating], seeds: NDArray[np.integer]) -> NDArray[np.floating]:
    copies = [
        [
            augment(y, SAMPLE_RATE, np.random.default_rng(seed))
            for y, seed in zip(X, row, strict=True)
        ]
        for row in seeds
    ]
    return np.concatenate([X, *(np.stack(copy) for copy in copies)])
