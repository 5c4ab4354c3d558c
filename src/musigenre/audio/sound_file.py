"""Audio that libsndfile reads: WAV, FLAC, Ogg, MP3, AIFF and some twenty more.

Its MP3 decoder prints remarks of its own on stderr; only a redirection of the whole process could
silence it, which would break other threads.
"""

import io
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import soundfile as sf

from musigenre.audio.foreign import BLOCK_SIZE, DAMAGED, DecodeError, Stream

_UNKNOWN_LENGTH = 2**63 - 1  # libsndfile's SF_COUNT_MAX

# Where libsndfile clamps the length to the file and seeks to the very sample. It does neither
# for compressed audio: Vorbis lands elsewhere, MP3 and FLAC headers promise what is not there.
_EXACT_CONTAINERS = {"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF"}
_EXACT_ENCODINGS = {"FLOAT", "DOUBLE", "ULAW", "ALAW"}
_MAY_HOLD_NAN = {"FLOAT", "DOUBLE"}
_CLAMPED = re.compile(r"(?:data|SSND|Data Size)\s*: (\d+) \(should be (\d+)\)")
_NO_SIZE = 0x7FFFF000  # writers to a pipe put this or more where the size belongs

_NOT_AUDIO = {
    b"version https://git-lfs": ("it is a Git LFS pointer, not the audio", "run 'git lfs pull'"),
    b"\x89PNG": ("it is a PNG image", "pass audio files only"),
    b"\xff\xd8\xff": ("it is a JPEG image", "pass audio files only"),
    b"PK\x03\x04": ("it is a ZIP archive", "unpack it first"),
}


def open_sound(path: Path, head: bytes, stack: ExitStack) -> Stream:
    """Open `path`, which begins with `head`, with libsndfile; `stack` closes it."""
    if path.suffix.lower() == ".raw":
        raise DecodeError(
            "a .raw file has no header that tells rate, channels and encoding",
            "convert it, for instance 'ffmpeg -f s16le -ar 44100 -ac 2 -i in.raw out.wav'",
        )
    measured = not _is_unmeasured_mp3(head)
    if measured:
        # On POSIX a name is bytes, not always text.
        name = os.fsencode(path) if os.name == "posix" else str(path)
        sound = stack.enter_context(_Sequential(name))
    else:
        sound = stack.enter_context(_Sequential(stack.enter_context(_OpenEnded(path))))
    if sound.format == "RAW":  # guessed by libsndfile from a suffix such as .au or .snd
        raise DecodeError(*not_audio(head))

    promised = sound.frames if measured and sound.frames != _UNKNOWN_LENGTH else None
    for stated, found in _CLAMPED.findall(sound.extra_info):
        if 0 < int(found) < int(stated) < _NO_SIZE:
            promised = sound.frames * int(stated) // int(found)
    blocks = _sound_blocks(sound)
    stream = Stream(sound.samplerate, sound.channels, sound.format, blocks, promised=promised)
    plain = sound.subtype.startswith("PCM_") or sound.subtype in _EXACT_ENCODINGS
    if plain and sound.format in _EXACT_CONTAINERS:
        if sound.subtype not in _MAY_HOLD_NAN:
            stream.n_samples = sound.frames
        stream.seek = lambda sample: sound.seek(min(sample, sound.frames))
    return stream


def _sound_blocks(sound: sf.SoundFile) -> Iterator[np.ndarray]:
    shape = (max(1, BLOCK_SIZE // sound.channels), sound.channels)
    buffer = np.empty(shape, np.float32)
    while True:
        # After an error soundfile does not tell how much it had decoded: what is no longer NaN.
        buffer.fill(np.nan)
        try:
            block = sound.read(out=buffer)
        except sf.LibsndfileError as error:
            untouched = np.isnan(buffer).any(axis=1)
            yield buffer[: untouched.argmax() if untouched.any() else None]
            raise DecodeError(error.error_string or "its data are damaged") from error
        if len(block) == 0:
            return
        yield block


def not_audio(head: bytes, error: sf.LibsndfileError | None = None) -> tuple[str, str]:
    """Cause and remedy for a file that libsndfile does not open, or only by its suffix."""
    for magic, (cause, remedy) in _NOT_AUDIO.items():
        if head.startswith(magic):
            return cause, remedy
    if not set(head) - set(range(32, 127)) - set(b"\t\r\n"):
        return "it holds text, not audio", "pass audio files only"
    # 1: unrecognised; 7: no MPEG audio, which libsndfile words as no regular file.
    if error is None or error.code in {1, 7}:
        return "no audio format is recognised in it", DAMAGED
    return f"libsndfile says '{error.error_string}'", "convert it to FLAC or WAV, or leave it out"


def _is_unmeasured_mp3(head: bytes) -> bool:
    """Whether this begins an MP3 without the tag that tells its length."""
    is_mpeg = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 6
    return bool(is_mpeg) and not any(tag in head[:64] for tag in (b"Xing", b"Info", b"VBRI"))


class _Sequential(sf.SoundFile):
    """A sound file that is read on and on.

    soundfile seeks after each read of a seekable file, to where it stands already. Compressed
    audio then comes out wrong from block to block: MP3 decoders lose their reservoir of bits.
    """

    def seekable(self) -> bool:
        return False


class _OpenEnded(io.FileIO):
    """A file that overstates its size.

    Without a length tag libsndfile estimates the length of an MP3 from the bitrate at its
    beginning and never reads beyond, which cuts a quarter off some files of variable bitrate.
    Believing the file 64 times as large, it reads up to the true end.
    """

    at_end = False

    def seek(self, offset: int, whence: int = 0) -> int:
        self.at_end = whence == 2
        try:
            return super().seek(offset, whence)
        except OSError:  # before the beginning: for a callback of C, stay where it is
            return super().tell()

    def tell(self) -> int:
        return super().tell() * (64 if self.at_end else 1)
