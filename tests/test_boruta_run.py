import numpy as np
import pytest
from boruta import BorutaPy
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from musigenre.selection.boruta_run import run_boruta, shuffle_groups


def run(X, y, groups=None, forest=None, **options):
    options = {"max_iter": 12, "n_iter_no_change": None, "verbose": 0, "n_estimators": 15} | options
    forest = RandomForestClassifier(max_depth=3) if forest is None else forest
    return run_boruta(forest, X, y, groups, np.random.RandomState(0), **options)


@pytest.fixture
def rows(rng):
    y = np.repeat([0, 1, 2], 40)
    return np.column_stack([y + rng.normal(size=120), rng.normal(size=(120, 3)), y % 2]), y


@pytest.mark.parametrize("two_step", [True, False])
@pytest.mark.parametrize("perc", [100, 60])
def test_it_is_the_package(rows, two_step, perc):
    X, y = rows
    plain = BorutaPy(
        ExtraTreesClassifier(max_depth=3),
        n_estimators=15,
        max_iter=13,
        two_step=two_step,
        perc=perc,
        random_state=0,
    ).fit(X, y)
    ours = run(X, y, forest=ExtraTreesClassifier(max_depth=3), two_step=two_step, perc=perc)
    np.testing.assert_array_equal(ours.importances, plain.importance_history_[1:])
    np.testing.assert_array_equal(ours.decisions[-1] == 1, plain.support_)


def test_all_iterations_asked_for_are_run(rows, rng):
    X, y = rows
    for max_iter in (1, 5, 12):
        assert len(run(rng.normal(size=X.shape), y, max_iter=max_iter).decisions) == max_iter


def test_hits_and_decisions_follow_from_the_importances(rows):
    """By hand, with one feature left at a time: binomial tests of the hits."""
    X, y = rows
    result = run(X, y, max_iter=25)
    hits = result.importances > result.shadows[:, 2:]
    np.testing.assert_array_equal(hits.sum(axis=0), result.hits)
    assert result.decisions[-1].tolist()[0] == 1
    assert -1 in result.decisions[-1]
    assert (np.diff(result.shadows, axis=1) >= 0).all()
    for feature in np.flatnonzero(result.decisions[-1] == -1):
        rejected_at = np.argmax(result.decisions[:, feature] == -1)
        assert np.isnan(result.importances[rejected_at + 1 :, feature]).all()
        assert not np.isnan(result.importances[: rejected_at + 1, feature]).any()
    # A decision is final.
    for before, after in zip(result.decisions, result.decisions[1:], strict=False):
        assert (after[before != 0] == before[before != 0]).all()


def test_stops_when_nothing_changes(rows, rng):
    X, y = rows
    assert len(run(rng.normal(size=X.shape), y, max_iter=60, n_iter_no_change=3).decisions) == 4


@pytest.mark.parametrize("sizes", [[3, 3, 3, 3], [1, 4, 2, 7, 1]])
def test_groups_are_shuffled_whole(rng, sizes):
    groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    values = rng.normal(size=len(groups))
    state = np.random.RandomState(0)
    moved = 0
    for _ in range(20):
        shuffled = shuffle_groups(values, groups, state)
        givers = []
        for group in range(len(sizes)):
            got = shuffled[groups == group]
            fitting = [
                giver
                for giver in range(len(sizes))
                if np.array_equal(np.resize(values[groups == giver], len(got)), got)
            ]
            assert len(fitting) == 1
            givers += fitting
        assert sorted(givers) == list(range(len(sizes)))
        moved += givers != sorted(givers)
    assert moved > 10


def test_groups_swap_places_with_those_of_like_size(rng):
    sizes = np.array([1] * 20 + [3] * 20 + [40] * 2 + [1000])
    groups = np.repeat(np.arange(len(sizes)), sizes)
    state = np.random.RandomState(0)
    given = np.array([shuffle_groups(groups, groups, state) for _ in range(200)])
    source = given[:, np.cumsum(sizes) - sizes]
    assert (source[:, -1] == 42).all()  # nothing is there to swap with
    assert set(source[:, 40]) == {40, 41}
    ratio = sizes[source] / sizes
    assert ratio.min() >= 0.25
    assert ratio.max() <= 4
    # Of equal sizes each is as likely as any other.
    equal = np.repeat(np.arange(5), 2)
    first = [shuffle_groups(equal, equal, state)[0] for _ in range(1000)]
    assert np.bincount(first).min() > 150


def test_with_one_row_a_group_it_is_a_plain_shuffle(rng):
    values = rng.normal(size=30)
    shuffled = shuffle_groups(values, np.arange(30), np.random.RandomState(0))
    assert sorted(shuffled) == sorted(values)
    assert not np.array_equal(shuffled, values)
