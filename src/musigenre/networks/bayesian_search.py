"""Which network to try next: Bayesian optimisation over perceptrons.

This is the one module that knows keras-tuner. Of it only the oracle is used, and anew for each
proposal: a proposal then is a function of what was tried so far and of a seed, nothing is written
to the disk, nothing stays in memory, and a search goes on from a plain list of trials.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from numbers import Integral, Real
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from musigenre.networks.quiet_import import import_quietly
from musigenre.parallel import one_blas_thread

if TYPE_CHECKING:
    from keras_tuner import HyperParameters
    from keras_tuner.oracles import BayesianOptimizationOracle

# Draws before a space counts as exhausted.
_MAX_DRAWS = 100

# Candidates for a proposal. Half of them are like one of the best networks so far, with a share of
# its properties drawn anew; the others are drawn at random.
_N_CANDIDATES = 2000
_N_BEST = 3
_SHARE_REDRAWN = 0.25


class Perceptron(NamedTuple):
    """What is searched: the width of each hidden layer, and its dropout."""

    hidden_layer_sizes: tuple[int, ...]
    dropout: tuple[float, ...]


class PerceptronSpace(NamedTuple):
    """Bounds of a search, both included.

    Parameters
    ----------
    n_hidden_layers : pair of int
        Fewest and most hidden layers.
    n_neurons : pair of int
        Smallest and largest width of a hidden layer.
    dropout : tuple of float
        Values that the dropout of a hidden layer may have.
    """

    n_hidden_layers: tuple[int, int]
    n_neurons: tuple[int, int]
    dropout: tuple[float, ...]


def make_space(
    n_hidden_layers: Sequence[int], n_neurons: Sequence[int], dropout: Sequence[float]
) -> PerceptronSpace:
    """Check the bounds of a search.

    Parameters
    ----------
    n_hidden_layers, n_neurons, dropout
        As in :class:`PerceptronSpace`.

    Returns
    -------
    PerceptronSpace

    Raises
    ------
    ValueError
        If a bound is not a whole number above 0, there are not two of them, the first is the
        greater, or a dropout is not from 0 to below 1.

    Examples
    --------
    >>> from musigenre.networks.bayesian_search import make_space
    >>> make_space([1, 2], [8, 64], [0.5, 0.5])
    PerceptronSpace(n_hidden_layers=(1, 2), n_neurons=(8, 64), dropout=(0.5,))
    """
    layers = _check_pair("n_hidden_layers", n_hidden_layers, "(1, 6)")
    neurons = _check_pair("n_neurons", n_neurons, "(8, 256)")
    rates = tuple(dropout)
    if not rates or not all(isinstance(rate, Real) and 0 <= rate < 1 for rate in rates):
        raise ValueError(
            f"dropout={dropout!r} must hold the values to choose from, each from 0 to below 1; "
            "give for example (0.3, 0.4, 0.5)"
        )
    return PerceptronSpace(layers, neurons, tuple(dict.fromkeys(map(float, rates))))


def _check_pair(name: str, pair: Sequence[int], example: str) -> tuple[int, int]:
    are_whole = len(pair) == 2 and all(isinstance(bound, Integral) for bound in pair)
    if not are_whole or not 0 < pair[0] <= pair[1]:
        raise ValueError(
            f"{name}={pair!r} must be the smallest and the largest number, both whole and above 0; "
            f"give for example {example}"
        )
    return int(pair[0]), int(pair[1])


def propose(
    space: PerceptronSpace,
    tried: Sequence[tuple[Perceptron, float]],
    n_proposals: int,
    *,
    n_initial: int,
    seed: int,
) -> list[Perceptron]:
    """Choose the networks to try next.

    The first `n_initial` of a search are drawn at random. From then on a Gaussian process is fitted
    to the scores so far, and of many candidates, some of them like the best networks, the one with
    the highest upper confidence bound is chosen.

    Parameters
    ----------
    space : PerceptronSpace
    tried : sequence of (Perceptron, float)
        Networks tried so far, in order, and their scores: the larger, the better. NaN, for a
        network that could not be trained, counts as the worst score of the others.
    n_proposals : int
        Networks to choose at once. Each is chosen as if those before it had the mean score.
    n_initial : int
        Networks drawn at random at the start of the search.
    seed : int
        Seed of the search, the same throughout. 0 is a seed like any other.

    Returns
    -------
    list of Perceptron
        All different and not tried yet; fewer than `n_proposals` if the space has no more.

    Examples
    --------
    >>> from musigenre.networks.bayesian_search import PerceptronSpace, propose
    >>> space = PerceptronSpace(n_hidden_layers=(1, 2), n_neurons=(8, 8), dropout=(0.5,))
    >>> sorted(propose(space, [], 3, n_initial=3, seed=0))
    [Perceptron(hidden_layer_sizes=(8,), dropout=(0.5,)), \
Perceptron(hidden_layer_sizes=(8, 8), dropout=(0.5, 0.5))]
    """
    told = list(tried)
    proposals: list[Perceptron] = []
    while len(proposals) < n_proposals:
        chosen = _propose_one(space, told, n_initial, seed)
        if chosen is None:
            break
        scores = [score for _, score in told if not math.isnan(score)]
        told.append((chosen, float(np.mean(scores)) if scores else math.nan))
        proposals.append(chosen)
    return proposals


def _propose_one(space, told, n_initial, seed) -> Perceptron | None:
    import_quietly("keras")  # keras-tuner imports it
    from keras_tuner import Objective
    from keras_tuner.oracles import BayesianOptimizationOracle

    tried = {network for network, _ in told}
    for draw in range(_MAX_DRAWS):
        # A seed for each draw of each trial, and never 0, which keras-tuner takes for none.
        state = np.random.SeedSequence([seed, len(told), draw]).generate_state(1)[0]
        oracle = BayesianOptimizationOracle(
            objective=Objective("score", "max"),
            hyperparameters=_hyperparameters(space),
            seed=1 + int(state) % (2**31 - 2),
        )
        if draw > 0 or len(told) < n_initial:
            chosen = _to_network(oracle.populate_space("next")["values"])
        else:
            chosen = _best_guess(oracle, told)
        if chosen not in tried:
            return chosen
    return None


def _best_guess(oracle: BayesianOptimizationOracle, told) -> Perceptron:
    """Choose the candidate with the highest upper confidence bound.

    keras-tuner itself would climb that bound over all points between networks, where also the
    layers that a network lacks count: seconds a proposal, and most end in corners of the space.
    """
    dimensions = oracle.hyperparameters.space
    x = np.array([_to_point(dimensions, network) for network, _ in told])
    y = np.array([score for _, score in told])
    y[np.isnan(y)] = 0.0 if np.isnan(y).all() else np.nanmin(y)
    rng = np.random.default_rng(oracle.seed)
    points = rng.uniform(size=(_N_CANDIDATES, len(dimensions)))
    near = x[np.argsort(-y, kind="stable")[:_N_BEST]]
    near = near[rng.integers(len(near), size=_N_CANDIDATES // 2)]
    redrawn = rng.uniform(size=near.shape) < _SHARE_REDRAWN
    points[: len(near)] = np.where(redrawn, points[: len(near)], near)
    candidates = list(dict.fromkeys(_at_point(dimensions, point) for point in points))

    oracle.gpr.set_params(n_restarts_optimizer=2)
    with warnings.catch_warnings(), one_blas_thread():
        # A kernel at the bounds of its parameters guesses well enough.
        warnings.simplefilter("ignore", ConvergenceWarning)
        oracle.gpr.fit(x, y)
        mean, deviation = oracle.gpr.predict(
            np.array([_to_point(dimensions, network) for network in candidates]), return_std=True
        )
    tried = {network for network, _ in told}
    order = np.argsort(-(mean + oracle.beta * deviation), kind="stable")
    return next((candidates[i] for i in order if candidates[i] not in tried), candidates[0])


def _hyperparameters(space: PerceptronSpace) -> HyperParameters:
    from keras_tuner import HyperParameters

    hyperparameters = HyperParameters()
    fewest, most = space.n_hidden_layers
    widest = space.n_neurons[1]
    hyperparameters.Int("n_hidden_layers", fewest, most)
    for layer in range(1, most + 1):
        with hyperparameters.conditional_scope("n_hidden_layers", list(range(layer, most + 1))):
            # The default stands for a layer that is not there. It is the layer that changes least.
            hyperparameters.Int(f"n_neurons_{layer}", *space.n_neurons, default=widest)
            hyperparameters.Choice(
                f"dropout_{layer}", list(space.dropout), default=min(space.dropout)
            )
    return hyperparameters


def _to_point(dimensions, network: Perceptron) -> list[float]:
    """Place a network in the unit cube; layers it lacks are at their defaults."""
    values: dict[str, int | float] = {"n_hidden_layers": len(network.dropout)}
    for layer, (width, rate) in enumerate(zip(*network, strict=True), start=1):
        values |= {f"n_neurons_{layer}": width, f"dropout_{layer}": rate}
    return [one.value_to_prob(values.get(one.name, one.default)) for one in dimensions]


def _at_point(dimensions, point: NDArray) -> Perceptron:
    return _to_network(
        {one.name: one.prob_to_value(p) for one, p in zip(dimensions, point, strict=True)}
    )


def _to_network(values: dict[str, int | float]) -> Perceptron:
    layers = range(1, int(values["n_hidden_layers"]) + 1)
    return Perceptron(
        tuple(int(values[f"n_neurons_{layer}"]) for layer in layers),
        tuple(float(values[f"dropout_{layer}"]) for layer in layers),
    )
