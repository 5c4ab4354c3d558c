"""From decisions between pairs of classes to probabilities of all."""

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit
from sklearn.utils import check_array

# A pair is never quite certain; the same bound as in LIBSVM.
_CERTAIN = 1e-7
# Where the slope of the sigmoid is sought.
_SLOPES = (0.1, 100.0)


def couple(decisions: ArrayLike, n_classes: int, slope: float = 1.0) -> NDArray[np.float64]:
    r"""Turn the decisions between each two classes into probabilities of all classes.

    Parameters
    ----------
    decisions : array-like of shape (n_rows, n_classes * (n_classes - 1) / 2)
        For the pairs (0, 1), (0, 2), ..., (1, 2), ...: positive for the first of the pair. So
        ``SVC(decision_function_shape="ovo")`` gives them for three classes and more.
    n_classes : int
    slope : float, default=1.0
        A decision :math:`f_{ij}` gives the first class the probability
        :math:`r_{ij} = 1 / (1 + e^{-\text{slope} f_{ij}})` between the two.

    Returns
    -------
    ndarray of shape (n_rows, n_classes)
        Each row sums to one.

    Notes
    -----
    The probabilities are those that contradict the pairs least [1]_: they minimise

    .. math:: \sum_i \sum_{j \ne i} (r_{ji} p_i - r_{ij} p_j)^2
       \quad \text{subject to} \quad \sum_i p_i = 1,

    a linear system for each row.

    References
    ----------
    .. [1] T.-F. Wu, C.-J. Lin and R. C. Weng, "Probability estimates for multi-class
       classification by pairwise coupling", Journal of Machine Learning Research 5, 2004, the
       second approach.

    Examples
    --------
    >>> from musigenre.classifiers.pairwise_coupling import couple
    >>> couple([[2.0, 1.0, -0.5]], n_classes=3).round(2)
    array([[0.66, 0.11, 0.23]])
    """
    between = _between(decisions, n_classes)
    against = expit(-slope * between).clip(_CERTAIN, 1 - _CERTAIN)  # r_ji of [row, i, j]
    quadratic = -against * np.swapaxes(against, 1, 2)
    own = np.arange(n_classes)
    against[:, own, own] = 0
    quadratic[:, own, own] = (against**2).sum(axis=2)
    # The sum to one by a Lagrange multiplier, in the last row and column.
    system = np.ones((len(between), n_classes + 1, n_classes + 1))
    system[:, :-1, :-1] = quadratic
    system[:, -1, -1] = 0
    right = np.zeros((len(between), n_classes + 1, 1))
    right[:, -1] = 1
    proba = np.linalg.solve(system, right)[:, :-1, 0].clip(min=0)
    return proba / proba.sum(axis=1, keepdims=True)


def fit_slope(parts: list[tuple[NDArray, NDArray, int]]) -> float:
    """Find the slope with which `couple` makes known classes most likely.

    Parameters
    ----------
    parts : list of (decisions, labels, n_classes)
        Decisions as for `couple`, and the class of each row as its number. Several parts stand
        for several models, which may know different numbers of classes.

    Returns
    -------
    float
        Between 0.1 and 100.
    """

    def loss(log_slope: float) -> float:
        total = 0.0
        for decisions, labels, n_classes in parts:
            proba = couple(decisions, n_classes, np.exp(log_slope))
            total -= np.log(proba[np.arange(len(labels)), labels].clip(min=_CERTAIN)).sum()
        return total

    lowest, highest = np.log(_SLOPES)
    found = minimize_scalar(loss, bounds=(lowest, highest), method="bounded")
    return float(np.exp(found.x))


def _between(decisions: ArrayLike, n_classes: int) -> NDArray[np.float64]:
    """Give [row, i, j]: how much a row decides for class i against class j."""
    values = check_array(decisions, dtype=np.float64, input_name="decisions")
    first, second = np.array(list(combinations(range(n_classes), 2))).T
    if values.shape[1] != len(first):
        raise ValueError(
            f"decisions has {values.shape[1]} columns, but {n_classes} classes have {len(first)} "
            "pairs"
        )
    between = np.zeros((len(values), n_classes, n_classes))
    between[:, first, second] = values
    between[:, second, first] = -values
    return between
