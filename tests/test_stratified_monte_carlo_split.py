import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedGroupKFold,
    StratifiedShuffleSplit,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.tree import DecisionTreeClassifier

from musigenre.model_selection import StratifiedMonteCarloSplit


@pytest.fixture
def music(rng):
    """Ten genres of 60 rows in artists of very different sizes, rows shuffled."""
    rows = []
    for genre in range(10):
        sizes = [15, 8, 8, 5, 4, 3, 3, 2, 2, *[1] * 10]
        rows += [
            (f"g{genre}", f"a{genre}.{i}") for i, size in enumerate(sizes) for _ in range(size)
        ]
    frame = pd.DataFrame(rows, columns=["genre", "artist"])
    return frame.iloc[rng.permutation(len(frame))].reset_index(drop=True)


def parts(splitter, y, groups=None):
    return list(splitter.split(np.zeros(len(y)), y, groups))


def assert_partition(train, test, n):
    assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(n))
    assert (np.diff(train) > 0).all()
    assert (np.diff(test) > 0).all()


# --- without groups ---------------------------------------------------------------------------


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    sizes=st.lists(st.integers(5, 40), min_size=2, max_size=12),
    test_size=st.floats(0.2, 0.8),
    seed=st.integers(0, 1000),
)
def test_shares_are_exact_to_one_row_and_sizes_as_asked(sizes, test_size, seed):
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    splitter = StratifiedMonteCarloSplit(3, test_size=test_size, random_state=seed)
    n_test = int(np.ceil(test_size * len(y)))
    if not len(sizes) <= n_test <= len(y) - len(sizes):
        return
    wanted = np.array(sizes) * n_test / len(y)
    for train, test in parts(splitter, y):
        assert_partition(train, test, len(y))
        assert len(test) == n_test
        counts = np.bincount(y[test], minlength=len(sizes))
        if (wanted >= 1).all() and (sizes - wanted >= 1).all():
            assert (np.abs(counts - wanted) < 1 + 1e-9).all()


def test_class_counts_agree_with_scikit_learn(rng):
    # Shares without equal remainders, so that no tie is broken by chance.
    y = rng.permutation(np.repeat(["a", "b", "c"], [101, 57, 33]))
    ours = parts(StratifiedMonteCarloSplit(5, test_size=0.2, random_state=0), y)
    theirs = StratifiedShuffleSplit(5, test_size=0.2, random_state=0).split(y, y)
    for (_, test), (_, reference) in zip(ours, theirs, strict=True):
        assert np.array_equal(
            np.unique(y[test], return_counts=True)[1],
            np.unique(y[reference], return_counts=True)[1],
        )


@pytest.mark.parametrize(("n_small", "test_size"), [(2, 0.1), (2, 0.9), (3, 0.3), (4, 5)])
def test_small_classes_lie_on_both_sides(n_small, test_size):
    y = np.repeat([0, 1, 2], [n_small, n_small, 60])
    for train, test in parts(StratifiedMonteCarloSplit(5, test_size=test_size, random_state=0), y):
        assert set(y[train]) == set(y[test]) == {0, 1, 2}
        assert len(test) == (test_size if test_size > 1 else np.ceil(test_size * len(y)))


def test_equal_remainders_take_turns():
    y = np.repeat([0, 1, 2], 5)
    tests = [
        test for _, test in parts(StratifiedMonteCarloSplit(60, test_size=4, random_state=0), y)
    ]
    larger = [np.bincount(y[test]).argmax() for test in tests]
    assert set(larger) == {0, 1, 2}


def test_each_row_is_as_likely_to_be_tested():
    y = np.repeat([0, 1], [30, 70])
    splitter = StratifiedMonteCarloSplit(2000, test_size=0.2, random_state=0)
    times = np.bincount(np.concatenate([test for _, test in splitter.split(y, y)]))
    # Binomial: mean 400, standard deviation 17.9.
    assert np.abs(times - 400).max() < 5 * 17.9


# --- with groups ------------------------------------------------------------------------------


