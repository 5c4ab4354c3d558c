"""A multi-layer perceptron whose layers are found by Bayesian optimisation."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import joblib
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)
from tqdm.auto import tqdm

from musigenre.networks.bayesian_search import Perceptron, PerceptronSpace, make_space
from musigenre.networks.mlp_classifier import MLPClassifier
from musigenre.networks.trials import (
    Outcome,
    Rows,
    draw_validation_part,
    run_trials,
    trial_table,
)

if TYPE_CHECKING:
    import keras

# Parameters of MLPClassifier that are not searched.
_TRAINING = (
    "optimizer",
    "learning_rate",
    "batch_size",
    "early_stopping",
    "patience",
    "class_weight",
)

# Parameters that may change between a search and its continuation.
_OF_A_CALL = {"n_trials", "max_seconds", "warm_start", "random_state", "n_jobs", "verbose"}


class TunedMLPClassifier(ClassifierMixin, BaseEstimator):
    """Multi-layer perceptron whose layers are found by Bayesian optimisation.

    Networks with other numbers of hidden layers, neurons and dropout are trained on a part of the
    training data and scored on the rest of it; a Gaussian process over the scores says which to
    try next. The best is then trained anew, on all the training data, as `MLPClassifier` does.

    Parameters
    ----------
    n_trials : int, default=20
        Networks to try, those of an earlier search that goes on included.
    max_seconds : float or None, default=None
        Seconds after which no further trial begins. The one that is running is finished, and the
        training of the best network comes on top.
    n_hidden_layers : pair of int, default=(1, 6)
        Fewest and most hidden layers.
    n_neurons : pair of int, default=(8, 256)
        Smallest and largest width of a hidden layer.
    dropout : sequence of float, default=(0.3, 0.4, 0.5)
        Values that the dropout of a hidden layer may have, from 0 to below 1.
    scoring : str, callable or None, default=None
        What a trial's network is scored by on the validation part, a scorer of scikit-learn. None
        takes its accuracy.
    validation_fraction : float, default=0.2
        Share of the clips given to `fit` on which trials are scored, drawn by genre. They are kept
        out of the training of trials, not of that of the best network.
    n_initial_trials : int, default=5
        Trials drawn at random before the optimisation begins.
    trial_epochs : int or None, default=40
        Largest number of epochs of a trial; None for `epochs`.
    optimizer, learning_rate, batch_size, epochs, early_stopping, patience, class_weight
        How networks are trained, see `MLPClassifier`. Early stopping watches the training loss.
    warm_start : bool, default=False
        Whether `fit` goes on with the trials of an earlier `fit` on the same data.
    random_state : int, RandomState instance or None, default=None
        Source of the validation part, the choice of networks, and their training. The same number
        gives the same search and the same network, on the same machine and for the same `n_jobs`,
        unless `max_seconds` cuts it short.
    n_jobs : int, optional
        Trials at a time, see :class:`joblib.Parallel`. The backend is the active one.
    verbose : int, default=0
        0 is silent; 1 shows a progress bar on a terminal.

    Attributes
    ----------
    best_params_ : dict
        ``hidden_layer_sizes`` and ``dropout`` of the best trial, as `MLPClassifier` takes them.
    best_score_ : float
        Score of the best trial on the validation part: a part of the training data, on which it was
        chosen, so it flatters. The accuracy on other data must be measured on such.
    trials_ : pandas.DataFrame
        One row a trial, in the order of the search: ``number``, ``hidden_layer_sizes``,
        ``dropout``, ``score``, ``seconds`` and ``status``, which is ``"completed"``, or
        ``"failed"`` where training diverged or no score could be computed.
    estimator_ : MLPClassifier
        The best network, trained on all the data.
    model_ : keras.Model
        Its network; ``model_.summary()`` describes it.
    history_ : pandas.DataFrame
        Its loss and accuracy, one row an epoch.
    n_iter_ : int
        Epochs it was trained.
    search_seed_ : int
        `random_state` if that is an int, or else a number drawn from it. As `random_state` it
        repeats the search.
    classes_ : ndarray of shape (n_classes,)
        Genres, sorted.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if `X` had names of type string.

    See Also
    --------
    MLPClassifier : The network with the layers one gives it.
    musigenre.networks.TuningDisplay : Picture of a search.

    Notes
    -----
    Give `fit` the track of each clip as `groups`, and no track is on both sides of the validation:
    without them, clips of a track that a network was trained on take part in its score. To be heard
    in a pipeline, `groups` go by scikit-learn's ways, ``pipe.fit(X, y, classifier__groups=...)`` or
    metadata routing; `musigenre.GenrePipeline` and `musigenre.evaluate` pass them by themselves.

    **Going on.** Whatever ends a search before its time (`max_seconds`, Ctrl-C), its trials stay in
    `trials_`. With ``warm_start=True`` the next `fit` on the same data with the same parameters
    tries the networks that are missing and gives what a search in one go gives. `n_trials`,
    `max_seconds`, `n_jobs` and `verbose` may differ; with ``n_trials=len(model.trials_)`` nothing
    more is tried and the best network so far is trained.

    **Parallel trials** are proposed `n_jobs` at a time, each as if those before it in the batch had
    the mean score of the trials so far. The search therefore differs with `n_jobs`, but for its
    first `n_initial_trials`. With ``n_jobs=None`` every proposal knows all trials before it.

    References
    ----------
    P. Cortis, "Music genre classification with deep neural networks", sections III.C and IV.A: the
    ranges of layers, neurons and dropout, and 20 % of the training data for validation.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.networks import TunedMLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> y = np.where(X[:, 0] * X[:, 1] > 0, "jazz", "rock")
    >>> model = TunedMLPClassifier(
    ...     n_trials=3, n_hidden_layers=(1, 2), dropout=[0.3], learning_rate=0.01, random_state=0
    ... )
    >>> model.fit(X, y).predict([[1, 1], [1, -1]])
    array(['jazz', 'rock'], dtype='<U4')
    >>> model.trials_["status"].tolist()
    ['completed', 'completed', 'completed']
    """

    _parameter_constraints: dict = {
        **{name: MLPClassifier._parameter_constraints[name] for name in _TRAINING},
        "n_trials": [Interval(Integral, 1, None, closed="left")],
        "max_seconds": [Interval(Real, 0, None, closed="neither"), None],
        "n_hidden_layers": ["array-like"],
        "n_neurons": ["array-like"],
        "dropout": ["array-like"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_initial_trials": [Interval(Integral, 1, None, closed="left")],
        "trial_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "epochs": MLPClassifier._parameter_constraints["epochs"],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    trials_: pd.DataFrame
    search_seed_: int
    # The search so far, and a fingerprint of what it is a search for.
    _outcomes: list[Outcome]
    _of_search: dict[str, str]

    def __init__(
        self,
        n_trials: int = 20,
        *,
        max_seconds: float | None = None,
        n_hidden_layers: tuple[int, int] = (1, 6),
        n_neurons: tuple[int, int] = (8, 256),
        dropout: Sequence[float] = (0.3, 0.4, 0.5),
        scoring: str | Callable[..., float] | None = None,
        validation_fraction: float = 0.2,
        n_initial_trials: int = 5,
        trial_epochs: int | None = 40,
        optimizer: str = "nadam",
        learning_rate: float = 1e-3,
        batch_size: int = 128,
        epochs: int = 100,
        early_stopping: bool = True,
        patience: int = 10,
        class_weight: str | dict | None = None,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ):
        self.n_trials = n_trials
        self.max_seconds = max_seconds
        self.n_hidden_layers = n_hidden_layers
        self.n_neurons = n_neurons
        self.dropout = dropout
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_initial_trials = n_initial_trials
        self.trial_epochs = trial_epochs
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.early_stopping = early_stopping
        self.patience = patience
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Search, and train the best network on all the data.

        Parameters
        ----------
        X : array-like of shape (n_clips, n_features)
            Features, scaled to comparable ranges.
        y : array-like of shape (n_clips,)
            Genre of each clip: strings, integers or any other labels, at least two of them.
        sample_weight : array-like of shape (n_clips,), default=None
            Weight of each clip in the loss and in the score of a trial.
        groups : array-like of shape (n_clips,), default=None
            Track (or artist) of each clip: no group is on both sides of the validation.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter, `X`, `y`, `sample_weight` or `groups` cannot be used, if no validation
            part can be drawn, if no trial succeeds, or if ``warm_start=True`` and the data or the
            parameters are not those of the search so far.
        """
        space = make_space(self.n_hidden_layers, self.n_neurons, self.dropout)
        inputs, labels = validate_data(self, X, y, dtype=np.float32, order="C")
        check_classification_targets(labels)
        classes, codes = np.unique(labels, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                f"y holds one class only ('{classes[0]}'); a classifier needs at least two classes"
            )
        weight = owners = None
        if sample_weight is not None:
            weight = _check_sample_weight(sample_weight, inputs, ensure_non_negative=True)
        if groups is not None:
            check_consistent_length(inputs, groups)
            owners = column_or_1d(groups, dtype=object)
        data = Rows(inputs, labels, weight)

        group_codes = None if owners is None else pd.factorize(owners)[0]
        self._begin(joblib.hash((inputs, codes, weight, group_codes)))
        is_held_out = draw_validation_part(
            data, owners, self.validation_fraction, np.random.RandomState(self.search_seed_)
        )
        self._search(space, data.take(~is_held_out), data.take(is_held_out))
        best = self.trials_.iloc[self.trials_["score"].argmax()]
        self.best_params_ = {name: best[name] for name in Perceptron._fields}
        self.best_score_ = float(best["score"])
        network = self._network(self.best_params_, self.epochs, self.verbose)
        self.estimator_ = network.fit(*data)
        self.classes_ = self.estimator_.classes_
        return self

    def _begin(self, data_hash: str) -> None:
        """Take up the search so far, or begin a new one."""
        # A function's repr is its address, which changes; its name does not.
        of_search = {"the data": data_hash} | {
            name: getattr(value, "__qualname__", repr(value))
            for name, value in self.get_params().items()
            if name not in _OF_A_CALL
        }
        if isinstance(self.random_state, Integral):
            of_search["random_state"] = str(self.random_state)
        goes_on = self.warm_start and hasattr(self, "trials_")
        if goes_on:
            if not hasattr(self, "_outcomes"):
                raise ValueError(
                    "warm_start=True cannot go on with trials from a model file, which does not "
                    "hold their data; set warm_start=False, or keep unfinished searches by pickle"
                )
            before = self._of_search
            changed = [name for name, value in of_search.items() if value != before.get(name)]
            if changed:
                raise ValueError(
                    "warm_start=True goes on with the trials of an earlier fit, for which "
                    f"{', '.join(changed)} differed; keep what it had, or set warm_start=False"
                )
        # A fit that is interrupted leaves its trials, and no network of an earlier one.
        for name in ("best_params_", "best_score_", "estimator_", "classes_"):
            if hasattr(self, name):
                delattr(self, name)
        if not goes_on:
            seed = self.random_state
            if not isinstance(seed, Integral):
                seed = check_random_state(seed).randint(np.iinfo(np.int32).max)
            self.search_seed_ = int(seed)
            self._of_search = of_search
            self._outcomes = []
            self.trials_ = trial_table(self._outcomes)

    def _network(self, params: dict[str, Any], epochs: int, verbose: int = 0) -> MLPClassifier:
        training = {name: getattr(self, name) for name in _TRAINING}
        return MLPClassifier(
            **params, **training, epochs=epochs, random_state=self.search_seed_, verbose=verbose
        )

    def _search(self, space: PerceptronSpace, training: Rows, held_out: Rows) -> None:
        epochs = self.epochs if self.trial_epochs is None else self.trial_epochs
        scorer = check_scoring(self._network({}, epochs), self.scoring)
        outcomes = self._outcomes
        trials = run_trials(
            lambda network: (
                self._network(network._asdict(), epochs),
                scorer,
                training,
                held_out,
            ),
            space,
            [(outcome.network, outcome.score) for outcome in outcomes],
            self.n_trials,
            max_seconds=self.max_seconds,
            n_initial=self.n_initial_trials,
            seed=self.search_seed_,
            n_jobs=self.n_jobs,
        )
        with tqdm(
            desc=type(self).__name__,
            total=self.n_trials,
            initial=len(outcomes),
            unit="trial",
            disable=None if self.verbose else True,  # None: shown on a terminal only
        ) as bar:
            for outcome in trials:
                outcomes.append(outcome)
                self.trials_ = trial_table(outcomes)
                bar.set_postfix(best=f"{self.trials_['score'].max():.3f}", refresh=False)
                bar.update()
        failed = [outcome for outcome in outcomes if outcome.error]
        if len(failed) == len(outcomes):
            raise ValueError(f"no trial succeeded; the first failed: {failed[0].error}")
        if failed:
            warnings.warn(
                f"{len(failed)} of {len(outcomes)} trials failed; the first of them: "
                f"{failed[0].error}",
                FitFailedWarning,
                stacklevel=4,
            )

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
        check_is_fitted(self)
        inputs = validate_data(self, X, dtype=np.float32, order="C", reset=False)
        return self.estimator_.predict_proba(inputs)

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

    @property
    def model_(self) -> keras.Model:
        """The trained network."""
        return self.estimator_.model_

    @property
    def history_(self) -> pd.DataFrame:
        """Loss and accuracy of the trained network, one row an epoch."""
        return self.estimator_.history_

    @property
    def n_iter_(self) -> int:
        """Epochs that the network was trained."""
        return self.estimator_.n_iter_

    def __sklearn_is_fitted__(self) -> bool:
        # A search that was interrupted leaves its trials, but no network.
        return hasattr(self, "estimator_")
