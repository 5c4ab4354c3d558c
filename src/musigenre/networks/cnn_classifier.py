"""Convolutional networks over spectrograms."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from musigenre.networks.spectrogram_classifier import SpectrogramClassifier
from musigenre.networks.widths import check_widths

if TYPE_CHECKING:
    import keras

_ARCHITECTURES = {"paper": "cnn", "conv1d": "conv1d"}


class CNNClassifier(SpectrogramClassifier):
    """Convolutional neural network for spectrograms: STFT, mel or MFCC.

    The spectrograms need no scaling: the network begins by standardising each bin with mean and
    deviation over all frames of the clips it was trained on.

    Parameters
    ----------
    architecture : {"paper", "conv1d"}, default="paper"
        "paper" is a network over pictures, as the paper describes it
        (:func:`musigenre.networks.architectures.cnn`); "conv1d" convolves over time alone, with
        the bins as channels (:func:`musigenre.networks.architectures.conv1d`), which is several
        times as fast.
    filters : sequence of int, optional
        Filters of each block; the default depends on the architecture and on the number of bins.
    dense_units : int, default=128
        Width of the dense layer before the softmax.
    dropout : float, default=0.2
        Share of values dropped in training before the dense layer and after it.
    n_bins : int, optional
        With it, X is flat: (n_clips, n_bins * n_frames), the frames of one bin side by side, as
        :class:`musigenre.SpectrogramExtractor` gives with ``flatten=True``.
    optimizer : {"adam", "adamw", "nadam", "rmsprop", "sgd"}, default="adam"
        Algorithm that updates the weights.
    learning_rate : float, default=0.005
        Largest step size of the optimizer.
    learning_rate_schedule : {"constant", "cosine", "one_cycle"}, default="one_cycle"
        How the step size goes on: it stays; it falls to zero along half a cosine; or it rises from
        a 25th over the first quarter of the updates, and then falls. The last two are planned for
        all `epochs`, so they go badly with a small `patience`.
    batch_size : int or "auto", default="auto"
        Clips per update of the weights. "auto" is 64, but with few clips less, down to 8, so that
        an epoch has twenty updates.
    epochs : int, default=12
        Largest number of passes over the training data.
    early_stopping : bool, default=False
        Whether to stop when the loss no longer falls, and to keep the weights of the best
        epoch. Only data given to `fit` are looked at.
    validation_fraction : float or None, default=None
        Which loss `early_stopping` watches. None: the training loss, over all the data. A
        number between 0 and 1: the loss on that share of the data, drawn by genre and kept out
        of training. One clip of each genre always stays in training.
    patience : int, default=10
        Epochs without a lower loss before training stops.
    class_weight : "balanced", dict or None, default=None
        Weight of each genre in the loss: a dict from genre to weight, "balanced" for weights
        inversely proportional to the number of clips, or None for equal weights.
    mixup : float, default=0.0
        With a number above 0, each clip of a batch is mixed with another in training; the number
        is alpha of the Beta distribution from which the shares are drawn. 0.2 is usual.
    frequency_mask, time_mask : float, default=0.0
        Largest share of bins, and of frames, hidden in each clip of a batch in training
        (SpecAugment).
    random_state : int, RandomState instance or None, default=None
        Source of first weights, dropout, order of clips, augmentation and validation part. The
        same number gives the same network, bit for bit, on the same machine and Keras backend.
    verbose : int, default=0
        0 is silent; 1 shows a progress bar on a terminal.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Genres, sorted.
    model_ : keras.Model
        The trained network; ``model_.summary()`` describes it.
    history_ : pandas.DataFrame
        Loss and accuracy, one row per epoch; ``val_loss`` and ``val_accuracy`` with a
        validation part. With `mixup`, the accuracy of training is that of finding the larger share.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
        Number of bins; with `n_bins`, number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if `X` had names of type string.

    See Also
    --------
    musigenre.SpectrogramExtractor : Computes the spectrograms.
    musigenre.networks.LSTMClassifier : Reads a clip frame by frame.
    musigenre.networks.HistoryDisplay : Plots the training.

    Notes
    -----
    A validation part is drawn clip by clip. Where several clips come from one track, its clips
    are on both sides, and training stops later than it would on unheard tracks.

    The paper trains for up to 100 epochs with early stopping, in batches of 128, with Adam:
    ``CNNClassifier(epochs=100, batch_size=128, early_stopping=True, validation_fraction=0.2,
    learning_rate=0.001, learning_rate_schedule="constant")``.

    References
    ----------
    P. Cortis, "Music genre classification with deep neural networks", sections III.C and IV.A.

    Examples
    --------
    A loud tone every fourth frame, or one half as loud every second:

    >>> import numpy as np
    >>> from musigenre.networks import CNNClassifier
    >>> X = np.random.default_rng(0).normal(scale=0.1, size=(80, 2, 16))
    >>> X[::2, 1, ::4] += 2
    >>> X[1::2, 1, ::2] += 1
    >>> y = np.array(["slow", "fast"] * 40)
    >>> model = CNNClassifier("conv1d", filters=(16,), batch_size=8, random_state=0)
    >>> model.fit(X, y).score(X, y)
    1.0
    """

    _parameter_constraints: dict = {
        **SpectrogramClassifier._parameter_constraints,
        "architecture": [StrOptions(set(_ARCHITECTURES))],
        "filters": ["array-like", None],
        "dense_units": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        architecture: str = "paper",
        *,
        filters: Sequence[int] | None = None,
        dense_units: int = 128,
        dropout: float = 0.2,
        n_bins: int | None = None,
        optimizer: str = "adam",
        learning_rate: float = 5e-3,
        learning_rate_schedule: str = "one_cycle",
        batch_size: int | str = "auto",
        epochs: int = 12,
        early_stopping: bool = False,
        validation_fraction: float | None = None,
        patience: int = 10,
        class_weight: str | dict | None = None,
        mixup: float = 0.0,
        frequency_mask: float = 0.0,
        time_mask: float = 0.0,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ):
        super().__init__(
            n_bins=n_bins,
            optimizer=optimizer,
            learning_rate=learning_rate,
            learning_rate_schedule=learning_rate_schedule,
            batch_size=batch_size,
            epochs=epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            class_weight=class_weight,
            mixup=mixup,
            frequency_mask=frequency_mask,
            time_mask=time_mask,
            random_state=random_state,
            verbose=verbose,
        )
        self.architecture = architecture
        self.filters = filters
        self.dense_units = dense_units
        self.dropout = dropout

    @staticmethod
    def _build_network(architecture: str, **arguments: Any) -> keras.Model:
        from musigenre.networks import architectures

        return getattr(architectures, _ARCHITECTURES[architecture])(**arguments)

    def _network_params(self, X: NDArray, y: NDArray) -> dict[str, Any]:
        network: dict[str, Any] = {
            "architecture": self.architecture,
            "n_bins": X.shape[1],
            "n_frames": X.shape[2],
            "dense_units": int(self.dense_units),
            "dropout": float(self.dropout),
        }
        if self.filters is not None:
            network["filters"] = check_widths(self.filters, "filters", example="(32, 64)")
        return network
