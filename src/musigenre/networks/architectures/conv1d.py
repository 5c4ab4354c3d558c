"""Convolution over time: the frequency bins are channels."""

from collections.abc import Sequence

import keras
from keras import layers

from musigenre.networks.architectures.parts import dense_end, spectrogram_input

# Beyond this the first convolution is strided.
_MANY_BINS = 64

# As many bins, or up to half as many again, are left where there are more than twice as many.
_FEWER_BINS = 256

# The first block leaves one frame of so many, those between the first and the last one of these.
_FIRST_STEP, _STEP = 4, 3


def conv1d(
    n_bins: int,
    n_frames: int,
    n_classes: int,
    filters: Sequence[int] | None = None,
    dense_units: int = 128,
    dropout: float = 0.2,
) -> keras.Model:
    """Convolutional network over time for spectrograms: fast, and nearly as good as over pictures.

    Each frame is a vector of as many channels as there are bins. The blocks are convolution over
    time, max-pooling (over four frames in the first block, three in the next, none in the last),
    batch normalisation and ReLU; the first convolution spans five frames and the others three. With
    more than 64 bins most of the work is in the first convolution, which then takes every fourth
    frame instead of pooling after it, and of 512 bins and more neighbours are averaged first, which
    leaves 256 to 383 (an STFT's last bin goes). Averages and maxima over all time follow, so it
    does not matter where in a clip something sounds; then a dense layer and the softmax.

    Parameters
    ----------
    n_bins, n_frames : int
        Size of the spectrograms.
    n_classes : int
        Number of genres.
    filters : sequence of int, optional
        Filters of each block; by default (64, 128, 128).
    dense_units : int, default=128
        Width of the dense layer.
    dropout : float, default=0.2
        Share of values dropped in training before the dense layer and after it.

    Returns
    -------
    keras.Model
        From ``(n_clips, n_bins, n_frames)`` to probabilities ``(n_clips, n_classes)``, uncompiled.

    References
    ----------
    S. Dieleman and B. Schrauwen, "End-to-end learning for music audio", ICASSP 2014: convolution
    over the time of mel spectrograms. J. Pons et al., "Timbre analysis of music audio signals with
    convolutional neural networks", EUSIPCO 2017: filters as high as the spectrogram. The widths
    are this library's.

    Examples
    --------
    >>> from musigenre.networks.architectures import conv1d
    >>> conv1d(n_bins=20, n_frames=130, n_classes=10).output_shape
    (None, 10)
    """
    inputs, x = spectrogram_input(n_bins, n_frames)
    x = conv1d_trunk(x, filters)
    return keras.Model(inputs, dense_end(x, n_classes, dense_units, dropout), name="conv1d")


def conv1d_trunk(x: keras.KerasTensor, filters: Sequence[int] | None = None) -> keras.KerasTensor:
    """Give the layers of :func:`conv1d` before its dense end, on standardised spectrograms."""
    neighbours = x.shape[1] // _FEWER_BINS
    if neighbours > 1:
        x = layers.AveragePooling1D(neighbours, name="fewer_bins")(x)
    x = layers.Permute((2, 1), name="frames_first")(x)
    filters = (64, 128, 128) if filters is None else filters
    for i, n in enumerate(filters, start=1):
        step = 1 if i == len(filters) else _STEP if i > 1 else _FIRST_STEP
        strided = i == 1 and x.shape[-1] > _MANY_BINS
        # Without a bias, which the normalisation has.
        x = layers.Conv1D(
            int(n),
            5 if i == 1 else 3,
            strides=step if strided else 1,
            padding="same",
            use_bias=False,
            name=f"conv_{i}",
        )(x)
        if step > 1 and not strided:
            x = layers.MaxPooling1D(step, padding="same", name=f"pool_{i}")(x)
        # After pooling there is less to normalise. A shorter memory than Keras' .99, which
        # a training of a few hundred updates never fills.
        x = layers.BatchNormalization(momentum=0.9, name=f"norm_{i}")(x)
        x = layers.ReLU(name=f"relu_{i}")(x)
    return layers.Concatenate(name="over_time")(
        [
            layers.GlobalAveragePooling1D(name="mean")(x),
            layers.GlobalMaxPooling1D(name="maximum")(x),
        ]
    )
