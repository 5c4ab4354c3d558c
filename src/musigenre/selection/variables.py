"""Check what is handed in as variables and as classes."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets


def check_variable(x: ArrayLike, name: str) -> NDArray:
    """Give a one-dimensional array of numbers, infinite ones included, or say what is wrong.

    Examples
    --------
    >>> from musigenre.selection.variables import check_variable
    >>> check_variable([3, 1, float("inf")], "x")
    array([ 3.,  1., inf])
    >>> check_variable([3.0, None], "x")
    Traceback (most recent call last):
        ...
    ValueError: x has no number in row 1: drop such rows, or fill them in.
    """
    numbers = check_array(
        x, dtype="numeric", ensure_2d=False, ensure_all_finite=False, input_name=name
    )
    if numbers.ndim == 2 and numbers.shape[1] == 1:
        numbers = numbers[:, 0]
    if numbers.ndim != 1:
        raise ValueError(f"{name} must be one row of numbers, got shape {numbers.shape}.")
    _refuse_missing(numbers[:, np.newaxis], name)
    return numbers


def check_variables(X: ArrayLike, name: str) -> NDArray:
    """Give an array of numbers of shape (n_samples, n_columns), or say what is wrong."""
    numbers = check_array(
        X, dtype="numeric", ensure_all_finite=False, ensure_min_features=0, input_name=name
    )
    _refuse_missing(numbers, name)
    return numbers


def _refuse_missing(numbers: NDArray, name: str) -> None:
    missing = pd.isna(numbers)
    if missing.any():
        row, column = np.argwhere(missing)[0]
        place = f"row {row}" + (f", column {column}" if numbers.shape[1] > 1 else "")
        raise ValueError(f"{name} has no number in {place}: drop such rows, or fill them in.")


def number_classes(y: ArrayLike) -> NDArray[np.intp]:
    """Give each row the number of its class, counting classes as they turn up.

    So the names of the classes, and the order of the names, cannot change a single bit of a result.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Class labels of any kind.

    Returns
    -------
    codes : ndarray of shape (n_samples,)
        The number of each row's class.

    Raises
    ------
    ValueError
        If y misses a label, is a continuous quantity or holds fewer than two classes.

    Examples
    --------
    >>> from musigenre.selection.variables import number_classes
    >>> number_classes(["pop", "jazz", "pop", "blues"])
    array([0, 1, 0, 2])
    """
    labels = column_or_1d(y)
    missing = pd.isna(labels)
    if missing.any():
        raise ValueError(
            f"y has no label in row {missing.argmax()}: label it, or drop such rows from X and y."
        )
    check_classification_targets(labels)
    codes, classes = pd.factorize(labels)
    if len(classes) < 2:
        raise ValueError(
            f"y holds one class only ({labels[0]}), so that nothing can be told apart: give rows "
            "of at least two classes."
        )
    return codes
