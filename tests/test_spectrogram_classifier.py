"""What CNNClassifier, LSTMClassifier and MMNNClassifier have in common."""

import gc
import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.utils.estimator_checks import parametrize_with_checks

from musigenre import persistence
from musigenre.networks import CNNClassifier, LSTMClassifier, MMNNClassifier
from musigenre.networks.spectrogram_classifier import bin_statistics
from musigenre.networks.validation_part import stratified_part

SMALL = {"dense_units": 8, "dropout": 0, "batch_size": 16, "learning_rate": 0.05, "random_state": 0}


def networks(n_bins=2, **params):
    """Give a tiny network of each kind, for flat spectrograms of two bins and four frames."""
    params = SMALL | {"epochs": 10, "n_bins": n_bins} | params
    mmnn = MMNNClassifier("conv1d", n_frames=4, hidden_layer_sizes=(4,), **params)
    return [
        CNNClassifier("conv1d", filters=(8,), **params),
        LSTMClassifier(units=(8,), **params),
        mmnn,
    ]


def each(**params):
    return pytest.mark.parametrize(
        "model", networks(**params), ids=lambda model: type(model).__name__
    )


def clips(n=60):
    """Give rows of ten numbers, of which the last two are higher in one genre."""
    X = np.random.default_rng(0).normal(size=(n, 10)).astype(np.float32)
    y = np.array(["jazz", "rock"] * (n // 2))
    X[y == "rock", 8:] += 3
    return X, y


def for_model(model, X):
    """Cut rows to what the model takes: eight numbers of a spectrogram, features before them."""
    return X if isinstance(model, MMNNClassifier) else X[:, 2:]


def checked():
    long = SMALL | {"n_bins": 1, "epochs": 12, "batch_size": 32}
    short = long | {"epochs": 6, "batch_size": 64, "learning_rate": 0.1}
    mmnn = MMNNClassifier("conv1d", n_frames=1, hidden_layer_sizes=(8,), **short)
    return [
        CNNClassifier("conv1d", filters=(8,), **short),
        LSTMClassifier(units=(8,), **long),
        mmnn,
    ]


@parametrize_with_checks(
    checked(),
    expected_failed_checks=lambda _: {
        "check_sample_weight_equivalence_on_dense_data": "batches, their normalisation and the "
        "statistics of the bins count clips, whatever they weigh"
    },
)
def test_scikit_learn_conventions(estimator, check):
    check(estimator)


# Scaling


def test_bin_statistics_are_those_of_all_frames_of_the_given_clips(rng):
    X = (1000 + np.array([1, 1e-2, 0])[:, None] * rng.normal(size=(150, 3, 7))).astype(np.float32)
    rows = rng.permutation(150)[:100]
    mean, deviation = bin_statistics(X, rows)
    expected = X[rows].astype(np.float64)
    np.testing.assert_allclose(mean, expected.mean(axis=(0, 2)), rtol=1e-6)
    np.testing.assert_allclose(deviation, expected.std(axis=(0, 2)), rtol=1e-3, atol=1e-4)
    assert deviation[2] == 0


@each(epochs=1, early_stopping=True, validation_fraction=0.25)
def test_scaling_is_learned_from_the_clips_trained_on(model):
    X, y = clips()
    held_out = stratified_part((y == "rock").astype(int), 0.25, np.random.RandomState(0))
    X[held_out] += 100
    model = clone(model).fit(for_model(model, X), y)
    spectrograms = X[~held_out, 2:].reshape(-1, 2, 4)
    layer = model.model_.get_layer("standardize")
    mean, scale = (np.asarray(weight)[:, 0] for weight in layer.get_weights())
    np.testing.assert_allclose(mean, spectrograms.mean(axis=(0, 2)), rtol=1e-4)
    np.testing.assert_allclose(scale, 1 / spectrograms.std(axis=(0, 2)), rtol=1e-4)


@each()
def test_scale_and_offset_of_a_bin_make_no_difference(model):
    X, y = clips()
    other = X.copy()
    other[:, 2:6] = 256 * X[:, 2:6] - 64  # exact in single precision
    proba = [
        clone(model).fit(for_model(model, A), y).predict_proba(for_model(model, A))
        for A in (X, other)
    ]
    np.testing.assert_allclose(*proba, atol=0.02)


# Learning


@each()
def test_it_learns_and_repeats_itself(model):
    X, y = clips()
    X = for_model(model, X)
    first, again = clone(model).fit(X, y), clone(model).fit(X, y)
    other = clone(model).set_params(random_state=1).fit(X, y)
    assert is_classifier(model)
    assert first.score(X, y) > 0.9
    proba = first.predict_proba(X)
    np.testing.assert_array_equal(again.predict_proba(X), proba)
    assert np.abs(other.predict_proba(X) - proba).max() > 1e-3
    pd.testing.assert_frame_equal(again.history_, first.history_)
    assert first.n_iter_ == len(first.history_) == 10
    assert first.history_["loss"].iloc[-1] < first.history_["loss"].iloc[0]


@each(epochs=4, mixup=0.4, frequency_mask=0.5, time_mask=0.5)
def test_augmented_training_repeats_itself_and_changes_no_clip(model):
    X, y = clips()
    X = for_model(model, X)
    before = X.copy()
    first, again = clone(model).fit(X, y), clone(model).fit(X, y)
    plain = clone(model).set_params(mixup=0, frequency_mask=0, time_mask=0).fit(X, y)
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(again.predict_proba(X), first.predict_proba(X))
    assert np.abs(plain.predict_proba(X) - first.predict_proba(X)).max() > 1e-3
    assert first.history_["loss"].min() > plain.history_["loss"].min()


@each(epochs=30, early_stopping=True, validation_fraction=0.3, patience=3)
def test_the_weights_of_the_best_epoch_are_kept_and_validation_is_not_augmented(model, rng):
    X, y = rng.normal(size=(60, 10)), rng.integers(0, 2, 60)  # nothing to learn
    X = for_model(model, X)
    model = clone(model).set_params(mixup=0.2, time_mask=0.5).fit(X, y)
    losses = model.history_["val_loss"]
    assert model.n_iter_ == min(30, losses.idxmin() + 3)
    part = stratified_part(y, 0.3, np.random.RandomState(0))
    loss = log_loss(y[part], model.predict_proba(X[part]))
    np.testing.assert_allclose(loss, losses.min(), rtol=1e-3)


@each(epochs=2)
def test_few_clips_make_small_batches(model):
    X, y = clips(40)
    model = clone(model).set_params(batch_size="auto")
    for n, size in ((40, 8), (400, 20), (6900, 64)):
        assert model._clips_per_update(n) == size
    model.fit(for_model(model, X), y)


# Weights


@each(epochs=3)
def test_clips_of_weight_zero_are_left_out(model, rng):
    X, y = clips()
    garbage = np.r_[X, rng.normal(100, 50, size=(20, 10)).astype("f")]
    labels = np.r_[y, rng.choice(["jazz", "rock"], 20)]
    X = for_model(model, X)
    with_zeros = clone(model).fit(for_model(model, garbage), labels, np.repeat([1, 0], [60, 20]))
    without = clone(model).fit(X, y)
    np.testing.assert_array_equal(with_zeros.predict_proba(X), without.predict_proba(X))


@each(epochs=3)
def test_class_weights_are_sample_weights(model):
    X, y = clips()
    X = for_model(model, X)
    given = clone(model).set_params(class_weight={"rock": 9, "jazz": 1}).fit(X, y)
    same = clone(model).fit(X, y, np.where(y == "rock", 9, 1))
    np.testing.assert_array_equal(given.predict_proba(X), same.predict_proba(X))
    plain = clone(model).fit(X, y)
    rock = [m.predict_proba(X)[:, 1].mean() for m in (plain, given)]
    assert rock[1] > rock[0]


# Saving


@each(epochs=2)
def test_pickles_and_files_predict_the_same(model, tmp_path):
    X, y = clips()
    X = for_model(model, X)
    table = pd.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])])
    fitted = clone(model).fit(table, y)
    persistence.save(fitted, tmp_path / "model")
    loaded = persistence.load(tmp_path / "model", type(model))
    copy = pickle.loads(pickle.dumps(fitted))  # noqa: S301
    expected = fitted.predict_proba(table)
    np.testing.assert_array_equal(copy.predict_proba(table), expected)
    np.testing.assert_allclose(loaded.predict_proba(table), expected, rtol=0, atol=1e-6)
    for other in (loaded, copy):
        pd.testing.assert_frame_equal(other.history_, fitted.history_)
        assert {k for k in vars(other) if k.endswith("_")} == {
            k for k in vars(fitted) if k.endswith("_")
        }
        assert other.feature_names_in_.tolist() == table.columns.tolist()
    json.dumps(fitted._get_state()[0])


