import gc
import io
import json
import pickle
import random
import sys
import tempfile
import weakref
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, recall_score
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.estimator_checks import parametrize_with_checks

from musigenre.networks import MLPClassifier, base, training
from musigenre.networks.validation_part import stratified_part


def small(**params):
    """Give a network that trains in a second and learns the pattern below in 40 epochs."""
    defaults = {"dropout": 0, "learning_rate": 0.02, "epochs": 40, "random_state": 0}
    return MLPClassifier((16,), **{**defaults, **params})


def xor(n=200):
    """Give a pattern that no linear model sees."""
    X = np.random.default_rng(0).normal(size=(n, 2))
    return X, np.where(X[:, 0] * X[:, 1] > 0, "jazz", "rock")


def random_states():
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002
    return random.getstate(), kind, keys.tolist(), *rest


@pytest.fixture(scope="module")
def fitted():
    return small().fit(*xor())


@parametrize_with_checks(
    [small(optimizer="sgd", learning_rate=0.5, batch_size=32, epochs=12)],
    expected_failed_checks=lambda _: {
        "check_sample_weight_equivalence_on_dense_data": "weights and repeated rows agree to "
        "1e-5 only: training is in float32"
    },
)
def test_scikit_learn_conventions(estimator, check):
    check(estimator)


# Learning


def test_it_learns_what_a_linear_model_cannot_see(fitted):
    X, y = xor()
    assert LogisticRegression().fit(X, y).score(X, y) < 0.7
    assert fitted.score(X, y) > 0.95


def test_whole_tracks_of_gtzan_reach_the_accuracy_of_the_paper(real_data):
    table = pd.read_csv(real_data("gtzan/features_30_sec.csv"))
    X, y = table.drop(columns=["filename", "length", "label"]), table["label"]
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.2, stratify=y, random_state=0
    )
    model = make_pipeline(
        RobustScaler().set_output(transform="pandas"), MLPClassifier("30s", random_state=0)
    ).fit(X_train, y_train)
    assert model.score(X_test, y_test) > 0.68  # Table I: .641; .75 to .77 measured
    assert model[-1].feature_names_in_.tolist() == X.columns.tolist()


def test_probabilities_are_in_the_order_of_classes(fitted):
    X, y = xor()
    proba = fitted.predict_proba(X)
    assert fitted.classes_.tolist() == ["jazz", "rock"]
    assert proba.dtype == np.float64
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-15)
    np.testing.assert_array_equal(fitted.predict(X), fitted.classes_[proba.argmax(axis=1)])
    assert log_loss(y, proba, labels=fitted.classes_) < 0.3


def test_predictions_do_not_depend_on_the_batches(fitted, monkeypatch):
    X, _ = xor()
    whole = fitted.predict_proba(X)
    monkeypatch.setattr(base, "_CLIPS_AT_ONCE", 7)
    np.testing.assert_allclose(fitted.predict_proba(X), whole, atol=1e-6)


@pytest.mark.parametrize("labels", [[3, 7, -1], [0.0, 1.0, 2.0], ["rock", "pop", "hip-hop"]])
def test_labels_come_back_as_they_were(labels):
    X = np.eye(3).repeat(20, axis=0)
    y = np.repeat(labels, 20)
    model = small(epochs=30).fit(X, y)
    assert model.classes_.dtype == y.dtype
    np.testing.assert_array_equal(model.predict(np.eye(3)), labels)


# Early stopping


def test_history_has_one_row_per_epoch(fitted):
    assert fitted.n_iter_ == len(fitted.history_) <= 40
    assert fitted.history_.index.tolist() == list(range(1, fitted.n_iter_ + 1))
    assert set(fitted.history_) == {"loss", "accuracy"}
    assert fitted.history_["loss"].iloc[-1] < fitted.history_["loss"].iloc[0]


