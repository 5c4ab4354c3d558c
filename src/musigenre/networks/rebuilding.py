"""Networks from their saved arguments and weights."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from numpy.typing import NDArray

from musigenre.networks.quiet_keras import keras
from musigenre.networks.training import seeded


def rebuild(
    build: Callable[..., keras.Model], arguments: dict[str, Any], weights: list[NDArray]
) -> keras.Model:
    """Build a network and give it its weights, which may both come from a file.

    Parameters
    ----------
    build : callable
        A function of `architectures`.
    arguments : dict
        Its arguments.
    weights : list of ndarray

    Returns
    -------
    keras.Model

    Raises
    ------
    ValueError
        If the weights are not those of the network. That shows before anything is allocated,
        whatever size the arguments ask for.
    """
    if weight_shapes(build, arguments, most=len(weights)) != [w.shape for w in weights]:
        raise ValueError(f"the weights do not belong to the network {arguments}")
    with seeded(0):  # first weights are drawn, then thrown away
        network = build(**arguments)
    network.set_weights(weights)
    return network


def weight_shapes(
    build: Callable[..., keras.Model], arguments: dict[str, Any], most: int = 1000
) -> list[tuple[int, ...]]:
    """Tell the shapes of a network's weights without making them.

    Parameters
    ----------
    build : callable
        A function of `architectures`.
    arguments : dict
        Its arguments.
    most : int, default=1000
        No list among the arguments may be longer: a layer has weights.

    Returns
    -------
    list of tuple of int
        In the order of ``get_weights()``.

    Raises
    ------
    ValueError
        If a list is longer, or the arguments fit no network.

    Examples
    --------
    >>> from musigenre.networks.architectures import mlp
    >>> weight_shapes(mlp, {"n_features": 10**12, "n_classes": 2, "hidden_layer_sizes": [10**6]})
    [(1000000000000, 1000000), (1000000,), (1000000, 2), (2,)]
    """
    for name, value in arguments.items():
        if isinstance(value, list) and len(value) > most:
            raise ValueError(f"{name} has {len(value)} entries, more than a network of {most}")

    def build_without_values() -> list[tuple[int, ...]]:
        # In such a scope variables have a shape, and their values wait for its end, which here
        # does not bring them.
        with seeded(0), keras.StatelessScope(initialize_variables=False):
            return [tuple(weight.shape) for weight in build(**arguments).weights]

    # Keras keeps the list of variables without values for each thread: it ends with this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(build_without_values).result()