# With scikit-learn


@each(epochs=20)
def test_cross_validation_and_grid_search(model):
    X, y = clips(100)
    X = for_model(model, X)
    scores = cross_validate(model, X, y, cv=2, return_train_score=True)
    assert scores["test_score"].min() > 0.7
    search = GridSearchCV(model, {"learning_rate": [1e-7, 0.05]}, cv=2).fit(X, y)
    assert search.best_params_ == {"learning_rate": 0.05}


# Bad input


@each(epochs=1)
def test_bad_values_are_named(model):
    X, y = clips()
    X = for_model(model, X)
    with pytest.raises(ValueError, match="contains NaN"):
        clone(model).fit(np.where(X > 1, np.nan, X), y)
    with pytest.raises(ValueError, match="one class only"):
        clone(model).fit(X, np.repeat("jazz", 60))
    for params, message in [
        ({"learning_rate_schedule": "linear"}, "learning_rate_schedule.*'linear'"),
        ({"mixup": -1}, "mixup.*-1"),
        ({"time_mask": 1}, "time_mask.*1"),
        ({"frequency_mask": 1.5}, "frequency_mask.*1.5"),
        ({"batch_size": "all"}, "batch_size.*'all'"),
        ({"n_bins": 0}, "n_bins.*0"),
        ({"dropout": 1.0}, "dropout.*1.0"),
    ]:
        with pytest.raises(ValueError, match=message):
            clone(model).set_params(**params).fit(X, y)


