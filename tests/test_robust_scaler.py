import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.utils.estimator_checks import parametrize_with_checks

from musigenre.preprocessing import RobustScaler

NAN = np.nan
repeatable = settings(deadline=None, derandomize=True)


@parametrize_with_checks([RobustScaler(), RobustScaler(with_scaling=False)])
def test_scikit_learn_conventions(estimator, check):
    check(estimator)


def matrices(elements, min_rows=1):
    shapes = st.tuples(st.integers(min_rows, 12), st.integers(1, 4))
    return arrays(np.float64, shapes, elements=elements)


# Whole numbers keep quartiles and affine maps exact, so that no value changes sides by rounding.
whole = st.integers(-50, 50).map(float)
whole_or_nan = st.one_of(whole, st.just(NAN))


def reference(column):
    """Centre and divisor of one column, as the paper and the docstring say it."""
    column = column[~np.isnan(column)]
    if not len(column):
        return NAN, NAN
    lower, upper = np.percentile(column, [25, 75])
    middle = column[(lower <= column) & (column <= upper)]
    for values in (middle, column):
        if len(values) and values.std() > 0:
            return np.median(column), values.std()
    return np.median(column), 1.0


@repeatable
@given(matrices(whole_or_nan))
def test_equals_the_definition_column_by_column(X):
    scaler = RobustScaler().fit(X)
    expected = np.array([reference(column) for column in X.T]).T
    np.testing.assert_array_equal(scaler.center_, expected[0])
    np.testing.assert_allclose(scaler.scale_, expected[1], rtol=1e-13)
    np.testing.assert_allclose(scaler.transform(X), (X - expected[0]) / expected[1], rtol=1e-12)