def test_validation_loss_stops_training_and_the_best_weights_are_kept(rng):
    X, y = rng.normal(size=(200, 5)), rng.integers(0, 3, 200)  # nothing to learn
    params = {"epochs": 100, "validation_fraction": 0.25, "patience": 3}
    model = small(**params).fit(X, y)
    losses = model.history_["val_loss"]
    assert model.n_iter_ == losses.idxmin() + 3 < 100
    validation = stratified_part(y, 0.25, np.random.RandomState(0))
    np.testing.assert_allclose(
        log_loss(y[validation], model.predict_proba(X[validation])), losses.min(), rtol=1e-4
    )


def test_training_loss_stops_training_on_all_the_data(rng):
    X = np.vstack([np.full((30, 2), -3.0), np.full((30, 2), 3.0)])
    y = np.repeat([0, 1], 30)
    model = small(epochs=300, patience=2, learning_rate=1.0).fit(X, y)
    assert model.n_iter_ < 300
    assert model.n_iter_ == model.history_["loss"].idxmin() + 2


def test_no_early_stopping_trains_every_epoch(rng):
    X, y = rng.normal(size=(40, 5)), rng.integers(0, 3, 40)
    model = small(early_stopping=False, validation_fraction=0.25, epochs=15, patience=1).fit(X, y)
    assert model.n_iter_ == 15
    assert "val_loss" not in model.history_


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.5, 0.9])
def test_stratified_part_keeps_class_shares(fraction, rng):
    y = rng.choice(5, size=400, p=[0.5, 0.3, 0.1, 0.09, 0.01])
    part = stratified_part(y, fraction, np.random.RandomState(0))
    members, drawn = np.bincount(y), np.bincount(y[part], minlength=5)
    assert part.sum() == round(fraction * 400)
    assert (np.abs(drawn - fraction * members) <= 2).all()
    assert (drawn < members).all()
    assert (part != stratified_part(y, fraction, np.random.RandomState(1))).any()


def test_stratified_part_of_tiny_classes():
    y = np.array([0, 1, 2, 2, 2])
    for seed in range(5):
        part = stratified_part(y, 0.1, np.random.RandomState(seed))
        assert part.sum() == 1
        assert y[part] == [2]


def test_a_genre_of_one_clip_can_be_trained(rng):
    X, y = rng.normal(size=(31, 3)), np.r_[np.repeat([0, 1], 15), 2]
    model = small(epochs=2, validation_fraction=0.1).fit(X, y)
    assert model.predict_proba(X).shape == (31, 3)


# Weights


def test_balanced_class_weight_finds_more_of_a_rare_genre(rng):
    X = np.r_[rng.normal(size=(270, 2)), rng.normal(loc=1, size=(30, 2))]
    y = np.repeat(["common", "rare"], [270, 30])
    plain, balanced = (small(epochs=15, class_weight=w).fit(X, y) for w in (None, "balanced"))
    recall = [recall_score(y, m.predict(X), pos_label="rare") for m in (plain, balanced)]
    assert recall[1] > recall[0] + 0.2
    weighted = small(epochs=15).fit(X, y, sample_weight=compute_sample_weight("balanced", y))
    np.testing.assert_array_equal(balanced.predict_proba(X), weighted.predict_proba(X))


def test_class_weight_and_sample_weight_multiply(rng):
    X, y = rng.normal(size=(60, 3)), np.arange(60) % 3
    weight = rng.uniform(0.5, 2, 60)
    given = weight.copy()
    both = small(epochs=3, class_weight={0: 2, 1: 1, 2: 4}).fit(X, y, sample_weight=weight)
    product = small(epochs=3).fit(X, y, sample_weight=weight * np.array([2, 1, 4])[y])
    np.testing.assert_array_equal(both.predict_proba(X), product.predict_proba(X))
    np.testing.assert_array_equal(weight, given)


def test_clips_of_weight_zero_are_left_out(rng):
    X, y = xor(100)
    garbage = np.r_[X, rng.normal(100, 50, size=(50, 2))]
    labels = np.r_[y, rng.choice(["jazz", "rock"], 50)]
    params = {"epochs": 3, "validation_fraction": 0.2}
    without = small(**params).fit(X, y)
    with_zeros = small(**params).fit(
        garbage, labels, sample_weight=np.repeat([1.0, 0.0], [100, 50])
    )
    np.testing.assert_array_equal(with_zeros.predict_proba(X), without.predict_proba(X))


