"""Each function of musigenre.dsp against librosa, on signals that break things."""

import librosa
import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from musigenre.dsp import chroma, hpss, mel, rhythm, spectral
from musigenre.dsp.spectra import Spectra
from musigenre.dsp.stft import frame, hann, istft, stft

SR = 22050

# librosa's own warnings on what is too short or too quiet for it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Trying to estimate tuning:UserWarning"),
    pytest.mark.filterwarnings("ignore:n_fft=2048 is too large:UserWarning"),
]


def _signals():
    rng = np.random.default_rng(0)
    t = np.arange(3 * SR) / SR
    clicks = np.zeros(len(t))
    clicks[:: SR // 2] = 1
    return {
        "noise": rng.normal(size=len(t)),
        "chirp": scipy.signal.chirp(t, 100, 3, 8000),
        "chord": sum(np.sin(2 * np.pi * f * t) for f in (220.0, 277.2, 329.6)),
        "detuned": np.sin(2 * np.pi * 452 * t) + 0.01 * rng.normal(size=len(t)),
        "clicks": clicks,
        "quiet": 1e-6 * rng.normal(size=len(t)),
        "one second": rng.normal(size=SR),
        "2048 samples": rng.normal(size=2048),
        "1500 samples": rng.normal(size=1500),
    }


SIGNALS = _signals()
DEGENERATE = {"silence": np.zeros(SR), "constant": np.full(SR, 0.5)}


@pytest.fixture(params=[*SIGNALS, *DEGENERATE])
def y(request):
    return (SIGNALS | DEGENERATE)[request.param]


@pytest.fixture
def spectra(y):
    return Spectra(y, SR)


def assert_close(actual, expected, rtol=1e-6):
    scale = np.abs(expected).max()
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol * scale)


def test_stft_is_librosas(y):
    assert_close(stft(y), librosa.stft(y, pad_mode="reflect"))


def test_istft_is_librosas_without_a_length(y):
    D = librosa.stft(y, pad_mode="reflect")
    expected = librosa.util.fix_length(librosa.istft(D), size=len(y))
    assert_close(istft(D, len(y)), expected)


def test_istft_inverts_stft_up_to_the_last_frame():
    y = SIGNALS["noise"]
    covered = 512 * (len(y) // 512)
    restored = istft(stft(y), len(y))
    np.testing.assert_allclose(restored[:covered], y[:covered], atol=1e-12)
    assert not restored[covered:].any()


def test_a_signal_shorter_than_the_padding_is_reflected_as_often_as_needed():
    frames = frame(np.arange(4.0), 16, 4, "reflect")
    assert frames.shape == (2, 16)
    np.testing.assert_array_equal(frames[0], np.pad(np.arange(4.0), 8, mode="reflect")[:16])


def test_spectral_shape(spectra):
    S = spectra.magnitude
    centroid, bandwidth = spectral.spectral_shape(S, SR)
    expected = librosa.feature.spectral_centroid(S=S, sr=SR)[0]
    assert_close(centroid, expected)
    assert_close(bandwidth, librosa.feature.spectral_bandwidth(S=S, sr=SR)[0])


def test_spectral_rolloff(spectra):
    S = spectra.magnitude
    expected = librosa.feature.spectral_rolloff(S=S, sr=SR)[0]
    np.testing.assert_allclose(spectral.spectral_rolloff(S, SR), expected)


def test_rms(y):
    assert_close(spectral.rms(y), librosa.feature.rms(y=y, pad_mode="reflect")[0])


def test_zero_crossing_rate(y):
    expected = librosa.feature.zero_crossing_rate(y)[0]
    np.testing.assert_allclose(spectral.zero_crossing_rate(y), expected)


def test_mel_and_mfcc(spectra):
    expected = librosa.feature.melspectrogram(S=spectra.power, sr=SR)
    assert_close(spectra.mel, expected)
    assert_close(spectra.mel_db, librosa.power_to_db(spectra.mel))
    assert_close(mel.mfcc(spectra.mel_db), librosa.feature.mfcc(S=spectra.mel_db, n_mfcc=20))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("sr", "n_fft"), [(22050, 2048), (44100, 4096), (16000, 512)])
def test_filter_banks_are_librosas(sr, n_fft, dtype):
    eps = np.finfo(dtype).eps
    expected = librosa.filters.mel(sr=sr, n_fft=n_fft, n_mels=40, dtype=dtype)
    actual = mel.mel_filters(sr, n_fft, 40, dtype=np.dtype(dtype))
    np.testing.assert_allclose(actual, expected, atol=4 * eps * expected.max())
    for tuning in (-0.5, -0.13, 0, 0.49):
        expected = librosa.filters.chroma(sr=sr, n_fft=n_fft, tuning=tuning, dtype=dtype)
        actual = chroma.chroma_filters(sr, n_fft, tuning, np.dtype(dtype))
        np.testing.assert_allclose(actual, expected, atol=max(eps, 1e-13))


