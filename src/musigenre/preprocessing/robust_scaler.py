"""Scaling by the median and by the spread of the middle half of the values."""

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.utils import Tags, check_array
from sklearn.utils.validation import check_is_fitted, validate_data

_FLOATS = [np.float64, np.float32]


class RobustScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Scale by the standard deviation between the quartiles, unlike scikit-learn's RobustScaler.

    Each column has its median subtracted and is divided by the standard deviation of the values
    that lie between its quartiles, both included, as the paper does (section III.B): a z-score
    that outliers cannot move. scikit-learn's estimator of the same name divides by the distance
    between the quartiles.

    Parameters
    ----------
    with_centering : bool, default=True
        Subtract the median.
    with_scaling : bool, default=True
        Divide by the standard deviation between the quartiles.
    copy : bool, default=True
        If False, scale a NumPy array of floats in place where that is possible.

    Attributes
    ----------
    center_ : ndarray of shape (n_features,) or None
        The median of each column, in the units of the column. None without centring.
    scale_ : ndarray of shape (n_features,) or None
        The divisor of each column, in the units of the column. None without scaling.
    n_features_in_ : int
        Number of columns seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, where X had names that are all strings.

    See Also
    --------
    sklearn.preprocessing.RobustScaler : Divides by the distance between the quartiles.
    sklearn.preprocessing.StandardScaler : Mean and standard deviation of all values.

    Notes
    -----
    With :math:`M` the values :math:`x_i` of a column for which
    :math:`q_{25} \le x_i \le q_{75}`, and :math:`\bar x_M` their mean,

    .. math::

        z_i = \frac{x_i - \operatorname{median}(x)}
                   {\sqrt{\frac{1}{|M|} \sum_{j \in M} (x_j - \bar x_M)^2}}

    The quartiles are interpolated linearly, as `numpy.percentile` does. The standard deviation is
    the population's, as in scikit-learn: it describes the values at hand, and it exists for
    a single value. The middle half of a normal distribution has 0.378 times the standard deviation
    of the whole, so a normal column leaves with a standard deviation of 2.65, not 1.

    Some columns have no such spread. In this table *equal* means equal up to rounding: a standard
    deviation of no more than ten units in the last place of the values, in the precision of X.

    =========================================  ===========  ======================================
    Column                                     `center_`    `scale_`
    =========================================  ===========  ======================================
    all values equal (a single row, too)       the median   1, so the column becomes zeros
    values between the quartiles equal, not    the median   standard deviation of the whole
    all others (mostly zero; three rows)                    column, which outliers do move
    no value between the quartiles (two rows)  the median   standard deviation of the whole column
    some NaN                                   from the     from the others; NaN stays NaN
                                               others
    nothing but NaN                            NaN          NaN: whatever comes later becomes NaN
    an infinity                                ValueError   ValueError
    =========================================  ===========  ======================================

    Everything is computed in float64. The output is float32 where X is, else float64.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.preprocessing import RobustScaler
    >>> scaler = RobustScaler()
    >>> scaler.fit_transform([[1.0], [2.0], [3.0], [4.0], [1000.0]]).ravel().round(3)
    array([  -2.449,   -1.225,    0.   ,    1.225, 1221.071])
    >>> scaler.center_, scaler.scale_.round(3)
    (array([3.]), array([0.816]))

    The columns of the table: all equal, equal between the quartiles, some NaN, nothing but NaN.

    >>> X = np.array(
    ...     [[7, 0, 1, np.nan], [7, 0, 2, np.nan], [7, 0, np.nan, np.nan], [7, 0, 3, np.nan],
    ...      [7, 0, 4, np.nan], [7, 4, 5, np.nan]]
    ... )
    >>> scaler.fit_transform(X).round(3)
    array([[ 0.   ,  0.   , -2.449,    nan],
           [ 0.   ,  0.   , -1.225,    nan],
           [ 0.   ,  0.   ,    nan,    nan],
           [ 0.   ,  0.   ,  0.   ,    nan],
           [ 0.   ,  0.   ,  1.225,    nan],
           [ 0.   ,  2.683,  2.449,    nan]])
    >>> scaler.scale_.round(3)
    array([1.   , 1.491, 0.816,   nan])

    One, two and three rows.

    >>> [RobustScaler().fit_transform(rows).ravel().round(3).tolist()
    ...  for rows in ([[5.0]], [[1.0], [5.0]], [[1.0], [2.0], [6.0]])]
    [[0.0], [-1.0, 1.0], [-0.463, 0.0, 1.852]]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "with_centering": ["boolean"],
        "with_scaling": ["boolean"],
        "copy": ["boolean"],
    }

    def __init__(
        self, *, with_centering: bool = True, with_scaling: bool = True, copy: bool = True
    ) -> None:
        self.with_centering = with_centering
        self.with_scaling = with_scaling
        self.copy = copy

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the median and the spread of each column.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN is left out of account, an infinity is an error.
        y : ignored
            Present for the convention.

        Returns
        -------
        self : RobustScaler
            The fitted scaler.

        Raises
        ------
        ValueError
            If X holds an infinity, has no rows or is not numeric.
        """
        given = validate_data(self, X, dtype=_FLOATS, ensure_all_finite="allow-nan")
        values = given.astype(np.float64, copy=False)
        lower, median, upper = _quartiles(values)
        self.center_ = median if self.with_centering else None
        self.scale_ = None
        if self.with_scaling:
            self.scale_ = _scale(values, lower, upper, np.finfo(given.dtype))
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.floating]:
        """Centre and scale each column.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Numbers; NaN stays NaN.

        Returns
        -------
        X_scaled : ndarray of shape (n_samples, n_features)
            Free of units, in the precision of X.
        """
        check_is_fitted(self)
        values = validate_data(
            self,
            X,
            dtype=_FLOATS,
            ensure_all_finite="allow-nan",
            copy=self.copy,
            force_writeable=True,
            reset=False,
        )
        if self.center_ is not None:
            values -= self.center_
        if self.scale_ is not None:
            values /= self.scale_
        return values

    def inverse_transform(self, X: ArrayLike) -> NDArray[np.floating]:
        """Undo `transform`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Scaled values.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
            In the units of the columns seen in `fit`.

        Raises
        ------
        ValueError
            If X has another number of columns than X had in `fit`.
        """
        check_is_fitted(self)
        values = check_array(
            X,
            dtype=_FLOATS,
            ensure_all_finite="allow-nan",
            copy=self.copy,
            force_writeable=True,
        )
        if values.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {values.shape[1]} columns, but RobustScaler was fitted on "
                f"{self.n_features_in_}: pass what transform gave, with all its columns."
            )
        if self.scale_ is not None:
            values *= self.scale_
        if self.center_ is not None:
            values += self.center_
        return values

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _quartiles(X: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quartiles of each column without its NaNs, shape (3, n_features)."""
    # numpy.nanpercentile walks over the columns in Python and warns of columns without a value.
    ordered = np.sort(X, axis=0)  # NaN last
    last = np.maximum(np.sum(~np.isnan(X), axis=0) - 1, 0)
    position = np.outer([0.25, 0.5, 0.75], last)
    below = position.astype(np.intp)
    low = np.take_along_axis(ordered, below, axis=0)
    high = np.take_along_axis(ordered, np.minimum(below + 1, last), axis=0)
    return low + (high - low) * (position - below)


