"""The wavelet bank: what Daubechies asked of it."""

import numpy as np
import pytest

from musigenre.dsp.wavelet import octave_bands


def test_the_transform_keeps_energy(rng):
    x = np.pad(rng.normal(size=1024), 64)
    bands = octave_bands(x, 4)
    # The filters keep the size of a constant, so each halving halves the energy once more.
    levels = [1, 2, 3, 4, 4]
    energy = sum(2**level * (band**2).sum() for level, band in zip(levels, bands, strict=True))
    assert energy == pytest.approx((x**2).sum(), rel=1e-2)


def test_a_straight_line_leaves_no_trace_in_the_octaves():
    *octaves, rest = octave_bands(np.linspace(3, 5, 512), 3)
    for band in octaves:
        # The last samples see the end of the signal.
        np.testing.assert_allclose(band[:-4], 0, atol=1e-12)
    assert rest[0] == pytest.approx(3, abs=0.05)


@pytest.mark.parametrize("level", [1, 2, 3, 4])
def test_a_tone_is_strongest_in_its_octave(level):
    # Three quarters up the octave, a rate of 1.
    tone = np.sin(2 * np.pi * 0.75 * 2.0**-level * np.arange(4096))
    power = [np.mean(band**2) for band in octave_bands(tone, 5)]
    assert int(np.argmax(power)) == level - 1


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_any_length_will_do(n):
    bands = octave_bands(np.ones(n, dtype=np.float32), 3)
    assert len(bands) == 4
    assert all(len(band) and band.dtype == np.float32 for band in bands)
