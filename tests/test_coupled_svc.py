import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from musigenre.classifiers import CoupledSVC


@parametrize_with_checks([CoupledSVC(random_state=0), CoupledSVC(kernel="linear", cv=2)])
def test_scikit_learn_conventions(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def blobs():
    return make_blobs(400, n_features=5, centers=4, cluster_std=4.0, random_state=0)


def test_prediction_follows_the_probabilities_and_hardly_differs_from_the_machine(blobs):
    X, y = blobs
    classifier = CoupledSVC(4.0, random_state=0).fit(X[::2], y[::2])
    proba = classifier.predict_proba(X[1::2])
    predicted = classifier.predict(X[1::2])
    np.testing.assert_array_equal(classifier.classes_[proba.argmax(axis=1)], predicted)
    plain = SVC(C=4.0).fit(X[::2], y[::2]).predict(X[1::2])
    assert np.mean(plain == predicted) > 0.97


def test_the_default_width_is_that_of_scikit_learn(blobs):
    X, y = blobs
    decisions = CoupledSVC(random_state=0).fit(X, y).svc_.decision_function(X)
    expected = SVC(decision_function_shape="ovo").fit(X, y).decision_function(X)
    np.testing.assert_allclose(decisions, expected, rtol=1e-9)


@pytest.mark.parametrize(("precision", "number"), [("half", np.half), ("single", np.single)])
def test_support_vectors_have_the_precision_asked_for(blobs, precision, number):
    X, y = blobs
    classifier = CoupledSVC(precision=precision, random_state=0).fit(X, y)
    vectors = classifier.svc_.support_vectors_
    assert vectors.dtype == np.float64
    np.testing.assert_array_equal(vectors, vectors.astype(number))
    assert not np.isin(vectors[:, 0], X[:, 0]).any()
    full = CoupledSVC(random_state=0).fit(X, y)
    np.testing.assert_allclose(classifier.predict_proba(X), full.predict_proba(X), atol=0.01)


def test_what_is_too_large_for_the_precision(blobs):
    X, y = blobs
    with pytest.raises(ValueError, match=r"too large for precision='half', which ends at 65504"):
        CoupledSVC(precision="half").fit(X * 1e5, y)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_probabilities_are_calibrated_on_new_rows(n_classes):
    X, y = make_blobs(6000, 5, centers=n_classes, cluster_std=6.0, random_state=1)
    proba = CoupledSVC(random_state=0).fit(X[:1000], y[:1000]).predict_proba(X[1000:])
    top, right = proba.max(axis=1), proba.argmax(axis=1) == y[1000:]
    assert right.mean() == pytest.approx(top.mean(), abs=0.03)
    for low in np.arange(0.4, 1, 0.1):
        among = (top >= low) & (top < low + 0.1)
        if among.sum() > 200:
            assert right[among].mean() == pytest.approx(top[among].mean(), abs=0.1)


@pytest.fixture(scope="module")
def grouped():
    """Twenty rows of each of thirty groups, all close to their group's place."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 10)
    places = np.array([[0, 0], [2, 0], [0, 2]])[y] + rng.normal(scale=1.5, size=(30, 2))
    groups = np.repeat(np.arange(30), 20)
    X = places[groups] + rng.normal(scale=0.05, size=(600, 2))
    return X, y[groups], groups


def test_groups_are_kept_together(grouped):
    X, y, groups = grouped
    options = {"C": 100.0, "gamma": 2.0, "random_state": 0}
    rows = CoupledSVC(**options).fit(X, y)
    whole = CoupledSVC(**options).fit(X, y, groups)
    # A row beside its sisters is easily told; the machine must not believe that it is that good.
    assert whole.slope_ < 0.5 * rows.slope_
    np.testing.assert_array_equal(whole.svc_.dual_coef_, rows.svc_.dual_coef_)


def test_the_names_of_groups_do_not_matter(grouped):
    X, y, groups = grouped
    names = np.array([f"g{g:02d}" for g in groups], dtype=object)
    slopes = {CoupledSVC(random_state=0).fit(X, y, g).slope_ for g in (groups, names, list(names))}
    assert len(slopes) == 1


def test_same_seed_same_probabilities(blobs):
    X, y = blobs
    first = CoupledSVC(random_state=3).fit(X, y).predict_proba(X)
    again = clone(CoupledSVC(random_state=3)).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), first)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(again)).predict_proba(X), first)  # noqa: S301


def test_a_class_of_one_row_does_no_harm(blobs):
    X, y = blobs
    labels = y.astype(str)
    labels[0] = "rare"
    classifier = CoupledSVC(random_state=0).fit(X, labels)
    assert "rare" in classifier.classes_
    assert classifier.predict_proba(X).shape == (400, 5)
    assert np.mean(classifier.predict(X) == labels) > 0.8


def test_a_class_of_one_group_does_no_harm(grouped):
    X, y, groups = grouped
    groups = np.where(y == 2, -1, groups)
    assert CoupledSVC(random_state=0).fit(X, y, groups).predict_proba(X).shape == (600, 3)


@pytest.mark.parametrize(
    ("y", "groups"),
    [
        (["a", "b"], None),
        (["a", "a", "b", "b"], [0, 0, 0, 0]),
        (["a", "a", "b", "b"], [0, 0, 1, 1]),
    ],
)
def test_too_few_rows_or_groups(y, groups):
    X = np.arange(len(y), dtype=float)[:, None]
    with pytest.raises(ValueError, match="too few of each class, or too few groups"):
        CoupledSVC().fit(X, y, groups)


def test_groups_of_another_length(blobs):
    with pytest.raises(ValueError, match="inconsistent"):
        CoupledSVC().fit(*blobs, groups=[1, 2])
