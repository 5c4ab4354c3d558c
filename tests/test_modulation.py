"""Modulation spectra of signals whose modulation is known."""

import numpy as np
import pytest
import scipy.fft

from musigenre.dsp.modulation import joint_modulation, modulation_spectrum

RATE = 43.0
EDGES = (0.4, 1.2, 2.3, 4.0, 7.0, 13.0, 21.5)
SCALES = (0.0, 6.0, -6.0, 24.0, -24.0)


@pytest.mark.parametrize(("hz", "position"), [(0.8, 0), (3.0, 2), (5.0, 3), (18.0, 5)])
def test_a_rate_shows_in_its_range(hz, position):
    t = np.arange(1000) / RATE
    x = np.stack([5 + np.sin(2 * np.pi * hz * t), 3 * np.sin(2 * np.pi * hz * t)])
    strength = modulation_spectrum(x.astype(np.float32), RATE, EDGES)
    assert strength.shape == (2, 6)
    assert (strength.argmax(axis=1) == position).all()
    np.testing.assert_allclose(strength[1], 3 * strength[0], rtol=1e-2, atol=1e-3)


def ripple(hz, cycles):
    """A pattern that moves by ``cycles`` over the bands, falling where that is positive."""
    t, band = np.arange(600)[None] / RATE, np.arange(64)[:, None] / 64
    return np.cos(2 * np.pi * (hz * t + cycles * band)).astype(np.float32)


@pytest.mark.parametrize("rate", [1.0, 4.0])
@pytest.mark.parametrize("scale", SCALES)
def test_a_ripple_is_heard_by_the_filter_tuned_to_it(rate, scale):
    out = joint_modulation(ripple(rate, scale), RATE, (1.0, 4.0), SCALES, 4).mean(axis=(2, 3))
    best = np.unravel_index(out.argmax(), out.shape)
    assert best == ([1.0, 4.0].index(rate), SCALES.index(scale))


def test_a_positive_scale_falls():
    # Six cycles over 64 bands at 1 Hz: a band further down every four frames.
    pattern = ripple(1.0, 6.0)
    np.testing.assert_allclose(pattern[:-1, 4:], pattern[1:, :-4], atol=0.01)


def test_joint_modulation_is_filtering_in_two_dimensions(rng):
    x = rng.normal(size=(32, 100))
    centred = x - x.mean(axis=1, keepdims=True)
    rates, scales = scipy.fft.fftfreq(100, 1 / RATE), scipy.fft.fftfreq(32, 1 / 32)
    gain = np.exp(-0.5 * ((rates - 4) / (0.42 * 4)) ** 2) * np.exp(
        -0.5 * ((scales[:, None] + 6) / (0.42 * 6)) ** 2
    )
    expected = np.abs(scipy.fft.ifft2(scipy.fft.fft2(centred) * gain))
    actual = joint_modulation(x, RATE, (4.0,), (-6.0,), 4)[0, 0]
    np.testing.assert_allclose(actual, expected.reshape(4, 8, 100).mean(axis=1), atol=1e-12)
