import pickle
import tracemalloc

import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config
from sklearn.base import clone
from sklearn.pipeline import FeatureUnion
from sklearn.utils.estimator_checks import parametrize_with_checks

from musigenre import AudioError, AudioFeatures, AudioWarning, SpectrogramExtractor, clip_table
from musigenre.dsp import spectra as shared
from musigenre.features.spectrograms import SpectrogramRecipe

SR = 22050
ALL = ("stft", "mel", "mfcc")
REFLECT = {"pad_mode": "reflect"}

# librosa's own warning on clips shorter than a frame, and on bands narrower than a bin.
pytestmark = [
    pytest.mark.filterwarnings("ignore:n_fft=2048 is too large:UserWarning"),
    pytest.mark.filterwarnings("ignore:Empty filters detected:UserWarning"),
]


@parametrize_with_checks(
    [
        SpectrogramExtractor(),
        SpectrogramExtractor(ALL, flatten=True, n_fft=64, hop_length=16, n_mels=8, n_mfcc=4),
    ]
)
def test_sklearn(estimator, check):
    check(estimator)


def signal(name, n=66149):
    rng = np.random.default_rng(0)
    t = np.arange(n) / SR
    return {
        "noise": 0.1 * rng.normal(size=n),
        "chirp": np.sin(2 * np.pi * (100 + 1000 * t) * t),
        "music": sum(np.sin(2 * np.pi * f * t) for f in (220, 277.2, 329.6)) * np.exp(-t),
        "quiet": 1e-5 * rng.normal(size=n),
    }[name].astype(np.float32)


def librosas(y, kind, scale="db", *, n_mfcc=20, sr=SR, **options):
    """Compute one kind with librosa, in double precision."""
    y = y.astype(np.float64)
    if kind == "stft":
        frames = {k: v for k, v in options.items() if k in ("n_fft", "hop_length")}
        magnitude = np.abs(librosa.stft(y, **frames, **REFLECT))
        return librosa.amplitude_to_db(magnitude) if scale == "db" else magnitude
    if kind == "mfcc":
        return librosa.feature.mfcc(y=y, sr=sr, n_mfcc=n_mfcc, **options, **REFLECT)
    power = librosa.feature.melspectrogram(y=y, sr=sr, **options, **REFLECT)
    return librosa.power_to_db(power) if scale == "db" else power


