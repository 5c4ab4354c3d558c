import numpy as np
import pytest

from musigenre.networks import CNNClassifier, LSTMClassifier

COMMON = {"dense_units": 8, "dropout": 0, "batch_size": 8, "epochs": 15, "random_state": 0}


def melodies(n=240):
    """Give two notes far apart, of which one or the other comes first."""
    rng = np.random.default_rng(0)
    X = rng.normal(scale=0.1, size=(n, 2, 24)).astype(np.float32)
    y = np.array(["up", "down"] * (n // 2))
    for clip, direction in zip(X, y, strict=True):
        first, second = (0, 1) if direction == "up" else (1, 0)
        clip[first, rng.integers(2, 6)] += 2
        clip[second, rng.integers(18, 22)] += 2
    return X, y


@pytest.mark.parametrize(
    ("model", "hears"),
    [
        (LSTMClassifier(units=(12,), learning_rate=0.02, **COMMON), True),
        (LSTMClassifier("crnn", filters=(8,), units=(12,), learning_rate=0.02, **COMMON), True),
        (CNNClassifier("conv1d", filters=(8,), learning_rate=0.02, **COMMON), False),
    ],
    ids=["lstm", "crnn", "conv1d"],
)
def test_it_hears_in_which_order_notes_come(model, hears):
    X, y = melodies()
    accuracy = model.fit(X[:160], y[:160]).score(X[160:], y[160:])
    assert accuracy > 0.95 if hears else accuracy < 0.7


def test_the_architecture_is_what_was_asked_for():
    X, y = melodies(8)
    model = LSTMClassifier(units=(3, 5), epochs=1).fit(X, y)
    assert [model.model_.get_layer(f"lstm_{i}").units for i in (1, 2)] == [3, 5]
    model = LSTMClassifier("crnn", filters=(3, 4), units=(5,), epochs=1).fit(X, y)
    assert [model.model_.get_layer(f"conv_{i}").filters for i in (1, 2)] == [3, 4]
    assert model.model_.get_layer("lstm_1").units == 5


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"architecture": "gru"}, "architecture.*'gru'"),
        ({"units": (8, 0)}, r"units=\(8, 0\): the width of a layer"),
        ({"filters": (8,)}, r"filters=\(8,\), but the architecture 'lstm' has no convolution"),
        ({"architecture": "crnn", "filters": (0,)}, r"filters=\(0,\)"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        LSTMClassifier(epochs=1).set_params(**params).fit(*melodies(8))
