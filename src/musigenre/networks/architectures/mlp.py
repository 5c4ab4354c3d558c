"""The multi-layer perceptron for vectors of audio features."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from musigenre.networks.designs import MLP_3S


def mlp(
    n_features: int,
    n_classes: int,
    hidden_layer_sizes: Sequence[int] = MLP_3S,
    dropout: float | Sequence[float] = 0.3,
) -> keras.Model:
    """Multi-layer perceptron for vectors of audio features.

    Each hidden layer is fully connected, followed by ReLU and dropout; a softmax over the
    genres ends the network.

    Parameters
    ----------
    n_features : int
        Length of the input vector.
    n_classes : int
        Number of genres.
    hidden_layer_sizes : sequence of int, default=MLP_3S
        Width of each hidden layer. An empty sequence gives multinomial logistic regression.
    dropout : float or sequence of float, default=0.3
        Share of a hidden layer's outputs dropped in training: one for all, or one per layer.

    Returns
    -------
    keras.Model
        From ``(n_clips, n_features)`` to probabilities ``(n_clips, n_classes)``, uncompiled.

    Raises
    ------
    ValueError
        If `dropout` has neither one value nor as many as there are hidden layers.

    References
    ----------
    P. Cortis, "Music genre classification with deep neural networks", section III.C.

    Examples
    --------
    >>> from musigenre.networks.architectures import mlp
    >>> mlp(57, 10, hidden_layer_sizes=(256, 128, 64)).count_params()
    56650
    """
    inputs = keras.Input((n_features,), name="features")
    x = hidden_layers(inputs, hidden_layer_sizes, dropout)
    genres = layers.Dense(n_classes, activation="softmax", name="genres")(x)
    return keras.Model(inputs, genres, name="mlp")


def hidden_layers(
    x: keras.KerasTensor, sizes: Sequence[int], dropout: float | Sequence[float]
) -> keras.KerasTensor:
    """Give the layers of :func:`mlp` between the features and the softmax."""
    rates = np.ravel(dropout)
    if len(rates) not in {1, len(sizes)}:
        raise ValueError(
            f"dropout={dropout!r} has {len(rates)} values for {len(sizes)} hidden layers; give one "
            "number for all, or one per layer"
        )
    rates = np.broadcast_to(rates, len(sizes))
    for i, (width, rate) in enumerate(zip(sizes, rates, strict=True), start=1):
        x = layers.Dense(int(width), activation="relu", name=f"hidden_{i}")(x)
        x = layers.Dropout(float(rate), name=f"dropout_{i}")(x)
    return x
