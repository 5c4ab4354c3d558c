"""The model "best" from files and waveforms of any length to genres."""

import subprocess
import sys

import numpy as np
import pytest
import soundfile

from musigenre import AugmentedClassifier, GenrePipeline, clip_table, make_clip_model, make_tracks
from musigenre.audio import load

SR = 22050


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    from musigenre.datasets.synthetic import KINDS as all_kinds

    kinds = list(all_kinds)[:2]
    folder = tmp_path_factory.mktemp("tracks")
    return make_tracks(folder, 4, kinds=kinds, duration=8.0, random_state=0)


@pytest.fixture(scope="module")
def trained(tracks):
    return GenrePipeline("best", random_state=0).fit(tracks.data, tracks.target)


def test_what_it_is_made_of():
    model = make_clip_model("best", random_state=3, n_jobs=2)
    assert isinstance(model, AugmentedClassifier)
    assert list(model.estimator.named_steps) == ["features", "scaler", "classifier"]
    assert model.estimator[0].n_jobs == 2
    assert model.random_state == model.estimator[-1].random_state == 3


def test_it_hears_thirty_seconds_unless_told_otherwise(trained, tracks):
    assert trained.clip_duration_ == 30.0
    assert trained.get_params()["clip_duration"] == "auto"
    assert trained.pipeline_.estimator_[-1].svc_.shape_fit_ == (16, 1909)
    assert GenrePipeline("mlp")._actual_duration() == 3.0
    assert GenrePipeline("best", clip_duration=None)._actual_duration() is None
    assert GenrePipeline("best", clip_duration=10.0)._actual_duration() == 10.0


def test_files_waveforms_and_clip_tables_agree(trained, tracks):
    paths = list(tracks.data[:3])
    proba = trained.predict_proba(paths)
    assert proba.shape == (3, 2)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    waveforms = [load(path, SR) for path in paths]
    np.testing.assert_allclose(trained.predict_proba(waveforms), proba, atol=1e-3)
    np.testing.assert_array_equal(trained.predict_proba(clip_table(paths, 30.0)), proba)
    assert trained.score(tracks.data, tracks.target) == 1.0


def test_tracks_of_any_length(trained, tracks, tmp_path):
    y = load(tracks.data[0], SR)
    waveforms = [y[: SR // 5], y, np.resize(y, 29 * SR), np.resize(y, 65 * SR)]
    paths = []
    for i, waveform in enumerate(waveforms):
        paths.append(str(tmp_path / f"{i}.wav"))
        soundfile.write(paths[-1], waveform, SR, subtype="FLOAT")
    from_files = trained.predict_proba(paths)
    np.testing.assert_allclose(trained.predict_proba(waveforms), from_files, atol=1e-6)
    timeline = trained.predict_clips(paths)
    assert timeline["start"].tolist() == [0, 0, 0, 0, 30]
    # A long track is the mean over its windows, and a short one is the same when repeated.
    of_last = timeline.iloc[3:][[c for c in timeline if c.startswith("p_")]].to_numpy()
    np.testing.assert_allclose(from_files[3], of_last.mean(axis=0))
    whole = trained.predict_proba([np.resize(y, 31 * SR)])
    np.testing.assert_allclose(from_files[1], whole[0], atol=1e-6)


def test_groups_change_the_probabilities_alone(trained, tracks):
    groups = np.tile([0, 0, 1, 1], 2)
    told = GenrePipeline("best", random_state=0).fit(tracks.data, tracks.target, groups)
    ours, theirs = (p.pipeline_.estimator_[-1].svc_ for p in (told, trained))
    np.testing.assert_array_equal(ours.dual_coef_, theirs.dual_coef_)


def test_round_trip(trained, tracks, tmp_path):
    trained.save(tmp_path / "best.musigenre")
    loaded = GenrePipeline.load(tmp_path / "best.musigenre")
    assert loaded.clip_duration_ == 30.0
    expected = trained.predict_proba(tracks.data)
    np.testing.assert_array_equal(loaded.predict_proba(tracks.data), expected)


def test_prediction_loads_nothing_that_it_does_not_need(trained, tracks, tmp_path):
    trained.save(tmp_path / "best.musigenre")
    code = (
        "import sys\n"
        "from musigenre import GenrePipeline\n"
        "GenrePipeline.load(sys.argv[1]).predict([sys.argv[2]])\n"
        "unneeded = {'tensorflow', 'keras', 'onnx', 'skops', 'numba', 'librosa', 'matplotlib'}\n"
        "print(unneeded & set(sys.modules))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "best.musigenre"), tracks.data[0]]
    shown = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout
    assert shown.strip() == "set()"
