import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from musigenre.networks import CNNClassifier
from musigenre.networks.architectures import cnn, conv1d


def rhythms(n=160):
    """Give pulses in one of four bins, every four frames or as many in pairs every eight.

    Where they begin is drawn, so that neither a frame alone nor the mean over time tells.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(scale=0.1, size=(n, 4, 32)).astype(np.float32)
    y = np.array(["even", "swung"] * (n // 2))
    for clip, rhythm in zip(X, y, strict=True):
        beats = np.arange(0, 32, 4) if rhythm == "even" else np.r_[0:32:8, 2:32:8]
        clip[rng.integers(4), (beats + rng.integers(32)) % 32] += 1
    return X, y


@pytest.mark.parametrize(("architecture", "filters"), [("paper", (16,)), ("conv1d", (16, 16))])
def test_it_hears_a_rhythm(architecture, filters):
    X, y = rhythms(240)
    flat = X.reshape(len(X), -1)
    assert LogisticRegression(C=0.01).fit(flat[:160], y[:160]).score(flat[160:], y[160:]) < 0.7
    model = CNNClassifier(
        architecture,
        filters=filters,
        dense_units=16,
        dropout=0,
        batch_size=8,
        learning_rate=0.01,
        random_state=0,
    )
    assert model.fit(X[:160], y[:160]).score(X[160:], y[160:]) > 0.95


def test_the_architecture_is_what_was_asked_for():
    X, y = rhythms(8)
    for name, build in (("paper", cnn), ("conv1d", conv1d)):
        model = CNNClassifier(name, epochs=1, random_state=0).fit(X, y)
        assert model.model_.name == build.__name__
        assert model.model_.count_params() == build(4, 32, 2).count_params()
        narrow = CNNClassifier(name, filters=[3], dense_units=5, dropout=0.1, epochs=1).fit(X, y)
        expected = build(4, 32, 2, filters=[3], dense_units=5).count_params()
        assert narrow.model_.count_params() == expected


def test_parameters_set_after_fit_do_not_change_what_it_predicts():
    import pickle

    X, y = rhythms(8)
    model = CNNClassifier("conv1d", filters=(4,), epochs=1, random_state=0).fit(X, y)
    expected = model.predict_proba(X)
    model.set_params(architecture="paper", filters=(9, 9))
    copy = pickle.loads(pickle.dumps(model))  # noqa: S301
    np.testing.assert_array_equal(copy.predict_proba(X), expected)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"architecture": "resnet"}, "architecture.*'resnet'"),
        ({"filters": (8, 0)}, r"filters=\(8, 0\): the width of a layer"),
        ({"filters": (8, 2.5)}, r"filters=\(8, 2.5\)"),
        ({"filters": 8}, "filters.*8"),
        ({"dense_units": 0}, "dense_units.*0"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        CNNClassifier(epochs=1).set_params(**params).fit(*rhythms(8))