@repeatable
@given(matrices(st.floats(-1e6, 1e6)))
def test_inverse_transform_gives_the_original_back(X):
    scaler = RobustScaler().fit(X)
    restored = scaler.inverse_transform(scaler.transform(X))
    np.testing.assert_allclose(restored, X, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_spread_at_the_end_of_the_range_counts_as_none(dtype):
    tiny = np.finfo(dtype).smallest_subnormal
    X = np.array([[-1e6], [-40 * tiny], [0], [0]], dtype)
    scaler = RobustScaler().fit(X)
    np.testing.assert_allclose(scaler.scale_, X.std(), rtol=1e-6)
    np.testing.assert_allclose(
        scaler.inverse_transform(scaler.transform(X)), X, rtol=1e-6, atol=1e-30
    )


@repeatable
@given(matrices(whole), st.sampled_from([-3, -1, 2, 1024]), st.integers(-1000, 1000))
def test_units_and_origin_do_not_matter(X, unit, origin):
    scaled = RobustScaler().fit_transform(X)
    moved = RobustScaler().fit_transform(unit * X + origin)
    np.testing.assert_allclose(moved, np.sign(unit) * scaled, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("unit", [1e-300, 1e-12, 1e300])
def test_columns_of_any_size_are_scaled(rng, unit):
    X = rng.uniform(-1, 1, size=(50, 3))
    expected = RobustScaler().fit_transform(X)
    np.testing.assert_allclose(RobustScaler().fit_transform(unit * X), expected, rtol=1e-9)


@repeatable
@given(matrices(whole_or_nan), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(X, random):
    order = random.sample(range(len(X)), len(X))
    scaler, shuffled = RobustScaler().fit(X), RobustScaler().fit(X[order])
    np.testing.assert_array_equal(shuffled.center_, scaler.center_)
    np.testing.assert_allclose(shuffled.scale_, scaler.scale_, rtol=1e-13)


@repeatable
@given(st.lists(whole, min_size=7, max_size=20, unique=True), st.floats(51, 1e300))
def test_an_outlier_moves_no_other_value(values, outlier):
    column = np.sort(values)[:, np.newaxis]
    spoilt = column.copy()
    spoilt[-1] = outlier
    np.testing.assert_array_equal(
        RobustScaler().fit_transform(spoilt)[:-1], RobustScaler().fit_transform(column)[:-1]
    )


def test_a_normal_column_leaves_with_the_documented_spread(rng):
    X = rng.normal(3, 7, size=(100_000, 1))
    assert RobustScaler().fit_transform(X).std() == pytest.approx(2.65, abs=0.02)


@pytest.mark.parametrize(
    ("column", "center", "scale"),
    [
        pytest.param([5], 5, 1, id="one row"),
        pytest.param([7, 7, 7, 7], 7, 1, id="all equal"),
        pytest.param([0, 0, 0, 0], 0, 1, id="all zero"),
        pytest.param([0, 0, 0, 0, 0, 4], 0, np.sqrt(20 / 9), id="equal between the quartiles"),
        pytest.param([0, 0, 0, 0, 0, 4e-9], 0, np.sqrt(20 / 9) * 1e-9, id="the same, small"),
        pytest.param([1, 5], 3, 2, id="two rows"),
        pytest.param([1, 2, 6], 2, np.sqrt(14 / 3), id="three rows"),
        pytest.param([0, 1, 3, 9], 2, 1, id="four rows"),
        pytest.param([1, NAN, 2, 3, 4, 5, NAN], 3, np.sqrt(2 / 3), id="some NaN"),
        pytest.param([NAN, 5, NAN], 5, 1, id="one value"),
        pytest.param([NAN, NAN], NAN, NAN, id="nothing but NaN"),
    ],
)
def test_degenerate_columns(column, center, scale):
    X = np.array(column, dtype=float)[:, np.newaxis]
    scaler = RobustScaler().fit(X)
    np.testing.assert_array_equal(scaler.center_, [center])
    np.testing.assert_allclose(scaler.scale_, [scale], rtol=1e-14)
    np.testing.assert_allclose(scaler.transform(X), (X - center) / scale)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounding_is_not_spread(rng, dtype):
    X = np.full((100, 1), 0.1, dtype=dtype)
    X += rng.integers(-3, 4, size=X.shape) * np.spacing(X)
    assert np.ptp(X) > 0
    np.testing.assert_array_equal(RobustScaler().fit(X).scale_, [1])


def test_the_smallest_spread_that_float32_resolves_is_kept(rng):
    X = (1 + 1e-5 * rng.normal(size=(1000, 1))).astype(np.float32)
    assert RobustScaler().fit(X).scale_ == pytest.approx(0.378e-5, rel=0.2)


def test_precision_of_the_input_is_kept_and_the_fit_is_in_float64(rng):
    X = rng.normal(1000, 1, size=(500, 3)).astype(np.float32)
    scaler, double = RobustScaler().fit(X), RobustScaler().fit(X.astype(np.float64))
    np.testing.assert_array_equal(scaler.center_, double.center_)
    np.testing.assert_array_equal(scaler.scale_, double.scale_)
    assert scaler.transform(X).dtype == scaler.inverse_transform(X).dtype == np.float32
    np.testing.assert_allclose(scaler.transform(X), double.transform(X), rtol=1e-6, atol=1e-6)


def test_whole_numbers_become_float64():
    X = np.array([[1], [2], [3], [4], [5]])
    scaled = RobustScaler().fit_transform(X)
    assert scaled.dtype == np.float64
    np.testing.assert_allclose(scaled.ravel(), (X.ravel() - 3) / np.sqrt(2 / 3))


@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize("scale", [True, False])
def test_each_step_can_be_left_out(rng, centre, scale):
    X = rng.normal(5, 2, size=(40, 3))
    both = RobustScaler().fit(X)
    scaler = RobustScaler(with_centering=centre, with_scaling=scale).fit(X)
    assert (scaler.center_ is None, scaler.scale_ is None) == (not centre, not scale)
    expected = (X - both.center_ * centre) / (both.scale_ if scale else 1)
    np.testing.assert_allclose(scaler.transform(X), expected)
    np.testing.assert_allclose(scaler.inverse_transform(expected), X)


@pytest.mark.parametrize("copy", [True, False])
def test_copy(rng, copy):
    X = rng.normal(size=(10, 2))
    original = X.copy()
    scaler = RobustScaler(copy=copy).fit(X)
    np.testing.assert_array_equal(X, original)
    assert np.shares_memory(scaler.transform(X), X) is not copy
    assert np.array_equal(X, original) is copy


def test_fit_does_not_look_at_what_is_transformed(rng):
    train, test = rng.normal(size=(2, 30, 2))
    scaler = RobustScaler().fit(train)
    np.testing.assert_array_equal(scaler.transform(test)[:1], scaler.transform(test[:1]))


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_is_an_error(value):
    with pytest.raises(ValueError, match="infinity"):
        RobustScaler().fit([[1.0], [value]])
    with pytest.raises(ValueError, match="infinity"):
        RobustScaler().fit([[1.0], [2.0]]).transform([[value]])


def test_inverse_transform_wants_all_columns():
    scaler = RobustScaler().fit([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ValueError, match="X has 1 columns, but RobustScaler was fitted on 2"):
        scaler.inverse_transform([[1.0]])


def test_data_frames_keep_their_columns():
    X = pd.DataFrame({"tempo": [90.0, 120.0, 140.0], "rms_mean": [0.1, 0.2, 0.4]}, index=[3, 5, 7])
    scaler = RobustScaler().set_output(transform="pandas").fit(X)
    scaled = scaler.transform(X)
    assert list(scaled.columns) == list(scaler.get_feature_names_out()) == ["tempo", "rms_mean"]
    assert list(scaled.index) == [3, 5, 7]
    np.testing.assert_allclose(scaler.inverse_transform(scaled), X)


def test_on_the_features_of_the_paper(real_data):
    table = pd.read_csv(real_data("gtzan/features_3_sec.csv"))
    X = table.drop(columns=["filename", "length", "label"])
    Z = RobustScaler().set_output(transform="pandas").fit_transform(X)
    np.testing.assert_allclose(Z.median(), 0, atol=1e-12)
    middle = Z.where(Z.ge(Z.quantile(0.25)) & Z.le(Z.quantile(0.75)))
    np.testing.assert_allclose(middle.std(ddof=0), 1, rtol=1e-2)
