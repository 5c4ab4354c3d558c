import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from sklearn.svm import SVC

import musigenre
from model_files import npy, read, rewrite
from musigenre import (
    AudioFeatures,
    AugmentedClassifier,
    BlockScaler,
    CorrelationSelector,
    CoupledSVC,
    GenrePipeline,
    MfccCMVN,
    MLPClassifier,
    RobustScaler,
    SpectrogramExtractor,
    TunedMLPClassifier,
    make_clip_model,
    persistence,
)
from musigenre.archive import ModelFileError

SR = 22050


@pytest.fixture(scope="module")
def tracks():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(12, SR)).astype(np.float32)
    noise[::2] = np.cumsum(noise[::2], axis=1) / 100
    return noise, np.array(["brown", "white"] * 6)


@pytest.fixture(scope="module")
def fitted(tracks):
    model = make_pipeline(
        AudioFeatures(),
        RobustScaler(),
        CorrelationSelector(),
        MLPClassifier((8, 4), epochs=3, random_state=0),
    )
    return GenrePipeline(model, clip_duration=0.5).fit(*tracks)


@pytest.fixture
def saved(fitted, tmp_path):
    path = tmp_path / "model.musigenre"
    fitted.save(path)
    return path


def assert_same(loaded, trained, X):
    """A network from a file is a graph, whose float32 sums may come in another order."""
    expected = trained.predict_proba(X)
    np.testing.assert_allclose(loaded.predict_proba(X), expected, rtol=0, atol=1e-6)


def test_round_trip(fitted, saved, tracks):
    loaded = GenrePipeline.load(saved)
    assert_same(loaded, fitted, tracks[0])
    assert loaded.predict(tracks[0]).tolist() == fitted.predict(tracks[0]).tolist()
    assert loaded.get_params()["clip_duration"] == 0.5
    selector, original = loaded.pipeline_[2], fitted.pipeline_[2]
    np.testing.assert_array_equal(selector.get_support(), original.get_support())
    # Trained again it is what the original would be.
    again = loaded.fit(*tracks)
    np.testing.assert_array_equal(again.predict_proba(tracks[0]), fitted.predict_proba(tracks[0]))


@pytest.mark.parametrize("labels", [[3, 5], [True, False], ["a", "b"]])
def test_labels_keep_their_type(tracks, fitted, tmp_path, labels):
    y = np.array(labels * 6)
    pipeline = GenrePipeline(fitted.model, clip_duration=None).fit(tracks[0], y)
    pipeline.save(tmp_path / "model")
    loaded = GenrePipeline.load(tmp_path / "model")
    assert loaded.classes_.dtype == y.dtype
    np.testing.assert_array_equal(loaded.predict(tracks[0]), pipeline.predict(tracks[0]))


def test_a_named_model(tracks, tmp_path, monkeypatch):
    make = musigenre.make_clip_model
    monkeypatch.setattr(
        "musigenre.pipeline.make_clip_model",
        lambda *a, **k: make(*a, **k).set_params(classifier__epochs=1),
    )
    trained = GenrePipeline("mlp", clip_duration=0.5, random_state=1).fit(*tracks)
    trained.save(tmp_path / "model")
    loaded = GenrePipeline.load(str(tmp_path / "model"))
    assert loaded.get_params() == trained.get_params()
    assert_same(loaded, trained, tracks[0])


