"""The multi-modal network over audio features and spectrograms."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from musigenre.networks.base import NetworkClassifier, outputs
from musigenre.networks.designs import BRANCHES, HEADS
from musigenre.networks.spectrogram_classifier import SpectrogramClassifier
from musigenre.networks.validation_part import stratified_part
from musigenre.networks.widths import check_widths

if TYPE_CHECKING:
    import keras

    from musigenre.networks.batches import TrainingData


class MMNNClassifier(SpectrogramClassifier):
    """Multi-modal neural network: audio features and spectrograms of the same clips.

    A perceptron reads the features, another branch the spectrogram; both end in a dense layer and
    a softmax and are trained as one. X is flat and holds both, as a
    :class:`~sklearn.pipeline.FeatureUnion` of the two gives it: **first the features, then the
    spectrogram**, bin after bin. Its last ``n_bins * n_frames`` columns are the spectrogram,
    which the network itself standardises; all columns before are features, which should be scaled.

    Parameters
    ----------
    branch : {"cnn", "conv1d", "crnn", "lstm"}, default="cnn"
        What reads the spectrogram: the architecture of that name in
        :mod:`musigenre.networks.architectures`, up to its dense layer.
    blending : bool, default=False
        Whether to train with Gradient-Blending: each branch has a softmax of its own, too, and the
        three losses are weighted by how much each generalises for how much it overfits. To
        measure that, the network is trained twice on a part of the data (each branch alone, and
        both), so that all takes three times as long.
    n_bins, n_frames : int, default=20, 130
        Size of the spectrogram; the default is that of MFCC of clips of three seconds.
    hidden_layer_sizes : sequence of int, default=(256, 128)
        Width of each layer of the perceptron.
    dense_units : int, default=128
        Width of the layer that joins the branches.
    dropout : float, default=0.2
        Share of values dropped in training after each layer of the perceptron, before the joining
        layer and after it.
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
    blending_ : pandas.DataFrame
        With `blending`: the losses, the generalisation, the overfitting and the weight of each
        head, see :func:`musigenre.networks.blending.blend_weights`.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, if `X` had names of type string.

    See Also
    --------
    musigenre.networks.MLPClassifier : Features alone.
    musigenre.networks.CNNClassifier : Spectrograms alone.

    Notes
    -----
    To measure the losses for `blending`, `validation_fraction` of the clips (0.2, if it is None)
    are kept out, drawn by genre; the training itself then uses them. The prediction is that of the
    softmax over both branches.

    References
    ----------
    P. Cortis, "Music genre classification with deep neural networks", section III.C. W. Wang,
    D. Tran and M. Feiszli, "What makes training multi-modal classification networks hard?",
    CVPR 2020.

    Examples
    --------
    Two features beside a spectrogram of two bins and three frames:

    >>> import numpy as np
    >>> from musigenre.networks import MMNNClassifier
    >>> X = np.random.default_rng(0).normal(size=(60, 2 + 2 * 3))
    >>> y = np.where(X[:, 0] > 0, "jazz", "rock")
    >>> model = MMNNClassifier("conv1d", n_bins=2, n_frames=3, batch_size=8, random_state=0)
    >>> model.fit(X, y).score(X, y) > 0.9
    True

    As a pipeline over clips, from which the features and the spectrogram are computed:

    >>> from musigenre import make_clip_model
    >>> union = make_clip_model("mmnn").named_steps["features"]
    >>> [name for name, _ in union.transformer_list]
    ['features', 'mfcc']
    """

    _parameter_constraints: dict = {
        **SpectrogramClassifier._parameter_constraints,
        "branch": [StrOptions(set(BRANCHES))],
        "blending": ["boolean"],
        "n_bins": [Interval(Integral, 1, None, closed="left")],
        "n_frames": [Interval(Integral, 1, None, closed="left")],
        "hidden_layer_sizes": ["array-like"],
        "dense_units": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    def __init__(
        self,
        branch: str = "cnn",
        *,
        blending: bool = False,
        n_bins: int = 20,
        n_frames: int = 130,
        hidden_layer_sizes: Sequence[int] = (256, 128),
        dense_units: int = 128,
        dropout: float = 0.2,
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
        self.branch = branch
        self.blending = blending
        self.n_frames = n_frames
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dense_units = dense_units
        self.dropout = dropout

    blending_: pd.DataFrame

    @staticmethod
    def _build_network(**arguments: Any) -> keras.Model:
        from musigenre.networks import architectures

        return architectures.mmnn(**arguments)

    def _network_params(self, X: NDArray, y: NDArray) -> dict[str, Any]:
        return {
            "n_features": self._n_features(X),
            "n_bins": int(self.n_bins),
            "n_frames": int(self.n_frames),
            "branch": self.branch,
            "hidden_layer_sizes": check_widths(
                self.hidden_layer_sizes, "hidden_layer_sizes", example="(256, 128)"
            ),
            "dense_units": int(self.dense_units),
            "dropout": float(self.dropout),
        }

    def _n_features(self, X: NDArray) -> int:
        return X.shape[1] - self.n_bins * self.n_frames

    def _validate_X(self, X: ArrayLike, **kwargs: Any) -> Any:
        checked = NetworkClassifier._validate_X(self, X, **kwargs)
        values = checked[0] if isinstance(checked, tuple) else checked
        if self._n_features(values) < 1:
            raise ValueError(
                f"X has {values.shape[1]} feature(s), but its last n_bins={self.n_bins} times "
                f"n_frames={self.n_frames} columns are the spectrogram, and at least one feature "
                "comes before it; set n_bins and n_frames to the size of the spectrogram"
            )
        return checked

    def _network_inputs(self, X: NDArray) -> tuple[NDArray, ...]:
        n = self._n_features(X)
        return X[:, :n], X[:, n:].reshape(len(X), self.n_bins, self.n_frames)

    def _train(
        self,
        network: dict[str, Any],
        data: TrainingData,
        rows: NDArray,
        held_out: NDArray | None,
        seed: int,
    ) -> tuple[keras.Model, pd.DataFrame]:
        if hasattr(self, "blending_"):
            del self.blending_  # of an earlier fit
        if not self.blending:
            return super()._train(network, data, rows, held_out, seed)
        self.blending_ = self._measure(network, data, rows, seed)
        trained, history = self._train_heads(
            network, data, rows, held_out, seed, self.blending_["weight"].to_numpy()
        )
        # What predicts has one head.
        model = self._build_network(**network)
        for layer in model.layers:
            layer.set_weights(trained.get_layer(layer.name).get_weights())
        return model, history

    def _train_heads(self, network, data, rows, held_out, seed, weights, before=None):
        """Train the network with all heads, their losses weighted; call `before` with it first."""
        from musigenre.networks.blending import accuracy, blended_loss
        from musigenre.networks.training import train

        def build() -> keras.Model:
            untrained = self._build_network(**network, all_heads=True)
            self._prepare(untrained, data)
            if before is not None:
                before(untrained)
            return untrained

        return train(
            build,
            *self._batches(data, rows, held_out, seed),
            self._training_plan(seed),
            loss=blended_loss(weights),
            accuracy=accuracy,
        )

    def _measure(self, network, data, rows, seed) -> pd.DataFrame:
        """Train each branch alone, and both, on a part of the rows, and see what it comes to."""
        from musigenre.networks.blending import blend_weights, head_losses

        part = stratified_part(
            data.genres[rows].argmax(axis=1),
            0.2 if self.validation_fraction is None else self.validation_fraction,
            np.random.RandomState(seed),
        )
        parts = {"train": rows[~part], "val": rows[part]}
        losses = pd.DataFrame(index=pd.Index(HEADS, name="head"))

        def measure(model: keras.Model, column: str, rows: NDArray, heads: NDArray) -> None:
            probabilities = outputs(model, tuple(values[rows] for values in data.inputs))
            each = head_losses(probabilities, data.genres[rows])
            losses.loc[heads, column] = each[heads].astype(np.float64)

        # The branches have no weight in common, so one training serves for each of them alone.
        for heads in (np.array([True, False, False]), np.array([False, True, True])):
            trained, _ = self._train_heads(
                network,
                data,
                parts["train"],
                None,
                seed,
                heads,
                before=lambda model, heads=heads: measure(model, "before", rows, heads),
            )
            for name, some in parts.items():
                measure(trained, name, some, heads)
        return blend_weights(losses)

    def _get_state(self) -> tuple[dict[str, Any], list[NDArray]]:
        state, weights = super()._get_state()
        if hasattr(self, "blending_"):
            state["blending"] = self.blending_.to_dict("list")
        return state, weights

    def _set_state(
        self, state: dict[str, Any], weights: list[NDArray], graph: bytes | None = None
    ) -> Self:
        super()._set_state(state, weights, graph)
        if "blending" in state:
            self.blending_ = pd.DataFrame(
                state["blending"], index=pd.Index(HEADS, name="head"), dtype=float
            )
        return self
