import gc
import math

import numpy as np
import pytest
from keras_tuner import Oracle

from musigenre.networks.bayesian_search import Perceptron, PerceptronSpace, make_space, propose

PAPER = PerceptronSpace((1, 6), (8, 256), (0.3, 0.4, 0.5))


def search(space, score, n_trials, *, seed, n_initial=5, size=1):
    tried = []
    while len(tried) < n_trials:
        batch = propose(space, tried, size, n_initial=n_initial, seed=seed)
        if not batch:
            break
        tried += [(network, score(network)) for network in batch]
    return tried


def few_layers(network):
    """Score best the network of two wide layers with little dropout."""
    wide = np.mean([min(width, 200) / 200 for width in network.hidden_layer_sizes])
    return wide - abs(len(network.dropout) - 2) / 4 - np.mean(network.dropout)


def test_proposals_stay_within_the_space():
    for network, _ in search(PAPER, few_layers, 12, seed=3):
        assert 1 <= len(network.hidden_layer_sizes) == len(network.dropout) <= 6
        assert all(8 <= width <= 256 for width in network.hidden_layer_sizes)
        assert set(network.dropout) <= {0.3, 0.4, 0.5}


def test_first_proposals_cover_the_space():
    networks = propose(PAPER, [], 200, n_initial=200, seed=0)
    assert len(set(networks)) == 200
    assert {len(network.dropout) for network in networks} == {1, 2, 3, 4, 5, 6}
    widths = np.concatenate([network.hidden_layer_sizes for network in networks])
    assert widths.min() < 20
    assert widths.max() > 244
    assert abs(np.mean(widths) - 132) < 10


def test_search_is_better_than_chance():
    found, by_chance = [], []
    for seed in range(3):
        tried = search(PAPER, few_layers, 15, seed=seed)
        found.append(np.median([score for _, score in tried[5:]]))
        drawn = propose(PAPER, [], 15, n_initial=15, seed=seed)
        by_chance.append(np.median([few_layers(network) for network in drawn[5:]]))
        assert max(score for _, score in tried) > max(map(few_layers, drawn)) - 0.05
    assert np.mean(found) > np.mean(by_chance) + 0.2


@pytest.mark.parametrize("seed", [0, 7])
def test_same_seed_same_search(seed):
    def networks(seed):
        return [network for network, _ in search(PAPER, few_layers, 8, seed=seed)]

    assert networks(seed) == networks(seed)
    assert not set(networks(seed)) & set(networks(seed + 1))


def test_a_proposal_depends_on_scores():
    tried = search(PAPER, few_layers, 6, seed=0)
    worse = [(network, -score) for network, score in tried]
    (ours,), (theirs,) = (propose(PAPER, t, 1, n_initial=5, seed=0) for t in (tried, worse))
    assert ours != theirs


def test_a_batch_begins_with_the_single_proposal_and_repeats_nothing():
    tried = search(PAPER, few_layers, 6, seed=0)
    batch = propose(PAPER, tried, 4, n_initial=5, seed=0)
    assert batch[:1] == propose(PAPER, tried, 1, n_initial=5, seed=0)
    assert len({*batch, *(network for network, _ in tried)}) == 10


def test_failures_count_as_the_worst():
    tried = search(PAPER, few_layers, 8, seed=0)
    failed = [(n, math.nan) if i in {2, 4} else (n, s) for i, (n, s) in enumerate(tried)]
    worst = min(score for _, score in failed if not math.isnan(score))
    as_worst = [(n, worst) if i in {2, 4} else (n, s) for i, (n, s) in enumerate(tried)]
    ours, theirs = (propose(PAPER, t, 1, n_initial=5, seed=0) for t in (failed, as_worst))
    assert ours == theirs


def test_a_search_in_which_all_failed_goes_on():
    failed = [(network, math.nan) for network, _ in search(PAPER, few_layers, 6, seed=0)]
    (network,) = propose(PAPER, failed, 1, n_initial=5, seed=0)
    assert network not in dict(failed)


@pytest.mark.parametrize("n_initial", [1, 100])
def test_a_small_space_is_exhausted(n_initial):
    space = PerceptronSpace((1, 2), (8, 9), (0.5,))
    tried = search(space, few_layers, 100, seed=0, n_initial=n_initial)
    assert len(tried) == len(dict(tried)) == 2 + 2 * 2
    assert propose(space, tried, 1, n_initial=n_initial, seed=0) == []


def test_a_space_of_one_network():
    space = PerceptronSpace((2, 2), (64, 64), (0.0,))
    assert search(space, few_layers, 5, seed=0, size=2) == [
        (Perceptron((64, 64), (0.0, 0.0)), few_layers(Perceptron((64, 64), (0.0, 0.0))))
    ]


def test_nothing_is_written_and_no_oracle_is_kept(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    search(PAPER, few_layers, 7, seed=0)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    gc.collect()
    # By type: to ask a weak proxy of another test for its class fails if its object has gone.
    assert not any(issubclass(type(thing), Oracle) for thing in gc.get_objects())


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        (((6, 1), (8, 256), (0.3,)), r"n_hidden_layers=\(6, 1\).*smallest.*\(1, 6\)"),
        (((0, 1), (8, 256), (0.3,)), r"n_hidden_layers=\(0, 1\).*above 0"),
        (((1, 6), (8,), (0.3,)), r"n_neurons=\(8,\).*\(8, 256\)"),
        (((1, 6), (8, 25.5), (0.3,)), r"n_neurons=\(8, 25.5\).*whole"),
        (((1, 6), (8, 256), ()), r"dropout=\(\)"),
        (((1, 6), (8, 256), (0.3, 1.0)), r"dropout=\(0.3, 1.0\).*below 1"),
        (((1, 6), (8, 256), ("a",)), r"dropout=\('a',\)"),
    ],
)
def test_bad_bounds_are_named(bounds, message):
    with pytest.raises(ValueError, match=message):
        make_space(*bounds)


def test_bounds_may_be_lists_or_arrays():
    space = make_space(np.array([1, 2]), [8, np.int64(9)], np.array([0.5, 0.5, 0.0]))
    assert space == ((1, 2), (8, 9), (0.5, 0.0))
    assert {type(bound) for bound in space.n_hidden_layers + space.n_neurons} == {int}
