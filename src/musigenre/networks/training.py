"""Training of one network. This is the one module that knows scikeras."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from musigenre.networks.quiet_keras import keras  # isort: skip - before scikeras imports it
from scikeras.utils import random_state
from scikeras.wrappers import KerasClassifier
from tqdm.auto import tqdm

from musigenre.networks.batches import Batches
from musigenre.networks.compiled import CompiledNetworks, copy_variables, start_anew

# Batches that run without coming back to Python. More are no faster, and an interrupt waits.
_STEPS_PER_EXECUTION = 32

_kept = CompiledNetworks()

#: scikeras seeds Python, NumPy and TensorFlow with this, and restores them after.
seeded = random_state.tensorflow_random_state

if hasattr(random_state, "config"):  # not without TensorFlow
    # TensorFlow looks at TF_DETERMINISTIC_OPS when it is first asked, and scikeras sets that before
    # it asks: determinism would stay on, and layers without a seed fail, as long as the process.
    random_state.config.is_op_determinism_enabled()


@dataclass(frozen=True)
class TrainingPlan:
    """How a network is trained.

    Attributes
    ----------
    optimizer : {"adam", "adamw", "nadam", "rmsprop", "sgd"}
    learning_rate : float
        The largest step size.
    schedule : {"constant", "cosine", "one_cycle"}
        How it goes on, see :func:`learning_rate_schedule`.
    epochs : int
        The largest number of epochs.
    patience : int or None
        Epochs without a lower loss before training stops and the best weights are taken back;
        None trains all epochs and keeps the last weights.
    seed : int
        Source of first weights and dropout.
    description : str
        What the progress bar is called.
    verbose : int
        0 shows no bar.
    """

    optimizer: str
    learning_rate: float
    schedule: str
    epochs: int
    patience: int | None
    seed: int
    description: str
    verbose: int = 0


def train(
    build: Callable[[], keras.Model],
    batches: Batches,
    held_out: Batches | None,
    plan: TrainingPlan,
    *,
    loss: str | Callable = "categorical_crossentropy",
    accuracy: Callable = keras.metrics.categorical_accuracy,
    architecture: Hashable = None,
) -> tuple[keras.Model, pd.DataFrame]:
    """Build a network and train it.

    Parameters
    ----------
    build : callable
        Gives the untrained network.
    batches : Batches
        What it is trained on. They are released afterwards, as is `held_out`.
    held_out : Batches or None
        What its loss is measured on after each epoch; early stopping then watches that loss, and
        without it the loss of training.
    plan : TrainingPlan
    loss : str or callable, default="categorical_crossentropy"
    accuracy : callable, default=keras.metrics.categorical_accuracy
        Of genres and outputs; tells which are right.
    architecture : hashable, optional
        What all that `build` gives, but for the values of its variables, and `loss` and `accuracy`
        depend on. With it, what TensorFlow traced for such a training serves again.

    Returns
    -------
    network : keras.Model
    history : DataFrame
        Loss and accuracy, one row per epoch; with `held_out` also ``val_loss`` and
        ``val_accuracy``.

    Raises
    ------
    ValueError
        If training diverges.
    """
    with tqdm(
        total=plan.epochs,
        desc=plan.description,
        unit="epoch",
        disable=None if plan.verbose else True,  # None: shown on a terminal only
    ) as bar:
        callbacks: list[keras.callbacks.Callback] = [Progress(bar)]
        if plan.patience is not None:
            callbacks.append(
                keras.callbacks.EarlyStopping(
                    monitor="loss" if held_out is None else "val_loss",
                    patience=plan.patience,
                    restore_best_weights=True,
                )
            )
        on_tensorflow = keras.backend.backend() == "tensorflow"
        optimizer = _make_optimizer(plan, len(batches))
        # TensorFlow traces twice what makes variables, so they are made before: those of the
        # metric here, those of the optimizer as soon as there is a network.
        metric = keras.metrics.MeanMetricWrapper(accuracy, name="accuracy")
        kind = _kind(architecture, plan, len(batches)) if on_tensorflow else None
        untrained: list[keras.Model] = []

        def build_with_optimizer() -> keras.Model:
            untrained[:] = [build()]
            if kind is None:
                network = untrained[0]
            elif (kept := _kept.take(kind)) is not None:
                return start_anew(kept, untrained[0])
            else:
                network = copy_variables(untrained[0], build())
            optimizer.build(network.trainable_variables)
            return network

        wrapper = _BatchClassifier(
            model=build_with_optimizer,
            loss=loss,
            optimizer=optimizer,
            metrics=[metric],
            epochs=plan.epochs,
            callbacks=callbacks,
            random_state=plan.seed,
            verbose=0,
            # XLA slows small networks down on TensorFlow and a CPU; JAX cannot do without.
            compile__jit_compile=False if on_tensorflow else "auto",
            compile__steps_per_execution=_STEPS_PER_EXECUTION if on_tensorflow else 1,
        )
        wrapper.batches_ = batches
        try:
            wrapper.fit(*_PLACEHOLDERS, validation_data=held_out)
        finally:
            batches.release()
            if held_out is not None:
                held_out.release()
    history = pd.DataFrame(dict(wrapper.history_))
    history.index = pd.RangeIndex(1, len(history) + 1, name="epoch")
    network = copy_variables(wrapper.model_, untrained[0])
    numbers = [history["loss"], *network.get_weights()]
    if not all(np.isfinite(values).all() for values in numbers):
        raise ValueError(
            f"training diverged within {len(history)} epochs: loss or weights are not finite; "
            f"scale X, or lower learning_rate={plan.learning_rate}"
        )
    if kind is not None:
        _kept.keep(kind, wrapper.model_)
    return network, history


def _kind(architecture: Hashable, plan: TrainingPlan, n_batches: int) -> Hashable:
    """Give all that is in the graph of a training; None if the network has no name."""
    if architecture is None:
        return None
    # A schedule ends with the training.
    updates = None if plan.schedule == "constant" else plan.epochs * n_batches
    return architecture, plan.optimizer, plan.learning_rate, plan.schedule, updates


def learning_rate_schedule(
    name: str, peak: float, n_steps: int
) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """Give the learning rate of each update.

    Parameters
    ----------
    name : {"constant", "cosine", "one_cycle"}
        ``constant`` stays at the peak, ``cosine`` falls from it to zero along half a cosine
        (Loshchilov and Hutter, "SGDR", ICLR 2017), and ``one_cycle`` first rises to it from a
        25th, over the first quarter of the updates (Smith and Topin, "Super-convergence", 2019).
    peak : float
    n_steps : int
        Updates in the whole training.

    Returns
    -------
    float or LearningRateSchedule

    Examples
    --------
    >>> rate = learning_rate_schedule("one_cycle", 0.1, 100)
    >>> [round(float(rate(step)), 4) for step in (0, 25, 100)]
    [0.004, 0.1, 0.0]
    """
    if name == "constant":
        return peak
    if name == "cosine":
        return keras.optimizers.schedules.CosineDecay(peak, n_steps)
    warm_up = max(1, n_steps // 4)
    return keras.optimizers.schedules.CosineDecay(
        peak / 25, max(1, n_steps - warm_up), warmup_target=peak, warmup_steps=warm_up
    )


class Progress(keras.callbacks.Callback):
    """Show a finished epoch and its losses on a tqdm bar."""

    def __init__(self, bar):
        super().__init__()
        self._bar = bar

    def on_epoch_end(self, epoch, logs=None):
        """Move the bar on."""
        self._bar.set_postfix(
            {name: f"{value:.3f}" for name, value in (logs or {}).items()}, refresh=False
        )
        self._bar.update()


class _BatchClassifier(KerasClassifier):
    """scikeras' classifier on `batches_`: its encoders put them in the place of X and y."""

    batches_: Batches

    @property
    def feature_encoder(self):
        return _Giver(self.batches_)

    @property
    def target_encoder(self):
        return _Giver(None)


class _Giver:
    """A transformer that gives what it holds, whatever it is shown."""

    def __init__(self, held: Any):
        self._held = held

    def fit(self, X):
        return self

    def transform(self, X):
        return self._held


# scikeras wants to see arrays; what is trained on are the batches.
_PLACEHOLDERS = np.zeros((4, 1)), np.arange(4) % 2


def _make_optimizer(plan: TrainingPlan, n_batches: int) -> keras.Optimizer:
    rate = learning_rate_schedule(plan.schedule, plan.learning_rate, plan.epochs * n_batches)
    optimizer = keras.optimizers.get(
        {"class_name": plan.optimizer, "config": {"learning_rate": rate}}
    )
    # On TensorFlow, Keras sums the gradients over devices through a custom gradient, which
    # TensorFlow never forgets: the graphs of every fit would stay in memory, 15 MB or more
    # each. On one device there is nothing to sum.
    strategy = getattr(optimizer, "_distribution_strategy", None)
    if strategy is not None and strategy.num_replicas_in_sync == 1:
        optimizer._all_reduce_sum_gradients = lambda gradients: gradients
    return optimizer
