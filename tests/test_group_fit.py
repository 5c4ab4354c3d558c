import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from musigenre.model_selection.group_fit import fit_with_groups

X, y, TRACKS = np.eye(4), ["a", "b", "a", "b"], np.array([1, 1, 2, 2])


class Asks(ClassifierMixin, BaseEstimator):
    def fit(self, X, y, groups=None):
        self.groups_ = groups
        return self


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_an_estimator_that_takes_groups_is_told(depth, routing):
    estimator = Asks()
    for _ in range(depth):
        estimator = make_pipeline(StandardScaler(), estimator)
    with sklearn.config_context(enable_metadata_routing=routing):
        last = fit_with_groups(estimator, X, y, TRACKS)
    for _ in range(depth):
        last = last[-1]
    np.testing.assert_array_equal(last.groups_, TRACKS)


def test_no_groups_no_word():
    assert fit_with_groups(Asks(), X, y, None).groups_ is None


@pytest.mark.parametrize("routing", [False, True])
@pytest.mark.parametrize("estimator", [GaussianNB(), make_pipeline(StandardScaler(), GaussianNB())])
def test_others_are_fitted_as_ever(estimator, routing):
    with sklearn.config_context(enable_metadata_routing=routing):
        assert fit_with_groups(estimator, X, y, TRACKS) is estimator
    assert estimator.predict(X).tolist() == y


def test_a_pipeline_without_a_last_estimator():
    pipeline = make_pipeline(StandardScaler(), "passthrough")
    assert fit_with_groups(pipeline, X, y, TRACKS) is pipeline
