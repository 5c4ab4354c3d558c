import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from musigenre import persistence
from musigenre.networks import CNNClassifier, MLPClassifier, MMNNClassifier
from musigenre.networks.architectures.mmnn import HEADS

SMALL = {
    "dense_units": 16,
    "dropout": 0,
    "batch_size": 8,
    "epochs": 15,
    "learning_rate": 0.02,
    "random_state": 0,
}


def small(branch="conv1d", **params):
    shape = {"n_bins": 2, "n_frames": 12, "hidden_layer_sizes": (8,)}
    return MMNNClassifier(branch, **shape | SMALL | params)


def clips(n=240):
    """Give three features, one of which tells fast from slow, and spectrograms of high or low."""
    rng = np.random.default_rng(0)
    fast, high = rng.integers(0, 2, (2, n))
    features = rng.normal(size=(n, 3))
    features[:, 1] = 2 * fast - 1 + 0.3 * features[:, 1]
    spectrograms = rng.normal(scale=0.3, size=(n, 2, 12))
    spectrograms[np.arange(n), high, rng.integers(0, 12, n)] += 3
    X = np.hstack([features, spectrograms.reshape(n, -1)]).astype(np.float32)
    return X, np.char.add(np.where(fast, "fast-", "slow-"), np.where(high, "high", "low"))


@pytest.mark.parametrize("blending", [False, True])
def test_it_needs_and_uses_both_modalities(blending):
    X, y = clips()
    train, test = slice(0, 160), slice(160, None)

    def score(model, columns):
        return model.fit(X[train, columns], y[train]).score(X[test, columns], y[test])

    features, spectrogram, both = slice(0, 3), slice(3, None), slice(None)
    cnn = CNNClassifier("conv1d", filters=(8,), n_bins=2, **SMALL)
    mlp = MLPClassifier((8,), dropout=0, epochs=15, batch_size=8, learning_rate=0.02)
    assert score(cnn, spectrogram) < 0.65
    assert score(mlp, features) < 0.65
    assert score(small(blending=blending), both) > 0.9


@pytest.mark.parametrize("branch", ["cnn", "crnn", "lstm"])
def test_every_branch_trains_and_repeats_itself(branch):
    X, y = clips(40)
    proba = [small(branch, epochs=1).fit(X, y).predict_proba(X) for _ in range(2)]
    np.testing.assert_array_equal(*proba)
    assert proba[0].shape == (40, 4)


def test_a_column_transformer_makes_its_input():
    X, y = clips(60)
    columns = ColumnTransformer(
        [("features", StandardScaler(), slice(0, 3)), ("spectrogram", "passthrough", slice(3, 27))]
    )
    model = make_pipeline(columns, small(epochs=2)).fit(X, y)
    assert model.predict_proba(X).shape == (60, 4)
    assert model[-1].model_.get_layer("hidden_1").get_weights()[0].shape == (3, 8)


# Gradient-Blending


def test_blending_weighs_the_heads_and_keeps_one(tmp_path):
    X, y = clips()
    X[:, 3:] = np.random.default_rng(1).normal(size=(len(X), 24))  # a branch that only overfits
    y = np.array([genre[:4] for genre in y])
    model = small(blending=True, epochs=6).fit(X, y)
    table = model.blending_
    assert table.index.tolist() == list(HEADS)
    assert table["weight"].sum() == pytest.approx(1)
    assert (table["weight"] >= 0).all()
    weight = table["weight"]
    assert weight["features_alone"] > 0.3
    assert weight["spectrogram_alone"] < 0.01
    assert model.model_.output_shape == (None, 2)
    assert model.score(X, y) > 0.9
    again = clone(model).fit(X, y)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    pd.testing.assert_frame_equal(again.blending_, table)

    persistence.save(model, tmp_path / "model")
    loaded = persistence.load(tmp_path / "model", MMNNClassifier)
    np.testing.assert_allclose(loaded.predict_proba(X), model.predict_proba(X), rtol=0, atol=1e-6)
    pd.testing.assert_frame_equal(loaded.blending_, table)
    assert not hasattr(model.set_params(blending=False, epochs=1).fit(X, y), "blending_")


def test_blending_measures_on_the_validation_part():
    X, y = clips(60)
    model = small(blending=True, epochs=2, early_stopping=True, validation_fraction=0.2)
    history = model.fit(X, y).history_
    assert set(history) == {"loss", "accuracy", "val_loss", "val_accuracy"}


# Bad input


def test_bad_shapes_are_named():
    X, y = clips(20)
    model = small(epochs=1)
    with pytest.raises(
        ValueError, match=r"24 feature\(s\).* n_bins=2 times n_frames=12 .* at least"
    ):
        clone(model).fit(X[:, 3:], y)
    with pytest.raises(ValueError, match="X has 26 features, but MMNNClassifier is expecting 27"):
        clone(model).fit(X, y).predict(X[:, 1:])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"branch": "rnn"}, "branch.*'rnn'"),
        ({"blending": "yes"}, "blending.*'yes'"),
        ({"n_bins": None}, "n_bins.*None"),
        ({"n_frames": 0}, "n_frames.*0"),
        ({"hidden_layer_sizes": (8, 0)}, r"hidden_layer_sizes=\(8, 0\)"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        small(epochs=1).set_params(**params).fit(*clips(20))
