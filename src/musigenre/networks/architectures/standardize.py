"""The layer that standardises spectrograms inside a network."""

import keras
import numpy as np
from numpy.typing import ArrayLike


class Standardize(keras.layers.Layer):
    """Subtract from each bin its mean and divide by its deviation.

    Both are weights that training leaves alone, so they are saved, loaded and moved with the rest
    of the network. Set them from the training data with :meth:`set_statistics`; until then the
    layer changes nothing.

    Notes
    -----
    ``keras.layers.Normalization`` forgets that it was adapted when weights are set.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Standardize()
    >>> X = np.array([[[1.0, 3.0], [10.0, 30.0]]], dtype="float32")
    >>> layer.build(X.shape)
    >>> layer.set_statistics(mean=[2, 20], deviation=[1, 10])
    >>> np.asarray(layer(X)).tolist()
    [[[-1.0, 1.0], [-1.0, 1.0]]]
    """

    def build(self, input_shape):
        """Make the weights for inputs of shape ``(n_clips, n_bins, n_frames)``."""
        shape = (input_shape[1], 1)
        self.mean = self.add_weight(shape, "zeros", trainable=False, name="mean")
        self.scale = self.add_weight(shape, "ones", trainable=False, name="scale")

    def set_statistics(self, mean: ArrayLike, deviation: ArrayLike) -> None:
        """Take the mean and the standard deviation of each bin; one of zero counts as 1."""
        deviation = np.asarray(deviation, dtype=np.float64)
        scale = 1 / np.where(deviation > 0, deviation, 1)
        self.mean.assign(np.reshape(mean, (-1, 1)))
        self.scale.assign(scale.reshape(-1, 1))

    def call(self, inputs):
        """Standardise spectrograms."""
        return (inputs - self.mean) * self.scale

    def compute_output_shape(self, input_shape):
        """Give the shape of the output, which is that of the input."""
        return input_shape
