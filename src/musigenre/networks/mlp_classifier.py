"""The multi-layer perceptron over vectors of audio features."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from musigenre.networks.base import NetworkClassifier
from musigenre.networks.designs import MLP_3S, MLP_30S
from musigenre.networks.widths import check_widths

if TYPE_CHECKING:
    import keras

_DESIGNS = {"3s": MLP_3S, "30s": MLP_30S}


class MLPClassifier(NetworkClassifier):
    """Multi-layer perceptron for vectors of audio features.

    Fully connected layers with ReLU and dropout, then a softmax over the genres, trained on
    categorical cross-entropy. Scale the features first: a network needs comparable ranges.

    Parameters
    ----------
    hidden_layer_sizes : {"3s", "30s"} or sequence of int, default="3s"
        Width of each hidden layer, or the name of a fixed design: "3s" is (512, 256, 128, 64),
        for features of 3 s clips; "30s" is (256, 128, 64), for features of whole tracks. The
        paper gives the number of layers; the widths are this library's.
    dropout : float or sequence of float, default=0.3
        Share of a hidden layer's outputs dropped in training, from 0 to below 1: one number
        for all hidden layers, or one per layer.
    optimizer : {"adam", "adamw", "nadam", "rmsprop", "sgd"}, default="nadam"
        Algorithm that updates the weights.
    learning_rate : float, default=0.001
        Step size of the optimizer.
    batch_size : int, default=128
        Clips per update of the weights.
    epochs : int, default=100
        Largest number of passes over the training data.
    early_stopping : bool, default=True
        Whether to stop when the loss no longer falls, and to keep the weights of the best
        epoch. Only data given to `fit` are looked at.
    validation_fraction : float or None, default=None
        Which loss `early_stopping` watches. None: the training loss, over all the data. A
        number between 0 and 1: the loss on that share of the data, drawn by genre and kept out
        of training. One clip of each genre always stays in training, so a genre of a single
        clip is never validated on.
    patience : int, default=10
        Epochs without a lower loss before training stops.
    class_weight : "balanced", dict or None, default=None
        Weight of each genre in the loss: a dict from genre to weight, "balanced" for weights
        inversely proportional to the number of clips, or None for equal weights.
    random_state : int, RandomState instance or None, default=None
        Source of first weights, dropout, order of clips and validation part. The same number
        gives the same network, bit for bit, on the same machine and Keras backend.
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
        validation part.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if `X` had names of type string.

    Notes
    -----
    A validation part is drawn clip by clip. Where several clips come from one track, its clips
    are on both sides, and training stops later than it would on unheard tracks.

    References
    ----------
    P. Cortis, "Music genre classification with deep neural networks", sections III.C and IV.A.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.networks import MLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> y = np.where(X[:, 0] * X[:, 1] > 0, "jazz", "rock")
    >>> model = MLPClassifier((32, 32), dropout=0, learning_rate=0.01, random_state=0)
    >>> model.fit(X, y).score(X, y) > 0.95
    True
    >>> model.predict([[1, 1], [1, -1]])
    array(['jazz', 'rock'], dtype='<U4')
    """

    _parameter_constraints: dict = {
        **NetworkClassifier._parameter_constraints,
        "hidden_layer_sizes": [StrOptions(set(_DESIGNS)), "array-like"],
        "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
    }

    def __init__(
        self,
        hidden_layer_sizes: str | Sequence[int] = "3s",
        *,
        dropout: float | Sequence[float] = 0.3,
        optimizer: str = "nadam",
        learning_rate: float = 1e-3,
        batch_size: int = 128,
        epochs: int = 100,
        early_stopping: bool = True,
        validation_fraction: float | None = None,
        patience: int = 10,
        class_weight: str | dict | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ):
        super().__init__(
            optimizer=optimizer,
            learning_rate=learning_rate,
            batch_size=batch_size,
            epochs=epochs,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            class_weight=class_weight,
            random_state=random_state,
            verbose=verbose,
        )
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout

    @staticmethod
    def _build_network(**arguments: Any) -> keras.Model:
        from musigenre.networks import architectures

        return architectures.mlp(**arguments)

    def _network_params(self, X: NDArray, y: NDArray) -> dict[str, Any]:
        sizes = self.hidden_layer_sizes
        widths = _DESIGNS[sizes] if isinstance(sizes, str) else sizes
        return {
            "n_features": X.shape[1],
            "hidden_layer_sizes": check_widths(
                widths, "hidden_layer_sizes", example='(256, 128), "3s" or "30s"'
            ),
            "dropout": np.ravel(self.dropout).astype(float).tolist(),
        }
