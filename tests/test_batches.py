import numpy as np
import pytest

from musigenre.networks.batches import Batches, TrainingData


@pytest.fixture
def data(rng):
    n = 25
    return TrainingData(
        inputs=(np.arange(n, dtype=np.float32)[:, None], rng.normal(size=(n, 2, 3))),
        genres=np.eye(3, dtype=np.float32)[np.arange(n) % 3],
        weights=np.arange(n, dtype=np.float32),
    )


def epoch(batches):
    return [batches[i] for i in range(len(batches))]


def test_an_epoch_holds_each_row_once_and_its_parts_stay_together(data):
    rows = np.array([1, 3, 4, 8, 20, 24, 7])
    batches = Batches(data, rows, batch_size=3, seed=0)
    assert len(batches) == 3
    seen = epoch(batches)
    assert [len(genres) for _, genres, _ in seen] == [3, 3, 1]
    order = np.concatenate([x[0][:, 0] for x, _, _ in seen]).astype(int)
    assert sorted(order) == sorted(rows)
    for i, expected in enumerate((data.inputs[0], data.inputs[1])):
        np.testing.assert_array_equal(np.concatenate([x[i] for x, _, _ in seen]), expected[order])
    np.testing.assert_array_equal(np.concatenate([g for _, g, _ in seen]), data.genres[order])
    np.testing.assert_array_equal(np.concatenate([w for _, _, w in seen]), order)


def test_each_epoch_and_seed_has_an_order_of_its_own(data):
    def orders(seed, n=3):
        batches = Batches(data, np.arange(25), 25, seed=seed)
        for _ in range(n):
            yield batches[0][0][0][:, 0].tolist()
            batches.on_epoch_end()

    first, again, other = list(orders(0)), list(orders(0)), list(orders(1))
    assert first == again
    different = [*first, *other]
    assert len({tuple(order) for order in different}) == 6


def test_without_a_seed_rows_come_in_their_order(data):
    batches = Batches(data, np.array([5, 2, 9]), 2)
    for _ in range(2):
        assert [x[0][:, 0].tolist() for x, _, _ in epoch(batches)] == [[5, 2], [9]]
        batches.on_epoch_end()


def test_one_input_is_no_tuple_and_missing_weights_are_left_out(data):
    bare = TrainingData(data.inputs[:1], data.genres)
    x, genres = Batches(bare, np.arange(4), 4)[0]
    assert x.shape == (4, 1)
    assert genres.shape == (4, 3)


def test_augmentation_sees_copies_and_depends_on_epoch_and_batch_alone(data):
    def noisy(inputs, genres, weights, rng):
        inputs[1][:] = rng.normal(size=inputs[1].shape)
        return inputs, genres, weights

    before = data.inputs[1].copy()
    batches = Batches(data, np.arange(8), 4, seed=0, augmentation=noisy)
    first = [x[1] for x, _, _ in epoch(batches)]
    np.testing.assert_array_equal(batches[1][0][1], first[1])  # whoever looks at it before
    assert np.abs(first[0] - first[1]).min() > 0
    batches.on_epoch_end()
    assert np.abs(batches[0][0][1] - first[0]).min() > 0
    np.testing.assert_array_equal(data.inputs[1], before)
