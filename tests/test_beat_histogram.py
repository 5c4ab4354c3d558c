"""Beat histograms of clicks whose tempo is known."""

import numpy as np
import pytest

from musigenre.dsp.beat_histogram import FASTEST, SLOWEST, beat_histogram, onset_envelope

SR = 22050


def clicks(bpm, seconds=12, seed=0):
    y = np.zeros(seconds * SR, dtype=np.float32)
    burst = np.random.default_rng(seed).normal(size=300) * np.exp(-np.arange(300) / 60)
    for start in np.arange(0, seconds - 0.1, 60 / bpm):
        y[int(start * SR) :][:300] += burst.astype(np.float32)
    return y


@pytest.mark.parametrize("bpm", [50, 75, 90, 120, 140, 174])
def test_the_highest_bin_is_the_tempo(bpm):
    histogram = beat_histogram(clicks(bpm), SR)
    assert SLOWEST + histogram.argmax() == pytest.approx(bpm, abs=1)


def test_heights_are_squared_amplitudes():
    soft, loud = beat_histogram(clicks(100), SR), beat_histogram(10 * clicks(100), SR)
    np.testing.assert_allclose(loud, 100 * soft, rtol=1e-3, atol=1e-5 * loud.max())


def test_clicks_repeat_more_strongly_than_noise(rng):
    noise = rng.normal(size=12 * SR)
    noise *= np.std(clicks(110)) / np.std(noise)
    hiss = beat_histogram(noise.astype(np.float32), SR)
    assert beat_histogram(clicks(110), SR).sum() > 10 * hiss.sum()


def test_the_sum_does_not_grow_with_the_clip():
    short, long = (beat_histogram(clicks(120, seconds), SR).sum() for seconds in (6, 24))
    assert short == pytest.approx(long, rel=0.1)


@pytest.mark.parametrize("n", [1, 100, 5000, SR])
def test_short_and_silent_clips(n):
    histogram = beat_histogram(np.zeros(n, dtype=np.float32), SR)
    assert histogram.shape == (FASTEST - SLOWEST + 1,)
    assert not histogram.any()


def test_the_envelope_follows_the_clicks():
    y = np.zeros(2 * SR, dtype=np.float32)
    y[SR : SR + 200] = 1
    envelope = onset_envelope(y)
    assert abs(envelope.argmax() * 128 - SR) < 512
    assert envelope.mean() == pytest.approx(0, abs=1e-6)
