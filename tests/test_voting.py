import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musigenre.evaluation import vote


@settings(deadline=None, derandomize=True)
@given(tracks=st.lists(st.sampled_from("abcd"), min_size=1, max_size=30), seed=st.integers(0, 99))
def test_a_track_gets_the_mean_of_its_clips_in_order_of_appearance(tracks, seed):
    proba = np.random.default_rng(seed).dirichlet(np.ones(3), size=len(tracks))
    ids, mean = vote(proba, tracks)
    assert ids.tolist() == list(dict.fromkeys(tracks))
    for track, row in zip(ids, mean, strict=True):
        np.testing.assert_allclose(row, proba[np.array(tracks) == track].mean(axis=0))
    np.testing.assert_allclose(mean.sum(axis=1), 1)


def test_ids_keep_their_kind():
    ids, _ = vote([[1.0], [0.5]], np.array([7, 3]))
    assert ids.dtype.kind == "i"
    assert ids.tolist() == [7, 3]


@pytest.mark.parametrize("tracks", [["a", None, "b"], np.array([0, np.nan, 1])])
def test_an_unknown_track_cannot_be_voted_for(tracks):
    with pytest.raises(ValueError, match="track of 1 clips is missing, the first of them clip 1"):
        vote(np.ones((3, 2)), tracks)


def test_bad_probabilities():
    with pytest.raises(ValueError, match="proba contains NaN"):
        vote([[np.nan, 1.0]], ["a"])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        vote(np.ones((3, 2)), ["a", "b"])
