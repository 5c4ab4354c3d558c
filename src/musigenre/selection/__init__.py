"""Which features are worth keeping, and how much they tell."""

from musigenre.selection.boruta_selector import BorutaSelector
from musigenre.selection.characteristic_matrix import CharacteristicMatrix, characteristic_matrix
from musigenre.selection.class_mic import ClassMic, class_mic
from musigenre.selection.correlation_selector import CorrelationSelector
from musigenre.selection.maximal_information import mic, mic_matrix
from musigenre.selection.mic_test import MicTest, mic_test

__all__ = [
    "BorutaSelector",
    "CharacteristicMatrix",
    "ClassMic",
    "CorrelationSelector",
    "MicTest",
    "characteristic_matrix",
    "class_mic",
    "mic",
    "mic_matrix",
    "mic_test",
]
