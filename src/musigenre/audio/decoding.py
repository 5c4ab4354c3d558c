"""Decode any audio file block by block, and say what is wrong with it."""

import math
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import soundfile as sf

from musigenre.audio.errors import AudioError, say_damage
from musigenre.audio.foreign import DAMAGED, DecodeError, Stream, find_demuxer, open_foreign
from musigenre.audio.sound_file import not_audio, open_sound

RATES = (100, 1_000_000)  # Hz; beyond them a header is wrong
_LARGEST = 1e9  # beyond 32-bit integers taken as floats; its square must stay finite in float32
_MOST_SAMPLES = 2**32  # a day at 44.1 kHz; a longer promise is a wrong header or a bomb


def regular_file(path: str | os.PathLike[str]) -> Path:
    """Check that a path names a file with content, which can be opened without waiting."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a str or a pathlib.Path, got {path!r}")
    path = Path(path)
    try:
        status = path.stat()
    except FileNotFoundError:
        raise AudioError(str(path), "there is no such file", "check the path") from None
    except (OSError, ValueError) as error:  # ValueError: a null character
        raise AudioError(str(path), f"the system says '{error}'", "check the path") from error
    if stat.S_ISDIR(status.st_mode):
        raise AudioError(str(path), "it is a directory", "pass the files in it")
    if not stat.S_ISREG(status.st_mode):  # to open a FIFO would wait for ever
        raise AudioError(str(path), "it is not a regular file", "copy its content to a file")
    if status.st_size == 0:
        raise AudioError(str(path), "it is empty", DAMAGED)
    return path


@contextmanager
def open_audio(path: Path) -> Iterator[Stream]:
    """Open `path` with the library that reads it, and check what its header states."""
    with ExitStack() as stack:
        try:
            head = _head(path)
            try:
                stream = open_sound(path, head, stack)
            except sf.LibsndfileError as error:
                demuxer = find_demuxer(head)
                if demuxer is None:
                    raise DecodeError(*not_audio(head, error)) from error
                stream = stack.enter_context(open_foreign(path, demuxer))
            if not RATES[0] <= stream.sample_rate <= RATES[1]:
                raise DecodeError(f"its header states a sample rate of {stream.sample_rate} Hz")
            if (stream.promised or 0) > _MOST_SAMPLES:
                raise DecodeError(f"its header promises {stream.promised} samples")
        except DecodeError as error:
            raise AudioError(str(path), error.cause, error.remedy) from error
        except OSError as error:
            cause = f"the system says '{error.strerror}'"
            raise AudioError(str(path), cause, "check its permissions and disk") from error
        yield stream


def _head(path: Path) -> bytes:
    """Read the beginning of a file, behind an ID3 tag if there is one."""
    with path.open("rb") as file:
        head = file.read(512)
        if head.startswith(b"ID3") and len(head) >= 10:
            size = 0
            for byte in head[6:10]:
                size = size << 7 | byte & 127
            file.seek(10 + size)
            head = file.read(512)
    return head


def mono_blocks(
    path: Path, stream: Stream, begin: int = 0, end: float = math.inf
) -> Iterator[np.ndarray]:
    """Decode the samples from `begin` to `end`, mix them down and check them."""
    weights = np.full(stream.channels, 1 / stream.channels, np.float32)
    position = stream.seek(begin)
    try:
        for block in stream.blocks:
            kept = block[max(0, begin - position) : min(len(block), end - position)]
            if len(kept):
                with np.errstate(invalid="ignore", over="ignore"):
                    mono = kept @ weights
                    sound = np.abs(mono) <= _LARGEST  # False for NaN
                if not sound.all():
                    first = int(sound.argmin())
                    at = (max(begin, position) + first) / stream.sample_rate
                    what = "NaN or infinite" if not np.isfinite(mono[first]) else f"{mono[first]:g}"
                    cause = f"the sample at {at:g} s is {what}"
                    raise AudioError(str(path), cause, "export it anew")
                yield mono
            position += len(block)
            if position >= end:
                return
            if position > _MOST_SAMPLES:
                raise DecodeError(f"it has more than {_MOST_SAMPLES} samples")
    except DecodeError as error:
        if position == 0:
            raise AudioError(str(path), error.cause, error.remedy) from error
        say_damage(path, f"breaks off at {position / stream.sample_rate:.2f} s: {error.cause}")
    else:
        warn_if_short(path, stream, position)


def warn_if_short(path: Path, stream: Stream, n_samples: int) -> None:
    """Warn if a file gives clearly less than its header states."""
    missing = (stream.promised or 0) - n_samples
    # Encoders pad, so a little less than promised is usual.
    if missing > min(0.5 * stream.sample_rate, 0.1 * (stream.promised or 0)):
        have, promised = n_samples / stream.sample_rate, (stream.promised or 0) / stream.sample_rate
        say_damage(path, f"is cut short: {have:.2f} s of the {promised:.2f} s its header states")
