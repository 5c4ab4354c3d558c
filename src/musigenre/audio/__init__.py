"""Decode audio files to mono samples at one rate.

libsndfile reads WAV, FLAC, Ogg, MP3, AIFF and some twenty more; what it does not read goes to
FFmpeg. Files come from anywhere, so no header is believed: blocks are decoded one after another,
and whatever is wrong ends in an `AudioError` with file, cause and remedy, or, where there is audio
before the damage, in an `AudioWarning` and that audio.
"""

from musigenre.audio.errors import (
    AudioError,
    AudioWarning,
    describe_damage,
    noted_damage,
    warn_damaged,
    warn_skipped,
)
from musigenre.audio.reading import (
    AudioInfo,
    check_header,
    count_samples,
    info,
    load,
    resampled_length,
)

__all__ = [
    "AudioError",
    "AudioInfo",
    "AudioWarning",
    "check_header",
    "count_samples",
    "describe_damage",
    "info",
    "load",
    "noted_damage",
    "resampled_length",
    "warn_damaged",
    "warn_skipped",
]
