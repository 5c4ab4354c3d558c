"""What several architectures have in common: their first and their last layers."""

import keras
from keras import layers

from musigenre.networks.architectures.standardize import Standardize


def spectrogram_input(n_bins: int, n_frames: int) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Give the input for spectrograms, and the same standardised bin by bin.

    Parameters
    ----------
    n_bins, n_frames : int

    Returns
    -------
    inputs, standardized : KerasTensor of shape (n_clips, n_bins, n_frames)
        The layer that standardises is called ``standardize``.
    """
    inputs = keras.Input((n_bins, n_frames), name="spectrogram")
    return inputs, Standardize(name="standardize")(inputs)


def dense_end(
    x: keras.KerasTensor, n_classes: int, dense_units: int, dropout: float
) -> keras.KerasTensor:
    """Give the probabilities of the genres: a dense layer with ReLU, then a softmax.

    Parameters
    ----------
    x : KerasTensor of shape (n_clips, n_values)
    n_classes : int
    dense_units : int
    dropout : float
        Share of values dropped in training before each of the two layers.

    Returns
    -------
    KerasTensor of shape (n_clips, n_classes)
    """
    x = layers.Dropout(dropout, name="dropout_dense")(x)
    x = layers.Dense(dense_units, activation="relu", name="dense")(x)
    x = layers.Dropout(dropout, name="dropout_genres")(x)
    return layers.Dense(n_classes, activation="softmax", name="genres")(x)
