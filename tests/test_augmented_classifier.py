import pickle

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from musigenre import AudioFeatures, GenrePipeline, SpectrogramExtractor, clip_table
from musigenre.classifiers import AugmentedClassifier
from musigenre.dsp.augmentation import augment

SR = 22050


@parametrize_with_checks([AugmentedClassifier(LogisticRegression(), n_copies=0, random_state=0)])
def test_scikit_learn_conventions(estimator, check):
    check(estimator)


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps what it is given."""

    def fit(self, X, y, groups=None):
        self.X_, self.y_, self.groups_ = X, y, groups
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        self.seen_ = X
        return np.full(len(X), self.classes_[0])


@pytest.fixture(scope="module")
def waveforms():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(8, SR // 2)).astype(np.float32) / 4
    noise[::2] = np.cumsum(noise[::2], axis=1) / 100
    return noise, np.array(["brown", "white"] * 4)


@pytest.fixture(scope="module")
def files(waveforms, tmp_path_factory):
    folder = tmp_path_factory.mktemp("noise")
    paths = [str(folder / f"{i}.wav") for i in range(8)]
    for path, y in zip(paths, waveforms[0], strict=True):
        soundfile.write(path, y, SR, subtype="FLOAT")
    return paths


def test_waveforms_get_altered_copies_that_keep_label_and_group(waveforms):
    X, y = waveforms
    groups = np.array(list("aabbccdd"))
    trained = AugmentedClassifier(Recorder(), 2, random_state=0).fit(X, y, groups).estimator_
    assert trained.X_.shape == (24, SR // 2)
    np.testing.assert_array_equal(trained.X_[:8], X)
    assert np.abs(trained.X_[8:16] - X).max(axis=1).min() > 0.05
    assert np.abs(trained.X_[8:16] - trained.X_[16:]).max(axis=1).min() > 0.01
    assert trained.y_.tolist() == y.tolist() * 3
    assert trained.groups_.tolist() == groups.tolist() * 3


def test_without_groups_a_copy_belongs_to_its_track(waveforms, files):
    by_waveform = AugmentedClassifier(Recorder(), random_state=0).fit(*waveforms).estimator_
    assert by_waveform.groups_.tolist() == list(range(8)) * 2
    table = clip_table(files, 0.25)
    y = np.repeat(waveforms[1], 2)
    by_clip = AugmentedClassifier(Recorder(), random_state=0).fit(table, y).estimator_
    assert by_clip.groups_.tolist() == table["track"].tolist() * 2


def test_what_is_predicted_is_not_altered(waveforms, files):
    classifier = AugmentedClassifier(Recorder(), random_state=0).fit(*waveforms)
    classifier.predict(waveforms[0])
    np.testing.assert_array_equal(classifier.estimator_.seen_, waveforms[0])
    classifier.predict(files)
    assert classifier.estimator_.seen_ is files


@pytest.mark.parametrize(
    "extractor", [AudioFeatures(), SpectrogramExtractor("mel", flatten=True)], ids=["57", "mel"]
)
def test_files_waveforms_and_clips_are_altered_alike(waveforms, files, extractor):
    X, y = waveforms
    model = AugmentedClassifier(make_pipeline(extractor, Recorder()), 1, random_state=5)
    from_waveforms = clone(model).fit(X, y).estimator_[-1].X_
    from_files = clone(model).fit(files, y).estimator_[-1].X_
    from_clips = clone(model).fit(clip_table(files, None), y).estimator_[-1].X_
    np.testing.assert_allclose(from_files, from_waveforms, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(from_clips, from_files)
    altered = augment(X[0], SR, np.random.default_rng(_first_seed(5)))
    np.testing.assert_allclose(from_waveforms[8], extractor.fit_transform(altered[None])[0])


def _first_seed(random_state):
    return np.random.RandomState(random_state).randint(np.iinfo(np.int32).max, size=(1, 8))[0, 0]


def test_a_table_of_any_order_and_index(waveforms, files):
    table = clip_table(files, 0.25).sample(frac=1, random_state=0)
    y = table["track"].map(dict(zip(files, waveforms[1], strict=True))).to_numpy()
    model = AugmentedClassifier(make_pipeline(AudioFeatures(), Recorder()), random_state=0)
    X = model.fit(table, y).estimator_[-1].X_
    np.testing.assert_array_equal(X[: len(table)], AudioFeatures().fit_transform(table))
    assert (np.abs(X[len(table) :] - X[: len(table)]).max(axis=1) > 0).all()
    assert "augmentation" not in table.columns


def model():
    return make_pipeline(AudioFeatures(), StandardScaler(), LogisticRegression())


def test_no_copies_is_the_estimator_itself(waveforms):
    plain = model().fit(*waveforms).predict_proba(waveforms[0])
    none = AugmentedClassifier(model(), 0).fit(*waveforms).predict_proba(waveforms[0])
    np.testing.assert_array_equal(none, plain)


def test_copies_make_it_robust():
    """A tone's height tells the classes apart, until a copy plays it at another speed."""
    seconds = np.arange(SR // 4) / SR
    y = np.repeat(["low", "high"], 10)
    rng = np.random.default_rng(0)
    hz = np.where(y == "low", 1000.0, 1020.0)
    X = np.sin(2 * np.pi * hz[:, None] * seconds) + 1e-3 * rng.normal(size=(20, len(seconds)))
    certain = AugmentedClassifier(model(), 0).fit(X, y).predict_proba(X).max(axis=1).mean()
    modest = AugmentedClassifier(model(), 5, random_state=0).fit(X, y)
    assert modest.predict_proba(X).max(axis=1).mean() < certain - 0.05


def test_same_seed_same_result(waveforms):
    trained = AugmentedClassifier(model(), 2, random_state=1).fit(*waveforms)
    again = clone(trained).fit(*waveforms)
    expected = trained.predict_proba(waveforms[0])
    np.testing.assert_array_equal(again.predict_proba(waveforms[0]), expected)
    unpickled = pickle.loads(pickle.dumps(trained))  # noqa: S301 - made here
    np.testing.assert_array_equal(unpickled.predict_proba(waveforms[0]), expected)


def test_in_cross_validation_and_in_a_genre_pipeline(waveforms, files):
    X, y = waveforms
    augmented = AugmentedClassifier(model(), random_state=0)
    scores = cross_val_score(augmented, X, y, groups=np.arange(8) // 2, cv=GroupKFold(2))
    assert (scores == 1).all()
    pipeline = GenrePipeline(augmented, clip_duration=0.2).fit(files, y)
    assert pipeline.predict(files).tolist() == y.tolist()


def test_it_offers_what_the_estimator_offers(waveforms):
    classifier = AugmentedClassifier(make_pipeline(AudioFeatures(), StandardScaler(), LinearSVC()))
    assert not hasattr(classifier, "predict_proba")
    assert hasattr(classifier, "decision_function")
    assert classifier.fit(*waveforms).decision_function(waveforms[0]).shape == (8,)
    assert not hasattr(AugmentedClassifier(Recorder()), "decision_function")


def test_a_table_with_a_seed_here_and_there(files):
    table = clip_table(files[:3], None)
    table["augmentation"] = pd.array([pd.NA, 7, pd.NA], dtype="Int64")
    features = AudioFeatures().fit_transform(table)
    plain = AudioFeatures().fit_transform(table.drop(columns="augmentation"))
    np.testing.assert_array_equal(features[[0, 2]], plain[[0, 2]])
    assert not np.allclose(features[1], plain[1])


def test_bad_input(waveforms, files):
    X, y = waveforms
    with pytest.raises(ValueError, match="n_copies"):
        AugmentedClassifier(model(), -1).fit(X, y)
    with pytest.raises(ValueError, match="inconsistent"):
        AugmentedClassifier(model()).fit(files, y[:3])
    with pytest.raises(ValueError, match="inconsistent"):
        AugmentedClassifier(model()).fit(X, y, groups=[1])