def _scale(
    X: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    precision: np.finfo,
) -> NDArray[np.float64]:
    """Divisor of each column, as the table in the docstring of `RobustScaler` has it."""
    resolution = float(precision.eps)
    scale = _spread(X, (lower <= X) & (upper >= X), resolution)
    # A spread so small that other values of the column would become infinite is rounding, too.
    largest = np.fmax.reduce(np.abs(X), axis=0, initial=1.0)
    scale[scale < float(precision.tiny) * largest] = 0
    flat = scale == 0
    scale[flat] = _spread(X[:, flat], ~np.isnan(X[:, flat]), resolution)
    scale[scale == 0] = 1
    scale[np.isnan(lower)] = np.nan
    return scale


def _spread(
    X: NDArray[np.float64], chosen: NDArray[np.bool_], resolution: float
) -> NDArray[np.float64]:
    """Give the standard deviation of the chosen values of each column; rounding counts as 0."""
    values = np.where(chosen, X, 0)
    size = np.abs(values).max(axis=0)
    values /= np.where(size > 0, size, 1)  # squares of tiny and huge values stay within range
    count = np.maximum(chosen.sum(axis=0), 1)
    deviations = np.where(chosen, values - values.sum(axis=0) / count, 0)
    spread = np.sqrt(np.sum(deviations**2, axis=0) / count)
    return np.where(spread > 10 * resolution, spread * size, 0)
