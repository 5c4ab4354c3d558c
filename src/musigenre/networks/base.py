"""What all network classifiers share: scikit-learn outside, Keras inside."""

from __future__ import annotations

import json
from abc import ABCMeta, abstractmethod
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from musigenre.networks.prediction_graph import PredictionGraph
from musigenre.networks.validation_part import stratified_part
from musigenre.plain_arrays import from_list

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from musigenre.networks.batches import Augmentation, Batches, Statistics, TrainingData
    from musigenre.networks.training import TrainingPlan

# Numbers, and clips, that a network is given at once where it does not learn: many for speed, few
# for memory, of which the layers inside take several times as much.
_NUMBERS_AT_ONCE, _CLIPS_AT_ONCE = 2**22, 4096


class NetworkClassifier(ClassifierMixin, BaseEstimator, metaclass=ABCMeta):
    """Base class of the classifiers that train a Keras network.

    A subclass says which network (`_network_params`, `_build_network`); data checks, training,
    early stopping, prediction and saving are here.

    A network that was trained here is a Keras model. One from a file is a graph for prediction and
    a list of weights, of which `model_` makes a Keras model when it is asked for.
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

    # For classes that do not offer a choice.
    learning_rate_schedule: str = "constant"

    def __init__(
        self,
        *,
        optimizer: str,
        learning_rate: float,
        batch_size: int | str,
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

    # Builds the untrained network, by a function of `architectures`.
    _build_network: Callable[..., keras.Model]

    def _validate_X(self, X: ArrayLike, **kwargs: Any) -> Any:
        # float32 is what the networks compute in.
        return validate_data(self, X, dtype=np.float32, order="C", **kwargs)

    def _network_inputs(self, X: NDArray) -> tuple[NDArray, ...]:
        """Give the arrays that the network takes, for X as `_validate_X` gives it."""
        return (X,)

    def _statistics(self, inputs: tuple[NDArray, ...], rows: NDArray) -> Statistics:
        """Learn what the network is to know of the clips to train on before it is trained."""
        return ()

    def _prepare(self, network: keras.Model, data: TrainingData) -> None:
        """Tell an untrained network the statistics of the data."""

    def _augmentation(self, data: TrainingData) -> Augmentation | None:
        """Give what makes batches harder, if anything."""

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train a new network.

        Parameters
        ----------
        X : array-like of shape (n_clips, ...)
            The clips, in the form that the class describes.
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
        checked, labels = self._validate_X(X, y=y)
        check_classification_targets(labels)
        classes, codes = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                f"y holds one class only ('{classes[0]}'); a classifier needs at least two classes"
            )
        from musigenre.networks.batches import TrainingData

        rows, weights = self._weigh(checked, labels, sample_weight)
        random_state = check_random_state(self.random_state)
        network = {"n_classes": len(classes), **self._network_params(checked, codes)}
        held_out = None
        if self.early_stopping and self.validation_fraction is not None:
            part = stratified_part(codes[rows], self.validation_fraction, random_state)
            held_out, rows = rows[part], rows[~part]

        inputs = self._network_inputs(checked)
        genres = np.eye(len(classes), dtype=np.float32)[codes]
        data = TrainingData(inputs, genres, weights, self._statistics(inputs, rows))
        seed = int(random_state.randint(np.iinfo(np.int32).max))
        self._model, self.history_ = self._train(network, data, rows, held_out, seed)
        self._graph = self._weights = None
        self.classes_ = classes
        self.n_iter_ = len(self.history_)
        self._network = network
        return self

    def _weigh(self, X, y, sample_weight) -> tuple[NDArray, NDArray | None]:
        """Find the rows to train on, and the weights of all rows (None if all are 1)."""
        rows = np.arange(len(y))
        weights = None
        if sample_weight is not None:
            weights = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
            rows = np.flatnonzero(weights)
            if len(rows) == 0:
                raise ValueError("every sample_weight is 0: there is no clip to train on")
        if self.class_weight is not None:
            by_class = np.zeros(len(y))
            by_class[rows] = compute_sample_weight(self.class_weight, y[rows])
            weights = by_class if weights is None else weights * by_class
        return rows, None if weights is None else weights.astype(np.float32)

    def _train(
        self,
        network: dict[str, Any],
        data: TrainingData,
        rows: NDArray,
        held_out: NDArray | None,
        seed: int,
    ) -> tuple[keras.Model, pd.DataFrame]:
        """Build a network and train it on some rows, watching the loss on those held out."""
        from musigenre.networks.training import train

        def build() -> keras.Model:
            untrained = self._build_network(**network)
            self._prepare(untrained, data)
            return untrained

        return train(
            build,
            *self._batches(data, rows, held_out, seed),
            self._training_plan(seed),
            architecture=(self._build_network, json.dumps(network)),
        )

    def _batches(self, data, rows, held_out, seed) -> tuple[Batches, Batches | None]:
        """Give the batches to train on and those to validate on."""
        from musigenre.networks.batches import Batches

        size = self._clips_per_update(len(rows))
        batches = Batches(data, rows, size, seed=seed, augmentation=self._augmentation(data))
        if held_out is None:
            return batches, None
        return batches, Batches(data, held_out, _clips_at_once(data.inputs))

    def _clips_per_update(self, n_clips: int) -> int:
        return int(self.batch_size)

    def _training_plan(self, seed: int) -> TrainingPlan:
        from musigenre.networks.training import TrainingPlan

        return TrainingPlan(
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            schedule=self.learning_rate_schedule,
            epochs=self.epochs,
            patience=self.patience if self.early_stopping else None,
            seed=seed,
            description=type(self).__name__,
            verbose=self.verbose,
        )

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Give the probability of each genre.

        Parameters
        ----------
        X : array-like of shape (n_clips, ...)
            Clips, in the form that `fit` took.

        Returns
        -------
        ndarray of shape (n_clips, n_classes)
            One column per genre, in the order of `classes_`; rows sum to 1.
        """
        check_is_fitted(self)
        inputs = self._network_inputs(self._validate_X(X, reset=False))
        network = self.model_ if self._graph is None else self._graph
        proba = outputs(network, inputs).astype(np.float64)
        return proba / proba.sum(axis=1, keepdims=True)

    def predict(self, X: ArrayLike) -> NDArray:
        """Give the most probable genre.

        Parameters
        ----------
        X : array-like of shape (n_clips, ...)
            Clips, in the form that `fit` took.

        Returns
        -------
        ndarray of shape (n_clips,)
            Genres, as they were given to `fit`.
        """
        proba = self.predict_proba(X)
        return self.classes_[proba.argmax(axis=1)]

    @property
    def model_(self) -> keras.Model:
        """The trained network; after loading it is built when it is first asked for."""
        if self._model is None:
            check_is_fitted(self)
            from musigenre.networks.rebuilding import rebuild

            self._model = rebuild(self._build_network, self._network, self._weights or [])
            self._weights = None
        return self._model

    # Of these a fitted classifier has `_model`, or `_weights` and perhaps `_graph`.
    _model: keras.Model | None = None
    _weights: list[NDArray] | None = None
    _graph: PredictionGraph | None = None

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classes_")

    def _get_graph(self) -> bytes | None:
        """Give the network as a graph for prediction, if this backend of Keras can."""
        check_is_fitted(self)
        if self._graph is not None:
            return self._graph.data
        from musigenre.networks.onnx_export import export

        graph = export(self.model_)
        return None if graph is None else graph.data

    def _get_weights(self) -> list[NDArray]:
        return self.model_.get_weights() if self._weights is None else self._weights

    def _get_state(self) -> tuple[dict[str, Any], list[NDArray]]:
        """Give what `fit` learned as a dict fit for JSON, and the weights of the network."""
        check_is_fitted(self)
        state = {
            "network": self._network,
            "classes": self.classes_.tolist(),
            "classes_kind": self.classes_.dtype.kind,
            "n_features_in": self.n_features_in_,
            "history": self.history_.to_dict("list"),
        }
        if hasattr(self, "feature_names_in_"):
            state["feature_names_in"] = self.feature_names_in_.tolist()
        return state, self._get_weights()

    def _set_state(
        self, state: dict[str, Any], weights: list[NDArray], graph: bytes | None = None
    ) -> Self:
        """Take over what `_get_state` and `_get_graph` gave; nothing stored is executed."""
        self._network = state["network"]
        is_object = state["classes_kind"] == "O"
        classes = state["classes"]
        self.classes_ = np.array(classes, dtype=object) if is_object else from_list(classes)
        if self.classes_.shape != (self._network["n_classes"],):
            raise ValueError(f"there are {self.classes_.size} classes for {self._network}")
        self.n_features_in_ = state["n_features_in"]
        self.history_ = _history(state["history"])
        self.history_.index = pd.RangeIndex(1, len(self.history_) + 1, name="epoch")
        self.n_iter_ = len(self.history_)
        if "feature_names_in" in state:
            self.feature_names_in_ = np.array(state["feature_names_in"], dtype=object)
        if not all(isinstance(w, np.ndarray) and w.dtype == np.float32 for w in weights):
            raise ValueError("the weights of a network are arrays of float32")
        self._model, self._weights, self._graph = None, weights, None
        if graph is None:
            self.model_  # noqa: B018 - built now, so that what does not fit shows now
        else:
            shapes = _input_shapes(self._network)
            self._graph = PredictionGraph(graph, shapes, len(self.classes_))
        return self

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if state.get("_model") is not None:
            state |= {"_weights": self._get_weights(), "_model": None}
        return state


