import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from musigenre import MfccCMVN, SpectrogramExtractor
from musigenre.dsp.cmvn import sliding_cmvn

NAN = np.nan
repeatable = settings(deadline=None, derandomize=True)

# Three axes go in by default, which scikit-learn's checks cannot make; flat rows they can.
FLAT = [
    MfccCMVN(n_coefficients=1),
    MfccCMVN(n_coefficients=1, window=4, center=False, normalize_variance=False),
]


@parametrize_with_checks(FLAT)
def test_scikit_learn_conventions(estimator, check):
    check(estimator)


def naive(x, window, center, normalize_variance, variance_floor):
    """Normalise one coefficient frame by frame, as the docstring says it."""
    x = np.asarray(x, dtype=np.float64)
    result = np.empty(len(x))
    for t in range(len(x)):
        first = t - window // 2 if center else t - window + 1
        first = max(0, min(first, len(x) - window))
        around = x[first : first + window] - x[t]  # so that a loud passage costs no digits
        result[t] = -around.mean()
        if normalize_variance:
            result[t] /= np.sqrt(max(around.var(), variance_floor))
    return result


# Eighths lie far above the rounding of sums, so that a small variance is a true one.
eighths = st.integers(-800, 800).map(lambda i: i / 8)


@repeatable
@given(
    x=arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 40)), elements=eighths),
    window=st.integers(1, 50),
    center=st.booleans(),
    normalize_variance=st.booleans(),
    variance_floor=st.sampled_from([1e-6, 1.0]),
    offset=st.sampled_from([0.0, -500.0, 1e6]),
)
def test_equals_a_loop_over_frames(x, window, center, normalize_variance, variance_floor, offset):
    options = {
        "window": window,
        "center": center,
        "normalize_variance": normalize_variance,
        "variance_floor": variance_floor,
    }
    expected = [naive(row, **options) for row in x + offset]
    np.testing.assert_allclose(sliding_cmvn(x + offset, **options), expected, rtol=1e-6, atol=1e-6)
    normalised = MfccCMVN(**options).fit_transform((x + offset)[np.newaxis])
    np.testing.assert_allclose(normalised[0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("window", [2, 3, 30, 101, 130, 301])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_offsets_cost_no_digits(rng, window, dtype):
    mfcc = rng.normal(size=(2, 20, 130)) * 10.0 + np.linspace(-1e4, 1e4, 20)[:, None]
    mfcc = mfcc.astype(dtype)
    expected = [[naive(row, window, True, True, 1e-6) for row in clip] for clip in mfcc]
    np.testing.assert_allclose(MfccCMVN(window).fit_transform(mfcc), expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("window", [2, 3, 30, 101, 129, 130])
@pytest.mark.parametrize("center", [True, False])
def test_loud_frames_cost_the_others_no_digits(rng, window, center):
    x = rng.normal(size=(4, 130))
    x[0, 40] = 3e7  # a spike
    x[1, 60:] += 3e7  # a step
    x[2, 126] = -1e12
    x[3] *= np.logspace(-3, 8, 130)
    expected = [naive(row, window, center, True, 1e-6) for row in x]
    found = sliding_cmvn(x, window, center=center)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


def test_equals_a_loop_on_music(real_data):
    path = real_data("gtzan/lossless/classical.00000.flac")
    mfcc = SpectrogramExtractor("mfcc").fit_transform([path])
    normalised = MfccCMVN().fit_transform(mfcc)
    expected = [naive(row, 101, True, True, 1e-6) for row in mfcc[0]]
    np.testing.assert_allclose(normalised[0], expected, rtol=1e-5, atol=1e-5)


def test_a_window_over_the_whole_clip_standardises_it(rng):
    mfcc = rng.normal(-500, 50, size=(3, 20, 130))
    expected = (mfcc - mfcc.mean(-1, keepdims=True)) / mfcc.std(-1, keepdims=True)
    for window in (130, 131, 301):
        for center in (True, False):
            found = MfccCMVN(window, center=center).fit_transform(mfcc)
            np.testing.assert_allclose(found, expected, atol=1e-5)


@repeatable
@given(st.floats(-1e6, 1e6), st.integers(1, 60), st.integers(1, 60))
def test_a_constant_coefficient_becomes_exactly_zero(value, n_frames, window):
    for dtype in (np.float32, np.float64):
        constant = np.full((1, 2, n_frames), value, dtype=dtype)
        assert not MfccCMVN(window).fit_transform(constant).any()


def test_a_passage_of_silence_is_not_blown_up(rng):
    mfcc = rng.normal(-300, 50, size=(1, 20, 130))
    mfcc[..., 60:] = -1131.37
    assert np.abs(MfccCMVN(21).fit_transform(mfcc)[..., 72:]).max() < 1e-3


@repeatable
@given(st.integers(-3, 3), st.sampled_from([-4.0, 0.5, 100.0]))
def test_gain_and_colouring_fall_out(octaves, scale):
    mfcc = np.random.default_rng(0).normal(size=(1, 20, 130))
    moved = MfccCMVN().fit_transform(scale * mfcc + 100 * octaves)
    expected = np.sign(scale) * MfccCMVN().fit_transform(mfcc)
    np.testing.assert_allclose(moved, expected, atol=1e-5)


def test_frames_are_local():
    mfcc = np.random.default_rng(0).normal(size=(1, 1, 130))
    other = mfcc.copy()
    other[..., 100:] += 1000
    before = slice(0, 100 - 11)
    found, moved = (MfccCMVN(21).fit_transform(x)[..., before] for x in (mfcc, other))
    np.testing.assert_allclose(found, moved, atol=1e-5)
    # A window that ends with its frame knows nothing of what follows, once it is full.
    found, moved = (MfccCMVN(21, center=False).fit_transform(x)[..., :100] for x in (mfcc, other))
    np.testing.assert_allclose(found, moved, atol=1e-5)


def test_flat_rows_are_the_same_numbers(rng):
    mfcc = rng.normal(size=(4, 20, 50))
    deep = MfccCMVN(21).fit_transform(mfcc)
    flat = MfccCMVN(21, n_coefficients=20).fit_transform(mfcc.reshape(4, -1))
    assert flat.dtype == deep.dtype == np.float32
    np.testing.assert_array_equal(flat, deep.reshape(4, -1))


def test_more_clips_than_a_batch_and_none_touches_another(rng):
    mfcc = rng.normal(size=(300, 2, 20))
    alone = np.concatenate([MfccCMVN(7).fit_transform(clip[np.newaxis]) for clip in mfcc])
    np.testing.assert_array_equal(MfccCMVN(7).fit_transform(mfcc), alone)


def test_x_stays_as_it_was(rng):
    mfcc = rng.normal(size=(2, 3, 40)).astype(np.float32)
    copy = mfcc.copy()
    MfccCMVN().fit_transform(mfcc)
    np.testing.assert_array_equal(mfcc, copy)


@pytest.mark.parametrize("at", [0, 4, 5, 22, 39])
def test_nan_stays_within_its_coefficient_and_windows(rng, at):
    mfcc = rng.normal(size=(2, 3, 40))
    whole = MfccCMVN(5).fit_transform(mfcc)
    mfcc[1, 2, at] = NAN
    normalised = MfccCMVN(5).fit_transform(mfcc)
    first = np.clip(np.arange(40) - 2, 0, 35)
    seen = (first <= at) & (at < first + 5)
    np.testing.assert_array_equal(np.isnan(normalised[1, 2]), seen)
    assert np.isnan(normalised).sum() == seen.sum()
    np.testing.assert_allclose(normalised[1, 2, ~seen], whole[1, 2, ~seen], atol=1e-6)


def test_names_and_pipeline_with_flat_spectrograms():
    clips = np.random.default_rng(0).normal(size=(2, 66149))
    pipeline = make_pipeline(
        SpectrogramExtractor("mfcc", flatten=True), MfccCMVN(n_coefficients=20)
    ).set_output(transform="pandas")
    frame = pipeline.fit_transform(clips)
    assert frame.shape == (2, 2600)
    assert list(frame.columns) == list(pipeline.get_feature_names_out())
    assert frame.columns[0] == "mfcc1_f0"
    deep = make_pipeline(SpectrogramExtractor("mfcc"), MfccCMVN()).fit_transform(clips)
    np.testing.assert_array_equal(frame.to_numpy().reshape(deep.shape), deep)


def test_clone_pickle_and_no_fit(rng):
    mfcc = rng.normal(size=(2, 3, 40))
    estimator = MfccCMVN(11, center=False)
    expected = estimator.transform(mfcc)
    np.testing.assert_array_equal(clone(estimator).fit(mfcc).transform(mfcc), expected)
    restored = pickle.loads(pickle.dumps(estimator))  # noqa: S301
    np.testing.assert_array_equal(restored.transform(mfcc), expected)


@pytest.mark.parametrize(
    ("estimator", "X", "message"),
    [
        (MfccCMVN(), np.ones((2, 40)), "three axes.*Give n_coefficients if its rows are flat"),
        (MfccCMVN(), np.ones((2, 3, 0)), "none of them empty"),
        (MfccCMVN(n_coefficients=20), np.ones((2, 41)), "a multiple of 20 columns"),
        (MfccCMVN(n_coefficients=20), np.ones((2, 20, 2)), "must have two axes"),
        (MfccCMVN(), np.full((1, 2, 3), np.inf), "infinity"),
        (MfccCMVN(window=0), np.ones((1, 2, 3)), "window"),
        (MfccCMVN(variance_floor=0.0), np.ones((1, 2, 3)), "variance_floor"),
        (MfccCMVN().set_output(transform="pandas"), np.ones((1, 2, 3)), "give n_coefficients"),
    ],
)
def test_bad_input(estimator, X, message):
    with pytest.raises(ValueError, match=message):
        estimator.fit_transform(X)


def test_a_frame_of_flat_rows(rng):
    frame = pd.DataFrame(rng.normal(size=(2, 40)), columns=[f"c{i}" for i in range(40)])
    found = MfccCMVN(5, n_coefficients=2).fit(frame).get_feature_names_out()
    assert found.tolist() == list(frame.columns)
