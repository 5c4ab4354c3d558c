"""The clips of a training, batch by batch, without a copy of the whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musigenre.networks.quiet_keras import keras

#: What makes a batch harder: takes the inputs, the genres, the weights (or None) and a generator,
#: and gives the first three again.
Augmentation = Callable[..., tuple[Sequence[NDArray], NDArray, NDArray | None]]


#: Mean and standard deviation of each bin; or nothing, where no input is a spectrogram.
Statistics = tuple[NDArray, ...]


@dataclass(frozen=True)
class TrainingData:
    """What a network learns from; rows of all arrays are clips.

    Attributes
    ----------
    inputs : tuple of ndarray
        One array for each input of the network, float32.
    genres : ndarray of shape (n_clips, n_classes)
        One in the column of the genre, otherwise zero; float32.
    weights : ndarray of shape (n_clips,) or None
        Weight of each clip in the loss; float32.
    statistics : tuple of ndarray of shape (n_bins,)
        Mean and standard deviation of each bin of the spectrograms, if there are any.
    """

    inputs: tuple[NDArray, ...]
    genres: NDArray
    weights: NDArray | None = None
    statistics: Statistics = ()


class Batches(keras.utils.PyDataset):
    """Some rows of the data, in batches that are copied when their turn comes.

    Parameters
    ----------
    data : TrainingData
    rows : ndarray of int
        The clips to give.
    batch_size : int
    seed : int, optional
        With it, each epoch has an order of its own; without, that of `rows` is kept.
    augmentation : callable, optional
        See :data:`Augmentation`. Its generator depends on seed, epoch and batch alone.
    """

    def __init__(
        self,
        data: TrainingData,
        rows: NDArray,
        batch_size: int,
        *,
        seed: int | None = None,
        augmentation: Augmentation | None = None,
    ):
        super().__init__(workers=1, use_multiprocessing=False)
        self.data = data
        self.rows = rows
        self.batch_size = batch_size
        self._seed = seed
        self._augmentation = augmentation
        self._epoch = 0
        self._shuffle()

    def __len__(self) -> int:
        """Give the number of batches in an epoch."""
        return -(-len(self.rows) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """Give inputs, genres and, where there are, weights of a batch."""
        rows = self._order[index * self.batch_size : (index + 1) * self.batch_size]
        data = self.data
        inputs: Sequence[NDArray] = [values[rows] for values in data.inputs]
        genres = data.genres[rows]
        weights = None if data.weights is None else data.weights[rows]
        if self._augmentation is not None:
            rng = np.random.default_rng([self._seed or 0, self._epoch, index])
            inputs, genres, weights = self._augmentation(inputs, genres, weights, rng)
        x = inputs[0] if len(inputs) == 1 else tuple(inputs)
        return (x, genres) if weights is None else (x, genres, weights)

    def on_epoch_end(self) -> None:
        """Draw the order of the next epoch."""
        self._epoch += 1
        self._shuffle()

    def release(self) -> None:
        """Let go of the data: TensorFlow keeps all that it has read from until the process ends."""
        del self.data, self.rows, self._order
        self._augmentation = None

    def _shuffle(self) -> None:
        self._order = self.rows
        if self._seed is not None:
            self._order = np.random.default_rng([self._seed, self._epoch]).permutation(self.rows)