def test_a_tuned_network_keeps_its_search(tracks, tmp_path):
    model = make_pipeline(
        AudioFeatures(),
        TunedMLPClassifier(
            n_trials=2, n_hidden_layers=(1, 2), n_neurons=(2, 4), epochs=2, n_jobs=1, random_state=0
        ),
    )
    trained = GenrePipeline(model, clip_duration=0.5).fit(*tracks)
    trained.save(tmp_path / "model")
    loaded = GenrePipeline.load(tmp_path / "model")
    assert_same(loaded, trained, tracks[0])
    ours, theirs = loaded.pipeline_[-1], trained.pipeline_[-1]
    assert type(ours) is TunedMLPClassifier
    pd.testing.assert_frame_equal(ours.trials_, theirs.trials_)
    pd.testing.assert_frame_equal(ours.history_, theirs.history_)
    for name in ("best_params_", "best_score_", "search_seed_", "n_iter_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.n_jobs is None
    with pytest.raises(ValueError, match="cannot go on with trials from a model file"):
        ours.set_params(warm_start=True).fit(np.eye(4), ["a", "b"] * 2)


def test_settings_of_the_machine_are_not_saved_but_the_output_is(tracks, tmp_path):
    model = make_pipeline(
        AudioFeatures(n_jobs=2, verbose=1).set_output(transform="pandas"),
        RobustScaler(),
        MLPClassifier((4,), epochs=1, random_state=0),
    )
    trained = GenrePipeline(model, clip_duration=0.5, n_jobs=2, verbose=1).fit(*tracks)
    trained.save(tmp_path / "model")
    loaded = GenrePipeline.load(tmp_path / "model")
    assert (loaded.n_jobs, loaded.verbose) == (None, 0)
    assert loaded.pipeline_[0].n_jobs is None
    # Without the output setting the scaler would warn of missing feature names.
    assert_same(loaded, trained, tracks[0])


def test_a_file_cannot_ask_for_endless_labels(saved):
    def enlarge(header):
        network = header["model"]["fitted"]["pipeline_"]["estimator"]["steps"][-1][1]["state"]
        network["classes"] *= 1000

    rewrite(saved, enlarge)
    with pytest.raises(ModelFileError, match="does not fit together"):
        GenrePipeline.load(saved)


def test_spectrograms_as_features(tracks, tmp_path):
    model = make_pipeline(
        SpectrogramExtractor("mfcc", flatten=True),
        MfccCMVN(window=11, n_coefficients=20),
        MLPClassifier((4,), epochs=1, random_state=0),
    )
    trained = GenrePipeline(model, clip_duration=0.5).fit(*tracks)
    trained.save(tmp_path / "model")
    loaded = GenrePipeline.load(tmp_path / "model")
    assert_same(loaded, trained, tracks[0])


def blocks():
    return {"signal": slice(0, 17), "cepstrum": list(range(17, 57))}


@pytest.mark.parametrize(
    "steps",
    [
        (BlockScaler(blocks()), CoupledSVC(4.0, gamma=0.25, random_state=0)),
        (BlockScaler(n_quantiles=None, clip=None), CoupledSVC(random_state=0, kernel="linear")),
        (StandardScaler(), LogisticRegression(C=0.5)),
        (QuantileTransformer(n_quantiles=10), LinearDiscriminantAnalysis(n_components=1)),
    ],
    ids=["coupled", "plain blocks", "logistic", "lda"],
)
def test_estimators_of_scikit_learn_and_around_them(tracks, tmp_path, steps):
    X, y = tracks
    labels = np.where(np.arange(12) % 3, y, "other")
    for genres in (y, labels):
        if "other" in genres and isinstance(steps[-1], LinearDiscriminantAnalysis):
            steps[-1].set_params(n_components=2)
        trained = GenrePipeline(make_pipeline(AudioFeatures(), *steps), clip_duration=0.25)
        trained.fit(X, genres).save(tmp_path / "model")
        loaded = GenrePipeline.load(tmp_path / "model")
        np.testing.assert_array_equal(loaded.predict_proba(X), trained.predict_proba(X))
        assert str(loaded.get_params()) == str(trained.get_params())
        again = loaded.fit(X, genres).predict_proba(X)
        np.testing.assert_array_equal(again, trained.predict_proba(X))


def test_a_machine_alone_in_all_it_can_do(tmp_path, tracks):
    X = StandardScaler().fit_transform(AudioFeatures().fit_transform(tracks[0]))
    y = np.array(list("abcabcabcabc"))
    for labels in (tracks[1], y):
        for kernel in ("rbf", "linear", "poly"):
            svc = SVC(kernel=kernel).fit(X, labels)
            persistence.save(svc, tmp_path / "svc")
            loaded = persistence.load(tmp_path / "svc", SVC)
            np.testing.assert_array_equal(loaded.decision_function(X), svc.decision_function(X))
            np.testing.assert_array_equal(loaded.predict(X), svc.predict(X))


def test_augmented_classifier(tracks, tmp_path):
    inner = make_pipeline(AudioFeatures(), BlockScaler(), CoupledSVC(random_state=0))
    model = AugmentedClassifier(inner, 2, random_state=0)
    trained = GenrePipeline(model, clip_duration=None).fit(*tracks)
    trained.save(tmp_path / "model")
    loaded = GenrePipeline.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(tracks[0]), trained.predict_proba(tracks[0]))
    assert loaded.model.n_copies == 2


def test_only_changed_parameters_of_scikit_learn_are_written(tmp_path):
    persistence.save(SVC(C=3.0), tmp_path / "svc")
    with zipfile.ZipFile(tmp_path / "svc") as archive:
        model = json.loads(archive.read("model.json"))["model"]
    assert model["params"] == {"C": 3.0}


