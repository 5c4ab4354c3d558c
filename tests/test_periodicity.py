"""Autocorrelation against its definition; peaks and their enhancement."""

import numpy as np
import pytest

from musigenre.dsp.periodicity import autocorrelation, enhanced, strongest_peaks


@pytest.mark.parametrize(("n", "n_lags"), [(100, 30), (100, 100), (100, 130), (1, 3)])
def test_autocorrelation_is_the_sum_of_products(rng, n, n_lags):
    x = rng.normal(size=(2, n))
    padded = np.pad(x, [(0, 0), (0, n_lags)])
    expected = [(padded[:, :n] * padded[:, lag : lag + n]).sum(axis=1) for lag in range(n_lags)]
    np.testing.assert_allclose(autocorrelation(x, n_lags), np.transpose(expected), atol=1e-12)


def test_enhancement_leaves_the_shortest_period_of_a_pulse_train():
    x = np.zeros(200)
    x[::20] = 1
    kept = np.flatnonzero(enhanced(x, 9))
    assert 20 in kept
    assert not set(kept) & set(range(40, 200, 20))


def test_enhancement_never_adds(rng):
    x = rng.normal(size=(3, 50))
    assert (enhanced(x) >= 0).all()
    assert (enhanced(x) <= np.maximum(x, 0)).all()


def test_peaks_are_found_between_samples_and_ranked():
    at = np.arange(100)
    x = np.maximum(0, 1 - ((at - 30.3) / 5) ** 2) + 2 * np.maximum(0, 1 - ((at - 60.8) / 5) ** 2)
    position, height = strongest_peaks(x[None], 1, 98, 3)
    np.testing.assert_allclose(position[0, :2], [60.8, 30.3], atol=1e-9)
    assert height[0, 0] > height[0, 1] > height[0, 2] == 0


def test_peaks_outside_the_range_and_ends_do_not_count():
    x = np.zeros((1, 50))
    x[0, [5, 25, 45]] = [3, 1, 2]
    position, height = strongest_peaks(x, 10, 40, 2)
    assert position[0, 0] == 25
    assert height[0].tolist() == [1, 0]
