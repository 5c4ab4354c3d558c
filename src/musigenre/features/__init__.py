"""From audio to numbers: named, versioned sets of features."""

from musigenre.features.audio_features import AudioFeatures
from musigenre.features.extract import extract, extract_dataset

__all__ = ["AudioFeatures", "extract", "extract_dataset"]