@pytest.fixture
def machine(tmp_path):
    rng = np.random.default_rng(0)
    persistence.save(SVC().fit(rng.normal(size=(30, 3)), np.arange(30) % 3), tmp_path / "svc")
    return tmp_path / "svc"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("support_vectors_", lambda a: a[:-1]),
        ("support_vectors_", lambda a: a[:, :2]),
        ("support_vectors_", lambda a: a.astype(np.float32)),
        ("support_", lambda a: a[:1]),
        ("_n_support", lambda a: a + np.int32(1000)),
        ("_n_support", lambda a: np.array([a.sum() + 5, -5, 0], dtype=np.int32)),
        ("_dual_coef_", lambda a: a[:, :3]),
        ("_intercept_", lambda a: a[:1]),
        ("_probA", lambda a: np.zeros(3)),
        ("classes_", lambda a: np.arange(50)),
    ],
)
def test_a_machine_whose_arrays_do_not_fit_is_refused(machine, name, change):
    """LIBSVM would read beyond their ends."""
    header, entries = read(machine)
    entry = f"arrays/{header['model']['fitted'][name]['array']:04d}.npy"
    array = np.load(io.BytesIO(entries[entry])).astype(header["entries"][entry]["dtype"])
    changed = change(array)

    def state_type(header):
        header["entries"][entry]["dtype"] = changed.dtype.str

    rewrite(machine, state_type, {entry: npy(changed)})
    with pytest.raises(ModelFileError, match="SVC"):
        persistence.load(machine, SVC)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["fitted"].update(_sparse=True), "dense"),
        (lambda m: m["fitted"].update(_gamma="x"), "dense"),
        (lambda m: m["fitted"].pop("_probA"), "does not fit together"),
        (lambda m: m["fitted"].update(_impl="nu_svr"), "sets the attribute '_impl'"),
        (lambda m: m["params"].update(kernel="precomputed"), "kernel 'precomputed'"),
        (lambda m: m.update({"class": "NuSVC"}), "unknown class 'NuSVC'"),
    ],
)
def test_a_machine_that_is_none_is_refused(machine, change, message):
    rewrite(machine, lambda header: change(header["model"]))
    with pytest.raises(ModelFileError, match=message):
        persistence.load(machine, SVC)


def test_a_network_over_features_and_spectrograms(tracks, tmp_path):
    model = make_clip_model("mmnn", clip_duration=0.5, random_state=0)
    model.set_params(classifier__epochs=1)
    trained = GenrePipeline(model, clip_duration=0.5).fit(*tracks)
    trained.save(tmp_path / "model")
    loaded = GenrePipeline.load(tmp_path / "model")
    assert_same(loaded, trained, tracks[0])


@pytest.mark.parametrize("weights", [None, {"features": 2.0}])
def test_a_union_and_steps_that_are_left_out(tracks, tmp_path, weights):
    union = FeatureUnion(
        [("features", AudioFeatures()), ("nothing", "drop")], transformer_weights=weights
    )
    model = make_pipeline(union, "passthrough", None, LogisticRegression())
    trained = GenrePipeline(model, clip_duration=0.5).fit(*tracks)
    trained.save(tmp_path / "model")
    loaded = GenrePipeline.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict_proba(tracks[0]), trained.predict_proba(tracks[0]))
    assert loaded.pipeline_[0].transformer_weights == weights


def test_equal_models_are_equal_files(fitted, saved, tmp_path):
    fitted.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()


def test_nothing_in_the_file_is_pickled(saved):
    header, entries = read(saved)
    kinds = {"npy": 0, "onnx": 0}
    for name, data in entries.items():
        kinds[name.rpartition(".")[2]] += 1
        if name.endswith(".npy"):
            np.load(io.BytesIO(data), allow_pickle=False)
    assert kinds["npy"] > 4
    assert kinds["onnx"] == 1
    assert header["versions"]["scikit-learn"] == sklearn.__version__


class OwnEstimator(LogisticRegression):
    pass


def test_an_estimator_that_would_need_pickle_is_refused(tracks, tmp_path):
    pipeline = GenrePipeline(make_pipeline(AudioFeatures(), OwnEstimator()), clip_duration=0.5)
    pipeline.fit(*tracks)
    with pytest.raises(TypeError, match="OwnEstimator cannot be saved without pickle"):
        pipeline.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_subclass_does_not_pass_for_its_parent(fitted, tmp_path):
    class RobustScaler(musigenre.RobustScaler):
        pass

    with pytest.raises(TypeError, match="RobustScaler cannot be saved"):
        persistence.save(RobustScaler(), tmp_path / "model")


def test_a_parameter_that_json_cannot_hold_is_named(fitted, tracks, tmp_path):
    model = make_pipeline(
        AudioFeatures(), MLPClassifier((4,), epochs=1, random_state=np.random.RandomState(0))
    )
    pipeline = GenrePipeline(model, clip_duration=0.5).fit(*tracks)
    with pytest.raises(TypeError, match=r"MLPClassifier\(random_state=\.\.\.\) is a RandomState"):
        pipeline.save(tmp_path / "model")