# Randomness


def test_same_random_state_same_network_and_global_state_untouched():
    X, y = xor()

    def proba(random_state):
        params = {"epochs": 3, "dropout": 0.3, "validation_fraction": 0.1}
        return small(random_state=random_state, **params).fit(X, y).predict_proba(X)

    before = random_states()
    first, again, other = proba(3), proba(3), proba(4)
    from_object = proba(np.random.RandomState(3))
    assert random_states() == before
    np.testing.assert_array_equal(again, first)
    np.testing.assert_array_equal(from_object, first)
    assert np.abs(other - first).max() > 1e-3


def test_no_random_state_gives_another_network_each_time():
    X, y = xor()
    first, second = (small(random_state=None, epochs=1).fit(X, y) for _ in range(2))
    assert np.abs(first.predict_proba(X) - second.predict_proba(X)).max() > 1e-3


# Saving


@pytest.mark.parametrize("copy", [lambda m: pickle.loads(pickle.dumps(m)), deepcopy])  # noqa: S301
def test_copies_predict_the_same(fitted, copy, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    X, _ = xor()
    before = random_states()
    other = copy(fitted)
    assert random_states() == before
    assert list(tmp_path.iterdir()) == []
    assert other.model_ is not fitted.model_
    np.testing.assert_array_equal(other.predict_proba(X), fitted.predict_proba(X))
    pd.testing.assert_frame_equal(other.history_, fitted.history_)


def test_an_unfitted_classifier_can_be_pickled():
    assert pickle.loads(pickle.dumps(small())).get_params() == small().get_params()  # noqa: S301


def test_parameters_set_after_fit_do_not_change_what_is_saved():
    X, y = xor()
    model = small(epochs=2).fit(X, y)
    expected = model.predict_proba(X)
    model.set_params(hidden_layer_sizes=(3, 3))
    copy = pickle.loads(pickle.dumps(model))  # noqa: S301
    np.testing.assert_array_equal(copy.predict_proba(X), expected)


@pytest.mark.parametrize("labels", [["jazz", "rock"], [5, 3]])
def test_state_is_json_and_arrays_and_restores_all(labels):
    X, y = xor()
    X, y = pd.DataFrame(X, columns=["tempo", "rms_mean"]), np.where(y == "jazz", *labels)
    model = small(epochs=2, validation_fraction=0.1, dropout=[0.2]).fit(X, y)
    state, weights = model._get_state()
    copy = small()._set_state(json.loads(json.dumps(state)), [w.copy() for w in weights])
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(copy.predict(X), model.predict(X))
    pd.testing.assert_frame_equal(copy.history_, model.history_)
    fitted_attributes = {name for name in vars(model) if name.endswith("_")}
    assert {name for name in vars(copy) if name.endswith("_")} == fitted_attributes
    for name in ("classes_", "feature_names_in_"):
        assert getattr(copy, name).dtype == getattr(model, name).dtype
        np.testing.assert_array_equal(getattr(copy, name), getattr(model, name))
    assert (copy.n_features_in_, copy.n_iter_) == (2, model.n_iter_)
    assert copy._get_state()[0] == state


def test_no_state_before_fit():
    with pytest.raises(NotFittedError):
        small()._get_state()


# With scikit-learn


def test_cross_validation_is_stratified():
    X = np.eye(2).repeat(30, axis=0)
    y = np.repeat(["jazz", "rock"], 30)  # sorted: unstratified folds would score 0
    assert is_classifier(small())
    assert cross_val_score(small(epochs=20), X, y, cv=2).min() > 0.95


def test_grid_search_over_layers():
    model = small(epochs=25, learning_rate=0.05)
    search = GridSearchCV(model, {"hidden_layer_sizes": [(), (16,)]}, cv=2).fit(*xor())
    assert search.best_params_ == {"hidden_layer_sizes": (16,)}
    assert search.best_score_ > 0.9


# Bad input


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"hidden_layer_sizes": "10s"}, "'10s'"),
        ({"hidden_layer_sizes": 64}, "hidden_layer_sizes.*64"),
        ({"hidden_layer_sizes": (64, 0)}, r"hidden_layer_sizes=\(64, 0\).*whole number"),
        ({"hidden_layer_sizes": (64, 2.5)}, r"hidden_layer_sizes=\(64, 2.5\).*whole number"),
        ({"dropout": 1.0}, "dropout.*1.0"),
        ({"dropout": [0.1, 0.2, 0.3]}, "3 values for 1 hidden layers"),
        ({"optimizer": "newton"}, "optimizer.*'newton'"),
        ({"validation_fraction": 0}, "validation_fraction.*0"),
        ({"class_weight": {"jaz": 2}}, "jazz"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        small(epochs=1).set_params(**params).fit(*xor(20))


def test_bad_data_are_named(fitted):
    X, y = xor(20)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        small().fit(np.where(X > 1, np.nan, X), y)
    with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 2"):
        fitted.predict(np.ones((1, 3)))
    with pytest.raises(ValueError, match=r"one class only \('jazz'\)"):
        small().fit(X, np.repeat("jazz", 20))
    with pytest.raises(ValueError, match=r"(?i)sample.weight.* (0|non-zero)"):
        small().fit(X, y, sample_weight=np.zeros(20))
    with pytest.raises(ValueError, match=r"[Nn]egative"):
        small().fit(X, y, sample_weight=-np.ones(20))
    with pytest.raises(ValueError, match=r"20 clips of 20 classes; .*validation_fraction=None"):
        small(validation_fraction=0.1).fit(X, np.arange(20))


def test_feature_names_are_kept_and_checked():
    X, y = xor(20)
    table = pd.DataFrame(X, columns=["tempo", "rms_mean"])
    model = small(epochs=1).fit(table, pd.Series(y))
    assert model.feature_names_in_.tolist() == ["tempo", "rms_mean"]
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(table.rename(columns={"tempo": "speed"}))


def test_diverged_training_is_an_error():
    X, y = xor(20)
    with pytest.raises(ValueError, match=r"training diverged.*learning_rate=1e\+30"):
        small(optimizer="sgd", learning_rate=1e30, epochs=3).fit(X, y)


# While it trains


def test_progress_is_a_bar_on_a_terminal_and_silence_elsewhere(monkeypatch, capsys):
    X, y = xor(20)
    small(epochs=2, verbose=1).fit(X, y)
    assert capsys.readouterr() == ("", "")
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    small(epochs=2, verbose=0).fit(X, y)
    assert terminal.getvalue() == ""
    small(epochs=2, verbose=1, validation_fraction=0.2).fit(X, y)
    shown = terminal.getvalue()
    assert "MLPClassifier" in shown
    assert "2/2" in shown
    assert "val_loss=" in shown


def test_interrupt_stops_cleanly(monkeypatch):
    def interrupt(self, epoch, logs=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(training.Progress, "on_epoch_end", interrupt)
    model, before = small(), random_states()
    with pytest.raises(KeyboardInterrupt):
        model.fit(*xor(20))
    assert random_states() == before
    with pytest.raises(NotFittedError):
        model.predict([[0, 0]])


def test_training_data_do_not_stay_in_memory():
    X, y = xor(20)
    X = X.astype(np.float32)  # as the network takes it, so without a copy
    for params in ({}, {"validation_fraction": 0.2}):
        small(epochs=1, **params).fit(X, y)
    given = weakref.ref(X)
    del X
    gc.collect()
    assert given() is None


def test_a_discarded_network_leaves_no_graph_in_memory():
    def graphs():
        gc.collect()
        return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())

    before = graphs()
    small(epochs=1).fit(*xor(20))
    assert graphs() == before
