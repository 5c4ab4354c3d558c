"""GaussianMixtureClassifier: Bayes' rule over a mixture for each class."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from musigenre.paper.gaussian_mixtures import GaussianMixtureClassifier


@parametrize_with_checks([GaussianMixtureClassifier(random_state=0)])
def test_it_is_an_estimator(estimator, check):
    check(estimator)


def test_with_one_gaussian_it_is_bayes_rule():
    rng = np.random.default_rng(0)
    X = np.vstack([rng.normal(0, 1, (60, 2)), rng.normal(1.5, 0.5, (30, 2))])
    y = np.repeat(["jazz", "rock"], [60, 30])
    model = GaussianMixtureClassifier(1, reg_covar=0, random_state=0).fit(X, y)
    joint = np.stack(
        [
            multivariate_normal(X[y == g].mean(0), np.diag(X[y == g].var(0))).pdf(X) * share
            for g, share in (("jazz", 2 / 3), ("rock", 1 / 3))
        ],
        axis=1,
    )
    wanted = joint / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), wanted, rtol=1e-6, atol=1e-12)


def test_a_class_of_one_row_is_known():
    X = np.array([[0.0], [0.1], [0.2], [0.3], [9.0]])
    model = GaussianMixtureClassifier(3, random_state=0).fit(X, ["a"] * 4 + ["b"])
    assert model.predict([[0.15], [9.0]]).tolist() == ["a", "b"]


def test_the_same_seed_gives_the_same_mixtures():
    X = np.random.default_rng(1).normal(size=(80, 4))
    y = np.arange(80) % 4
    model = GaussianMixtureClassifier(random_state=3)
    first, second = (clone(model).fit(X, y).predict_proba(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match=r"one class only .* give two"):
        GaussianMixtureClassifier().fit([[0.0], [1.0]], ["a", "a"])
