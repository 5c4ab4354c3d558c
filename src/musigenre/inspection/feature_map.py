"""A space of features seen along the directions in which it varies most."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array


@dataclass(frozen=True)
class FeatureMap:
    """Principal components of a table of features.

    Parameters
    ----------
    coordinates : DataFrame of shape (n_rows, n_components)
        Place of each row, with the columns `PC1`, `PC2` and so on and the index of X.
    explained : Series of length n_components
        Share of the variance of all scaled columns that each component holds.
    loadings : DataFrame of shape (n_columns, n_components)
        Weight of each scaled column in each component; each component has length one.
    scaling : str
        How the columns were scaled.

    See Also
    --------
    feature_map : Makes one.
    """

    coordinates: pd.DataFrame
    explained: pd.Series
    loadings: pd.DataFrame
    scaling: str


def feature_map(
    X: ArrayLike, *, scaler: BaseEstimator | str | None = None, n_components: int = 2
) -> FeatureMap:
    """Map rows onto the first principal components of their scaled columns.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_columns)
        Finite numbers; a DataFrame names its columns.
    scaler : transformer, "passthrough" or None, default=None
        Scales the columns first; it is cloned. None is scikit-learn's StandardScaler, which gives
        every column the same say. "passthrough" leaves the values as they are: then the columns
        with the largest numbers are the map.
    n_components : int, default=2
        Number of components.

    Returns
    -------
    map : FeatureMap

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> loudness = np.random.default_rng(0).normal(size=100)
    >>> X = pd.DataFrame({"rms": loudness, "level": 3 * loudness, "tempo": loudness[::-1]})
    >>> feature_map(X).explained.round(2)
    PC1    0.69
    PC2    0.31
    Name: explained, dtype: float64
    """
    values = check_array(X, dtype=np.float64, ensure_min_samples=2)
    scaled, scaling = scale_columns(values, scaler)
    pca = PCA(n_components).fit(scaled)
    components = [f"PC{i + 1}" for i in range(pca.n_components_)]
    names = getattr(X, "columns", [f"x{i}" for i in range(values.shape[1])])
    return FeatureMap(
        pd.DataFrame(pca.transform(scaled), index=getattr(X, "index", None), columns=components),
        pd.Series(pca.explained_variance_ratio_, index=components, name="explained"),
        pd.DataFrame(pca.components_.T, index=list(names), columns=components),
        scaling,
    )


def scale_columns(
    X: NDArray[np.float64], scaler: BaseEstimator | str | None
) -> tuple[NDArray[np.float64], str]:
    """Scale columns by a clone of the scaler, and say how.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_columns)
    scaler : transformer, "passthrough" or None
        None is StandardScaler.

    Returns
    -------
    scaled : ndarray of shape (n_rows, n_columns)
    scaling : str

    Examples
    --------
    >>> import numpy as np
    >>> scaled, scaling = scale_columns(np.array([[1.0], [3.0]]), None)
    >>> scaled.ravel(), scaling
    (array([-1.,  1.]), 'StandardScaler')
    """
    if isinstance(scaler, str):
        if scaler != "passthrough":
            raise ValueError(f"scaler must be a transformer, 'passthrough' or None; got {scaler!r}")
        return X, "unscaled"
    transformer: Any = StandardScaler() if scaler is None else clone(scaler)
    return np.asarray(transformer.fit_transform(X), dtype=np.float64), type(transformer).__name__
