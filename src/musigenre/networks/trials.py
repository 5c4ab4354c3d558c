"""The trials of a search: trained and scored one after another, or several at a time."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from musigenre.model_selection import StratifiedMonteCarloSplit
from musigenre.networks.bayesian_search import Perceptron, PerceptronSpace, propose
from musigenre.networks.validation_part import stratified_part
from musigenre.parallel import run_jobs

# Training seeds the whole process: where workers are threads, one network is trained at a time.
_TRAINING = threading.Lock()


class Rows(NamedTuple):
    """A part of the training data."""

    X: NDArray[np.float32]
    y: NDArray
    sample_weight: NDArray | None

    def take(self, rows: NDArray) -> "Rows":
        """Give some of the rows."""
        weight = None if self.sample_weight is None else self.sample_weight[rows]
        return Rows(self.X[rows], self.y[rows], weight)


class Outcome(NamedTuple):
    """What came of a trial.

    Parameters
    ----------
    network : Perceptron
    score : float
        NaN if the trial failed.
    seconds : float
        Time of training and scoring, by the clock.
    error : str
        Why it failed; empty if it did not.
    """

    network: Perceptron
    score: float
    seconds: float
    error: str = ""


def run_trials(
    run: Callable[[Perceptron], tuple],
    space: PerceptronSpace,
    tried: Sequence[tuple[Perceptron, float]],
    n_trials: int,
    *,
    max_seconds: float | None,
    n_initial: int,
    seed: int,
    n_jobs: int | None,
) -> Iterator[Outcome]:
    """Go on with a search, and give the outcome of each trial as soon as it is there.

    Trials are proposed in batches of `n_jobs`. The batches of a search that goes on are those that
    it would have had in one go.

    Parameters
    ----------
    run : callable
        Gives the arguments of :func:`run_trial` for a network.
    space : PerceptronSpace
    tried : sequence of (Perceptron, float)
        Networks tried earlier, in order, and their scores.
    n_trials : int
        Trials of the whole search.
    max_seconds : float or None
        Seconds after which no batch begins. The first one always does.
    n_initial, seed
        As for :func:`musigenre.networks.bayesian_search.propose`.
    n_jobs : int or None
        Trials at a time.

    Yields
    ------
    Outcome
    """
    end = math.inf if max_seconds is None else time.perf_counter() + max_seconds
    told = list(tried)
    size = effective_n_jobs(n_jobs)
    while len(told) < n_trials:
        n_done = len(told) % size
        batch = propose(space, told[: len(told) - n_done], size, n_initial=n_initial, seed=seed)
        batch = batch[n_done:]
        if set(batch) & {network for network, _ in told}:  # n_jobs was another one earlier
            batch = propose(space, told, size - n_done, n_initial=n_initial, seed=seed)
        if not batch:
            return
        batch = batch[: n_trials - len(told)]
        results = run_jobs(run_trial, map(run, batch), n_jobs, ordered=True)
        for network, result in zip(batch, results, strict=True):
            outcome = Outcome(network, *result)
            told.append((network, outcome.score))
            yield outcome
        if time.perf_counter() >= end:
            return


def run_trial(
    classifier: ClassifierMixin,
    scorer: Callable[..., float],
    training: Rows,
    held_out: Rows,
) -> tuple[float, float, str]:
    """Train a classifier and score it on other rows.

    Parameters
    ----------
    classifier : estimator
        Unfitted.
    scorer : callable
        As scikit-learn has them.
    training, held_out : Rows

    Returns
    -------
    score : float
        NaN if the classifier could not be trained or scored.
    seconds : float
    error : str
        Why not.
    """
    weight: dict[str, Any] = {}
    if held_out.sample_weight is not None:
        weight["sample_weight"] = held_out.sample_weight
    with _TRAINING:
        begin = time.perf_counter()
        try:
            classifier.fit(*training)
            score, error = float(scorer(classifier, held_out.X, held_out.y, **weight)), ""
        except ValueError as failure:
            score, error = math.nan, str(failure)
        seconds = time.perf_counter() - begin
    if not error and not math.isfinite(score):
        score, error = math.nan, f"the score is {score}"
    return score, seconds, error


def draw_validation_part(
    data: Rows, groups: NDArray | None, fraction: float, random_state: np.random.RandomState
) -> NDArray[np.bool_]:
    """Choose the rows that trials are scored on.

    Parameters
    ----------
    data : Rows
        Rows without weight are not chosen: they are not there.
    groups : ndarray of shape (n_rows,) or None
        No group is on both sides.
    fraction : float
        Share of the rows to choose.
    random_state : numpy.random.RandomState

    Returns
    -------
    ndarray of bool, shape (n_rows,)

    Raises
    ------
    ValueError
        If there are too few rows or groups.
    """
    weight = data.sample_weight
    used = np.arange(len(data.y)) if weight is None else np.flatnonzero(weight)
    if not used.size:
        raise ValueError("every sample_weight is 0: there is no clip to train on")
    y = data.y[used]
    if len(np.unique(y)) == len(y):
        raise ValueError(
            f"no validation part can be drawn from {len(y)} clips of {len(y)} classes; give more "
            "clips"
        )
    is_held_out = np.zeros(len(data.y), dtype=bool)
    if groups is None or len(pd.unique(groups)) == len(groups):  # nothing to keep together
        is_held_out[used] = stratified_part(y, fraction, random_state)
        return is_held_out
    splitter = StratifiedMonteCarloSplit(1, test_size=fraction, random_state=random_state)
    try:
        _, drawn = next(splitter.split(y, y, groups[used]))
    except ValueError as error:
        raise ValueError(
            f"no validation part can be drawn by groups with validation_fraction={fraction}: "
            f"{error}"
        ) from error
    is_held_out[used[drawn]] = True
    return is_held_out


def trial_table(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """Give outcomes as a table, one row a trial."""
    rows = [
        (
            number,
            *outcome.network,
            outcome.score,
            outcome.seconds,
            "failed" if outcome.error else "completed",
        )
        for number, outcome in enumerate(outcomes)
    ]
    columns = ["number", *Perceptron._fields, "score", "seconds", "status"]
    return pd.DataFrame(rows, columns=columns).astype({"score": float, "seconds": float})
