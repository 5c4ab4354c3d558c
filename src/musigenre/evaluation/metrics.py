"""The scores of a holdout, and an interval for their mean over holdouts."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.utils import check_array, check_consistent_length, column_or_1d


def genre_scores(y_true: ArrayLike, proba: ArrayLike, classes: ArrayLike) -> dict[str, float]:
    """Score class probabilities as the paper does.

    Parameters
    ----------
    y_true : array-like of shape (n_rows,)
        True class of each row.
    proba : array-like of shape (n_rows, n_classes)
        Probability of each class.
    classes : array-like of shape (n_classes,)
        Class of each column of `proba`. All classes of `y_true` are among them.

    Returns
    -------
    scores : dict
        ``accuracy``: share of rows whose most probable class is the true one.
        ``auroc``: area under the receiver operating characteristic, one class against the rest,
        mean over classes.
        ``auprc``: average precision, mean over classes.
        Both means leave out classes that are not in `y_true`. Where `y_true` holds one class
        only there is no rest to tell it from, and ``auroc`` is NaN.

    Raises
    ------
    ValueError
        If the shapes do not match, a probability is not finite, or a class is unknown.

    References
    ----------
    P. Cortis, "Music genre classification with deep neural networks", section IV.A.

    Examples
    --------
    >>> proba = [[0.8, 0.2], [0.6, 0.4], [0.7, 0.3], [0.1, 0.9]]
    >>> genre_scores(["jazz", "jazz", "rock", "rock"], proba, ["jazz", "rock"])
    {'accuracy': 0.75, 'auroc': 0.75, 'auprc': 0.8333333333333333}
    """
    truth, labels = column_or_1d(y_true), column_or_1d(classes)
    scores = check_array(proba, dtype=np.float64, input_name="proba")
    check_consistent_length(truth, scores)
    if scores.shape[1] != len(labels):
        raise ValueError(
            f"proba has {scores.shape[1]} columns, but there are {len(labels)} classes."
        )
    unknown = np.setdiff1d(truth, labels)
    if unknown.size:
        raise ValueError(f"y_true holds {unknown.tolist()}, which are not among the classes.")
    is_class = truth[:, np.newaxis] == labels
    present = is_class.any(axis=0)
    accuracy = np.mean(labels[scores.argmax(axis=1)] == truth)
    is_class, scores = is_class[:, present], scores[:, present]
    return {
        "accuracy": float(accuracy),
        "auroc": float(roc_auc_score(is_class, scores)) if present.sum() > 1 else np.nan,
        "auprc": float(average_precision_score(is_class, scores)),
    }


def corrected_interval(
    scores: ArrayLike, n_train: float, n_test: float, confidence: float = 0.95
) -> tuple[float, float]:
    r"""Interval for the mean score over random holdouts, corrected for their overlap.

    The training parts of random holdouts share most of their rows, so their scores are not
    independent and the usual interval is far too narrow. The correction of Nadeau and Bengio takes

    .. math:: \bar s \pm t_{J-1} \sqrt{\left(1/J + n_{test}/n_{train}\right) \hat\sigma^2}

    with :math:`J` scores of sample variance :math:`\hat\sigma^2`.

    Parameters
    ----------
    scores : array-like of shape (n_holdouts,)
        One score a holdout.
    n_train, n_test : float
        Rows in the training and in the test part.
    confidence : float, default=0.95
        Confidence level, between 0 and 1.

    Returns
    -------
    low, high : float
        Bounds, which may lie outside [0, 1]. NaN for fewer than two scores or where one is NaN.

    Raises
    ------
    ValueError
        If a size is not positive or the confidence is not between 0 and 1.

    References
    ----------
    C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine Learning 52 (2003),
    pages 239 to 281.

    Examples
    --------
    >>> low, high = corrected_interval([0.70, 0.74, 0.72, 0.76], n_train=80, n_test=20)
    >>> round(low, 3), round(high, 3)
    (0.672, 0.788)
    """
    values = np.asarray(scores, dtype=np.float64)
    spread = _corrected_spread(values, n_train, n_test)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence} must lie between 0 and 1.")
    if np.isnan(spread):
        return np.nan, np.nan
    half = stdtrit(values.size - 1, (1 + confidence) / 2) * spread
    return float(values.mean() - half), float(values.mean() + half)


def align_proba(
    proba: NDArray[np.float64], known: ArrayLike, classes: ArrayLike
) -> NDArray[np.float64]:
    """Give a probability column to every class, zero for those an estimator does not know.

    Parameters
    ----------
    proba : ndarray of shape (n_rows, n_known)
        Class probabilities.
    known : array-like of shape (n_known,)
        Class of each column.
    classes : array-like of shape (n_classes,)
        Wanted classes, in order, `known` among them.

    Returns
    -------
    aligned : ndarray of shape (n_rows, n_classes)
        Probabilities with the columns in the wanted order.

    Raises
    ------
    ValueError
        If a known class is not wanted, or `proba` does not have one column for each.

    Examples
    --------
    >>> align_proba(np.array([[0.3, 0.7]]), ["rock", "jazz"], ["blues", "jazz", "rock"])
    array([[0. , 0.7, 0.3]])
    """
    labels, wanted = np.asarray(known).tolist(), np.asarray(classes).tolist()
    strangers = [label for label in labels if label not in wanted]
    if strangers:
        raise ValueError(f"probabilities of classes {strangers}, which are not in {wanted}.")
    if np.ndim(proba) != 2 or np.shape(proba)[1] != len(labels):
        raise ValueError(
            f"probabilities of shape {np.shape(proba)} do not give one column to each of the"
            f" {len(labels)} classes {labels}."
        )
    aligned = np.zeros((len(proba), len(wanted)))
    aligned[:, [wanted.index(label) for label in labels]] = proba
    return aligned


def corrected_t_test(differences: ArrayLike, n_train: float, n_test: float) -> tuple[float, float]:
    r"""Test whether the mean difference of two systems over the same holdouts may be chance.

    The corrected resampled t-test of Nadeau and Bengio takes

    .. math:: t = \bar d \Big/ \sqrt{\left(1/J + n_{test}/n_{train}\right) \hat\sigma^2}

    for :math:`J` differences of sample variance :math:`\hat\sigma^2`, with :math:`J - 1` degrees of
    freedom; `corrected_interval` gives the interval that belongs to it.

    Parameters
    ----------
    differences : array-like of shape (n_holdouts,)
        Score of the one system minus that of the other, one a holdout.
    n_train, n_test : float
        Rows in the training and in the test part.

    Returns
    -------
    t, p : float
        The statistic, and the probability of one as far from zero if there is no difference (two
        sides). NaN for fewer than two differences or where one is NaN. Where all are equal there is
        no spread to compare with: p is 1 if they are zero, and 0 if not.

    Raises
    ------
    ValueError
        If a size is not positive.

    References
    ----------
    C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine Learning 52 (2003),
    pages 239 to 281.

    Examples
    --------
    >>> t, p = corrected_t_test([0.02, 0.03, 0.01, 0.02], n_train=80, n_test=20)
    >>> round(t, 2), round(p, 3)
    (3.46, 0.041)
    """
    values = np.asarray(differences, dtype=np.float64)
    spread = _corrected_spread(values, n_train, n_test)
    if np.isnan(spread):
        return np.nan, np.nan
    if spread == 0:
        mean = float(values.mean())
        return (0.0, 1.0) if mean == 0 else (float(np.copysign(np.inf, mean)), 0.0)
    t = values.mean() / spread
    return float(t), float(2 * stdtr(values.size - 1, -abs(t)))


def _corrected_spread(values: NDArray[np.float64], n_train: float, n_test: float) -> float:
    """Give the standard error of the mean over holdouts; NaN if it cannot be told."""
    if min(n_train, n_test) <= 0:
        raise ValueError(f"n_train={n_train} and n_test={n_test} must both be positive.")
    if values.size < 2:
        return np.nan
    return float(np.sqrt((1 / values.size + n_test / n_train) * values.var(ddof=1)))
