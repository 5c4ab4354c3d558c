"""A recurrent network over the frames of a clip."""

from collections.abc import Sequence

import keras
from keras import layers

from musigenre.networks.architectures.parts import dense_end, spectrogram_input


def lstm(
    n_bins: int,
    n_frames: int,
    n_classes: int,
    units: Sequence[int] = (64, 64),
    dense_units: int = 64,
    dropout: float = 0.2,
) -> keras.Model:
    """Long short-term memory over the frames of a clip, usually of MFCC.

    Each layer reads the sequence that the one before it writes; the average over what the last
    has written goes into a dense layer and the softmax.

    Parameters
    ----------
    n_bins, n_frames : int
        Size of the spectrograms.
    n_classes : int
        Number of genres.
    units : sequence of int, default=(64, 64)
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
    G. Gessle and S. Åkesson, "A comparative analysis of CNN and LSTM for music genre
    classification", KTH, 2019: recurrent layers over frames of MFCC. The widths are this
    library's. S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation
    9(8), 1997.

    Examples
    --------
    >>> from musigenre.networks.architectures import lstm
    >>> lstm(n_bins=20, n_frames=130, n_classes=10).output_shape
    (None, 10)
    """
    inputs, x = spectrogram_input(n_bins, n_frames)
    x = lstm_trunk(x, units)
    return keras.Model(inputs, dense_end(x, n_classes, dense_units, dropout), name="lstm")


def lstm_trunk(x: keras.KerasTensor, units: Sequence[int] = (64, 64)) -> keras.KerasTensor:
    """Give the layers of :func:`lstm` before its dense end, on standardised spectrograms."""
    return recurrent_layers(layers.Permute((2, 1), name="frames_first")(x), units)


def recurrent_layers(x: keras.KerasTensor, units: Sequence[int]) -> keras.KerasTensor:
    """Give LSTM layers over sequences (n_clips, n_steps, n_values), and the average over steps."""
    for i, n in enumerate(units, start=1):
        x = layers.LSTM(int(n), return_sequences=True, name=f"lstm_{i}")(x)
    return layers.GlobalAveragePooling1D(name="over_time")(x)
