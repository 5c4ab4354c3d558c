"""What all network classifiers share: scikit-learn outside, scikeras and Keras inside.

This is the one module that knows scikeras.
"""

from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from numbers import Integral, Real
from typing import Any, Self

import keras
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scikeras.utils.random_state import tensorflow_random_state
from scikeras.wrappers import KerasClassifier
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
from tqdm.auto import tqdm

from musigenre.networks.validation_part import stratified_part


class NetworkClassifier(ClassifierMixin, BaseEstimator, metaclass=ABCMeta):
    """Base class of the classifiers that train a Keras network.

    A subclass says which network (`_network_params`, `_build_network`); data checks, training,
    early stopping, prediction and saving are here. Inside `fit`, scikeras builds, compiles and
    trains the network; nothing of scikeras shows outside.
    """

    _parameter_constraints: dict = {
        "optimizer": [StrOptions({"adam", "adamw", "nadam", "rmsprop", "sgd"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # Clips a network is given at once when it predicts: many for speed, few for memory.
    _predict_batch_size = 4096

    def __init__(
        self,
        *,
        optimizer: str,
        learning_rate: float,
        batch_size: int,
        epochs: int,
        early_stopping: bool,
        validation_fraction: float | None,
        patience: int,
        class_weight: str | dict | None,
        random_state: int | np.random.RandomState | None,
        verbose: int,
    ):
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.class_weight = class_weight
        self.random_state = random_state
        self.verbose = verbose

    @abstractmethod
    def _network_params(self, X: NDArray, y: NDArray) -> dict[str, Any]:
        """Choose the network for these data: arguments of `_build_network`, fit for JSON.

        `X` is as `_validate_X` gives it, `y` holds the numbers of the classes. The argument
        ``n_classes`` is added by the caller.
        """

    # Builds the untrained network: a function of `architectures`.
    _build_network: Callable[..., keras.Model]

    # Tells the shapes of its weights without building it, so that a file can be checked first.
    _weight_shapes: Callable[..., list[tuple[int, ...]]]

    def _validate_X(self, X: ArrayLike, **kwargs: Any) -> Any:
        # float32 is what the networks compute in.
        return validate_data(self, X, dtype=np.float32, order="C", **kwargs)

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train a new network.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_features)
            Features, scaled to comparable ranges.
        y : array-like of shape (n_clips,)
            Genre of each clip: strings, integers or any other labels, at least two of them.
        sample_weight : array-like of shape (n_clips,), default=None
            Weight of each clip in the loss, multiplied with `class_weight`. A clip of weight
            zero is left out of training and validation.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If `X` or `y` cannot be used, if they hold too few clips for a validation part, or
            if training diverges.
        """
        inputs, labels = self._validate_X(X, y=y)
        check_classification_targets(labels)
        classes, codes = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                f"y holds one class only ('{classes[0]}'); a classifier needs at least two classes"
            )
        used, weight = self._weigh(inputs, labels, sample_weight)
        inputs, codes = inputs[used], codes[used]

        random_state = check_random_state(self.random_state)
        network = {"n_classes": len(classes), **self._network_params(inputs, codes)}
        data = (inputs, np.eye(len(classes), dtype=np.float32)[codes], weight)
        held_out = None
        if self.early_stopping and self.validation_fraction is not None:
            rows = stratified_part(codes, self.validation_fraction, random_state)
            held_out, data = _take(data, rows), _take(data, ~rows)

        self.model_, self.history_ = self._train(
            network, data, held_out, seed=int(random_state.randint(np.iinfo(np.int32).max))
        )
        self.classes_ = classes
        self.n_iter_ = len(self.history_)
        self._network = network
        return self

    def _weigh(self, X, y, sample_weight) -> tuple[NDArray, NDArray | None]:
        """Find the rows to train on and their weights (None if all are 1)."""
        used = np.ones(len(y), dtype=bool)
        weight = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
            used = weight > 0
            if not used.any():
                raise ValueError("every sample_weight is 0: there is no clip to train on")
            weight = weight[used]
        if self.class_weight is not None:
            by_class = compute_sample_weight(self.class_weight, y[used])
            weight = by_class if weight is None else weight * by_class
        return used, None if weight is None else weight.astype(np.float32)

    def _train(self, network, data, held_out, seed) -> tuple[keras.Model, pd.DataFrame]:
        """Build a network and train it on `data` (X, one-hot y, weights) through scikeras."""
        X, y, weight = data
        with tqdm(
            total=self.epochs,
            desc=type(self).__name__,
            unit="epoch",
            disable=None if self.verbose else True,  # None: shown on a terminal only
        ) as bar:
            callbacks: list[keras.callbacks.Callback] = [_Progress(bar)]
            if self.early_stopping:
                callbacks.append(
                    keras.callbacks.EarlyStopping(
                        monitor="loss" if held_out is None else "val_loss",
                        patience=self.patience,
                        restore_best_weights=True,
                    )
                )
            # scikeras seeds Python, NumPy and TensorFlow while it works and restores them after.
            wrapper = KerasClassifier(
                model=lambda: self._build_network(**network),
                loss="categorical_crossentropy",
                optimizer=self._make_optimizer(),
                metrics=["accuracy"],
                batch_size=self.batch_size,
                epochs=self.epochs,
                callbacks=callbacks,
                random_state=seed,
                verbose=0,
                # XLA slows small networks down on a CPU; one call per epoch speeds them up.
                compile__jit_compile=False,
                compile__steps_per_execution=-(-len(X) // self.batch_size),
            )
            wrapper.fit(X, y, sample_weight=weight, validation_data=held_out)
        history = pd.DataFrame(dict(wrapper.history_))
        history.index = pd.RangeIndex(1, len(history) + 1, name="epoch")
        numbers = [history["loss"], *wrapper.model_.get_weights()]
        if not all(np.isfinite(values).all() for values in numbers):
            raise ValueError(
                f"training diverged within {len(history)} epochs: loss or weights are not finite; "
                f"scale X, or lower learning_rate={self.learning_rate}"
            )
        return wrapper.model_, history

    def _make_optimizer(self) -> keras.Optimizer:
        optimizer = keras.optimizers.get(
            {"class_name": self.optimizer, "config": {"learning_rate": self.learning_rate}}
        )
        # On TensorFlow, Keras sums the gradients over devices through a custom gradient, which
        # TensorFlow never forgets: the graphs of every fit would stay in memory, 15 MB or more
        # each. On one device there is nothing to sum.
        strategy = getattr(optimizer, "_distribution_strategy", None)
        if strategy is not None and strategy.num_replicas_in_sync == 1:
            optimizer._all_reduce_sum_gradients = lambda gradients: gradients
        return optimizer

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Give the probability of each genre.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_features)
            Features, scaled as in `fit`.

        Returns
        -------
        ndarray of shape (n_clips, n_classes)
            One column per genre, in the order of `classes_`; rows sum to 1.
        """
        check_is_fitted(self, "model_")
        inputs = self._validate_X(X, reset=False)
        # Called directly: `model_.predict` first compiles for a tenth of a second or more.
        size = self._predict_batch_size
        batches = [
            keras.ops.convert_to_numpy(self.model_(inputs[i : i + size], training=False))
            for i in range(0, len(inputs), size)
        ]
        proba = np.concatenate(batches).astype(np.float64)
        return proba / proba.sum(axis=1, keepdims=True)

    def predict(self, X: ArrayLike) -> NDArray:
        """Give the most probable genre.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_features)
            Features, scaled as in `fit`.

        Returns
        -------
        ndarray of shape (n_clips,)
            Genres, as they were given to `fit`.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    def _get_state(self) -> tuple[dict[str, Any], list[NDArray]]:
        """Give what `fit` learned as a dict fit for JSON, and the weights of the network."""
        check_is_fitted(self, "model_")
        state = {
            "network": self._network,
            "classes": self.classes_.tolist(),
            "classes_kind": self.classes_.dtype.kind,
            "n_features_in": self.n_features_in_,
            "history": self.history_.to_dict("list"),
        }
        if hasattr(self, "feature_names_in_"):
            state["feature_names_in"] = self.feature_names_in_.tolist()
        return state, self.model_.get_weights()

    def _set_state(self, state: dict[str, Any], weights: list[NDArray]) -> Self:
        """Take over what `_get_state` gave; nothing stored is executed."""
        self._network = state["network"]
        # The state may come from a file that asks for a network of any size.
        if [weight.shape for weight in weights] != self._weight_shapes(**self._network):
            raise ValueError(f"the weights do not belong to the network {self._network}")
        is_object = state["classes_kind"] == "O"
        self.classes_ = np.array(state["classes"], dtype=object if is_object else None)
        if self.classes_.shape != (self._network["n_classes"],):
            raise ValueError(f"there are {self.classes_.size} classes for {self._network}")
        self.n_features_in_ = state["n_features_in"]
        self.history_ = pd.DataFrame(state["history"])
        self.history_.index = pd.RangeIndex(1, len(self.history_) + 1, name="epoch")
        self.n_iter_ = len(self.history_)
        if "feature_names_in" in state:
            self.feature_names_in_ = np.array(state["feature_names_in"], dtype=object)
        self._restore_model(weights)
        return self

    def _restore_model(self, weights: list[NDArray]) -> None:
        with tensorflow_random_state(0):  # first weights are drawn, then thrown away
            self.model_ = self._build_network(**self._network)
        self.model_.set_weights(weights)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "model_" in state:
            state["_weights"] = state.pop("model_").get_weights()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        weights = state.pop("_weights", None)
        super().__setstate__(state)
        if weights is not None:
            self._restore_model(weights)


class _Progress(keras.callbacks.Callback):
    """Show a finished epoch and its losses on a tqdm bar."""

    def __init__(self, bar):
        super().__init__()
        self._bar = bar

    def on_epoch_end(self, epoch, logs=None):
        self._bar.set_postfix(
            {name: f"{value:.3f}" for name, value in (logs or {}).items()}, refresh=False
        )
        self._bar.update()


def _take(data, rows):
    return tuple(None if array is None else array[rows] for array in data)
