"""Audio files as mono samples at one rate."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from musigenre.audio.decoding import (
    DAMAGED,
    RATES,
    mono_blocks,
    open_audio,
    regular_file,
    warn_if_short,
)
from musigenre.audio.errors import AudioError, noted_damage

MAX_DURATION = 7200.0  # seconds; a longer file is an error, so that no file fills the memory


@dataclass(frozen=True)
class AudioInfo:
    """What an audio file holds, in its own sample rate; see `info`.

    Parameters
    ----------
    sample_rate : int
        In Hz.
    channels : int
        Number of channels before they are mixed down.
    n_samples : int
        Samples a channel that decoding gives.
    duration : float
        ``n_samples / sample_rate``, in seconds.
    format : str
        Name of the container, such as "WAV" or "OGG".
    """

    sample_rate: int
    channels: int
    n_samples: int
    duration: float
    format: str


def resampled_length(n_samples: int, from_rate: int, to_rate: int) -> int:
    """Tell how many samples `load` makes of `n_samples` when it resamples them.

    Parameters
    ----------
    n_samples : int
        Length at `from_rate`, as in `AudioInfo.n_samples`.
    from_rate, to_rate : int
        Sample rates in Hz.

    Returns
    -------
    int
        Length at `to_rate`.

    Examples
    --------
    >>> from musigenre.audio import resampled_length
    >>> resampled_length(1323000, 44100, 22050)
    661500
    """
    # soxr rounds halves up, after a division by the ratio in double precision.
    return int(n_samples / (from_rate / to_rate) + 0.5)


def info(path: str | os.PathLike[str]) -> AudioInfo:
    """Describe an audio file, with the length that decoding it really gives.

    Lengths of uncompressed files are known at once. Compressed files are decoded, block by block,
    because their headers often state a wrong length or none.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    AudioInfo
        Rate, channels, length and format.

    Raises
    ------
    AudioError
        If the file cannot be read as audio or has no samples.

    Warns
    -----
    AudioWarning
        If the file is damaged, or clearly shorter than its header states.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np, soundfile
    >>> from musigenre.audio import info
    >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
    ...     soundfile.write(file, np.zeros((44100, 2)), 44100, format="WAV")
    ...     info(file.name)
    AudioInfo(sample_rate=44100, channels=2, n_samples=44100, duration=1.0, format='WAV')
    """
    path = regular_file(path)
    with open_audio(path) as stream:
        n_samples = stream.n_samples
        if n_samples is None:
            n_samples = sum(len(block) for block in mono_blocks(path, stream))
        else:
            warn_if_short(path, stream, n_samples)
    if n_samples == 0:
        raise AudioError(str(path), "there are no samples in it", DAMAGED)
    rate = stream.sample_rate
    return AudioInfo(rate, stream.channels, n_samples, n_samples / rate, stream.format)


def check_header(path: str | os.PathLike[str]) -> None:
    """Check that a file opens as audio, without decoding it.

    Parameters
    ----------
    path : str or path-like
        The file.

    Raises
    ------
    AudioError
        If it does not, or if its header states that there is nothing in it.
    """
    path = regular_file(path)
    with open_audio(path) as stream:
        if stream.n_samples == 0:
            raise AudioError(str(path), "there are no samples in it", DAMAGED)


def count_samples(
    path: str | os.PathLike[str], sample_rate: int = 22050, *, max_duration: float = MAX_DURATION
) -> int:
    """Tell how many samples `load` gives of a whole file.

    Parameters
    ----------
    path : str or path-like
        The file.
    sample_rate : int, default=22050
        Sample rate of the result in Hz.
    max_duration : float, default=7200.0
        As for :func:`load`, in seconds.

    Returns
    -------
    int
        ``len(load(path, sample_rate))``, without keeping the samples.

    Raises
    ------
    AudioError
        If the file cannot be read as audio, has no samples, or gives more than `max_duration`.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np, soundfile
    >>> from musigenre.audio import count_samples
    >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
    ...     soundfile.write(file, np.zeros(48000), 48000, format="WAV")
    ...     count_samples(file.name, 22050)
    22050
    """
    _check("sample_rate", sample_rate, Integral, *RATES)
    about = info(path)
    if about.duration > max_duration:
        raise too_long(path, max_duration)
    return resampled_length(about.n_samples, about.sample_rate, sample_rate)


def load(
    path: str | os.PathLike[str],
    sample_rate: int = 22050,
    *,
    start: float = 0.0,
    duration: float | None = None,
    max_duration: float = MAX_DURATION,
) -> np.ndarray:
    """Decode an audio file, or a stretch of it, to mono at one sample rate.

    Channels are averaged. A stretch is what the same slice of the whole track would be: sample
    for sample, or to float precision (1e-5) where resampling is needed. Compressed files are
    decoded from their beginning whatever `start` is; who wants many clips of a track loads it
    once and cuts.

    Parameters
    ----------
    path : str or path-like
        The file.
    sample_rate : int, default=22050
        Rate of the result in Hz; `info` tells the rate of the file. Other rates are resampled
        with soxr, quality HQ.
    start : float, default=0.0
        Where to begin, in seconds; rounded to a sample of the result.
    duration : float, default=None
        How much to give, in seconds, rounded likewise; less comes where the file ends before.
        None means up to the end.
    max_duration : float, default=7200.0
        Longest result in seconds. A longer one is an error, so that no file fills the memory.

    Returns
    -------
    ndarray of shape (n_samples,), dtype float32
        Samples, within [-1, 1] unless the file holds larger ones.

    Raises
    ------
    AudioError
        If the file cannot be read as audio, has no samples from `start` on, has NaN or infinite
        samples, or gives more than `max_duration`.
    TypeError, ValueError
        If a parameter is not what it should be.

    Warns
    -----
    AudioWarning
        If the file is damaged, or clearly shorter than its header states.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np, soundfile
    >>> from musigenre.audio import load
    >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
    ...     soundfile.write(file, np.zeros((88200, 2)), 44100, format="WAV")
    ...     load(file.name).shape, load(file.name, start=1.5, duration=0.2).shape
    ((44100,), (4410,))
    """
    _check("sample_rate", sample_rate, Integral, *RATES)
    _check("start", start, Real, 0.0)
    _check("max_duration", max_duration, Real, 1 / sample_rate, math.inf)
    if duration is not None:
        _check("duration", duration, Real, 1 / sample_rate)
    path = regular_file(path)

    first = round(start * sample_rate)
    last = math.inf if duration is None else first + round(duration * sample_rate)
    with open_audio(path) as stream:
        rate = stream.sample_rate
        # Resampling looks around each sample, and its phase repeats every `down` samples: begin
        # on such a one, a filter's reach before the first, and it gives what the whole would.
        same = rate == sample_rate
        common = math.gcd(rate, sample_rate)
        down, up = rate // common, sample_rate // common
        reach = 0 if same else math.ceil(256 * max(1.0, down / up))
        begin = max(0, first * down // up - reach) // down * down
        end = math.inf if last == math.inf else -(-last * down // up) + reach
        origin = begin // down * up  # where the pieces begin, in samples of the result
        longest = math.floor(max_duration * sample_rate) if max_duration < math.inf else math.inf

        blocks = mono_blocks(path, stream, begin, end)
        collected = bytearray()  # grows in place; a list of pieces would be copied as a whole
        for piece in blocks if same else resample(blocks, rate, sample_rate):
            collected += np.ascontiguousarray(piece).tobytes()
            if min(last, origin + len(collected) // 4) - first > longest:
                raise too_long(path, max_duration)

    samples = np.frombuffer(collected, np.float32)
    stop = None if last == math.inf else last - origin
    samples = samples[first - origin : stop]
    if len(samples) == 0:
        raise _nothing_left(path, sample_rate, start)
    return samples


def _check(name: str, value: Any, kind: Any, low: float, high: float | None = None) -> None:
    if not isinstance(value, kind) or isinstance(value, bool):
        what = "an integer" if kind is Integral else "a number"
        raise TypeError(f"{name} must be {what}, got {value!r}")
    if not (low <= value <= high if high is not None else low <= value < math.inf):
        bounds = f"at least {low:g}" + (f", at most {high:g}" if high else ", finite")
        raise ValueError(f"{name} must be {bounds}, got {value!r}")


def too_long(path: str | os.PathLike[str], max_duration: float) -> AudioError:
    """Make the error for a file that gives more than is wanted."""
    return AudioError(
        os.fspath(path),
        f"it is longer than max_duration={max_duration:g} s",
        "cut it into shorter files, or load a part of it with start= and duration=",
    )


def _nothing_left(path: Path, sample_rate: int, start: float) -> AudioError:
    with noted_damage():  # it has been said already
        length = info(path).duration
    if start >= length:
        return AudioError(
            str(path), f"start={start:g} s is not before its end at {length:g} s", "start earlier"
        )
    return AudioError(
        str(path),
        f"its {length:g} s make no sample at {sample_rate} Hz from {start:g} s on",
        "leave it out",
    )


def resample(blocks: Iterator[np.ndarray], rate: int, sample_rate: int) -> Iterator[np.ndarray]:
    """Bring blocks of samples from one rate to another."""
    resampler = soxr.ResampleStream(rate, sample_rate, 1, quality="HQ")
    for block in blocks:
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.empty(0, np.float32), last=True)