@settings(deadline=None, derandomize=True, max_examples=80)
@given(
    sizes=st.lists(st.lists(st.integers(1, 30), min_size=2, max_size=12), min_size=2, max_size=6),
    test_size=st.floats(0.1, 0.9),
    seed=st.integers(0, 1000),
)
def test_groups_stay_whole_and_sizes_come_within_the_largest_group(sizes, test_size, seed):
    group_sizes = np.array([size for of_class in sizes for size in of_class])
    class_of = np.repeat(np.arange(len(sizes)), [len(of_class) for of_class in sizes])
    groups = np.repeat(np.arange(len(group_sizes)), group_sizes)
    y = class_of[groups]
    n_test = int(np.ceil(test_size * len(y)))
    if np.bincount(y).min() < 2 or not len(sizes) <= n_test <= len(y) - len(sizes):
        return
    splitter = StratifiedMonteCarloSplit(2, test_size=test_size, random_state=seed)
    for train, test in parts(splitter, y, groups):
        assert_partition(train, test, len(y))
        assert not set(groups[train]) & set(groups[test])
        assert set(y[train]) == set(y[test]) == set(range(len(sizes)))
        drawn = np.unique(groups[test])
        if abs(len(test) - n_test) > group_sizes.max():
            # Only where every class is down to its last group on the side that is too large.
            large = drawn if len(test) > n_test else np.setdiff1d(groups, drawn)
            assert (np.bincount(class_of[large]) == 1).all()


@settings(deadline=None, derandomize=True, max_examples=60)
@given(
    counts=st.lists(
        st.lists(st.integers(0, 6), min_size=3, max_size=3).filter(any), min_size=2, max_size=15
    ),
    seed=st.integers(0, 1000),
)
@pytest.mark.filterwarnings("ignore:classes .* have one group each")
@pytest.mark.filterwarnings("ignore:classes .* are missing from the test part")
def test_groups_of_several_classes(counts, seed):
    counts = np.array(counts)
    groups = np.repeat(np.arange(len(counts)), counts.sum(axis=1))
    y = np.concatenate([np.repeat([0, 1, 2], row) for row in counts])
    splitter = StratifiedMonteCarloSplit(2, test_size=0.4, random_state=seed)
    try:
        holdouts = parts(splitter, y, groups)
    except ValueError as error:
        if "no group can be held out" in str(error):
            lone = (counts > 0).sum(axis=0) == 1
            assert (counts[:, lone].sum(axis=1) > 0).any()
        return
    for train, test in holdouts:
        assert_partition(train, test, len(y))
        assert not set(groups[train]) & set(groups[test])
        assert set(y[train]) == set(y)


def test_shares_follow_the_whole(music):
    y, groups = music["genre"], music["artist"]
    for train, test in parts(StratifiedMonteCarloSplit(20, random_state=0), y, groups):
        assert not set(groups[train]) & set(groups[test])
        assert abs(len(test) - 120) <= 3
        counts = y.iloc[test].value_counts()
        # A typical row's artist has seven rows; half of that is the room left to chance.
        assert (counts - 12).abs().max() <= 4


def test_every_artist_that_fits_is_sometimes_tested(music):
    y, groups = music["genre"], music["artist"]
    holdouts = parts(StratifiedMonteCarloSplit(200, random_state=0), y, groups)
    times = pd.Series(0, index=groups.unique())
    for _, test in holdouts:
        times[groups.iloc[test].unique()] += 1
    assert times.min() >= 4
    assert times.max() <= 160
    assert len({test.tobytes() for _, test in holdouts}) == 200


def test_few_artists_of_even_size_still_vary():
    # One artist fits exactly, but the holdouts are not all the same one.
    sizes = [17, 12, 12, 12, 11, 11, 10]
    groups = np.repeat(np.arange(14), sizes * 2)
    y = groups // 7
    holdouts = parts(StratifiedMonteCarloSplit(100, random_state=0), y, groups)
    times = np.bincount(np.concatenate([np.unique(groups[test]) for _, test in holdouts]))
    assert times.min() >= 5
    assert times.max() <= 50


def test_an_artist_far_too_large_stays_in_training():
    # 35 of 100 rows by one artist where 20 are wanted, as reggae in GTZAN has it.
    sizes = [35, *[5] * 9, *[1] * 20]
    groups = np.repeat(np.arange(30), sizes)
    groups, y = np.concatenate([groups, groups + 30]), np.repeat([0, 1], 100)
    for _, test in parts(StratifiedMonteCarloSplit(50, random_state=0), y, groups):
        assert not {0, 30} & set(groups[test])
        assert np.abs(np.bincount(y[test]) - 20).max() <= 1


