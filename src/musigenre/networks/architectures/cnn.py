"""The paper's convolutional network: spectrograms as pictures."""

from collections.abc import Sequence

import keras
from keras import layers

from musigenre.networks.architectures.parts import dense_end, spectrogram_input


def cnn(
    n_bins: int,
    n_frames: int,
    n_classes: int,
    filters: Sequence[int] | None = None,
    kernel_size: int = 3,
    dense_units: int = 128,
    dropout: float = 0.3,
) -> keras.Model:
    """Convolutional network over spectrograms as pictures, as the paper describes it.

    Parameters
    ----------
    n_bins, n_frames : int
        Size of the spectrograms.
    n_classes : int
        Number of genres.
    filters : sequence of int, optional
        Filters of each block; by default as :func:`cnn_filters` has it.
    kernel_size : int, default=3
        Bins and frames a convolution spans.
    dense_units : int, default=128
        Width of the dense layer.
    dropout : float, default=0.3
        Share of values dropped in training before the dense layer and after it.

    Returns
    -------
    keras.Model
        From ``(n_clips, n_bins, n_frames)`` to probabilities ``(n_clips, n_classes)``, uncompiled.

    References
    ----------
    P. Cortis, "Music genre classification with deep neural networks", section III.C.

    Examples
    --------
    >>> from musigenre.networks.architectures import cnn
    >>> cnn(n_bins=20, n_frames=130, n_classes=10).output_shape
    (None, 10)
    """
    inputs, x = spectrogram_input(n_bins, n_frames)
    x = cnn_trunk(x, filters, kernel_size)
    return keras.Model(inputs, dense_end(x, n_classes, dense_units, dropout), name="cnn")


def cnn_filters(n_bins: int) -> tuple[int, ...]:
    """Give the filters of each block for spectrograms of a height."""
    return (32, 64, 128) if n_bins <= 64 else (16, 32, 64, 128)


def cnn_strides(n_bins: int) -> tuple[int, int]:
    """Give the strides of the first convolution over bins and frames."""
    if n_bins <= 64:
        return 1, 2
    return (2, 2) if n_bins <= 256 else (8, 2)


def cnn_trunk(
    x: keras.KerasTensor, filters: Sequence[int] | None, kernel_size: int
) -> keras.KerasTensor:
    """Give the layers of :func:`cnn` before its dense end, on standardised spectrograms."""
    n_bins, n_frames = x.shape[1:]
    x = layers.Reshape((n_bins, n_frames, 1), name="picture")(x)
    for i, n in enumerate(filters or cnn_filters(n_bins), start=1):
        x = layers.Conv2D(
            int(n),
            kernel_size,
            strides=cnn_strides(n_bins) if i == 1 else 1,
            padding="same",
            activation="relu",
            name=f"conv_{i}",
        )(x)
        x = layers.MaxPooling2D(2, padding="same", name=f"pool_{i}")(x)
    return layers.Flatten(name="flat")(x)