def assert_equal_to_1e4(actual, expected):
    """Compare to a ten-thousandth of the largest value."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audio")
    rng = np.random.default_rng(0)
    paths = []
    for i, seconds in enumerate((7, 4, 4, 1)):
        paths.append(str(folder / f"{i}.wav"))
        soundfile.write(paths[-1], rng.normal(scale=0.1, size=seconds * SR), SR, subtype="FLOAT")
    return paths


def read(path):
    return soundfile.read(path, dtype="float32")[0]


# --- the numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["db", "linear"])
@pytest.mark.parametrize(("kind", "n_bins"), [("stft", 1025), ("mel", 128), ("mfcc", 20)])
@pytest.mark.parametrize("name", ["noise", "chirp", "music", "quiet"])
def test_equals_librosa(name, kind, n_bins, scale):
    y = signal(name)
    spectrogram = SpectrogramExtractor(kind, scale=scale).fit_transform([y])
    assert spectrogram.shape == (1, n_bins, 130)
    assert spectrogram.dtype == np.float32
    assert_equal_to_1e4(spectrogram[0], librosas(y, kind, scale))


@pytest.mark.filterwarnings("ignore:.*mel bands hold no bin:UserWarning")
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(ALL),
    n_fft=st.sampled_from([256, 1000, 2048]),
    hop_length=st.integers(100, 700),
    n_mels=st.integers(20, 60),
    sr=st.sampled_from([8000, 22050, 44100]),
    band=st.sampled_from([(0.0, None), (100.0, 3000.0), (50.5, 4000.0)]),
)
def test_equals_librosa_with_other_parameters(kind, n_fft, hop_length, n_mels, sr, band):
    y = signal("noise", 9000)
    options = {"n_fft": n_fft, "hop_length": hop_length}
    mel = {"n_mels": n_mels, "fmin": band[0], "fmax": band[1]}
    extractor = SpectrogramExtractor(kind, sample_rate=sr, n_mfcc=13, **options, **mel)
    expected = librosas(y, kind, sr=sr, n_mfcc=13, **options, **mel)
    assert_equal_to_1e4(extractor.fit_transform([y])[0], expected)


def test_equals_librosa_on_music(real_data):
    path = real_data("gtzan/lossless/classical.00000.flac")
    table = clip_table([path])
    y = soundfile.read(path, dtype="float32")[0]
    for kind in ALL:
        spectrograms = SpectrogramExtractor(kind).fit_transform(table)
        assert spectrograms.shape[0::2] == (10, 130)
        for k in (0, 9):
            clip = y[66150 * k : 66150 * k + 66149]
            assert_equal_to_1e4(spectrograms[k], librosas(clip, kind))


def test_the_edges_alone_differ_from_librosas_default():
    y = signal("noise")
    ours = SpectrogramExtractor("stft", scale="linear").fit_transform([y])[0]
    zeros = np.abs(librosa.stft(y))
    assert_equal_to_1e4(ours[:, 2:-2], zeros[:, 2:-2])
    assert np.abs(ours - zeros)[:, [0, 1, -2, -1]].max(axis=0).min() > 1e-2 * zeros.max()


@pytest.mark.parametrize("top_db", [None, 30.0])
def test_top_db(top_db):
    y = signal("music")
    mel = librosa.power_to_db(librosas(y, "mel", "linear"), top_db=top_db)
    found = SpectrogramExtractor(("mel", "mfcc"), top_db=top_db).fit_transform([y])[0]
    # Without a limit, rounding noise of single precision shows between the tones.
    loud = mel > mel.max() - 60
    np.testing.assert_allclose(found[:128][loud], mel[loud], atol=0.02)
    if top_db is None:
        assert np.ptp(found[:128]) > 80
    else:
        assert np.ptp(found[:128]) == pytest.approx(30, abs=1e-4)
        assert_equal_to_1e4(found[128:], librosa.feature.mfcc(S=mel, n_mfcc=20))


def test_silence_is_finite():
    silence = SpectrogramExtractor(ALL).fit_transform(np.zeros((1, 66149)))
    np.testing.assert_allclose(silence[0, : 1025 + 128], -100, rtol=1e-6)
    assert np.isfinite(silence).all()


# --- several kinds ----------------------------------------------------------------------------


def test_kinds_asked_for_at_once_share_one_stft(monkeypatch):
    calls, stft = [], shared.stft
    monkeypatch.setattr(shared, "stft", lambda *args: calls.append(args) or stft(*args))
    clips = np.stack([signal("noise"), signal("chirp")])
    together = SpectrogramExtractor(ALL).fit_transform(clips)
    assert len(calls) == 1
    apart = [SpectrogramExtractor(kind).fit_transform(clips) for kind in ALL]
    np.testing.assert_array_equal(together, np.concatenate(apart, axis=1))


def test_kinds_come_in_the_order_asked_for():
    y = signal("noise")
    extractor = SpectrogramExtractor(["mfcc", "stft"]).fit([y])
    names = extractor.get_feature_names_out()
    assert names[[0, 19, 20, -1]].tolist() == ["mfcc1", "mfcc20", "stft0", "stft1024"]
    assert_equal_to_1e4(extractor.transform([y])[0, :20], librosas(y, "mfcc"))
    assert np.isnan(extractor.frequencies_[:20]).all()
    assert extractor.frequencies_[-1] == SR / 2


def test_recipe_keeps_double_precision():
    y = signal("chirp").astype(np.float64)
    for kind, values in SpectrogramRecipe(ALL).compute(y).items():
        np.testing.assert_allclose(values, librosas(y, kind), atol=1e-4)


# --- labels -----------------------------------------------------------------------------------


def test_frequencies_and_times_are_librosas():
    y = signal("noise")
    stft = SpectrogramExtractor("stft", n_fft=1024, hop_length=300).fit([y])
    np.testing.assert_allclose(stft.frequencies_, librosa.fft_frequencies(sr=SR, n_fft=1024))
    expected = librosa.times_like(stft.transform([y])[0], sr=SR, hop_length=300)
    np.testing.assert_allclose(stft.times_, expected)
    mel = SpectrogramExtractor("mel", fmin=50.0, fmax=5000.0).fit([y])
    edges = librosa.mel_frequencies(130, fmin=50.0, fmax=5000.0)
    np.testing.assert_allclose(mel.frequencies_, edges[1:-1])


@pytest.mark.parametrize("kind", ["stft", "mel"])
@pytest.mark.parametrize("frequency", [200.0, 1000.0, 5000.0])
def test_a_tone_is_found_where_the_labels_say(kind, frequency):
    t = np.arange(66149) / SR
    y = np.sin(2 * np.pi * frequency * t) * (t > 1)
    extractor = SpectrogramExtractor(kind)
    spectrogram = extractor.fit_transform([y])[0]
    loudest = extractor.frequencies_[spectrogram[:, 100].argmax()]
    assert loudest == pytest.approx(frequency, rel=0.05)
    level = spectrogram.max(axis=0)
    onset = extractor.times_[np.argmax(level > level.max() - 6)]
    assert onset == pytest.approx(1, abs=0.05)


def test_flat_form_and_names():
    clips = np.stack([signal("noise"), signal("chirp")])
    deep = SpectrogramExtractor("mfcc").fit_transform(clips)
    extractor = SpectrogramExtractor("mfcc", flatten=True).set_output(transform="pandas")
    frame = extractor.fit_transform(clips)
    assert list(frame.columns) == list(extractor.get_feature_names_out())
    np.testing.assert_array_equal(frame["mfcc3_f7"], deep[:, 2, 7])
    np.testing.assert_array_equal(frame.to_numpy().reshape(deep.shape), deep)


def test_a_table_of_two_axes_is_refused_with_the_remedy():
    extractor = SpectrogramExtractor("mfcc").set_output(transform="pandas")
    with pytest.raises(ValueError, match="flatten=True"):
        extractor.fit_transform([signal("noise")])


# --- what goes in -----------------------------------------------------------------------------


def test_paths_waveforms_and_clip_tables_agree(files):
    paths = SpectrogramExtractor().fit_transform(files[1:3])
    table = SpectrogramExtractor().fit_transform(clip_table(files[1:3], duration=None))
    waveforms = SpectrogramExtractor().fit_transform([read(path) for path in files[1:3]])
    np.testing.assert_array_equal(table, paths)
    np.testing.assert_allclose(waveforms, paths, atol=1e-4)


def test_rows_stand_in_the_order_of_the_clip_table(files):
    table = clip_table(files[:3])
    spectrograms = SpectrogramExtractor("mfcc").fit_transform(table)
    shuffled = table.sample(frac=1, random_state=1)
    np.testing.assert_allclose(
        SpectrogramExtractor("mfcc").fit_transform(shuffled),
        spectrograms[shuffled.index],
        atol=1e-3,
    )


def test_files_of_another_rate_are_resampled(tmp_path):
    t = np.arange(3 * 44100) / 44100
    soundfile.write(tmp_path / "tone.wav", np.sin(2 * np.pi * 1000 * t), 44100)
    extractor = SpectrogramExtractor("stft")
    spectrogram = extractor.fit_transform([tmp_path / "tone.wav"])[0]
    assert extractor.n_samples_ == 66150
    assert extractor.frequencies_[spectrogram[:, 60].argmax()] == pytest.approx(1000, abs=6)


def test_parallel_work_changes_nothing(files):
    table = clip_table(files)
    alone = SpectrogramExtractor(ALL).fit_transform(table)
    parallel = SpectrogramExtractor(ALL, n_jobs=2).fit_transform(table)
    np.testing.assert_array_equal(parallel, alone)
    with parallel_config("threading", n_jobs=2):
        np.testing.assert_array_equal(SpectrogramExtractor(ALL).fit_transform(table), alone)


def test_clone_and_pickle(files):
    extractor = SpectrogramExtractor(("mel", "mfcc"), duration=1.0, flatten=True).fit(files)
    restored = pickle.loads(pickle.dumps(extractor))  # noqa: S301
    np.testing.assert_array_equal(restored.transform(files), extractor.transform(files))
    assert clone(extractor).get_params() == extractor.get_params()


def test_beside_other_features(files):
    union = FeatureUnion(
        [("features", AudioFeatures()), ("mfcc", SpectrogramExtractor("mfcc", flatten=True))]
    )
    frame = union.set_output(transform="pandas").fit_transform(clip_table(files))
    assert frame.shape == (5, 57 + 20 * 130)
    assert frame.columns[-1] == "mfcc__mfcc20_f129"


# --- clips of any length ----------------------------------------------------------------------


def test_the_most_common_length_is_learned(files):
    table = clip_table(files, partial="keep")
    assert table["duration"].nunique() > 1
    extractor = SpectrogramExtractor("mfcc").fit(table)
    assert extractor.n_samples_ == 66149
    assert extractor.transform(table).shape == (len(table), 20, 130)
    assert SpectrogramExtractor().fit(files).n_samples_ == 4 * SR
    # All lengths once: the longest.
    assert SpectrogramExtractor().fit([files[3], files[0]]).n_samples_ == 7 * SR


def test_short_clips_get_silence_and_long_ones_lose_their_end(files):
    extractor = SpectrogramExtractor("mel", duration=2.0).fit(files)
    assert extractor.n_samples_ == 2 * SR
    found = extractor.transform([files[3], files[0]])
    padded = np.pad(read(files[3]), (0, SR))
    np.testing.assert_allclose(found[0], librosas(padded, "mel"), atol=1e-3)
    np.testing.assert_allclose(found[1], librosas(read(files[0])[: 2 * SR], "mel"), atol=1e-3)
    # Added silence lies at the floor.
    silent = extractor.times_ > 1.1
    np.testing.assert_allclose(found[0][:, silent], found[0].max() - 80, atol=1e-3)


def test_length_learned_from_waveforms_holds_for_files(files):
    extractor = SpectrogramExtractor().fit(np.ones((1, SR)))
    assert extractor.transform(files).shape == (4, 128, 44)
    with pytest.raises(ValueError, match="expecting 22050 features"):
        extractor.transform(np.ones((1, SR - 1)))
    extractor.fit(files)
    assert not hasattr(extractor, "n_features_in_")


@settings(max_examples=20, deadline=None, derandomize=True)
@given(n=st.integers(1, 3000), kind=st.sampled_from(ALL), target=st.integers(1, 3000))
def test_any_length_gives_the_promised_shape(n, kind, target):
    extractor = SpectrogramExtractor(kind, duration=target / SR, flatten=True)
    X = np.random.default_rng(n).normal(size=(2, n))
    spectrograms = extractor.fit_transform(X)
    assert spectrograms.shape == (2, len(extractor.get_feature_names_out()))
    assert len(extractor.times_) == 1 + target // 512
    assert np.isfinite(spectrograms).all()


# --- what goes wrong --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "chroma"}, "kind"),
        ({"kind": ("mel", "chroma")}, "each once"),
        ({"kind": ("mel", "mel")}, "each once"),
        ({"kind": ("mel", "mel_picture")}, "first three"),
        ({"kind": ()}, "tuple of the first three"),
        ({"n_fft": 1023}, "n_fft must be even, got 1023"),
        ({"kind": "mfcc", "n_mfcc": 200}, "n_mfcc=200 coefficients cannot come from n_mels=128"),
        ({"fmin": 5000.0, "fmax": 4000.0}, "fmin=5000.0 to fmax=4000.0"),
        ({"fmax": 20000.0}, "at most half of sample_rate=22050"),
        ({"duration": 0.0}, "duration"),
        ({"scale": "log"}, "scale"),
        ({"top_db": 0.0}, "top_db"),
        ({"hop_length": 0}, "hop_length"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        SpectrogramExtractor(**options).fit(np.ones((1, 5000)))


def test_no_clips(files):
    with pytest.raises(ValueError, match="no clips"):
        SpectrogramExtractor().fit(clip_table(files).iloc[:0])


def test_unreadable_files(files, tmp_path):
    bad = tmp_path / "bad.mp3"
    bad.write_bytes(b"nothing")
    with pytest.raises(AudioError, match=r"bad\.mp3"):
        SpectrogramExtractor().fit([files[1], bad])
    with pytest.raises(AudioError, match=r"bad\.mp3"):
        SpectrogramExtractor(duration=1.0).fit_transform([files[1], bad])
    extractor = SpectrogramExtractor(on_error="warn").fit([bad, files[1]])
    assert extractor.n_samples_ == 4 * SR
    with pytest.warns(AudioWarning, match="1 of 2 files"):
        spectrograms = extractor.transform([bad, files[1]])
    assert np.isnan(spectrograms[0]).all()
    assert np.isfinite(spectrograms[1]).all()
    with pytest.raises(AudioError, match=r"bad\.mp3"):
        SpectrogramExtractor(on_error="warn").fit([bad])


def test_a_clip_beyond_the_end(files):
    table = clip_table(files[3:])
    table.loc[0, "start"] = 0.5
    with pytest.raises(AudioError, match=r"beyond the end of the audio at 1\.000 s"):
        SpectrogramExtractor().fit_transform(table)


def test_memory_grows_with_the_result_alone():
    X = np.random.default_rng(0).normal(size=(200, 66149)).astype(np.float32)
    extractor = SpectrogramExtractor("mfcc").fit(X)
    extractor.transform(X[:50])
    peaks = []
    for n in (50, 200):
        tracemalloc.start()
        result = extractor.transform(X[:n])
        peaks.append(tracemalloc.get_traced_memory()[1] - result.nbytes - n * X[0].nbytes)
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_importing_loads_nothing_heavy():
    import subprocess
    import sys

    code = (
        "import sys, musigenre.features.spectrogram_display, musigenre.preprocessing;"
        "heavy = {'matplotlib', 'tensorflow', 'keras', 'librosa', 'numba'} & set(sys.modules);"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Series])
def test_any_collection_of_paths(files, kind):
    assert SpectrogramExtractor("mfcc", duration=1.0).fit_transform(kind(files)).shape == (
        4,
        20,
        44,
    )


@pytest.mark.parametrize("partial", ["drop", "keep", "overlap"])
@pytest.mark.parametrize("rate", [44100, 48000, 32000])
def test_clips_measured_at_another_rate_can_be_read(tmp_path, rate, partial):
    for extra in range(6):
        path = tmp_path / f"{extra}.wav"
        soundfile.write(path, np.random.default_rng(0).normal(size=rate + extra) / 10, rate)
        for duration in (None, 0.4):
            table = clip_table([path], duration, partial=partial)
            extractor = SpectrogramExtractor("mfcc", sample_rate=rate, duration=0.3)
            assert np.isfinite(extractor.fit_transform(table)).all()


def test_bands_that_are_too_narrow_are_said(rng):
    clips = rng.normal(size=(1, 22050))
    with pytest.warns(UserWarning, match="39 of 256 mel bands hold no bin.*raise n_fft=512"):
        extractor = SpectrogramExtractor("mel", n_mels=256, n_fft=512, scale="linear").fit(clips)
    assert (extractor.transform(clips)[0].max(axis=1) == 0).sum() == 39
    SpectrogramExtractor("stft", n_mels=256, n_fft=512).fit(clips)
