import keras
import numpy as np
import pytest

from musigenre.networks import CNNClassifier, MLPClassifier, training
from musigenre.networks.compiled import CompiledNetworks, copy_variables, start_anew


@pytest.fixture
def kept(monkeypatch):
    """Give an empty store in the place of that of the process."""
    empty = CompiledNetworks()
    monkeypatch.setattr(training, "_kept", empty)
    return empty


def network(width=3):
    net = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(width), keras.layers.Dropout(0.5)]
    )
    net.compile("nadam", "mse")
    return net


def test_the_longest_unused_goes_first(monkeypatch):
    monkeypatch.setattr("musigenre.networks.compiled._MOST", 2)
    kept, networks = CompiledNetworks(), {name: network() for name in "abc"}
    kept.keep("a", networks["a"])
    kept.keep("b", networks["b"])
    assert kept.take("a") is networks["a"]
    kept.keep("a", networks["a"])
    kept.keep("c", networks["c"])
    assert [kept.take(name) for name in "abc"] == [networks["a"], None, networks["c"]]


def test_a_large_network_is_not_kept(monkeypatch):
    monkeypatch.setattr("musigenre.networks.compiled._MOST_WEIGHTS", 9)
    kept = CompiledNetworks()
    kept.keep("small", network(3))
    kept.keep("large", network(4))
    assert kept.take("small") is not None
    assert kept.take("large") is None


def test_starting_anew_forgets_everything(rng):
    used, untrained = network(), network()
    first = [np.asarray(v.value) for v in used.optimizer.variables]
    used.fit(rng.normal(size=(8, 2)), rng.normal(size=(8, 3)), verbose=0)
    assert start_anew(used, untrained) is used

    def values(variable):
        return np.asarray(variable.value)

    for mine, its in zip(used.variables, untrained.variables, strict=True):
        np.testing.assert_array_equal(values(mine), values(its))
    # Momenta come into being with the first step.
    for variable, value in zip(used.optimizer.variables, first, strict=False):
        np.testing.assert_array_equal(values(variable), value)
    assert not any(values(v).any() for v in used.optimizer.variables if len(v.shape))


def test_networks_of_another_size_do_not_mix():
    with pytest.raises(ValueError, match="shape"):
        copy_variables(network(3), network(4))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow traces")
@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier((4,), batch_size=16, epochs=3, random_state=0),
        MLPClassifier((4,), batch_size=16, epochs=3, random_state=0, validation_fraction=0.2),
        CNNClassifier(
            "conv1d",
            filters=(4,),
            n_bins=2,
            epochs=2,
            random_state=0,
            learning_rate_schedule="cosine",
        ),
    ],
    ids=["mlp", "validated", "cnn"],
)
def test_a_second_training_is_not_traced_and_changes_nothing(model, kept, monkeypatch, rng):
    X, y = rng.normal(size=(50, 8)), np.arange(50) % 2
    traced = []
    step = keras.Model.train_step
    monkeypatch.setattr(
        keras.Model, "train_step", lambda self, data: (traced.append(1), step(self, data))[1]
    )
    model.fit(X, y)
    once, first = len(traced), model.predict_proba(X)
    model.set_params(random_state=1).fit(X + 1, 1 - y)  # other data, other weights
    assert not np.allclose(model.predict_proba(X), first)
    model.set_params(random_state=0).fit(X, y)
    assert len(traced) == once
    np.testing.assert_array_equal(model.predict_proba(X), first)


def test_another_training_has_another_network(kept, rng):
    X, y = rng.normal(size=(50, 8)), np.arange(50) % 2
    base = MLPClassifier((4,), batch_size=16, epochs=3, random_state=0)
    reference = {}
    changes = [{"learning_rate": 0.05}, {"optimizer": "sgd"}, {"dropout": 0.1}, {"batch_size": 8}]
    for change in changes:
        kept._networks.clear()
        reference[str(change)] = MLPClassifier(**(base.get_params() | change)).fit(X, y)
    base.fit(X, y)
    for change in changes:
        model = MLPClassifier(**(base.get_params() | change)).fit(X, y)
        expected = reference[str(change)].predict_proba(X)
        np.testing.assert_array_equal(model.predict_proba(X), expected)


def test_what_is_fitted_shares_nothing_with_the_next(kept, rng):
    X, y = rng.normal(size=(50, 8)), np.arange(50) % 2
    model = MLPClassifier((4,), batch_size=16, epochs=2, random_state=0).fit(X, y)
    proba = model.predict_proba(X)
    MLPClassifier((4,), batch_size=16, epochs=2, random_state=1).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), proba)


def test_a_training_that_fails_leaves_no_network(kept, rng):
    X, y = rng.normal(size=(20, 2)), np.arange(20) % 2
    model = MLPClassifier((4,), optimizer="sgd", learning_rate=1e30, epochs=5, random_state=0)
    with pytest.raises(ValueError, match="diverged"):
        model.fit(X, y)
    assert not kept._networks
