"""The part of the training data that early stopping watches."""

import numpy as np
from numpy.typing import NDArray


def stratified_part(y: NDArray, fraction: float, random_state: np.random.RandomState) -> NDArray:
    """Draw a part of the rows with the class shares of the whole.

    One row of each class is never drawn, so that a class of one member stays outside; at least
    one row is drawn.

    Parameters
    ----------
    y : ndarray of shape (n_rows,)
        Class of each row.
    fraction : float
        Share of rows to draw, between 0 and 1.
    random_state : numpy.random.RandomState
        Source of randomness.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
        True for the rows drawn.

    Raises
    ------
    ValueError
        If every class has one member only.
    """
    order = random_state.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    candidates = order[1:][y[order[1:]] == y[order[:-1]]]  # all but the first of each class
    if len(candidates) == 0:
        raise ValueError(
            f"no validation part can be drawn from {len(y)} clips of {len(y)} classes; "
            "give more clips, or set validation_fraction=None or early_stopping=False"
        )
    # Evenly spaced over rows sorted by class: each class gives its share, to within a row.
    n = min(max(1, round(fraction * len(y))), len(candidates))
    part = np.zeros(len(y), dtype=bool)
    part[candidates[np.arange(n) * len(candidates) // n]] = True
    return part
