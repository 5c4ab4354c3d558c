"""The paper's convolutional network: spectrograms as pictures."""

from collections.abc import Sequence

import keras
from keras import layers

from musigenre.networks.architectures.parts import dense_end, spectrogram_input

# Fewer bins are not pooled: what sounds high and what sounds low is not to be mixed up.
_FEW_BINS = 10


def cnn(
    n_bins: int,
    n_frames: int,
    n_classes: int,
    filters: Sequence[int] | None = None,
    dense_units: int = 128,
    dropout: float = 0.2,
) -> keras.Model:
    """Convolutional network over spectrograms as pictures, as the paper describes it.

    The blocks are convolution, max-pooling, ReLU and batch normalisation; the average over time of
    each bin and filter, a dense layer and the softmax follow.

    Parameters
    ----------
    n_bins, n_frames : int
        Size of the spectrograms.
    n_classes : int
        Number of genres.
    filters : sequence of int, optional
        Filters of each block. By default (32, 64, 96) up to 64 bins, and (16, 32, 64, 96) beyond.
    dense_units : int, default=128
        Width of the dense layer.
    dropout : float, default=0.2
        Share of values dropped in training before the dense layer and after it.

    Returns
    -------
    keras.Model
        From ``(n_clips, n_bins, n_frames)`` to probabilities ``(n_clips, n_classes)``, uncompiled.

    Notes
    -----
    The paper says: blocks of convolution with ReLU and max-pooling, then dense layers and a
    softmax, with somewhat other filters for inputs of another size. The rest is this library's:

    - The first convolution spans 5 x 5 bins and frames and moves by two, the others span 3 x 3
      and move by one. Above 256 bins the first spans 17 bins and moves by eight, so that a
      spectrogram of 1025 bins costs little more than one of 128.
    - ReLU comes after max-pooling, which gives the same numbers for a quarter of the work.
    - A block halves frames, and bins where ten or more are left.
    - Batch normalisation (Ioffe and Szegedy, ICML 2015), and the average over time instead of all
      the numbers: from clips drawn at random, both gain far more accuracy than wider layers.

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
    x = cnn_trunk(x, filters)
    return keras.Model(inputs, dense_end(x, n_classes, dense_units, dropout), name="cnn")


def cnn_trunk(x: keras.KerasTensor, filters: Sequence[int] | None = None) -> keras.KerasTensor:
    """Give the layers of :func:`cnn` before its dense end, on standardised spectrograms."""
    x = cnn_blocks(x, filters)
    x = layers.AveragePooling2D((1, x.shape[2]), name="over_time")(x)
    return layers.Flatten(name="flat")(x)


def cnn_blocks(x: keras.KerasTensor, filters: Sequence[int] | None = None) -> keras.KerasTensor:
    """Give the blocks of :func:`cnn`: (n_clips, bins left, frames left, filters)."""
    n_bins, n_frames = x.shape[1:]
    if filters is None:
        filters = (32, 64, 96) if n_bins <= 64 else (16, 32, 64, 96)
    stride = 2 if n_bins <= 256 else 8
    x = layers.Reshape((n_bins, n_frames, 1), name="picture")(x)
    for i, n in enumerate(filters, start=1):
        x = layers.Conv2D(
            int(n),
            (2 * stride + 1, 5) if i == 1 else 3,
            strides=(stride, 2) if i == 1 else 1,
            padding="same",
            name=f"conv_{i}",
        )(x)
        height = 2 if x.shape[1] >= _FEW_BINS else 1
        x = layers.MaxPooling2D((height, 2), padding="same", name=f"pool_{i}")(x)
        x = layers.ReLU(name=f"relu_{i}")(x)
        # A shorter memory than Keras' .99, which some hundred updates would never fill.
        x = layers.BatchNormalization(momentum=0.9, name=f"norm_{i}")(x)
    return x
