"""Networks in model files: predicted without Keras, trained again with it."""

import os
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from model_files import read, rewrite
from musigenre import persistence
from musigenre.archive import ModelFileError
from musigenre.networks import (
    CNNClassifier,
    LSTMClassifier,
    MLPClassifier,
    MMNNClassifier,
    TunedMLPClassifier,
)
from musigenre.networks.designs import BRANCHES

SHORT = {"epochs": 2, "batch_size": 16, "random_state": 0}
FLAT = {"n_bins": 2, "dense_units": 8} | SHORT
NETWORKS = {
    "mlp": MLPClassifier((8, 4), **SHORT),
    "tuned": TunedMLPClassifier(2, n_neurons=(4, 8), n_hidden_layers=(1, 2), **SHORT),
    "cnn": CNNClassifier(filters=(4,), **FLAT),
    "conv1d": CNNClassifier("conv1d", filters=(4, 4), **FLAT),
    "lstm": LSTMClassifier(units=(4,), **FLAT),
    "crnn": LSTMClassifier("crnn", units=(4,), filters=(4,), **FLAT),
    **{f"mmnn {branch}": MMNNClassifier(branch, n_frames=4, **FLAT) for branch in BRANCHES},
    "blending": MMNNClassifier("conv1d", n_frames=4, blending=True, **FLAT),
}


def clips():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 10)).astype(np.float32)
    y = np.array(["jazz", "rock", "pop"] * 20)
    X[y == "rock", 0] += 3
    X[y == "pop", 8:] += 3
    return X, y


