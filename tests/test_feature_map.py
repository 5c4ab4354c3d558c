import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from musigenre import RobustScaler
from musigenre.inspection import feature_map


@pytest.fixture
def table(rng):
    values = rng.normal(size=(80, 4)) @ rng.normal(size=(4, 4)) * [1, 10, 100, 1000] + 5
    return pd.DataFrame(values, columns=list("abcd"), index=np.arange(80)[::-1])


def test_is_pca_of_scaled_columns(table):
    mapped = feature_map(table, n_components=3)
    scaled = StandardScaler().fit_transform(table)
    pca = PCA(3).fit(scaled)
    np.testing.assert_allclose(mapped.coordinates, pca.transform(scaled))
    np.testing.assert_allclose(mapped.explained, pca.explained_variance_ratio_)
    assert list(mapped.coordinates.columns) == ["PC1", "PC2", "PC3"] == list(mapped.explained.index)
    assert mapped.coordinates.index.equals(table.index)
    assert list(mapped.loadings.index) == list("abcd")
    np.testing.assert_allclose(scaled @ mapped.loadings, mapped.coordinates, atol=1e-12)
    assert mapped.scaling == "StandardScaler"


def test_units_do_not_matter_unless_unscaled(table):
    other = table * [1000, 100, 10, 1]
    for scaler in (None, RobustScaler()):
        pd.testing.assert_frame_equal(
            feature_map(table, scaler=scaler).coordinates,
            feature_map(other, scaler=scaler).coordinates,
        )
    raw = feature_map(table, scaler="passthrough")
    assert raw.scaling == "unscaled"
    assert abs(raw.loadings.loc["d", "PC1"]) > 0.99


def test_the_scaler_is_left_alone(table):
    scaler = RobustScaler()
    assert feature_map(table, scaler=scaler).scaling == "RobustScaler"
    assert not hasattr(scaler, "center_")


def test_arrays_and_bad_input(table):
    assert list(feature_map(table.to_numpy()).loadings.index) == ["x0", "x1", "x2", "x3"]
    with pytest.raises(ValueError, match="NaN"):
        feature_map(table.assign(a=np.nan))
    with pytest.raises(ValueError, match="scaler must be a transformer, 'passthrough' or None"):
        feature_map(table, scaler="robust")
