import numpy as np
import pandas as pd
import pytest
import soundfile
from joblib import parallel_config
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from musigenre import AudioError, AudioFeatures, AudioWarning, clip_table
from musigenre.features import feature_sets
from musigenre.features.gtzan57 import FEATURE_NAMES, gtzan57

SR = 22050
DTYPES = ("float32", "float64")


@parametrize_with_checks([AudioFeatures()])
def test_sklearn(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audio")
    rng = np.random.default_rng(0)
    paths = []
    for i, seconds in enumerate((7, 4, 1)):
        paths.append(str(folder / f"{i}.wav"))
        soundfile.write(paths[-1], rng.normal(scale=0.1, size=seconds * SR), SR, subtype="FLOAT")
    return paths


def read(path):
    return soundfile.read(path, dtype="float32")[0]


def test_paths_waveforms_and_clip_tables_agree(files):
    whole = AudioFeatures().fit_transform(files)
    np.testing.assert_allclose(whole, [gtzan57(read(path)) for path in files], rtol=1e-4)
    table = clip_table(files, duration=None)
    np.testing.assert_array_equal(AudioFeatures().fit_transform(table), whole)
    waveform = AudioFeatures().fit_transform(read(files[0])[np.newaxis])
    np.testing.assert_array_equal(waveform, whole[:1])


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series])
def test_any_collection_of_paths(files, kind):
    assert AudioFeatures().fit_transform(kind(files)).shape == (3, 57)


def test_rows_stand_in_the_order_of_the_clip_table(files):
    table = clip_table(files)
    features = AudioFeatures().set_output(transform="pandas").fit_transform(table)
    shuffled = table.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(
        AudioFeatures().set_output(transform="pandas").fit_transform(shuffled),
        features.loc[shuffled.index],
    )


def test_clips_of_different_length_in_one_table(files):
    table = clip_table(files, partial="keep")
    assert table["duration"].nunique() > 1
    features = AudioFeatures().fit_transform(table)
    for row, expected in zip(table.itertuples(), features, strict=True):
        first, n = round(row.start * SR), round(row.duration * SR)
        clip = read(row.path)[first : first + n]
        np.testing.assert_allclose(gtzan57(clip), expected, rtol=1e-4, atol=1e-5)


def test_each_file_is_decoded_once(files, monkeypatch):
    from musigenre import audio

    decoded = []
    load = audio.load
    monkeypatch.setattr(audio, "load", lambda path, rate: decoded.append(path) or load(path, rate))
    AudioFeatures().fit_transform(clip_table(files).sample(frac=1, random_state=0))
    assert sorted(decoded) == sorted(files)


def test_names_and_pandas(files):
    extractor = AudioFeatures().set_output(transform="pandas")
    frame = extractor.fit_transform(files)
    assert list(frame.columns) == list(extractor.get_feature_names_out()) == list(FEATURE_NAMES)


def test_parallel_work_changes_nothing(files):
    table = clip_table(files)
    alone = AudioFeatures().fit_transform(table)
    np.testing.assert_array_equal(AudioFeatures(n_jobs=2).fit_transform(table), alone)
    for backend in ("threading", "multiprocessing"):
        with parallel_config(backend, n_jobs=2):
            np.testing.assert_array_equal(AudioFeatures().fit_transform(table), alone)


def test_no_fit_is_needed(files):
    np.testing.assert_array_equal(
        AudioFeatures().transform(files), AudioFeatures().fit(files).transform(files)
    )
    assert AudioFeatures().fit(files).feature_set_version_ == 1


def test_in_a_pipeline(files):
    pipeline = make_pipeline(AudioFeatures(), StandardScaler())
    assert clone(pipeline).fit_transform(clip_table(files)).shape == (4, 57)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(5), "Expected 2D array"),
        (np.array([[0.0, np.nan]]), "contains NaN"),
        ([], "Expected 2D array|at least|empty"),
    ],
)
def test_bad_X(X, message):
    with pytest.raises(ValueError, match=message):
        AudioFeatures().fit_transform(X)


def test_bad_feature_set():
    with pytest.raises(ValueError, match="feature_set"):
        AudioFeatures("mfcc").fit(np.zeros((1, 10)))


def test_unreadable_files(files, tmp_path):
    bad = tmp_path / "bad.mp3"
    bad.write_bytes(b"nothing")
    with pytest.raises(AudioError, match=r"bad\.mp3"):
        AudioFeatures().fit_transform([files[2], bad])
    with pytest.warns(AudioWarning, match="1 of 2 files"):
        features = AudioFeatures(on_error="warn").fit_transform([bad, files[2]])
    assert np.isnan(features[0]).all()
    assert np.isfinite(features[1]).all()


def test_a_clip_beyond_the_end(files):
    table = clip_table(files[2:])
    table.loc[0, "start"] = 0.5
    with pytest.raises(AudioError, match=r"beyond the end of the audio at 1\.000 s"):
        AudioFeatures().fit_transform(table)


def test_another_version_of_the_recipe_is_refused(files, monkeypatch):
    from dataclasses import replace

    extractor = AudioFeatures().fit(files)
    newer = replace(feature_sets.FEATURE_SETS["gtzan57"], version=2)
    monkeypatch.setitem(feature_sets.FEATURE_SETS, "gtzan57", newer)
    with pytest.raises(ValueError, match=r"version 1 .* computes version 2: train again"):
        extractor.transform(files)


def test_double_precision(files):
    single, double = (AudioFeatures(dtype=dtype).fit_transform(files) for dtype in DTYPES)
    expected = [gtzan57(read(path).astype(float)) for path in files]
    np.testing.assert_allclose(double, expected, rtol=1e-9, atol=1e-12)
    assert single.dtype == double.dtype == float
    assert not np.array_equal(single, double)
    np.testing.assert_allclose(single, double, rtol=0.01, atol=1e-4)
    waveforms = read(files[0])[np.newaxis].astype(float)
    from_waveforms = AudioFeatures(dtype="float64").fit_transform(waveforms)
    np.testing.assert_array_equal(from_waveforms, double[:1])
    with pytest.raises(ValueError, match="'dtype' parameter"):
        AudioFeatures(dtype="float16").fit(files)


def test_the_number_of_threads_is_restored(files):
    from threadpoolctl import threadpool_info

    def threads():
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = threads()
    with parallel_config("threading", n_jobs=2):
        AudioFeatures().fit_transform(files)
    assert threads() == before


def test_a_clip_too_long_to_be_computed_as_a_whole(files, monkeypatch):
    for module in ("audio_features", "tracks"):
        monkeypatch.setattr(f"musigenre.features.{module}.LONGEST_CLIP", 5)
    with pytest.raises(AudioError, match="longer than 5 s, too long to be described as a whole"):
        AudioFeatures().fit_transform(files)
    assert AudioFeatures().fit_transform(clip_table(files)).shape == (4, 57)


def test_another_feature_set_than_that_of_fit_is_refused(files):
    extractor = AudioFeatures().fit(files)
    with pytest.raises(ValueError, match="fitted with the feature set 'gtzan57'"):
        extractor.set_params(feature_set="tzanetakis").transform(files)