@pytest.fixture(scope="module")
def fitted():
    return {name: model.fit(*clips()) for name, model in NETWORKS.items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_loaded_network_says_the_same(name, fitted, tmp_path):
    X, _ = clips()
    model, expected = fitted[name], fitted[name].predict_proba(X)
    persistence.save(model, tmp_path / "model")
    loaded = persistence.load(tmp_path / "model", type(model))
    np.testing.assert_allclose(loaded.predict_proba(X), expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    # Saved again it is the same file, and pickled it is the same model: neither needs Keras.
    persistence.save(loaded, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model").read_bytes()
    copied = pickle.loads(pickle.dumps(loaded))  # noqa: S301 - of this process
    np.testing.assert_array_equal(copied.predict_proba(X), loaded.predict_proba(X))
    # The Keras model is that of the weights, to the bit.
    for ours, theirs in zip(loaded.model_.get_weights(), model.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(loaded.history_, model.history_)


@pytest.mark.parametrize("name", ["mlp", "cnn", "blending"])
def test_training_again_gives_what_the_first_gave(name, fitted, tmp_path):
    X, y = clips()
    persistence.save(fitted[name], tmp_path / "model")
    loaded = persistence.load(tmp_path / "model", type(fitted[name]))
    again = loaded.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(again, fitted[name].predict_proba(X))


SCRIPT = """
import sys
import numpy as np
from musigenre import persistence
from sklearn.base import BaseEstimator

for name, file in zip(sys.argv[2::2], sys.argv[3::2]):
    model = persistence.load(file, BaseEstimator)
    proba = model.predict_proba(np.load(sys.argv[1]))
    np.save(file + ".npy", proba)
    persistence.save(model, file + ".again")
for module in ("keras", "tensorflow", "scikeras", "keras_tuner", "tf2onnx", "jax", "torch"):
    assert module not in sys.modules, module
print("predicted")
"""


def run(code, *arguments, **environment):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env=os.environ | environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def test_prediction_from_a_file_imports_no_keras(fitted, tmp_path):
    X, _ = clips()
    np.save(tmp_path / "X.npy", X)
    named = []
    for name, model in fitted.items():
        persistence.save(model, tmp_path / name)
        named += [name, tmp_path / name]
    done = run(SCRIPT, tmp_path / "X.npy", *named)
    assert done.stdout == "predicted\n"
    assert done.stderr == ""
    for name, model in fitted.items():
        proba = np.load(tmp_path / f"{name}.npy")
        np.testing.assert_allclose(proba, model.predict_proba(X), rtol=0, atol=1e-6)


def test_classifiers_are_imported_without_keras():
    run(
        """
        import sys
        from musigenre.networks import CNNClassifier, TunedMLPClassifier
        from musigenre import make_clip_model
        from sklearn.base import clone
        clone(make_clip_model("mmnn"))
        clone(CNNClassifier())
        assert not {"keras", "tensorflow", "onnxruntime", "matplotlib"} & set(sys.modules)
        """
    )


def test_without_a_graph_keras_predicts(fitted, tmp_path, monkeypatch):
    """As on other backends of Keras, which export none."""
    X, _ = clips()
    monkeypatch.setattr("musigenre.networks.onnx_export.export", lambda network: None)
    persistence.save(fitted["mlp"], tmp_path / "model")
    assert not any(name.endswith("onnx") for name in read(tmp_path / "model")[1])
    loaded = persistence.load(tmp_path / "model", MLPClassifier)
    np.testing.assert_array_equal(loaded.predict_proba(X), fitted["mlp"].predict_proba(X))


@pytest.fixture
def saved(fitted, tmp_path):
    persistence.save(fitted["mlp"], tmp_path / "model")
    return tmp_path / "model"


def state(**changes):
    return lambda header: header["model"]["state"].update(changes)


def network(**changes):
    return lambda header: header["model"]["state"]["network"].update(changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (network(n_features=9), r"takes \[\(10,\)\], and the network \[\(9,\)\]"),
        (network(n_bins=2, n_frames=5), r"takes \[\(10,\)\]"),
        (network(n_classes=4), "there are 3 classes"),
        (state(classes=["a", "b"]), "there are 2 classes"),
        (lambda h: h["model"].update(graph=1), "refers to number 1 of 1 graphs"),
        (lambda h: h["model"].update(graph="0"), "refers to number '0'"),
        (
            lambda h: h["model"]["weights"].append(h["model"]["weights"][0]),
            "refers twice to number 0 of the arrays",
        ),
        (state(history={"loss": [0.5] * 3, "accuracy": 0.5}), "a column of the history is no list"),
        (state(classes=["a" * 10**6, "b" * 100, *"c" * 10**5]), "are too many for an array"),
        (lambda h: h["model"]["weights"].__setitem__(0, [1.0]), "arrays of float32"),
        (lambda h: h["entries"]["arrays/0000.npy"].update(dtype="<f8"), "arrays of float32"),
    ],
)
def test_a_network_that_does_not_fit_its_file_is_refused(saved, change, message):
    rewrite(saved, change)
    with pytest.raises(ModelFileError, match=message):
        persistence.load(saved, MLPClassifier)


@pytest.mark.parametrize(
    "change",
    [
        network(hidden_layer_sizes=[8]),
        network(hidden_layer_sizes=[10**9, 10**9]),
        network(unheard_of=1),
        lambda h: h["model"]["weights"].pop(),
        lambda h: h["model"]["weights"].reverse(),
    ],
)
def test_weights_of_another_network_are_not_built(saved, change):
    """Keras is not asked when the file is read, so this shows when the network is wanted."""
    rewrite(saved, change)
    loaded = persistence.load(saved, MLPClassifier)
    assert loaded.predict_proba(clips()[0]).shape == (60, 3)
    with pytest.raises((ValueError, TypeError)):
        loaded.model_  # noqa: B018


def test_a_graph_of_another_network_is_refused(fitted, saved, tmp_path):
    persistence.save(fitted["cnn"], tmp_path / "cnn")
    other = read(tmp_path / "cnn")[1]["graphs/0000.onnx"]
    rewrite(saved, entries={"graphs/0000.onnx": other})
    with pytest.raises(ModelFileError, match=r"takes \[\(2, 5\)\]"):
        persistence.load(saved, MLPClassifier)
    rewrite(saved, entries={"graphs/0000.onnx": b"x" * 1000})
    with pytest.raises(ModelFileError, match="ONNX"):
        persistence.load(saved, MLPClassifier)


def test_what_was_never_trained_has_no_network():
    with pytest.raises(NotFittedError):
        MLPClassifier().model_  # noqa: B018
    assert not hasattr(MLPClassifier(), "model_")
