"""Neural networks: their architectures, and the classifiers that train them.

Keras is imported when a network is built or trained, not with this package: what was loaded from a
file predicts without it.
"""

from musigenre.networks.cnn_classifier import CNNClassifier
from musigenre.networks.history_display import HistoryDisplay
from musigenre.networks.lstm_classifier import LSTMClassifier
from musigenre.networks.mlp_classifier import MLPClassifier
from musigenre.networks.mmnn_classifier import MMNNClassifier
from musigenre.networks.tuned_mlp_classifier import TunedMLPClassifier
from musigenre.networks.tuning_display import TuningDisplay

__all__ = [
    "CNNClassifier",
    "HistoryDisplay",
    "LSTMClassifier",
    "MLPClassifier",
    "MMNNClassifier",
    "TunedMLPClassifier",
    "TuningDisplay",
]