def test_groups_as_small_as_rows_give_exact_shares():
    y = np.repeat([0, 1, 2], [50, 30, 20])
    for _, test in parts(StratifiedMonteCarloSplit(5, random_state=0), y, np.arange(100)):
        assert np.bincount(y[test]).tolist() == [10, 6, 4]


def test_a_class_of_one_artist_stays_in_training():
    y = np.repeat(["blues", "jazz", "rock"], 20)
    groups = np.concatenate([np.zeros(20, dtype=int), 1 + np.arange(40) // 4])
    splitter = StratifiedMonteCarloSplit(5, random_state=0)
    with pytest.warns(UserWarning, match=r"\['blues'\] have one group each"):
        holdouts = parts(splitter, y, groups)
    for train, test in holdouts:
        assert "blues" in y[train]
        assert set(y[test]) == {"jazz", "rock"}


def test_classes_that_cannot_all_be_tested_are_named():
    # Each pair of classes shares an artist: whoever is drawn, one class is missing somewhere.
    counts = np.array([[3, 0, 3], [3, 3, 0], [0, 3, 3]])
    groups = np.repeat([0, 1, 2], 6)
    y = np.concatenate([np.repeat([0, 1, 2], row) for row in counts])
    with pytest.warns(UserWarning, match="missing from the test part of holdout 0"):
        ((train, _),) = parts(StratifiedMonteCarloSplit(1, random_state=0), y, groups)
    assert set(y[train]) == {0, 1, 2}


def test_shares_on_gtzan_beat_a_grouped_partition(real_data):
    tracks = pd.read_csv(real_data("gtzan/tracks.csv"))
    genres, artists = tracks["genre"].to_numpy(), tracks["artist"].to_numpy()

    def deviation(holdouts):
        shares = [
            pd.Series(genres[test]).value_counts().reindex(np.unique(genres), fill_value=0)
            / pd.Series(genres).value_counts()
            for _, test in holdouts
        ]
        return np.mean([np.abs(share - 0.2).mean() for share in shares])

    holdouts = parts(StratifiedMonteCarloSplit(10, random_state=0), genres, artists)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0).split(genres, genres, artists)
    for train, test in holdouts:
        assert not set(artists[train]) & set(artists[test])
        assert set(genres[train]) == set(genres[test]) == set(genres)
        assert abs(len(test) / len(genres) - 0.2) < 0.01
    assert deviation(holdouts) < deviation(folds) < 0.05


# --- random state -----------------------------------------------------------------------------


@pytest.mark.parametrize("grouped", [False, True])
def test_the_same_number_gives_the_same_holdouts(music, grouped):
    y, groups = music["genre"], music["artist"] if grouped else None
    splitter = StratifiedMonteCarloSplit(3, random_state=7)
    np.random.seed(0)  # noqa: NPY002 - the global state must be left alone
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    first, second = parts(splitter, y, groups), parts(splitter, y, groups)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    other = parts(StratifiedMonteCarloSplit(3, random_state=8), y, groups)
    for (_, a), (_, b), (_, c) in zip(first, second, other, strict=True):
        assert np.array_equal(a, b)
        assert not np.array_equal(a, c)
    assert not np.array_equal(first[0][1], first[1][1])


def test_names_of_classes_and_groups_do_not_matter(music):
    y, groups = pd.factorize(music["genre"], sort=True)[0], pd.factorize(music["artist"])[0]
    splitter = StratifiedMonteCarloSplit(3, random_state=0)
    named = parts(splitter, music["genre"].tolist(), music["artist"].tolist())
    for (_, a), (_, b) in zip(parts(splitter, y, 1000 - groups), named, strict=True):
        assert np.array_equal(a, b)


# --- scikit-learn -----------------------------------------------------------------------------


def test_repr_and_number_of_splits():
    splitter = StratifiedMonteCarloSplit()
    assert repr(splitter) == (
        "StratifiedMonteCarloSplit(n_splits=10, random_state=None, test_size=0.2)"
    )
    assert splitter.get_n_splits() == 10
    assert StratifiedMonteCarloSplit(3).get_n_splits(np.zeros(9), np.zeros(9)) == 3


class Spy(ClassifierMixin, BaseEstimator):
    """Check at every score that no group of the test rows was fitted on."""

    def __init__(self, depth=1):
        self.depth = depth

    def fit(self, X, y):
        self.seen_ = set(X[:, 0])
        return self

    def score(self, X, y):
        return float(not self.seen_ & set(X[:, 0]))


def test_plugs_into_cross_validation(music):
    X, y = pd.factorize(music["artist"])[0][:, np.newaxis], music["genre"]
    splitter, groups = StratifiedMonteCarloSplit(3, random_state=0), music["artist"]
    assert cross_val_score(Spy(), X, y, groups=groups, cv=splitter).tolist() == [1, 1, 1]
    assert cross_val_score(Spy(), X, y, cv=splitter).tolist() == [0, 0, 0]
    search = GridSearchCV(Spy(), {"depth": [1, 2]}, cv=splitter).fit(X, y, groups=groups)
    assert search.cv_results_["mean_test_score"].tolist() == [1, 1]


def test_groups_are_routed(music):
    X, y = pd.factorize(music["artist"])[0][:, np.newaxis], music["genre"]
    splitter = StratifiedMonteCarloSplit(3, random_state=0)
    assert splitter.get_metadata_routing().split.requests == {"groups": True}
    with sklearn.config_context(enable_metadata_routing=True):
        result = cross_validate(Spy(), X, y, cv=splitter, params={"groups": music["artist"]})
    assert result["test_score"].tolist() == [1, 1, 1]


def test_cross_val_predict_wants_a_partition(music):
    X, y = np.zeros((len(music), 1)), music["genre"]
    with pytest.raises(ValueError, match="only works for partitions"):
        cross_val_predict(DecisionTreeClassifier(), X, y, cv=StratifiedMonteCarloSplit(5))


# --- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize("test_size", [0.0, 1.0, -0.1, 1.5, 0, -3, "0.2", None])
def test_impossible_test_size(test_size):
    with pytest.raises(ValueError, match="The 'test_size' parameter of StratifiedMonteCarloSplit"):
        StratifiedMonteCarloSplit(test_size=test_size).split(np.zeros(20), [0, 1] * 10)


@pytest.mark.parametrize("n_splits", [0, -1, 2.5])
def test_impossible_number_of_splits(n_splits):
    with pytest.raises(ValueError, match="The 'n_splits' parameter"):
        StratifiedMonteCarloSplit(n_splits).split(np.zeros(20), [0, 1] * 10)


@pytest.mark.parametrize("test_size", [1, 0.01, 19, 0.99, 100])
def test_parts_too_small_for_every_class(test_size):
    with pytest.raises(ValueError, match="at least one row of each of the 2 classes"):
        StratifiedMonteCarloSplit(test_size=test_size).split(np.zeros(20), [0, 1] * 10)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "y is None"),
        (np.linspace(0, 1, 20), "kind 'continuous'"),
        (np.eye(20, dtype=int), "kind 'multilabel-indicator'"),
        ([0] * 19 + [1], r"classes \[1\] have one row only"),
        ([0, 1] * 9, "inconsistent numbers of samples"),
    ],
)
def test_impossible_y(y, message):
    with pytest.raises(ValueError, match=message):
        StratifiedMonteCarloSplit().split(np.zeros(20), y)


@pytest.mark.parametrize("unknown", [None, np.nan, pd.NA])
def test_missing_groups_are_counted(unknown):
    groups = ["a", "b", unknown, "c", unknown] * 4
    with pytest.raises(ValueError, match="missing in 8 rows, the first of them row 2"):
        StratifiedMonteCarloSplit().split(np.zeros(20), [0, 1] * 10, groups)


def test_missing_numeric_groups_and_wrong_lengths():
    groups = np.r_[np.nan, np.arange(19)]
    with pytest.raises(ValueError, match="missing in 1 rows, the first of them row 0"):
        StratifiedMonteCarloSplit().split(np.zeros(20), [0, 1] * 10, groups)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        StratifiedMonteCarloSplit().split(np.zeros(20), [0, 1] * 10, groups[1:])


@pytest.mark.filterwarnings("ignore:classes .* have one group each")
def test_one_group_for_all():
    holdouts = StratifiedMonteCarloSplit().split(np.zeros(20), [0, 1] * 10, ["x"] * 20)
    with pytest.raises(ValueError, match="no group can be held out"):
        next(holdouts)
