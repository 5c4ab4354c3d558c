"""Audio that libsndfile does not read (AAC, ALAC, WMA, WebM and others), through FFmpeg.

FFmpeg comes as PyAV, the optional extra ``musigenre[codecs]``, or else as the program ``ffmpeg``.
Left to itself it follows whatever a file says: a playlist named ``song.mp3`` makes it open other
files and addresses. So the first bytes of a file choose the demuxer, from a list in which no
format refers to anything outside itself, and FFmpeg is given no protocol to go further with.
"""

import shutil
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

BLOCK_SIZE = 2**15  # samples over all channels
FFMPEG_TIME_LIMIT = 600.0  # seconds

DAMAGED = "fetch or export it anew, or leave it out"
INSTALL = "pip install 'musigenre[codecs]', or put the program ffmpeg on the PATH"


class DecodeError(Exception):
    """Decoding cannot start, or cannot go on; tells the cause and the remedy."""

    def __init__(self, cause: str, remedy: str = DAMAGED):
        super().__init__(cause, remedy)
        self.cause = cause
        self.remedy = remedy


@dataclass
class Stream:
    """An opened audio file.

    ``blocks`` gives arrays (n, channels) of float32 until the end or a `DecodeError`; each is
    valid until the next one. ``seek`` goes to a sample, or as near before it as is exact, and
    returns where it went. ``n_samples`` is the true length where that is known without decoding,
    ``promised`` the length that the header states.
    """

    sample_rate: int
    channels: int
    format: str
    blocks: Iterator[np.ndarray]
    seek: Callable[[int], int] = lambda sample: 0
    n_samples: int | None = None
    promised: int | None = None


def find_demuxer(head: bytes) -> str | None:
    """Name the FFmpeg demuxer for a file that begins with `head`, if it is an allowed one."""
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"skip"}:
        return "mov"
    starts = {
        b"\x1aE\xdf\xa3": "matroska",
        b"0&\xb2u\x8ef\xcf\x11": "asf",
        b"OggS": "ogg",
        b"fLaC": "flac",
        b"caff": "caf",
        b"wvpk": "wv",
    }
    for magic, demuxer in starts.items():
        if head.startswith(magic):
            return demuxer
    # ADTS: twelve set bits, then a layer of 0, which no MP3 has.
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0:
        return "aac"
    return None


def open_foreign(path: Path, demuxer: str) -> AbstractContextManager[Stream]:
    """Open `path` with FFmpeg as PyAV or, where that is not installed, as a program."""
    try:
        import av
    except ImportError:
        ffmpeg = shutil.which("ffmpeg")
        if ffmpeg is None:
            raise DecodeError(f"libsndfile does not read this '{demuxer}' file", INSTALL) from None
        return _open_with_program(ffmpeg, path, demuxer)
    return _open_with_pyav(av, path, demuxer)


@contextmanager
def _open_with_pyav(av: Any, path: Path, demuxer: str) -> Iterator[Stream]:
    with ExitStack() as stack:
        # A file object and an empty whitelist leave FFmpeg no way to open anything itself.
        file = stack.enter_context(path.open("rb"))
        try:
            container = stack.enter_context(
                av.open(
                    file,
                    format=demuxer,
                    metadata_errors="replace",
                    container_options={"protocol_whitelist": ""},
                )
            )
            if not container.streams.audio:
                raise DecodeError("there is no audio track in it", "pass a file with audio")
            track = container.streams.audio[0]
            frames = container.decode(track)
            # The header of HE-AAC states half the rate: the first frame knows.
            first = next(frames, None)
        except av.FFmpegError as error:
            raise DecodeError(f"FFmpeg says '{error.strerror}'") from error
        if first is None:
            raise DecodeError("there are no samples in it")
        seconds = track.duration and float(track.duration * track.time_base)
        yield Stream(
            sample_rate=first.sample_rate,
            channels=first.layout.nb_channels,
            format=container.format.name,
            blocks=_pyav_blocks(av, chain([first], frames)),
            promised=round(seconds * first.sample_rate) if seconds else None,
        )


def _pyav_blocks(av: Any, frames: Iterator[Any]) -> Iterator[np.ndarray]:
    to_float = av.AudioResampler(format="flt")  # rate and channels stay those of the first frame
    try:
        for frame in chain(frames, [None]):
            for part in to_float.resample(frame):
                yield part.to_ndarray().reshape(-1, part.layout.nb_channels)
    except av.FFmpegError as error:
        raise DecodeError(f"FFmpeg says '{error.strerror}'") from error
    except ValueError as error:
        raise DecodeError("its sample rate or channels change midway") from error


@contextmanager
def _open_with_program(ffmpeg: str, path: Path, demuxer: str) -> Iterator[Stream]:
    # Sun AU tells rate and channels in 24 bytes, and has no size field to overflow in a pipe.
    source = ["-protocol_whitelist", "file,pipe", "-f", demuxer, "-i", f"file:{path.absolute()}"]
    target = ["-map", "0:a:0", "-c:a", "pcm_f32be", "-f", "au", "pipe:1"]
    command = [ffmpeg, "-nostdin", "-hide_banner", "-loglevel", "error", "-xerror"]
    with tempfile.TemporaryFile() as log:  # a pipe that nobody reads could fill up
        process = subprocess.Popen(  # noqa: S603 - a list, no shell; the path is behind "file:"
            [*command, *source, *target],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        output = cast(IO[bytes], process.stdout)
        timer = threading.Timer(FFMPEG_TIME_LIMIT, process.kill)
        timer.start()

        def check_end() -> None:
            if process.wait() == 0:
                return
            if not timer.is_alive():
                raise DecodeError(
                    f"ffmpeg took more than {FFMPEG_TIME_LIMIT:g} s", "convert it to FLAC or WAV"
                )
            log.seek(0)
            lines = log.read(4096).decode(errors="replace").strip().splitlines()
            raise DecodeError(f"ffmpeg says '{lines[-1] if lines else 'nothing'}'")

        try:
            header = output.read(24)
            if len(header) < 24:
                check_end()
                raise DecodeError("there are no samples in it")
            magic, offset, _, encoding, rate, channels = struct.unpack(">4s5I", header)
            if (magic, encoding) != (b".snd", 6) or not channels or not 24 <= offset <= 2**16:
                raise DecodeError(f"'{ffmpeg}' answers with no audio", INSTALL)
            output.read(offset - 24)

            def blocks() -> Iterator[np.ndarray]:
                frame = 4 * channels
                size = max(1, BLOCK_SIZE // channels) * frame
                while len(data := output.read(size)) >= frame:
                    whole = np.frombuffer(data[: len(data) // frame * frame], dtype=">f4")
                    yield whole.astype(np.float32).reshape(-1, channels)
                check_end()

            yield Stream(rate, channels, demuxer, blocks())
        finally:
            timer.cancel()
            process.kill()
            output.close()
            process.wait()
