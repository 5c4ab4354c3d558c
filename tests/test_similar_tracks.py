"""Tracks that sound alike, from Python and from the command."""

import json
import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks
from typer.testing import CliRunner

from musigenre import AudioError, AudioFeatures, RobustScaler, SimilarTracks, make_tracks
from musigenre.cli import app
from musigenre.datasets import read_playlist
from musigenre.features.texture import TEXTURE_BLOCKS

KINDS = ["synthetic-drone", "synthetic-techno", "synthetic-waltz"]


@parametrize_with_checks([SimilarTracks("gtzan57")])
def test_sklearn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_tracks(
        tmp_path_factory.mktemp("music"), 4, kinds=KINDS, duration=4.0, random_state=0
    )


@pytest.fixture(scope="module")
def fitted(made):
    return SimilarTracks().fit(made.data)


def kind(path):
    return Path(path).parent.name


def test_the_nearest_are_of_the_same_kind_and_in_order(fitted, made):
    alike = []
    for track in made.data:
        nearest = fitted.similar(track, k=3)
        assert track not in nearest["track"].tolist()
        assert nearest["distance"].is_monotonic_increasing
        alike += [kind(path) == kind(track) for path in nearest["track"]]
    assert np.mean(alike) > 0.9


def test_distances_are_relative_to_the_collection(fitted, made):
    n = len(made.data)
    distances, _ = fitted.kneighbors(n_neighbors=n - 1)
    # Over all pairs, each track with itself included.
    assert np.sqrt((distances.astype(float) ** 2).sum() / n**2) == pytest.approx(1, rel=1e-4)


def test_blocks_count_the_same_however_many_columns_they_have(fitted):
    variance = [fitted.embedding_[:, block].var(axis=0).sum() for block in TEXTURE_BLOCKS.values()]
    np.testing.assert_allclose(variance, 1 / 24, rtol=1e-4)


def test_features_are_scaled_by_the_collection_and_cut(made):
    similar = SimilarTracks("gtzan57").fit(made.data)
    features = AudioFeatures().fit_transform(list(made.data))
    scaled = np.clip(RobustScaler().fit_transform(features), -3, 3)
    scaled /= np.sqrt(2 * scaled.var(axis=0).sum())
    np.testing.assert_allclose(similar.embedding_, scaled, atol=1e-4)


def test_a_file_is_known_by_any_of_its_names(fitted, made, monkeypatch, tmp_path):
    track = Path(made.data[0])
    expected = fitted.similar(str(track))
    monkeypatch.chdir(track.parent)
    pd.testing.assert_frame_equal(fitted.similar(track.name), expected)
    pd.testing.assert_frame_equal(fitted.similar(track), expected)
    copy = tmp_path / "copy.wav"
    copy.write_bytes(track.read_bytes())
    nearest = fitted.similar(copy, k=3)
    assert nearest["track"][0] == str(track)
    assert nearest["distance"][0] == pytest.approx(0, abs=1e-3)
    np.testing.assert_allclose(nearest["distance"][1:], expected["distance"][:2], rtol=1e-3)


def test_waveforms(made):
    waveforms = np.array([soundfile.read(path)[0] for path in made.data])
    similar = SimilarTracks("gtzan57").fit(waveforms)
    assert similar.n_features_in_ == waveforms.shape[1]
    nearest = similar.similar(waveforms[5], k=4)
    assert nearest["track"][0] == 5
    of_files = SimilarTracks("gtzan57").fit(made.data).similar(made.data[5], k=3)
    assert [made.data[i] for i in nearest["track"][1:]] == of_files["track"].tolist()


def test_no_more_than_there_are(fitted, made):
    assert len(fitted.similar(made.data[0], k=100)) == len(made.data) - 1
    for k in (0, 1.5, True, "3"):
        with pytest.raises(ValueError, match="k must be a whole number"):
            fitted.similar(made.data[0], k=k)


def test_long_tracks_are_heard_from_their_beginning(made, tmp_path, monkeypatch):
    """A track longer than a clip may be is no error."""
    monkeypatch.setattr("musigenre.features.tracks.LONGEST_CLIP", 35)
    y = np.random.default_rng(0).normal(size=40 * 22050) / 10
    soundfile.write(tmp_path / "long.wav", y, 22050)
    soundfile.write(tmp_path / "short.wav", y[: 31 * 22050], 22050)
    files = [str(tmp_path / "long.wav"), str(tmp_path / "short.wav"), *made.data[:2]]
    similar = SimilarTracks().fit(files)
    np.testing.assert_allclose(similar.embedding_[0], similar.embedding_[1], atol=1e-6)


def test_files_that_cannot_be_read(made, tmp_path):
    bad = tmp_path / "bad.wav"
    bad.write_text("no audio")
    files = [str(bad), *made.data]
    with pytest.raises(AudioError, match=r"bad\.wav"):
        SimilarTracks("gtzan57").fit(files)
    similar = SimilarTracks("gtzan57", on_error="skip").fit(files)
    assert [error["path"] for error in similar.errors_] == [str(bad)]
    assert similar.tracks_.tolist() == list(made.data)
    with pytest.raises(AudioError, match=r"bad\.wav"):
        similar.similar(bad)
    with pytest.raises(ValueError, match="none of the 1 tracks"):
        SimilarTracks("gtzan57", on_error="skip").fit([str(bad)])


def test_the_store_keeps_features(made, tmp_path):
    similar = SimilarTracks("gtzan57", store=tmp_path / "store")
    first = clone(similar).fit(made.data).embedding_
    shards = sorted(tmp_path.rglob("*.parquet"))
    assert shards
    np.testing.assert_array_equal(clone(similar).fit(made.data).embedding_, first)
    assert sorted(tmp_path.rglob("*.parquet")) == shards


def test_one_track_alone(made):
    alone = SimilarTracks("gtzan57").fit(made.data[:1])
    assert alone.similar(made.data[0]).empty
    assert alone.similar(made.data[1])["track"].tolist() == [made.data[0]]


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)

    def run(*args, code=0):
        options = ("--jobs", 1, "--feature-set", "gtzan57", "--store", tmp_path / "store")
        result = CliRunner().invoke(app, [str(arg) for arg in ("similar", *args, *options)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return run


def test_the_command(run, made, tmp_path):
    track, folder = made.data[0], Path(made.data[0]).parents[1]
    expected = SimilarTracks("gtzan57").fit(made.data).similar(track, 3)["track"].tolist()
    lines = run(track, folder, "-k", 3).stdout.splitlines()
    assert [line.split()[1] for line in lines] == expected
    playlist = tmp_path / "like.m3u8"
    rows = run(track, folder, "-k", 3, "--json", "--m3u", playlist).stdout.splitlines()
    assert [json.loads(row)["track"] for row in rows] == expected
    assert [os.path.realpath(entry.path) for entry in read_playlist(playlist)] == [
        os.path.realpath(path) for path in expected
    ]


def test_the_command_in_trouble(run, made, tmp_path):
    folder = Path(made.data[0]).parents[1]
    assert "no file 'gone.wav'" in run("gone.wav", folder, code=2).stderr
    assert "must end in .m3u8" in run(made.data[0], folder, "--m3u", "a.txt", code=2).stderr
    (tmp_path / "bad.wav").write_text("no audio")
    result = run(made.data[0], folder, tmp_path / "bad.wav", code=1)
    assert "bad.wav" in result.stderr
    assert len(result.stdout.splitlines()) == 10