def test_hann_is_scipys():
    expected = scipy.signal.get_window("hann", 2048)
    np.testing.assert_allclose(hann(2048, np.dtype(float)), expected, atol=1e-15)


def test_chroma(spectra):
    expected = librosa.feature.chroma_stft(S=spectra.power, sr=SR)
    assert_close(chroma.chroma(spectra.power, SR), expected)


@pytest.mark.parametrize("cents", [-45, -20, 0, 13, 37])
def test_tuning_of_a_detuned_tone(cents):
    t = np.arange(SR) / SR
    y = np.sin(2 * np.pi * 440 * 2 ** (cents / 1200) * t)
    assert chroma.estimate_tuning(Spectra(y, SR).power, SR) == pytest.approx(cents / 100, abs=0.06)


def test_tuning_is_librosas(spectra):
    expected = librosa.estimate_tuning(S=spectra.power, sr=SR)
    assert chroma.estimate_tuning(spectra.power, SR) == pytest.approx(expected)


@pytest.mark.parametrize("name", [n for n in [*SIGNALS, *DEGENERATE] if n != "1500 samples"])
def test_harmonic_percussive(name):
    # With three frames librosa gives NaN: scipy's median of short rows reads beyond them.
    y = (SIGNALS | DEGENERATE)[name]
    spectra = Spectra(y, SR)
    D = spectra.stft
    harmonic, percussive = librosa.decompose.hpss(D)
    expected = [
        librosa.util.fix_length(librosa.istft(part), size=len(y)) for part in (harmonic, percussive)
    ]
    actual = hpss.harmonic_percussive(D, spectra.magnitude, y)
    assert_close(actual[0], expected[0])
    scale = np.abs(y).max()
    np.testing.assert_allclose(actual[1], expected[1], atol=1e-6 * max(scale, 1))


def test_onset_strength(spectra):
    expected = librosa.onset.onset_strength(S=spectra.mel_db, sr=SR, aggregate=np.median)
    assert_close(rhythm.onset_strength(spectra.mel_db), expected)


def test_tempo(spectra):
    onset = librosa.onset.onset_strength(S=spectra.mel_db, sr=SR, aggregate=np.median)
    # beat_track reports this tempo, or 0 without an onset; it crashes on very short signals.
    expected = librosa.feature.tempo(onset_envelope=onset, sr=SR) if onset.any() else 0
    assert rhythm.tempo(onset, SR) == pytest.approx(np.squeeze(expected))


@pytest.mark.parametrize("bpm", [70, 100, 140])
def test_tempo_of_a_click_track(bpm):
    y = librosa.clicks(times=np.arange(0, 10, 60 / bpm), sr=SR, length=10 * SR)
    found = float(rhythm.tempo(rhythm.onset_strength(Spectra(y, SR).mel_db), SR))
    ratio = found / bpm
    assert min(abs(ratio - r) for r in (0.5, 1, 2)) < 0.04


def test_float32_stays_float32():
    spectra = Spectra(SIGNALS["noise"].astype(np.float32), SR)
    assert spectra.stft.dtype == np.complex64
    for array in (spectra.magnitude, spectra.mel_db, chroma.chroma(spectra.power, SR)):
        assert array.dtype == np.float32


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 6000),
    n_clips=st.integers(1, 3),
    seed=st.integers(0, 2**16),
)
def test_clips_in_a_batch_do_not_touch_each_other(n, n_clips, seed):
    rng = np.random.default_rng(seed)
    batch = rng.normal(size=(n_clips, n)) * rng.choice([0, 1e-4, 1], size=(n_clips, 1))
    together = Spectra(batch, SR)
    for i, y in enumerate(batch):
        alone = Spectra(y, SR)
        np.testing.assert_allclose(together.mel_db[i], alone.mel_db, atol=1e-7)
        np.testing.assert_allclose(
            chroma.chroma(together.power, SR)[i], chroma.chroma(alone.power, SR), atol=1e-9
        )
        both = hpss.harmonic_percussive(together.stft, together.magnitude, batch)
        one = hpss.harmonic_percussive(alone.stft, alone.magnitude, y)
        np.testing.assert_allclose(both[0][i], one[0], atol=1e-12)
        onset = rhythm.onset_strength(together.mel_db)
        assert rhythm.tempo(onset, SR)[i] == rhythm.tempo(onset[i], SR)
