"""Convolution, then recurrence: patterns, and the order in which they come."""

from collections.abc import Sequence

import keras
from keras import layers

from musigenre.networks.architectures.cnn import cnn_blocks
from musigenre.networks.architectures.lstm import recurrent_layers
from musigenre.networks.architectures.parts import dense_end, spectrogram_input


def crnn(
    n_bins: int,
    n_frames: int,
    n_classes: int,
    filters: Sequence[int] | None = None,
    units: Sequence[int] = (64,),
    dense_units: int = 64,
    dropout: float = 0.2,
) -> keras.Model:
    """Convolutional recurrent network, which the paper names as future work.

    The blocks of :func:`~musigenre.networks.architectures.cnn` find patterns; LSTM layers read in
    which order they come.

    Parameters
    ----------
    n_bins, n_frames : int
        Size of the spectrograms.
    n_classes : int
        Number of genres.
    filters : sequence of int, optional
        Filters of each convolutional block, with the default of `cnn`.
    units : sequence of int, default=(64,)
        Width of each recurrent layer.
    dense_units : int, default=64
        Width of the dense layer.
    dropout : float, default=0.2
        Share of values dropped in training before the dense layer and after it.

    Returns
    -------
    keras.Model
        From ``(n_clips, n_bins, n_frames)`` to probabilities ``(n_clips, n_classes)``, uncompiled.

    References
    ----------
    K. Choi, G. Fazekas, M. Sandler and K. Cho, "Convolutional recurrent neural networks for music
    classification", ICASSP 2017. The widths are this library's.

    Examples
    --------
    >>> from musigenre.networks.architectures import crnn
    >>> crnn(n_bins=20, n_frames=130, n_classes=10).output_shape
    (None, 10)
    """
    inputs, x = spectrogram_input(n_bins, n_frames)
    x = crnn_trunk(x, filters, units)
    return keras.Model(inputs, dense_end(x, n_classes, dense_units, dropout), name="crnn")


def crnn_trunk(
    x: keras.KerasTensor, filters: Sequence[int] | None = None, units: Sequence[int] = (64,)
) -> keras.KerasTensor:
    """Give the layers of :func:`crnn` before its dense end, on standardised spectrograms."""
    x = cnn_blocks(x, filters)
    _, bins, frames, n = x.shape
    x = layers.Permute((2, 1, 3), name="frames_first")(x)
    return recurrent_layers(layers.Reshape((frames, bins * n), name="steps")(x), units)