def outputs(
    network: keras.Model | PredictionGraph, inputs: tuple[NDArray, ...]
) -> NDArray[np.float32]:
    """Run a network on all clips, some at a time."""
    run = network if isinstance(network, PredictionGraph) else partial(_run_keras, network)
    size = _clips_at_once(inputs)
    return np.concatenate(
        [
            run([values[first : first + size] for values in inputs])
            for first in range(0, len(inputs[0]), size)
        ]
    )


def _run_keras(network: keras.Model, batch: list[NDArray]) -> NDArray[np.float32]:
    from musigenre.networks.quiet_keras import keras

    given = batch[0] if len(batch) == 1 else batch
    # Called directly: `network.predict` first compiles for a tenth of a second or more.
    return keras.ops.convert_to_numpy(network(given, training=False))


def _history(columns: dict[str, list]) -> pd.DataFrame:
    # pandas would repeat a single value to the length of the others.
    if not all(isinstance(column, list) for column in columns.values()):
        raise ValueError("a column of the history is no list")
    return pd.DataFrame(columns)


def _input_shapes(network: dict[str, Any]) -> list[tuple[int, ...]]:
    """Give the shape of a clip in each input of a network, from its arguments."""
    shapes: list[tuple[int, ...]] = []
    if "n_features" in network:
        shapes.append((network["n_features"],))
    if "n_bins" in network:
        shapes.append((network["n_bins"], network["n_frames"]))
    return shapes


def _clips_at_once(inputs: tuple[NDArray, ...]) -> int:
    numbers = sum(values[0].size for values in inputs)
    return max(1, min(_CLIPS_AT_ONCE, _NUMBERS_AT_ONCE // numbers))
