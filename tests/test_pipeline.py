import pickle

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.base import clone, is_classifier
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from musigenre import (
    AudioError,
    AudioFeatures,
    AudioWarning,
    GenrePipeline,
    StratifiedMonteCarloSplit,
    clip_table,
    make_clip_model,
)

SR = 22050


def linear():
    return make_pipeline(AudioFeatures(), StandardScaler(), LogisticRegression())


@parametrize_with_checks([GenrePipeline(LogisticRegression(), clip_duration=None)])
def test_sklearn(estimator, check):
    check(estimator)


def waveform(genre, seconds, seed):
    """Low hum or hiss, so that any sound model tells them apart."""
    noise = np.random.default_rng(seed).normal(scale=0.1, size=round(seconds * SR))
    return (np.cumsum(noise) / 50 if genre == "hum" else noise).astype(np.float32)


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracks")
    genres = np.array(["hum", "hiss"] * 6)
    paths = []
    for i, genre in enumerate(genres):
        paths.append(str(folder / f"{i:02d}.wav"))
        y = waveform(genre, 4.5 + i % 3, i)
        soundfile.write(paths[-1], 0.9 * y / np.abs(y).max(), SR, subtype="FLOAT")
    return np.array(paths, dtype=object), genres


@pytest.fixture(scope="module")
def fitted(tracks):
    return GenrePipeline(linear(), clip_duration=1.0).fit(*tracks)


def test_learns_and_votes(tracks, fitted):
    paths, genres = tracks
    assert fitted.score(paths, genres) == 1
    assert fitted.classes_.tolist() == ["hiss", "hum"]
    probability = fitted.predict_proba(paths)
    timeline = fitted.predict_clips(paths)
    voted = timeline.groupby("track", sort=False)[["p_hiss", "p_hum"]].mean()
    assert voted.index.tolist() == paths.tolist()
    np.testing.assert_allclose(probability, voted)
    np.testing.assert_array_equal(
        fitted.predict(paths), np.array(["hiss", "hum"])[probability.argmax(axis=1)]
    )


def test_timeline(tracks, fitted):
    timeline = fitted.predict_clips(tracks[0][:1])
    assert list(timeline.columns) == ["track", "start", "duration", "genre", "p_hiss", "p_hum"]
    assert timeline["start"].tolist() == [0, 1, 2, 3]
    assert (timeline["genre"] == "hum").all()


def test_a_clip_table_is_predicted_as_it_stands(tracks, fitted):
    table = clip_table(tracks[0][:2], 1.0, hop=2.0)
    timeline = fitted.predict_clips(table)
    assert timeline["start"].tolist() == table["start"].tolist()
    assert timeline["track"].tolist() == table["track"].tolist()


def test_a_track_that_changes_its_genre_shows_when(tmp_path, fitted):
    y = np.concatenate([waveform("hiss", 3, 50), waveform("hum", 3, 51)])
    soundfile.write(tmp_path / "medley.wav", y / np.abs(y).max(), SR, subtype="FLOAT")
    timeline = fitted.predict_clips([tmp_path / "medley.wav"])
    assert timeline["genre"].tolist() == ["hiss"] * 3 + ["hum"] * 3


def test_waveforms(fitted):
    genres = ["hum", "hiss"] * 5
    array = np.stack([waveform(g, 3, i) for i, g in enumerate(genres)])
    pipeline = GenrePipeline(linear(), clip_duration=1.0).fit(array, genres)
    assert pipeline.n_features_in_ == 3 * SR
    assert pipeline.pipeline_[0].n_features_in_ == SR - 1
    assert pipeline.score(array, genres) == 1
    assert pipeline.predict_clips(array[:2])["track"].tolist() == [0, 0, 0, 1, 1, 1]
    ragged = [waveform("hum", 2, 70), waveform("hiss", 3.3, 71)]
    assert pipeline.predict(ragged).tolist() == ["hum", "hiss"]
    assert fitted.predict(ragged).tolist() == ["hum", "hiss"]


def test_a_waveform_shorter_than_the_clips_of_the_others():
    ragged = [waveform("hum", 2, 0), waveform("hiss", 0.5, 1)]
    with pytest.raises(ValueError, match=r"waveform 1 has 0\.500 s, clip_duration is 1"):
        GenrePipeline(linear(), clip_duration=1.0).fit(ragged, ["hum", "hiss"])


def test_a_named_model(tracks, monkeypatch):
    quick = make_clip_model().set_params(classifier__epochs=12, classifier__batch_size=8)
    monkeypatch.setattr("musigenre.pipeline.make_clip_model", lambda *args, **kwargs: quick)
    pipeline = GenrePipeline("mlp", clip_duration=1.0)
    quick.set_params(classifier__random_state=0)
    assert pipeline.fit(*tracks).score(*tracks) == 1
    assert list(pipeline.pipeline_.named_steps) == ["features", "scaler", "selector", "classifier"]
    again = GenrePipeline("mlp", clip_duration=1.0).fit(*tracks)
    np.testing.assert_array_equal(again.predict_proba(tracks[0]), pipeline.predict_proba(tracks[0]))


