import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import mutual_info_score

from musigenre.selection import class_mic, mic


def equal_parts(values, n_parts):
    """Part of each sample in an equipartition, ties together."""
    groups, sizes = np.unique(values, return_counts=True)
    part, inside, done, parts = 0, 0, 0, []
    share = len(values) / n_parts
    for size in sizes:
        if inside and abs(inside + size - share) >= abs(inside - share):
            part, inside = part + 1, 0
            share = (len(values) - done) / (n_parts - part)
        parts.append(part)
        inside, done = inside + size, done + size
    return np.array(parts)[np.searchsorted(groups, values)]


def plain_class_mic(x, y, alpha):
    """By trying all columns; without superclumps."""
    x, y = np.asarray(x), np.asarray(y)
    classes, counts = np.unique(y, return_counts=True)
    entropy = stats.entropy(counts)
    most = max(2, max(int(len(x) ** alpha), 4) // len(classes))
    values = np.unique(x)
    best = 0.0
    for k in range(2, most + 1):
        if k > len(classes):
            ways = [equal_parts(x, k)]
        else:
            ways = [
                np.searchsorted(values[list(cuts)], x, side="right")
                for n_cuts in range(k)
                for cuts in itertools.combinations(range(1, len(values)), n_cuts)
            ]
        information = max(mutual_info_score(y, way) for way in ways)
        best = max(best, information / min(np.log(k), entropy))
    return best


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    rows=st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc")), min_size=2, max_size=12),
    alpha=st.sampled_from([0.6, 1]),
)
def test_every_way_to_draw_the_columns_was_tried(rows, alpha):
    x, y = zip(*rows, strict=True)
    if len(set(y)) < 2:
        return
    coefficient, _ = class_mic(np.array(x)[:, np.newaxis], y, alpha=alpha, c=50, n_permutations=200)
    expected = plain_class_mic(x, y, alpha) if len(set(x)) > 1 else 0
    assert coefficient[0] == pytest.approx(expected, abs=1e-12)


@pytest.fixture
def labelled(rng):
    y = np.repeat(["blues", "disco", "jazz", "rock"], [30, 60, 80, 130])
    number = np.unique(y, return_inverse=True)[1]
    noise = rng.normal(size=(300, 40))
    X = noise.copy()
    X[:, 0] += 5 * number
    X[:, 1] += 3 * (number % 2)
    X[:, 2] = (X[:, 2] + number).round()
    X[:, 3] = number
    X[:, 4] = 0
    X[:, 5] = X[:, 5].round()
    return X, y


def test_what_it_finds(labelled):
    coefficient, pvalue = class_mic(*labelled)
    assert coefficient[3] == pytest.approx(1)
    assert coefficient[0] > 0.8
    assert coefficient[1] > 0.5
    assert (pvalue[:4] < 1e-6).all()
    assert (coefficient[4], pvalue[4]) == (0, 1)
    assert (coefficient[5:] < 0.1).all()
    assert (pvalue[5:] > 1e-3).all()


def test_names_of_the_classes_change_nothing(labelled):
    X, y = labelled
    expected = class_mic(X, y)
    for names in (
        {"blues": 3, "disco": -1, "jazz": 0, "rock": 2},
        {"blues": "z", "disco": "a", "jazz": "y", "rock": "b"},
    ):
        renamed = class_mic(X, pd.Series(y).map(names))
        for actual, wanted in zip(renamed, expected, strict=True):
            np.testing.assert_allclose(actual, wanted, rtol=1e-9)


def test_only_the_order_counts(labelled):
    X, y = labelled
    for actual, wanted in zip(class_mic(np.exp(X), y), class_mic(X, y), strict=True):
        np.testing.assert_array_equal(actual, wanted)


def test_place_of_a_column_does_not_matter(labelled, rng):
    X, y = labelled
    order = rng.permutation(X.shape[1])
    for actual, wanted in zip(class_mic(X[:, order], y), class_mic(X, y), strict=True):
        np.testing.assert_array_equal(actual, wanted[order])


def test_classes_of_unequal_size_can_reach_one(rng):
    y = np.repeat(["rare", "common"], [10, 490])
    x = np.where(y == "rare", 5, 0) + rng.uniform(size=500)
    assert class_mic(x[:, np.newaxis], y).coefficient[0] == pytest.approx(1)
    assert mic(x, (y == "rare").astype(int), "mic_e") < 0.2


def test_two_classes_of_equal_size_are_nearly_mic_e(rng):
    y = np.repeat([0, 1], 300)
    X = rng.normal(size=(600, 12)) + np.outer(y, np.linspace(0, 3, 12))
    coefficient, _ = class_mic(X, y)
    np.testing.assert_allclose(coefficient, [mic(x, y, "mic_e") for x in X.T], atol=0.03)


def test_a_class_in_the_middle_is_seen(rng):
    x = rng.normal(size=400)
    coefficient, pvalue = class_mic(x[:, np.newaxis], np.abs(x) < 0.7)
    assert coefficient[0] > 0.85
    assert pvalue[0] < 1e-9


@pytest.mark.parametrize("levels", [2, 5, 10**6])
def test_p_values_are_uniform_under_independence(levels):
    rng = np.random.default_rng(1)
    y = rng.permutation(np.repeat([0, 1, 2], [10, 20, 30]))
    pvalues = np.concatenate(
        [
            class_mic(
                rng.integers(0, levels, size=(60, 50)), rng.permutation(y), random_state=seed
            ).pvalue
            for seed in range(20)
        ]
    )
    assert stats.kstest(pvalues, "uniform").pvalue > 1e-3
    for level in (0.001, 0.01, 0.05):
        found = np.count_nonzero(pvalues <= level)
        # The columns of a table share a null distribution: a little more than the binomial spread.
        assert found <= stats.binom.isf(1e-4, 1000, 1.3 * level)


def test_seeds(labelled):
    X, y = labelled
    expected = class_mic(X, y, n_permutations=200)
    again = class_mic(X, y, n_permutations=200, random_state=0, n_jobs=2)
    other = class_mic(X, y, n_permutations=200, random_state=1)
    np.testing.assert_array_equal(again, expected)
    np.testing.assert_array_equal(other.coefficient, expected.coefficient)
    assert (other.pvalue != expected.pvalue).any()


def test_more_classes_than_cells(rng):
    y = np.repeat(np.arange(40), 2)
    coefficient, pvalue = class_mic(np.column_stack([y, rng.normal(size=80)]), y)
    assert coefficient[0] == pytest.approx(1)
    assert pvalue[0] < 0.01 < pvalue[1]


def test_no_features():
    assert class_mic(np.empty((4, 0)), [0, 0, 1, 1]).coefficient.shape == (0,)


@pytest.mark.parametrize(
    ("X", "y", "options", "message"),
    [
        ([[1], [np.nan]], [0, 1], {}, "X has no number in row 1"),
        ([[1], [2]], ["a", "a"], {}, "one class only"),
        ([[1], [2], [3]], ["a", "b"], {}, "inconsistent numbers of samples"),
        ([[1], [2], [3]], [0.1, 0.2, 0.3], {}, "Unknown label type: continuous"),
        ([[1], [2]], [0, 1], {"n_permutations": 50}, "'n_permutations' parameter"),
        ([[1], [2]], [0, 1], {"c": None}, "'c' parameter"),
        (
            np.zeros((140_000, 1)),
            np.repeat(np.arange(70_000), 2),
            {},
            "70000 classes, more than can be searched",
        ),
    ],
)
def test_bad_input(X, y, options, message):
    with pytest.raises(ValueError, match=message):
        class_mic(X, y, **options)
