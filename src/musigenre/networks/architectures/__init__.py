"""Network architectures: pure functions that take sizes and give an untrained ``keras.Model``.

They know nothing of data, training or scikit-learn, and use the `keras` API alone, so that any of
its backends serves. Every argument can be written as JSON: a saved network is rebuilt by calling
its function again.
"""

from musigenre.networks import quiet_keras  # noqa: F401 - before the modules that import Keras
from musigenre.networks.architectures.cnn import cnn
from musigenre.networks.architectures.conv1d import conv1d
from musigenre.networks.architectures.crnn import crnn
from musigenre.networks.architectures.lstm import lstm
from musigenre.networks.architectures.mlp import mlp
from musigenre.networks.architectures.mmnn import mmnn
from musigenre.networks.architectures.standardize import Standardize
from musigenre.networks.designs import MLP_3S, MLP_30S

__all__ = [
    "MLP_3S",
    "MLP_30S",
    "Standardize",
    "cnn",
    "conv1d",
    "crnn",
    "lstm",
    "mlp",
    "mmnn",
]
