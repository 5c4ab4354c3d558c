from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize
from scipy.special import expit, logit

from musigenre.classifiers.pairwise_coupling import couple, fit_slope

repeatable = settings(deadline=None, derandomize=True)


@st.composite
def decisions_of_classes(draw):
    n_classes = draw(st.integers(2, 6))
    shape = (draw(st.integers(1, 4)), n_classes * (n_classes - 1) // 2)
    return draw(arrays(float, shape, elements=st.floats(-1e3, 1e3))), n_classes


@repeatable
@given(decisions_of_classes())
def test_rows_are_probabilities(case):
    proba = couple(*case)
    assert (proba >= 0).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-9)


def pairs_of(p):
    return np.array([logit(p[i] / (p[i] + p[j])) for i, j in combinations(range(len(p)), 2)])


@pytest.mark.parametrize("slope", [0.5, 1.0, 4.0])
def test_pairs_that_agree_give_back_their_probabilities(rng, slope):
    p = rng.dirichlet(np.ones(5), size=20)
    decisions = np.array([pairs_of(row) for row in p]) / slope
    np.testing.assert_allclose(couple(decisions, 5, slope), p, atol=1e-7)


def test_pairs_that_contradict_each_other_give_the_minimum_of_the_definition(rng):
    decisions = rng.normal(size=(5, 6))
    for row, proba in zip(decisions, couple(decisions, 4), strict=True):

        def contradiction(p, row=row):
            r = expit(row)
            pairs = zip(combinations(range(4), 2), r, strict=True)
            return sum(2 * ((1 - q) * p[i] - q * p[j]) ** 2 for (i, j), q in pairs)

        found = minimize(
            contradiction,
            np.full(4, 0.25),
            bounds=[(0, 1)] * 4,
            constraints={"type": "eq", "fun": lambda p: p.sum() - 1},
            options={"ftol": 1e-14},
        )
        np.testing.assert_allclose(proba, found.x, atol=1e-5)


def test_classes_in_another_order_are_the_same_in_that_order(rng):
    decisions = rng.normal(size=(10, 6))
    order = [2, 0, 3, 1]
    place = {pair: k for k, pair in enumerate(combinations(range(4), 2))}
    turned = np.stack(
        [
            decisions[:, place[a, b]] if a < b else -decisions[:, place[b, a]]
            for a, b in combinations(order, 2)
        ],
        axis=1,
    )
    np.testing.assert_allclose(couple(turned, 4), couple(decisions, 4)[:, order], rtol=1e-9)


def test_two_classes_are_a_plain_sigmoid(rng):
    f = rng.normal(size=(10, 1))
    np.testing.assert_allclose(couple(f, 2, 3.0)[:, 0], expit(3 * f[:, 0]), rtol=1e-6)


def test_the_slope_that_made_the_labels_is_found(rng):
    decisions = np.array([pairs_of(p) for p in rng.dirichlet(np.ones(4), size=5000)])
    proba = couple(decisions, 4)
    labels = (rng.random((5000, 1)) > proba.cumsum(axis=1)).sum(axis=1)
    halves = [(decisions[:2000] / 3, labels[:2000], 4), (decisions[2000:] / 3, labels[2000:], 4)]
    assert fit_slope(halves) == pytest.approx(3, rel=0.1)


def test_wrong_number_of_pairs():
    with pytest.raises(ValueError, match="decisions has 2 columns, but 3 classes have 3 pairs"):
        couple([[1.0, 2.0]], 3)