def test_settings_reach_the_named_model():
    model = GenrePipeline("mlp", random_state=3, n_jobs=2, verbose=1)._clip_model()
    assert model["classifier"].get_params()["random_state"] == 3
    assert model["features"].n_jobs == 2
    with pytest.raises(ValueError, match=r"one of mlp, .*cnn-stft, .*; got 'cnn'"):
        make_clip_model("cnn")


@pytest.mark.parametrize("name", ["cnn-mel", "cnn-mfcc", "mmnn"])
def test_networks_over_spectrograms(name, tracks, tmp_path):
    model = GenrePipeline(name, clip_duration=1.5, random_state=0)
    assert model.fit(*tracks).score(*tracks) == 1
    model.save(tmp_path / "model")
    loaded = GenrePipeline.load(tmp_path / "model")
    expected = model.predict_proba(tracks[0])
    np.testing.assert_allclose(loaded.predict_proba(tracks[0]), expected, rtol=0, atol=1e-6)


def test_the_spectrogram_of_mmnn_fits_the_clips():
    model = make_clip_model("mmnn", clip_duration=1.0)
    clips = np.random.default_rng(0).normal(size=(4, SR - 1)).astype(np.float32)
    mfcc = model["features"].transformer_list[1][1]
    n_columns = mfcc.fit_transform(clips).shape[1]
    assert n_columns == model["classifier"].n_bins * model["classifier"].n_frames
    with pytest.raises(ValueError, match="'mmnn' wants clips of one length"):
        make_clip_model("mmnn", clip_duration=None)


def test_whole_tracks_get_the_design_for_whole_tracks():
    classifier = make_clip_model("mlp", clip_duration=None)["classifier"]
    assert classifier.hidden_layer_sizes == "30s"
    assert make_clip_model("mlp")["classifier"].hidden_layer_sizes == "3s"


def test_the_tuned_model_is_validated_by_tracks(tracks, monkeypatch):
    told = []

    def run_trial(classifier, scorer, training, held_out):
        told.append((training, held_out))
        return 0.5, 0.0, ""

    monkeypatch.setattr("musigenre.networks.trials.run_trial", run_trial)
    model = make_clip_model("tuned-mlp", random_state=3, n_jobs=1, verbose=0)
    assert model["classifier"].random_state == 3
    assert model["classifier"].n_jobs == 1
    quick = model.set_params(classifier__epochs=1, classifier__n_trials=2)
    monkeypatch.setattr("musigenre.pipeline.make_clip_model", lambda *args, **kwargs: quick)
    pipeline = GenrePipeline("tuned-mlp", clip_duration=1.0).fit(*tracks)
    assert len(pipeline.pipeline_["classifier"].trials_) == 2
    table = clip_table(tracks[0], 1.0)
    rows = np.float32(quick[:-1].transform(table))
    track_of = dict(zip(map(bytes, rows), table["track"], strict=True))
    training, held_out = ({track_of[bytes(row)] for row in part.X} for part in told[0])
    assert len(training | held_out) == 12
    assert not training & held_out


def test_a_classifier_that_takes_groups_is_told_the_tracks(tracks):
    class Grouped(LogisticRegression):
        def fit(self, X, y, groups=None):
            self.groups_ = groups
            return super().fit(X, y)

    model = make_pipeline(AudioFeatures(), StandardScaler(), Grouped())
    pipeline = GenrePipeline(model, clip_duration=1.0).fit(*tracks)
    table = clip_table(tracks[0], 1.0, tracks=range(12))
    np.testing.assert_array_equal(pipeline.pipeline_[-1].groups_, table["track"])


def test_cross_validation_by_tracks(tracks):
    paths, genres = tracks
    scores = cross_validate(
        GenrePipeline(linear(), clip_duration=1.0),
        paths,
        genres,
        groups=np.arange(len(paths)) // 2,
        cv=StratifiedMonteCarloSplit(2, test_size=0.34, random_state=0),
        error_score="raise",
    )
    assert (scores["test_score"] == 1).all()


def test_no_clip_of_a_test_track_is_seen_in_training(tracks):
    seen = []

    class Spy(DummyClassifier):
        def fit(self, X, y):
            seen.append(set(X["path"]))
            return super().fit(X, y)

        def predict_proba(self, X):
            if len(X):
                assert not set(X["path"]) & seen[-1]
            return super().predict_proba(X)

    paths, genres = tracks
    cross_val_score(GenrePipeline(Spy(), clip_duration=1.0), paths, genres, cv=3)
    assert len(seen) == 3
    assert all(len(s) == 8 for s in seen)


