"""Frame descriptors against their definitions in full, and librosa."""

import librosa
import numpy as np
import pytest

from musigenre.dsp import timbre
from musigenre.dsp.stft import frame

SR = 22050


@pytest.fixture
def magnitude(rng):
    return (rng.uniform(size=(1025, 40)) ** 6).astype(np.float32)


@pytest.mark.parametrize("n_bins", [1025, 257, 33, 32, 7])
def test_rolloff_is_the_first_bin_that_reaches_the_share(rng, n_bins):
    power = rng.uniform(size=(n_bins, 30)) ** 8
    shares = (0.05, 0.25, 0.5, 0.85, 0.95, 0.999)
    cumulated = np.cumsum(power, axis=0)
    expected = [(cumulated < share * cumulated[-1]).sum(axis=0) for share in shares]
    actual = timbre.rolloff_frequencies(power, SR, shares)
    np.testing.assert_allclose(actual, np.array(expected) * SR / 2 / (n_bins - 1))


def test_rolloff_of_silence_is_zero():
    assert not timbre.rolloff_frequencies(np.zeros((1025, 2)), SR, (0.85,)).any()


def test_flatness_and_entropy(magnitude):
    power = magnitude.astype(float) ** 2 + 1e-4
    flatness, entropy = timbre.flatness_and_entropy(power)
    share = power / power.sum(axis=0)
    np.testing.assert_allclose(entropy, -(share * np.log(share)).sum(axis=0), rtol=1e-3)
    expected = librosa.feature.spectral_flatness(S=power, power=1.0, amin=1e-10)[0]
    np.testing.assert_allclose(flatness, expected, rtol=1e-3)


def test_flatness_and_entropy_at_their_ends():
    tone = np.zeros((1025, 1), dtype=np.float32)
    tone[100] = 1e4
    for power, flat, even in ((tone, 0, 0), (np.ones_like(tone), 1, np.log(1025))):
        flatness, entropy = timbre.flatness_and_entropy(power)
        assert flatness.item() == pytest.approx(flat, abs=1e-4)
        assert entropy.item() == pytest.approx(even, abs=1e-4)
    flatness, entropy = timbre.flatness_and_entropy(np.zeros_like(tone))
    assert flatness.item() == pytest.approx(1, abs=1e-5)
    assert entropy.item() == 0


def test_flux_is_the_distance_between_frames_of_length_one(magnitude):
    scaled = magnitude / np.linalg.norm(magnitude, axis=0)
    expected = np.linalg.norm(np.diff(scaled, axis=1), axis=0)
    np.testing.assert_allclose(timbre.flux(magnitude), [0, *expected], rtol=1e-4)
    gains = np.linspace(0.5, 2, magnitude.shape[1], dtype=np.float32)
    np.testing.assert_allclose(timbre.flux(magnitude * gains), timbre.flux(magnitude), rtol=1e-3)


@pytest.mark.parametrize(("frame_length", "hop_length"), [(2048, 512), (512, 512), (64, 50)])
def test_crossing_rate_counts_changes_of_sign_in_each_frame(rng, frame_length, hop_length):
    y = rng.normal(size=5000)
    frames = frame(y, frame_length, hop_length, "reflect")
    expected = np.abs(np.diff(np.signbit(frames), axis=-1)).mean(axis=-1)
    actual = timbre.crossing_rate(y, frame_length, hop_length)
    np.testing.assert_allclose(actual, expected, rtol=1e-12)


def test_spectral_contrast_is_librosas(magnitude):
    expected = librosa.feature.spectral_contrast(S=magnitude, sr=SR, fmin=100)
    actual = timbre.spectral_contrast(magnitude, SR)
    np.testing.assert_allclose(actual, expected, atol=1e-4)