def test_a_failed_save_leaves_the_old_file(fitted, saved, monkeypatch):
    before = saved.read_bytes()
    monkeypatch.setattr(zipfile.ZipFile, "writestr", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        fitted.save(saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def set_class(header, name):
    header["model"]["class"] = name


def set_attribute(header, name, value=1):
    header["model"]["fitted"][name] = value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: set_class(h, "Popen"), "unknown class 'Popen'"),
        (lambda h: set_class(h, "os.system"), "unknown class"),
        (lambda h: set_class(h, ["Pipeline"]), "does not fit together"),
        (lambda h: set_class(h, "RobustScaler"), "does not fit together"),
        (lambda h: set_attribute(h, "__class__"), "sets the attribute '__class__'"),
        (lambda h: set_attribute(h, "predict"), "sets the attribute 'predict'"),
        (lambda h: set_attribute(h, "_clip_model"), "sets the attribute '_clip_model'"),
        (lambda h: h["model"]["params"].update(on_error="zzz"), "on_error"),
        (lambda h: h["model"]["params"].update(clip_duration="x"), "clip_duration"),
        (lambda h: h["model"]["params"].update(model={"array": 10**6}), "does not fit together"),
        (lambda h: h["model"]["params"].update(model={"array": -1}), "does not fit together"),
        (lambda h: h["model"]["params"].update(model={"call": "x"}), "unknown kind 'call'"),
        (
            lambda h: h["model"]["params"].update(model={"estimator": {"scikit-learn": 0}}),
            "does not fit together",
        ),
        (lambda h: h.update(model={}), "does not fit together"),
        (
            lambda h: set_attribute(h, "a_", {"strings": ["a" * 10**6, *["b"] * 10**4]}),
            "10001 strings, one of 1000000 characters, are too many",
        ),
        (
            lambda h: set_attribute(h, "a_", {"strings": [["a" * 10**6], ["b"] * 10**4]}),
            "too many",
        ),
        (
            lambda h: set_attribute(h, "a_", {"table": [["a", "b"], [{"objects": [1, 2]}, 1]]}),
            "columns that are not arrays of one length",
        ),
        (lambda h: set_attribute(h, "a_", [{"array": 0}] * 2), "refers twice to number 0"),
    ],
)
def test_a_model_that_is_none_of_ours_is_refused(saved, change, message):
    rewrite(saved, change)
    with pytest.raises(ModelFileError, match=message):
        GenrePipeline.load(saved)


def test_a_file_does_not_say_how_many_processes_run(saved):
    rewrite(saved, lambda h: h["model"]["params"].update(n_jobs=10_000, verbose=9))
    loaded = GenrePipeline.load(saved)
    assert (loaded.n_jobs, loaded.verbose) == (None, 0)


def test_what_wrote_the_file_is_told_where_it_matters(saved):
    def change(header):
        header["versions"]["scikit-learn"] = "9.9"
        header["model"]["params"]["unheard_of"] = 1

    rewrite(saved, change)
    with pytest.raises(
        ModelFileError, match=r"unheard_of.*\(it was written by scikit-learn 9\.9\)"
    ):
        GenrePipeline.load(saved)


def test_a_network_larger_than_its_weights_is_not_built(saved, tracks):
    def enlarge(header):
        network = header["model"]["fitted"]["pipeline_"]["estimator"]["steps"][-1][1]["state"]
        network["network"]["hidden_layer_sizes"] = [10**9, 10**9]

    rewrite(saved, enlarge)
    loaded = GenrePipeline.load(saved)  # predicts by its graph
    with pytest.raises(ValueError, match="the weights do not belong to the network"):
        loaded.pipeline_[-1].model_  # noqa: B018
    rewrite(
        saved,
        lambda h: h["model"]["fitted"]["pipeline_"]["estimator"]["steps"][-1][1].pop("graph"),
    )
    with pytest.raises(ModelFileError, match="the weights do not belong to the network"):
        GenrePipeline.load(saved)


def test_another_kind_of_model(saved):
    rewrite(saved, lambda h: h.update(model=h["model"]["fitted"]["pipeline_"]["estimator"]))
    with pytest.raises(ModelFileError, match="holds a Pipeline, not the GenrePipeline"):
        GenrePipeline.load(saved)


def test_a_file_of_the_first_format():
    """It was written before there were graphs."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5))
    y = np.array(["jazz", "rock", "pop"] * 20)
    X[y == "rock", 0] += 3
    X[y == "jazz", 1] += 3
    model = persistence.load(Path(__file__).with_name("format_1.musigenre"), Pipeline)
    expected = [
        [0.5959239183641648, 0.28443775428646073, 0.11963832734937452],
        [0.1240101950464354, 0.2885047430879308, 0.5874850618656339],
        [0.5183347386369893, 0.3342197785642776, 0.14744548279873307],
        [0.7142444519044627, 0.2116789449631775, 0.0740766031323598],
    ]
    np.testing.assert_allclose(model.predict_proba(X[:4]), expected, rtol=0, atol=1e-6)
    assert model[1].get_support().tolist() == [True, True, False, False, False]
