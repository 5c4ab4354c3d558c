"""The networks on other backends of Keras, each in a process of its own."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

from musigenre import persistence
from musigenre.networks import CNNClassifier

SCRIPT = """
import sys
import numpy as np
from musigenre import persistence
from musigenre.networks import CNNClassifier, LSTMClassifier, MLPClassifier, MMNNClassifier
import keras

assert keras.backend.backend() == sys.argv[1]
rng = np.random.default_rng(0)
X = rng.normal(size=(60, 10)).astype("float32")
y = np.array(["jazz", "rock"] * 30)
X[y == "rock", 0] += 3
X[y == "rock", 8:] += 3
common = {"dropout": 0.1, "batch_size": 16, "epochs": 10, "learning_rate": 0.03, "random_state": 0}
flat = {"n_bins": 2, "dense_units": 8}
cosine = {"learning_rate_schedule": "cosine"}
masks = {"mixup": 0.1, "frequency_mask": 0.5}
for model, columns in [
    (MLPClassifier((8,), early_stopping=True, validation_fraction=0.2, **common), slice(None)),
    (CNNClassifier("conv1d", filters=(8,), **flat, **masks, **common), slice(2, None)),
    (CNNClassifier(filters=(8,), **flat, **cosine, **common), slice(2, None)),
    (LSTMClassifier(units=(8,), **flat, **common), slice(2, None)),
    (MMNNClassifier("conv1d", n_frames=4, blending=True, **flat, **common), slice(None)),
]:
    proba = [model.fit(X[:, columns], y).predict_proba(X[:, columns]) for _ in range(2)]
    np.testing.assert_array_equal(*proba)
    assert model.score(X[:, columns], y) > 0.8, model
    state, weights = model._get_state()
    loaded = type(model)(**model.get_params())._set_state(state, weights)
    np.testing.assert_array_equal(loaded.predict_proba(X[:, columns]), proba[0])
loaded = persistence.load(sys.argv[2], CNNClassifier)
np.save(sys.argv[3], loaded.predict_proba(X[:, 2:]))
print("all trained")
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_networks_train_repeat_themselves_and_load(backend, tmp_path, rng):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    X, y = rng.normal(size=(40, 8)), np.arange(40) % 2
    model = CNNClassifier(filters=(4,), n_bins=2, epochs=1, random_state=0).fit(X, y)
    persistence.save(model, tmp_path / "model")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, backend, tmp_path / "model", tmp_path / "proba.npy"],
        env=os.environ | {"KERAS_BACKEND": backend},
        text=True,
        capture_output=True,
    )
    assert "all trained" in done.stdout, done.stderr[-2000:]
    X = np.random.default_rng(0).normal(size=(60, 10)).astype("float32")
    X[1::2, 0] += 3
    X[1::2, 8:] += 3
    expected = model.predict_proba(X[:, 2:])
    np.testing.assert_allclose(np.load(tmp_path / "proba.npy"), expected, atol=1e-5)
