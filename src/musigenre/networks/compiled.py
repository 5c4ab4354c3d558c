"""Compiled networks, kept for the next training of the same kind.

TensorFlow traces the training of each new network anew, which takes a second or more and, with
little data, most of the time. A compiled network that has served is therefore kept, and given new
first weights when the same architecture is trained again in the same way.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable

from musigenre.networks.quiet_keras import keras

# How many are kept, and how large they may be: larger ones are not worth their memory, since their
# training takes long.
_MOST, _MOST_WEIGHTS = 4, 2**20


class CompiledNetworks:
    """A few compiled networks, each under what tells its kind; the longest unused goes first.

    Examples
    --------
    >>> import keras
    >>> kept = CompiledNetworks()
    >>> network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> network.compile("sgd", "mse")
    >>> kept.keep("regression", network)
    >>> kept.take("regression") is network
    True
    >>> kept.take("regression") is None  # it is in use
    True
    """

    def __init__(self) -> None:
        self._networks: OrderedDict[Hashable, keras.Model] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, kind: Hashable) -> keras.Model | None:
        """Take out the network of a kind, if there is one: no two trainings share it.

        Parameters
        ----------
        kind : hashable

        Returns
        -------
        keras.Model or None
        """
        with self._lock:
            return self._networks.pop(kind, None)

    def keep(self, kind: Hashable, network: keras.Model) -> None:
        """Keep a network for the next training, unless it is large.

        Parameters
        ----------
        kind : hashable
        network : keras.Model
            It is compiled.
        """
        if network.count_params() > _MOST_WEIGHTS:
            return
        with self._lock:
            self._networks[kind] = network
            while len(self._networks) > _MOST:
                self._networks.popitem(last=False)


def start_anew(compiled: keras.Model, untrained: keras.Model) -> keras.Model:
    """Give a compiled network that has served the variables of an untrained one.

    Parameters
    ----------
    compiled : keras.Model
        Its optimizer forgets its past, too.
    untrained : keras.Model
        Of the same architecture.

    Returns
    -------
    keras.Model
        The compiled one.
    """
    used = compiled.optimizer
    unused = type(used).from_config(used.get_config())
    unused.build(compiled.trainable_variables)
    for variable, first in zip(used.variables, unused.variables, strict=True):
        variable.assign(first)
    return copy_variables(untrained, compiled)


def copy_variables(source: keras.Model, target: keras.Model) -> keras.Model:
    """Copy all that a network holds: weights, statistics, and where its random numbers stand.

    Parameters
    ----------
    source, target : keras.Model
        Of the same architecture; if they are one, nothing happens.

    Returns
    -------
    keras.Model
        The target.
    """
    if source is not target:
        for variable, value in zip(target.variables, source.variables, strict=True):
            variable.assign(value)
    return target
