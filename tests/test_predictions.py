"""Predictions of a collection are those of the pipeline, whatever the model begins with."""

import os
from pathlib import Path

import joblib
import numpy as np
import pytest
import soundfile
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from musigenre import AudioFeatures, GenrePipeline
from musigenre.audio import decoding
from musigenre.classifiers import AugmentedClassifier
from musigenre.collection import predictions
from musigenre.collection.predictions import predict_tracks

SR = 22050


class Negative(AudioFeatures):
    """Features of its own."""

    def transform(self, X):
        return -super().transform(X)

    def fit_transform(self, X, y=None):
        return -super().fit_transform(X, y)


class Certain(AugmentedClassifier):
    """A classifier with probabilities of its own."""

    def predict_proba(self, X):
        return super().predict_proba(X).round()


def feature_model(features=None, *between):
    return make_pipeline(
        features or AudioFeatures(), *between, StandardScaler(), LogisticRegression()
    )


NAMED = ColumnTransformer([("chosen", "passthrough", ["rms_mean", "tempo"])])

MODELS = {
    "features": feature_model(),
    "copies": AugmentedClassifier(feature_model(), random_state=0),
    "columns": feature_model().set_output(transform="pandas"),
    "named columns": feature_model(AudioFeatures().set_output(transform="pandas"), NAMED),
    # Nothing is known of a model that begins with something else, or a kind of its own.
    "other": make_pipeline(FunctionTransformer(), feature_model()),
    "other features": feature_model(Negative()),
    "other copies": Certain(feature_model(), random_state=0),
}


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    """Files of 2.5 s, 0.6 s and 4 s of noise in two colours, the fourth of which holds nothing."""
    folder = tmp_path_factory.mktemp("tracks")
    rng = np.random.default_rng(0)
    paths = []
    for i, seconds in enumerate([2.5, 0.6, 4.0, 0.0, 2.0]):
        noise = rng.normal(size=int(seconds * SR))
        y = np.cumsum(noise) / 1000 if i % 2 else noise / 10
        paths.append(str(folder / f"{i}.wav"))
        soundfile.write(paths[-1], y, SR)
    return paths


def fitted(model, tracks):
    sound = [path for path in tracks if not path.endswith("3.wav")]
    genres = ["white", "brown", "white", "brown"]
    return GenrePipeline(model, clip_duration=1.0).fit(sound, genres)


@pytest.mark.parametrize(("kind", "n_jobs"), [*((kind, 1) for kind in MODELS), ("features", 2)])
def test_they_are_those_of_the_pipeline(tracks, kind, n_jobs, monkeypatch):
    monkeypatch.setattr(predictions, "CHUNK", 3)
    pipeline = fitted(MODELS[kind], tracks)
    with joblib.parallel_config(n_jobs=n_jobs):
        chunks = list(predict_tracks(pipeline, tracks))
    assert [len(chunk) for chunk in chunks] == [3, 2]
    found = [each for chunk in chunks for each in chunk]
    assert [each.path for each in found] == tracks
    assert [len(each.starts) for each in found] == [2, 1, 4, 0, 2]
    assert "no samples" in found[3].error.cause
    for each in found[:3] + found[4:]:
        expected = pipeline.predict_clips([each.path])
        np.testing.assert_array_equal(each.starts, expected["start"])
        np.testing.assert_array_equal(each.durations, expected["duration"])
        shares = expected[[f"p_{genre}" for genre in pipeline.classes_]]
        np.testing.assert_allclose(each.probabilities, shares, rtol=0, atol=1e-12)
        assert each.note == ("short" if len(each.starts) == 1 else "noise")
        assert each.error is None


@pytest.mark.parametrize(("kind", "n_times"), [("features", 1), ("copies", 1), ("other", 2)])
def test_each_file_is_decoded_as_often_as_is_said(tracks, kind, n_times, monkeypatch):
    pipeline = fitted(MODELS[kind], tracks)
    opened = []
    open_audio = decoding.open_audio

    def note(file):
        opened.append(str(file))
        return open_audio(file)

    for module in ("musigenre.audio.reading", "musigenre.features.tracks"):
        monkeypatch.setattr(f"{module}.open_audio", note)
    list(predict_tracks(pipeline, tracks[:3]))
    assert sorted(opened) == sorted(tracks[:3] * n_times)


@pytest.mark.parametrize("kind", ["features", "other"])
def test_damage_and_errors_are_told(tracks, kind, tmp_path):
    sound = Path(tracks[0]).read_bytes()
    cut = tmp_path / "cut.wav"
    cut.write_bytes(sound[: len(sound) // 2])
    (tmp_path / "text.wav").write_text("no audio")
    names = ["text.wav", "cut.wav", "missing.wav"]
    paths = [str(tmp_path / name) for name in names]
    ((text, damaged, missing),) = predict_tracks(fitted(MODELS[kind], tracks), paths)
    assert len(damaged.starts) == 1
    assert damaged.damage.startswith("is cut short")
    assert damaged.error is None
    for each, path in ((text, paths[0]), (missing, paths[2])):
        assert each.error.path == path
        assert (len(each.starts), len(each.probabilities), each.damage) == (0, 0, None)
    assert missing.file.size == -1


def test_a_crash_costs_one_track(tracks, monkeypatch):
    pipeline = fitted(MODELS["features"], tracks)
    monkeypatch.setattr(predictions, "_describe", crash_on_the_third)
    with joblib.parallel_config(n_jobs=2):
        (found,) = predict_tracks(pipeline, tracks)
    assert [len(each.starts) for each in found] == [2, 1, 0, 0, 2]
    assert "the process that read it ended" in found[2].error.cause


describe = predictions._describe


def crash_on_the_third(path, recipe):
    if path.endswith("2.wav"):
        os._exit(1)
    return describe(path, recipe)


def test_the_length_of_a_track_has_a_limit_only_where_it_is_held_whole(tracks, monkeypatch):
    monkeypatch.setattr(predictions, "MAX_DURATION", 3.0)
    monkeypatch.setattr("musigenre.features.tracks.LONGEST_CLIP", 3)
    causes = []
    for kind, clip_duration in (("features", 1.0), ("features", 3.5), ("other", 1.0)):
        pipeline = fitted(MODELS[kind], tracks)
        pipeline.clip_duration_ = clip_duration
        ((found,),) = predict_tracks(pipeline, [tracks[2]])
        causes.append(found.error and found.error.cause)
    assert causes[0] is None
    assert "a clip of it is longer than 3 s" in causes[1]
    assert "it is longer than max_duration=3 s" in causes[2]


def test_another_version_of_the_features_is_refused(tracks):
    pipeline = fitted(MODELS["features"], tracks)
    pipeline.pipeline_[0].feature_set_version_ = 0
    with pytest.raises(ValueError, match="version 0 of the feature set 'gtzan57'"):
        next(predict_tracks(pipeline, tracks))
