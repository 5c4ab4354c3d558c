"""Predictions of a collection are those of the pipeline, whatever the model begins with."""

import joblib
import numpy as np
import pytest
import soundfile
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from musigenre import AudioFeatures, GenrePipeline
from musigenre.audio import decoding
from musigenre.classifiers import AugmentedClassifier
from musigenre.collection import predictions
from musigenre.collection.predictions import predict_tracks

SR = 22050


def feature_model():
    return make_pipeline(AudioFeatures(), StandardScaler(), LogisticRegression())


MODELS = {
    "features": feature_model(),
    "copies": AugmentedClassifier(feature_model(), random_state=0),
    "columns": feature_model().set_output(transform="pandas"),
    # Nothing is known of a model that begins with something else.
    "other": make_pipeline(FunctionTransformer(), feature_model()),
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


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("n_jobs", [1, 2])
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


def test_features_need_no_more_memory_for_a_long_track(tracks, monkeypatch):
    """There is no limit on the length, as there is where the model holds the whole track."""
    monkeypatch.setattr(predictions, "MAX_DURATION", 3.0)
    for kind, is_read in (("features", True), ("other", False)):
        ((found,),) = predict_tracks(fitted(MODELS[kind], tracks), [tracks[2]])
        assert (found.error is None) is is_read


def test_another_version_of_the_features_is_refused(tracks):
    pipeline = fitted(MODELS["features"], tracks)
    pipeline.pipeline_[0].feature_set_version_ = 0
    with pytest.raises(ValueError, match="version 0 of the feature set 'gtzan57'"):
        next(predict_tracks(pipeline, tracks))
