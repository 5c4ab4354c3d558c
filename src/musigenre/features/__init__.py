"""From audio to numbers: named, versioned sets of features."""

from musigenre.features.audio_features import AudioFeatures
from musigenre.features.extract import extract, extract_dataset, extract_to_store
from musigenre.features.mel_picture import mel_picture, read_mel_picture
from musigenre.features.sound_check import SoundCheck, SoundMeasures, sound_note
from musigenre.features.spectrogram_display import SpectrogramDisplay
from musigenre.features.spectrogram_extractor import SpectrogramExtractor
from musigenre.features.stored_features import StoredFeatures

__all__ = [
    "AudioFeatures",
    "SoundCheck",
    "SoundMeasures",
    "SpectrogramDisplay",
    "SpectrogramExtractor",
    "StoredFeatures",
    "extract",
    "extract_dataset",
    "extract_to_store",
    "mel_picture",
    "read_mel_picture",
    "sound_note",
]