def test_shuffled_genres_give_chance():
    X = np.random.default_rng(0).normal(size=(200, 2000))
    y = np.repeat([0, 1], 100)
    shuffled = np.random.default_rng(1).permutation(y)
    model = GenrePipeline(make_pipeline(AudioFeatures(), GaussianNB()), clip_duration=0.03)
    scores = cross_val_score(model, X, shuffled, groups=np.arange(200), cv=GroupKFold(4))
    assert abs(scores.mean() - 0.5) < 0.12


def test_parameters_of_the_inner_model_can_be_searched(tracks):
    search = GridSearchCV(
        GenrePipeline(linear(), clip_duration=1.0),
        {"model__logisticregression__C": [1e-3, 1.0], "clip_duration": [1.0, 2.0]},
        cv=2,
    ).fit(*tracks)
    assert search.best_estimator_.score(*tracks) == 1


def test_clone_and_pickle(tracks, fitted):
    assert is_classifier(fitted)
    assert not hasattr(clone(fitted), "pipeline_")
    copy = pickle.loads(pickle.dumps(fitted))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(copy.predict_proba(tracks[0]), fitted.predict_proba(tracks[0]))


@pytest.mark.parametrize("model", ["mlp", linear(), LogisticRegression()])
def test_html_shows_the_inner_model(model):
    html = GenrePipeline(model)._repr_html_()
    assert ("LogisticRegression" in html) or ("MLPClassifier" in html)


def test_unreadable_files(tracks, tmp_path):
    bad = tmp_path / "bad.wav"
    bad.write_text("not audio")
    paths, genres = [str(bad), *tracks[0]], ["hum", *tracks[1]]
    with pytest.raises(AudioError, match=r"bad\.wav"):
        GenrePipeline(linear()).fit(paths, genres)
    pipeline = GenrePipeline(linear(), clip_duration=1.0, on_error="warn")
    with pytest.warns(AudioWarning, match="1 of 13 files"):
        pipeline.fit(paths, genres)
    assert [e["path"] for e in pipeline.errors_] == [str(bad)]
    assert pipeline.score(*tracks) == 1
    with pytest.raises(AudioError, match=r"bad\.wav"):
        pipeline.predict(paths)
    with pytest.raises(ValueError, match="none of the 1 tracks could be read"):
        GenrePipeline(linear(), on_error="skip").fit([bad], ["hum"])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"model": "cnn"}, "The 'model' parameter"),
        ({"model": StandardScaler()}, "The 'model' parameter"),
        ({"clip_duration": 0}, "The 'clip_duration' parameter"),
        ({"on_error": "ignore"}, "The 'on_error' parameter"),
    ],
)
def test_bad_parameters(tracks, params, message):
    with pytest.raises(ValueError, match=message):
        GenrePipeline(**params).fit(*tracks)


def test_a_clip_table_is_not_a_list_of_tracks(tracks):
    table = clip_table(tracks[0])
    with pytest.raises(TypeError, match="GenrePipeline cuts the clips itself"):
        GenrePipeline(linear()).fit(table, ["hum"] * len(table))


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("song.mp3", TypeError, r"for a single one give \['song.mp3'\]"),
        ([], ValueError, "holds no track"),
        (np.zeros(30000), ValueError, r"X is one waveform; .* give \[X\]"),
        ([np.ones(SR), np.ones(0)], ValueError, "waveform 1 has no samples"),
        ([np.ones(SR), np.full(SR, np.nan)], ValueError, "waveform 1 contains NaN"),
    ],
)
def test_tracks_that_are_none(fitted, X, error, message):
    with pytest.raises(error, match=message):
        fitted.predict(X)


def test_waveforms_of_another_length_than_in_training(fitted):
    array = np.stack([waveform(g, 4, i) for i, g in enumerate(["hum", "hiss"] * 3)])
    pipeline = GenrePipeline(linear(), clip_duration=1.0).fit(array, ["hum", "hiss"] * 3)
    assert pipeline.predict(array[:2, : 2 * SR]).tolist() == ["hum", "hiss"]


def test_a_clip_table_without_tracks_counts_files(tracks, fitted):
    table = clip_table(tracks[0][:2], 1.0).drop(columns="track")
    assert fitted.predict(table).tolist() == ["hum", "hiss"]


@pytest.mark.parametrize(
    ("column", "value"), [("path", None), ("start", -1.0), ("start", np.nan), ("duration", 0.0)]
)
def test_a_clip_table_with_a_row_that_is_no_clip(tracks, fitted, column, value):
    table = clip_table(tracks[0][:2], 1.0)
    table.loc[2, column] = value
    with pytest.raises(ValueError, match="row 2 of the clip table is no clip"):
        fitted.predict(table)


def test_lengths_differ(tracks):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        GenrePipeline(linear()).fit(tracks[0], tracks[1][:-1])


def test_integer_genres(tracks):
    codes = (tracks[1] == "hum").astype(int)
    pipeline = GenrePipeline(linear(), clip_duration=1.0).fit(tracks[0], codes)
    assert pipeline.predict(tracks[0]).dtype == codes.dtype
    assert isinstance(pipeline.predict_clips(tracks[0]), pd.DataFrame)
