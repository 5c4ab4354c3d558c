import numpy as np
import pytest

from musigenre.networks.augmentation import Augmenter, mask, mix

N = 400


@pytest.fixture
def batch(rng):
    inputs = [rng.normal(size=(N, 3)).astype("f"), rng.normal(size=(N, 8, 20)).astype("f")]
    genres = np.eye(4, dtype=np.float32)[rng.integers(0, 4, N)]
    return inputs, genres


def test_mixed_clips_are_two_in_one_proportion(batch, rng):
    inputs, _ = batch
    numbered = [np.arange(N, dtype=np.float32)[:, None], *inputs]
    (_, features, spectrograms), mixed, _ = mix(numbered, np.eye(N, dtype="f"), None, 1.0, rng)
    np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-6)
    assert set(np.count_nonzero(mixed, axis=1)) <= {1, 2}
    np.testing.assert_allclose(features, mixed @ inputs[0], atol=1e-5)
    expected = np.einsum("ij,jkl->ikl", mixed, inputs[1])
    np.testing.assert_allclose(spectrograms, expected, atol=1e-5)


def test_shares_are_drawn_from_the_beta_distribution(rng):
    genres = np.eye(2000, dtype=np.float32)
    for alpha in (0.2, 1.0):
        _, mixed, _ = mix([], genres, None, alpha, rng)
        share = np.diag(mixed)
        assert share.mean() == pytest.approx(0.5, abs=0.03)
        variance = 1 / (4 * (2 * alpha + 1))
        assert share.var() == pytest.approx(variance, rel=0.1)


def test_the_loss_of_a_mixed_clip_is_that_of_both_with_their_weights(batch, rng):
    _, genres = batch
    weights = rng.uniform(0, 2, N).astype("f")
    numbers = [np.eye(N, dtype=np.float32)]
    (share,), mixed, total = mix(numbers, genres, weights, 0.5, rng)
    log_p = np.log(rng.dirichlet(np.ones(4), N))
    loss = total * (mixed * log_p).sum(axis=1)
    expected = [(share[i] * weights) @ (genres @ log_p[i]) for i in range(N)]
    np.testing.assert_allclose(loss, expected, rtol=1e-4, atol=1e-5)


def test_masks_hide_one_band_and_one_stretch(rng):
    spectrograms = np.ones((N, 8, 20), np.float32)
    fill = np.arange(8, dtype=np.float32) + 5
    mask(spectrograms, fill, 0.5, 0.25, rng)
    hidden = spectrograms != 1
    values = np.broadcast_to(fill[:, None], hidden.shape)
    np.testing.assert_array_equal(spectrograms[hidden], values[hidden])
    bands, stretches = hidden.all(axis=2), hidden.all(axis=1)
    np.testing.assert_array_equal(hidden, bands[:, :, None] | stretches[:, None, :])
    for spans, widest in ((bands, 4), (stretches, 5)):
        widths = spans.sum(axis=1)
        assert set(widths) == set(range(widest + 1))
        edges = np.abs(np.diff(np.pad(spans.astype(int), ((0, 0), (1, 1))), axis=1)).sum(axis=1)
        np.testing.assert_array_equal(edges, 2 * (widths > 0))  # in one piece
        assert spans[:, 0].any()
        assert spans[:, -1].any()


def test_no_mask_no_change(rng):
    spectrograms = np.ones((5, 3, 4), np.float32)
    mask(spectrograms, np.zeros(3, np.float32), 0, 0, rng)
    np.testing.assert_array_equal(spectrograms, 1)


def test_the_augmenter_masks_after_mixing_and_masks_spectrograms_alone(batch):
    inputs, genres = batch
    augment = Augmenter(np.full(8, 99, np.float32), mixup=0.4, frequency_mask=0.5, time_mask=0.5)
    first = augment(inputs, genres, None, np.random.default_rng(3))
    again = augment(inputs, genres, None, np.random.default_rng(3))
    other = augment(inputs, genres, None, np.random.default_rng(4))
    np.testing.assert_array_equal(first[0][1], again[0][1])
    assert (first[0][1] != other[0][1]).mean() > 0.5
    assert np.abs(first[0][0]).max() < 10
    assert (first[0][1] == 99).mean() > 0.2
    assert not ((first[0][1] > 10) & (first[0][1] < 99)).any()
    assert np.count_nonzero(first[1], axis=1).max() == 2
