import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtri
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from musigenre.features.texture import FEATURE_NAMES, TEXTURE_BLOCKS
from musigenre.preprocessing import BlockScaler
from musigenre.preprocessing.block_scaler import _share_below


@parametrize_with_checks(
    [BlockScaler(), BlockScaler(n_quantiles=None, clip=None), BlockScaler(n_quantiles=5)]
)
def test_scikit_learn_conventions(estimator, check):
    check(estimator)


@pytest.fixture
def X(rng):
    return rng.lognormal(size=(300, 12)) * np.geomspace(1e-3, 1e3, 12)


BLOCKS = {"wide": slice(0, 9), "narrow": [9, 11], "one": [10]}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("options", [{}, {"n_quantiles": None, "clip": None}])
def test_rows_are_equally_far_apart_in_each_block(X, dtype, options):
    scaler = BlockScaler(BLOCKS, **options)
    Z = scaler.fit_transform(X.astype(dtype))
    assert Z.dtype == dtype
    for columns in scaler.blocks_.values():
        distance = ((Z[:, None, columns] - Z[None, :, columns]) ** 2).sum(axis=2)
        assert distance.mean() == pytest.approx(1, rel=1e-4)


def test_without_quantiles_it_is_a_clipped_division(X):
    scaler = BlockScaler(BLOCKS, n_quantiles=None, clip=2.0).fit(X)
    clipped = np.clip(X, -2, 2)
    wide = np.sqrt(2 * clipped[:, :9].var(axis=0).sum())
    np.testing.assert_allclose(scaler.transform(X)[:, :9], clipped[:, :9] / wide, rtol=1e-12)


def test_columns_become_normal_whatever_their_distribution(rng):
    # With a quantile for each row the middle row of n goes to the middle of the distribution.
    X = rng.permuted(np.exp(np.linspace(-5, 5, 101))).reshape(-1, 1)
    scaler = BlockScaler(n_quantiles=101, clip=3.0)
    Z = np.sort(scaler.fit_transform(X)[:, 0]) * scaler.scale_[0]
    expected = np.clip(ndtri(np.linspace(0, 1, 101)), -3, 3)
    np.testing.assert_allclose(Z, expected, rtol=1e-12)
    # A monotone map of the input changes nothing.
    np.testing.assert_allclose(
        BlockScaler(n_quantiles=101).fit_transform(np.arctan(X)),
        BlockScaler(n_quantiles=101).fit_transform(X),
        atol=1e-9,
    )


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_quantiles", [1, 2, 7, 100])
def test_shares_are_those_of_the_quantile_transformer(rng, dtype, n_quantiles):
    # Columns with ties below, within and above, and a constant one.
    X = rng.normal(size=(200, 6)).astype(dtype)
    X[:70, 0], X[:70, 1], X[:70, 2], X[:, 3] = X[:, 0].min(), 0.3, X[:, 2].max(), 0.1
    scaler = BlockScaler(n_quantiles=n_quantiles, clip=None).fit(X)
    new = np.vstack([X, rng.normal(scale=2, size=(200, 6)), np.nextafter(X, 9)]).astype(dtype)
    expected = scaler.quantile_transformer_.transform(new)
    found = _share_below(new, scaler.quantile_transformer_)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, atol=1e-6 if dtype == np.float32 else 1e-12)


def test_values_beyond_those_of_training_are_limited(X):
    scaler = BlockScaler(clip=1.5).fit(X)
    far = scaler.transform(np.vstack([X.max(axis=0) * 1e6, X.min(axis=0) - 1e6])) * scaler.scale_
    np.testing.assert_allclose(far, [[1.5] * 12, [-1.5] * 12])


def test_transform_equals_fit_transform_and_sees_no_other_rows(X):
    scaler = BlockScaler(BLOCKS)
    Z = scaler.fit_transform(X)
    np.testing.assert_array_equal(scaler.transform(X), Z)
    np.testing.assert_array_equal(scaler.transform(X[:1]), Z[:1])


@pytest.mark.parametrize("n_quantiles", [100, None])
def test_a_constant_column_becomes_zero(X, n_quantiles):
    X[:, [0, 10]] = [0.1, 7]
    scaler = BlockScaler(BLOCKS, n_quantiles=n_quantiles).fit(X)
    Z = scaler.transform(X + 1)
    assert (Z[:, [0, 10]] == 0).all()
    assert np.isinf(scaler.scale_[[0, 10]]).all()
    assert 2 * scaler.transform(X)[:, :9].var(axis=0).sum() == pytest.approx(1)


def test_blocks_by_name(X):
    names = [f"mel__band{i}" for i in range(9)] + ["pitch__a", "tempo", "pitch__b"]
    scaler = BlockScaler().set_output(transform="pandas")
    Z = scaler.fit_transform(pd.DataFrame(X, columns=names))
    blocks = {name: columns.tolist() for name, columns in scaler.blocks_.items()}
    assert blocks == {"mel": list(range(9)), "pitch": [9, 11], "tempo": [10]}
    assert Z.columns.tolist() == names
    given = BlockScaler(BLOCKS).fit_transform(X)
    np.testing.assert_allclose(Z.to_numpy(), given, rtol=1e-12)


def test_texture_names_and_slices_say_the_same(rng):
    table = pd.DataFrame(rng.normal(size=(3, 1909)), columns=list(FEATURE_NAMES))
    by_name = BlockScaler().fit(table)
    by_slice = BlockScaler(TEXTURE_BLOCKS).fit(table.to_numpy())
    assert list(by_name.blocks_) == list(by_slice.blocks_)
    np.testing.assert_array_equal(by_name.scale_, by_slice.scale_)


def test_without_names_all_is_one_block(X):
    Z = BlockScaler(n_quantiles=None, clip=None).fit_transform(StandardScaler().fit_transform(X))
    assert 2 * Z.var(axis=0).sum() == pytest.approx(1)
    assert np.ptp(Z.std(axis=0)) < 1e-9


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({"a": slice(0, 11)}, "column 11 of the 12 of X is in 0 blocks"),
        ({"a": slice(0, 12), "b": [3]}, "column 3 of the 12 of X is in 2 blocks"),
        ({"a": slice(0, 12), "b": [12]}, r"the block 'b' has the columns \[12\], but X has only"),
        ({}, "column 0 of the 12 of X is in 0 blocks"),
    ],
)
def test_blocks_that_do_not_fit(X, blocks, message):
    with pytest.raises(ValueError, match=message):
        BlockScaler(blocks).fit(X)


def test_few_rows_and_a_clone(X):
    scaler = clone(BlockScaler(BLOCKS))
    assert np.isfinite(scaler.fit_transform(X[:2])).all()
    assert (scaler.fit_transform(X[:1]) == 0).all()
