import keras
import numpy as np
import pandas as pd
import pytest

from musigenre.networks.blending import accuracy, blend_weights, blended_loss, head_losses


def losses(*rows):
    return pd.DataFrame(rows, columns=["before", "train", "val"])


def test_weights_are_generalization_over_overfitting_squared():
    table = blend_weights(losses([2.4, 0.2, 0.9], [2.3, 0.8, 1.0], [2.3, 0.3, 1.4]))
    np.testing.assert_allclose(table["generalization"], [1.5, 1.3, 0.9])
    np.testing.assert_allclose(table["overfitting"], [0.7, 0.2, 1.1])
    expected = np.array([1.5 / 0.7**2, 1.3 / 0.2**2, 0.9 / 1.1**2])
    np.testing.assert_allclose(table["weight"], expected / expected.sum())


def test_a_head_that_gets_worse_has_no_weight():
    table = blend_weights(losses([2.3, 0.1, 2.9], [2.3, 0.8, 1.0]))
    assert table["weight"].tolist() == [0, 1]
    none = blend_weights(losses([2.3, 0.1, 2.9], [2.3, 0.8, 2.4]))
    assert none["weight"].tolist() == [0.5, 0.5]


def test_a_head_that_does_not_overfit_has_a_finite_weight():
    table = blend_weights(losses([2.3, 1.0, 0.9], [2.3, 0.9, 1.0]))
    assert np.isfinite(table["weight"]).all()
    assert table["weight"].iloc[0] > table["weight"].iloc[1] > 0


def test_losses_are_those_of_keras(rng):
    genres = np.eye(4, dtype=np.float32)[rng.integers(0, 4, 30)]
    genres = 0.7 * genres + 0.3 * genres[::-1]  # mixed clips
    p = rng.dirichlet(np.ones(4), (30, 3)).astype(np.float32)
    each = np.stack(
        [
            keras.ops.convert_to_numpy(keras.losses.categorical_crossentropy(genres, p[:, h]))
            for h in range(3)
        ]
    )
    weights = np.array([0.2, 0.5, 0.3])
    loss = blended_loss(weights)(keras.ops.array(genres), keras.ops.array(p))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(loss), weights @ each, rtol=1e-5)
    right = keras.ops.convert_to_numpy(accuracy(keras.ops.array(genres), keras.ops.array(p)))
    np.testing.assert_array_equal(right, genres.argmax(axis=1) == p[:, 0].argmax(axis=1))

    hard = np.eye(4, dtype=np.float32)[genres.argmax(axis=1)]
    expected = -np.log(np.take_along_axis(p, genres.argmax(axis=1)[:, None, None], axis=2)[..., 0])
    np.testing.assert_allclose(head_losses(p, hard), expected.mean(axis=0), rtol=1e-5)
    assert head_losses(np.array([[[1.0, 0.0]]]), np.array([[0.0, 1.0]])) == pytest.approx(
        16.1, abs=0.1
    )