@pytest.mark.parametrize("model", networks(n_bins=None, epochs=1)[:2], ids=["CNN", "LSTM"])
def test_spectrograms_of_another_shape_are_refused(model):
    X, y = clips()
    X = X[:, 2:].reshape(-1, 2, 4)
    with pytest.raises(ValueError, match=r"\(n_clips, n_bins, n_frames\), got \(60, 8\).*n_bins="):
        clone(model).fit(X.reshape(60, 8), y)
    with pytest.raises(ValueError, match=r"with n_bins=3.* a multiple of 3 columns.*60, 8"):
        clone(model).set_params(n_bins=3).fit(X.reshape(60, 8), y)
    with pytest.raises(ValueError, match=r"with n_bins=2.* two axes.*60, 2, 4"):
        clone(model).set_params(n_bins=2).fit(X, y)
    fitted = clone(model).fit(X, y)
    with pytest.raises(ValueError, match=r"X has 3 features, but .* is expecting 2"):
        fitted.predict(np.zeros((1, 3, 4)))
    with pytest.raises(ValueError, match=r"X has 5 frames a clip, but .* on 4"):
        fitted.predict(np.zeros((1, 2, 5)))
    assert fitted.__sklearn_tags__().input_tags.three_d_array


@pytest.mark.parametrize("flat", networks()[:2], ids=["CNN", "LSTM"])
def test_flat_rows_are_the_same_spectrograms(flat):
    X, y = clips()
    flat, cube = clone(flat).fit(X[:, 2:], y), clone(flat).set_params(n_bins=None)
    spectrograms = X[:, 2:].reshape(-1, 2, 4)
    proba = cube.fit(spectrograms, y).predict_proba(spectrograms)
    np.testing.assert_array_equal(proba, flat.predict_proba(X[:, 2:]))


# Memory


@each(epochs=1)
def test_a_discarded_network_leaves_no_graph_in_memory(model):
    def graphs():
        gc.collect()
        return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())

    X, y = clips()
    before = graphs()
    clone(model).fit(for_model(model, X), y)
    assert graphs() == before
