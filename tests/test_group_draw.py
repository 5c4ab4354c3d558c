import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musigenre.model_selection.group_draw import draw_groups


@settings(deadline=None, derandomize=True, max_examples=100)
@given(
    sizes=st.lists(st.integers(1, 20), min_size=2, max_size=12),
    share=st.floats(0.1, 0.9),
    seed=st.integers(0, 1000),
)
def test_no_group_added_or_left_out_would_come_closer(sizes, share, seed):
    sizes = np.array(sizes)
    n_test = max(1, round(share * sizes.sum()))
    drawn = draw_groups(sizes[:, np.newaxis], n_test, np.random.RandomState(seed))
    off = sizes[drawn].sum() - n_test
    assert drawn.any()
    assert not drawn.all()
    if drawn.sum() < len(sizes) - 1:
        assert (np.abs(off + sizes[~drawn]) >= abs(off)).all()
    if drawn.sum() > 1:
        assert (np.abs(off - sizes[drawn]) >= abs(off)).all()


@pytest.mark.parametrize("n_test", [3, 30, 57])
def test_every_class_keeps_a_row_on_both_sides(n_test):
    counts = np.kron(np.eye(3, dtype=int), np.array([[10], [10]]))
    drawn = draw_groups(counts, n_test, np.random.RandomState(0))
    assert counts[drawn].sum(axis=0).tolist() == [10, 10, 10]


def test_a_rare_class_is_matched_as_well_as_common_ones(rng):
    # Every group holds one row of the rare class in a hundred or none; only a few do.
    common = rng.integers(5, 15, size=(200, 2))
    rare = np.r_[np.ones(20, dtype=int), np.zeros(180, dtype=int)]
    counts = np.column_stack([common, rare])
    shares = [
        counts[draw_groups(counts, int(0.2 * counts.sum()), np.random.RandomState(seed))].sum(
            axis=0
        )
        / counts.sum(axis=0)
        for seed in range(10)
    ]
    assert np.abs(np.array(shares)[:, 2] - 0.2).max() <= 0.051
    assert np.abs(np.array(shares)[:, :2] - 0.2).max() <= 0.01


def test_groups_of_one_kind_are_drawn_evenly():
    counts = np.repeat([[5, 0], [0, 5]], 20, axis=0)
    rng = np.random.RandomState(0)
    times = sum(draw_groups(counts, 40, rng).astype(int) for _ in range(500))
    # Binomial: mean 100, standard deviation 8.9.
    assert np.abs(times - 100).max() < 4.5 * 8.9
