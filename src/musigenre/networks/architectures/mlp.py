"""The multi-layer perceptron for vectors of audio features."""

from collections.abc import Sequence

import keras
import numpy as np

MLP_30S = (256, 128, 64)
"""Hidden layers for features of whole tracks. The paper gives their number (three, section
III.C), not their widths: those are this library's."""

MLP_3S = (512, 256, 128, 64)
"""Hidden layers for features of 3 s clips. The paper gives their number (four, section III.C),
not their widths: those are this library's."""


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
    rates = np.ravel(dropout)
    if len(rates) not in {1, len(hidden_layer_sizes)}:
        raise ValueError(
            f"dropout={dropout!r} has {len(rates)} values for {len(hidden_layer_sizes)} hidden "
            "layers; give one number for all, or one per layer"
        )
    rates = np.broadcast_to(rates, len(hidden_layer_sizes))
    layers = [keras.Input((n_features,), name="features")]
    for i, (width, rate) in enumerate(zip(hidden_layer_sizes, rates, strict=True), start=1):
        layers += [
            keras.layers.Dense(int(width), activation="relu", name=f"hidden_{i}"),
            keras.layers.Dropout(float(rate), name=f"dropout_{i}"),
        ]
    layers.append(keras.layers.Dense(n_classes, activation="softmax", name="genres"))
    return keras.Sequential(layers, name="mlp")
