"""Neural networks: their architectures, and the classifiers that train them."""

from musigenre.networks.quiet_import import import_quietly

import_quietly("keras")

from musigenre.networks.cnn_classifier import CNNClassifier  # noqa: E402 - Keras comes first
from musigenre.networks.history_display import HistoryDisplay  # noqa: E402
from musigenre.networks.lstm_classifier import LSTMClassifier  # noqa: E402
from musigenre.networks.mlp_classifier import MLPClassifier  # noqa: E402
from musigenre.networks.mmnn_classifier import MMNNClassifier  # noqa: E402
from musigenre.networks.tuned_mlp_classifier import TunedMLPClassifier  # noqa: E402
from musigenre.networks.tuning_display import TuningDisplay  # noqa: E402

__all__ = [
    "CNNClassifier",
    "HistoryDisplay",
    "LSTMClassifier",
    "MLPClassifier",
    "MMNNClassifier",
    "TunedMLPClassifier",
    "TuningDisplay",
]
