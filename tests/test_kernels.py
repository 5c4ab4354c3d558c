"""The compiled kernels against plain NumPy."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from musigenre.dsp import kernels
from musigenre.dsp.hpss import median_filter
from musigenre.dsp.spectral import spectral_rolloff

PRECISIONS = [np.float32, np.float64]


def plain_median(x, axis):
    pad = [(0, 0)] * x.ndim
    pad[axis] = (15, 15)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, pad, mode="symmetric"), 31, axis)
    return np.median(windows, axis=-1)


def plain_mask(x, other):
    """x² / (x² + other²), scaled so that no square underflows."""
    largest = np.maximum(x, other)
    silent = largest < np.finfo(x.dtype).tiny
    largest[silent] = 1
    x2, other2 = (x / largest) ** 2, (other / largest) ** 2
    return np.where(silent, 0.5, x2 / np.where(silent, 1, x2 + other2))


@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 90), st.integers(1, 90)),
    axis=st.sampled_from([-1, -2]),
    precision=st.sampled_from(PRECISIONS),
    levels=st.sampled_from([1, 3, 10**6]),
    seed=st.integers(0, 2**16),
)
def test_running_median(shape, axis, precision, levels, seed):
    # Few levels make many ties.
    x = np.random.default_rng(seed).integers(-levels, levels, size=shape).astype(precision)
    actual = median_filter(x, axis)
    assert actual.dtype == precision
    np.testing.assert_array_equal(actual, plain_median(x, axis))


@settings(max_examples=30, deadline=None)
@given(
    arrays(
        np.float64,
        st.tuples(st.just(2), st.integers(1, 70)),
        elements=st.floats(allow_nan=False),
    )
)
def test_running_median_of_extreme_values(x):
    np.testing.assert_array_equal(median_filter(x, -1), plain_median(x, -1))


def test_running_median_of_a_very_long_input(rng):
    x = rng.normal(size=(2, 50_000))
    expected = [scipy.ndimage.median_filter(row, 31, mode="reflect") for row in x]
    np.testing.assert_array_equal(median_filter(x, -1), expected)


def test_nan_stays_within_its_window(rng):
    x = rng.normal(size=(70, 200))
    with_nan = x.copy()
    with_nan[10, 100] = np.nan
    actual, expected = median_filter(with_nan, -1), median_filter(x, -1)
    touched = np.zeros(x.shape, dtype=bool)
    touched[10, 85:116] = True
    np.testing.assert_array_equal(actual[~touched], expected[~touched])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_rolloff_is_the_plain_form_to_the_bin(rng, precision):
    magnitude = np.abs(rng.normal(size=(2, 129, 40))).astype(precision)
    magnitude[0, :, 3] = 0
    magnitude[0, 1:, 4] = 0
    magnitude[0, :-1, 5] = 0
    cumulated = np.cumsum(magnitude, axis=-2)
    bins = (cumulated < 0.85 * cumulated[:, -1:]).sum(axis=-2)
    np.testing.assert_array_equal(spectral_rolloff(magnitude, 256), bins)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_keep_steady_is_the_plain_mask(rng, precision):
    n = 300
    # From far below what can be squared to far above it, and zeros.
    steady, sudden = (10.0 ** rng.uniform(-37, 37, size=(2, 1, n))).astype(precision)
    steady[:, :30], sudden[:, 20:50] = 0, 0
    spectrum = rng.normal(size=(1, 2 * n)).astype(precision)
    out = np.empty_like(spectrum)
    kernels.keep_steady(spectrum, steady, sudden, out)
    expected = spectrum * np.repeat(plain_mask(steady, sudden), 2, axis=-1)
    tolerance = 4 * np.finfo(precision).eps
    np.testing.assert_allclose(out, expected, rtol=tolerance, atol=np.finfo(precision).tiny)
    assert (out[0, 40:60] == spectrum[0, 40:60] / 2).all()


def test_locked_arrays_are_accepted(rng):
    x = np.abs(rng.normal(size=(50, 60)))
    x.flags.writeable = False
    assert median_filter(x, -1).shape == (50, 60)
    assert spectral_rolloff(x, 100).shape == (60,)


def test_nothing_is_compiled_after_the_import(rng):
    for shape in ((1, 1), (33, 70), (2, 3, 40)):
        for precision in PRECISIONS:
            median_filter(rng.normal(size=shape).astype(precision), -1)
    for kernel in (kernels.running_median, kernels.rolloff, kernels.keep_steady):
        assert len(kernel.signatures) == len(PRECISIONS)
        with pytest.raises(TypeError):
            kernel("another type")


def test_features_load_numba_only_when_they_are_computed():
    code = "import sys, musigenre.features.gtzan57; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
