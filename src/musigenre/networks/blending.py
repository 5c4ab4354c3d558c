"""Gradient-Blending: how much each head of a multi-modal network is to count in training."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from musigenre.networks.quiet_keras import keras

# Overfitting counts as no less than this share of the first loss: a head that does not overfit at
# all would otherwise take all the weight.
_LEAST_OVERFITTING = 0.01


def blend_weights(losses: pd.DataFrame) -> pd.DataFrame:
    r"""Weigh heads by how much they generalise for how much they overfit.

    Parameters
    ----------
    losses : DataFrame
        One row for each head; columns ``before``, the mean loss before training, and ``train``
        and ``val``, that after it on clips trained on and on others.

    Returns
    -------
    DataFrame
        The same, with the columns ``generalization``, ``overfitting`` and ``weight``; the weights
        sum to 1.

    Notes
    -----
    With :math:`L_0` the loss before training, :math:`L^T` that on the clips trained on and
    :math:`L^V` that on others,

    .. math::

        G = L_0 - L^V, \qquad O = L^V - L^T, \qquad w \propto G / O^2

    An untrained network knows neither sort of clips, so that it has no overfitting that would have
    to be subtracted from :math:`O`. A head whose loss on other clips does not fall gets no weight;
    if none falls, all weigh the same.

    References
    ----------
    W. Wang, D. Tran and M. Feiszli, "What makes training multi-modal classification networks
    hard?", CVPR 2020, Proposition 1 and Algorithm 1.

    Examples
    --------
    >>> import pandas as pd
    >>> losses = pd.DataFrame(
    ...     {"before": [2.3, 2.3], "train": [0.1, 0.8], "val": [0.9, 1.0]},
    ...     index=["both", "features_alone"],
    ... )
    >>> blend_weights(losses)["weight"].round(2).tolist()
    [0.06, 0.94]
    """
    generalization = losses["before"] - losses["val"]
    overfitting = losses["val"] - losses["train"]
    least = _LEAST_OVERFITTING * losses["before"]
    ratio = generalization.clip(lower=0) / np.maximum(overfitting, least) ** 2
    if not ratio.sum() > 0:
        ratio = pd.Series(1.0, index=losses.index)
    return losses.assign(
        generalization=generalization, overfitting=overfitting, weight=ratio / ratio.sum()
    )


def head_losses(probabilities: NDArray, genres: NDArray) -> NDArray:
    """Give the mean cross-entropy of each head.

    Parameters
    ----------
    probabilities : ndarray of shape (n_clips, n_heads, n_classes)
    genres : ndarray of shape (n_clips, n_classes)
        One in the column of the genre, otherwise zero.

    Returns
    -------
    ndarray of shape (n_heads,)
    """
    likely = np.einsum("ihc,ic->ih", probabilities, genres)
    return -np.log(np.maximum(likely, keras.config.epsilon())).mean(axis=0)


def blended_loss(weights: NDArray) -> Callable:
    """Give the loss of a network with several heads: the weighted sum of theirs.

    Parameters
    ----------
    weights : ndarray of shape (n_heads,)

    Returns
    -------
    callable
        Of genres, (n_clips, n_classes), and probabilities, (n_clips, n_heads, n_classes).
    """
    weights = np.asarray(weights, dtype=np.float32)

    def loss(genres, probabilities):
        logarithms = keras.ops.log(keras.ops.maximum(probabilities, keras.config.epsilon()))
        each = -keras.ops.sum(genres[:, None] * logarithms, axis=-1)
        return keras.ops.sum(each * weights, axis=-1)

    return loss


def accuracy(genres, probabilities):
    """Tell of each clip whether the first head is right; a metric of Keras."""
    return keras.metrics.categorical_accuracy(genres, probabilities[:, 0])
