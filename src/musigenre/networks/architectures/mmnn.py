"""The multi-modal network: audio features and spectrograms of the same clips."""

from collections.abc import Sequence

import keras
from keras import layers

from musigenre.networks.architectures.cnn import cnn_trunk
from musigenre.networks.architectures.conv1d import conv1d_trunk
from musigenre.networks.architectures.crnn import crnn_trunk
from musigenre.networks.architectures.lstm import lstm_trunk
from musigenre.networks.architectures.mlp import hidden_layers
from musigenre.networks.architectures.parts import dense_end, spectrogram_input
from musigenre.networks.designs import HEADS

#: What may read the spectrograms.
TRUNKS = {"cnn": cnn_trunk, "conv1d": conv1d_trunk, "crnn": crnn_trunk, "lstm": lstm_trunk}


def mmnn(
    n_features: int,
    n_bins: int,
    n_frames: int,
    n_classes: int,
    branch: str = "cnn",
    hidden_layer_sizes: Sequence[int] = (256, 128),
    dense_units: int = 128,
    dropout: float = 0.2,
    all_heads: bool = False,
) -> keras.Model:
    """Multi-modal network: a perceptron over audio features beside a branch over spectrograms.

    The ends of the two branches are joined; a dense layer and the softmax follow. All is trained
    as one.

    Parameters
    ----------
    n_features : int
        Number of audio features.
    n_bins, n_frames : int
        Size of the spectrograms.
    n_classes : int
        Number of genres.
    branch : {"cnn", "conv1d", "crnn", "lstm"}, default="cnn"
        Which architecture of this package reads the spectrograms.
    hidden_layer_sizes : sequence of int, default=(256, 128)
        Width of each layer of the perceptron.
    dense_units : int, default=128
        Width of the layer that joins the branches.
    dropout : float, default=0.2
        Share of values dropped in training after each layer of the perceptron, before the joining
        layer and after it.
    all_heads : bool, default=False
        Whether each branch has a softmax of its own, too, as Gradient-Blending wants.

    Returns
    -------
    keras.Model
        From ``(n_clips, n_features)`` and ``(n_clips, n_bins, n_frames)`` to probabilities
        ``(n_clips, n_classes)``, uncompiled. With `all_heads` there is one more axis,
        ``(n_clips, 3, n_classes)``: both branches, features alone, spectrogram alone.

    References
    ----------
    P. Cortis, "Music genre classification with deep neural networks", section III.C. The widths
    are this library's. W. Wang, D. Tran and M. Feiszli, "What makes training multi-modal
    classification networks hard?", CVPR 2020: the heads.

    Examples
    --------
    >>> from musigenre.networks.architectures import mmnn
    >>> mmnn(n_features=57, n_bins=20, n_frames=130, n_classes=10).output_shape
    (None, 10)
    """
    features = keras.Input((n_features,), name="features")
    spectrogram, x = spectrogram_input(n_bins, n_frames)
    ends = [hidden_layers(features, hidden_layer_sizes, dropout), TRUNKS[branch](x)]
    x = layers.Concatenate(name="join")(ends)
    genres = dense_end(x, n_classes, dense_units, dropout)
    if all_heads:
        heads = [layers.Reshape((1, n_classes), name="both")(genres)]
        for name, end in zip(HEADS[1:], ends, strict=True):
            end = layers.Dropout(dropout, name=f"dropout_{name}")(end)
            end = layers.Dense(n_classes, activation="softmax", name=f"genres_{name}")(end)
            heads.append(layers.Reshape((1, n_classes), name=name)(end))
        genres = layers.Concatenate(axis=1, name="heads")(heads)
    return keras.Model([features, spectrogram], genres, name="mmnn")
