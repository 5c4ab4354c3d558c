"""The work on one track: decode it once, cut it into clips, describe each."""

import hashlib
import os
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from musigenre.audio import AudioError, noted_damage
from musigenre.audio.decoding import mono_blocks, open_audio, regular_file
from musigenre.audio.reading import resample
from musigenre.clips import SAMPLE_RATE, check_option, cut_stream, spans
from musigenre.features.feature_sets import FEATURE_SETS, FeatureSet
from musigenre.features.spectrogram_set import spectrogram_set
from musigenre.features.spectrograms import SpectrogramRecipe
from musigenre.parallel import one_blas_thread

# Seconds of audio computed at a time; it bounds the memory of a worker.
BATCH_SECONDS = 60

# The spectrograms of a track come in records of at most this many bytes.
_MOST_BYTES = 2**24

# A longer clip is not described, in seconds: it is computed as a whole, in memory.
LONGEST_CLIP = 1200


@dataclass(frozen=True)
class Recipe:
    """All that decides which numbers come out of a file.

    Attributes
    ----------
    feature_set : str or SpectrogramRecipe
    duration, hop, partial, short
        As for :func:`musigenre.clip_table`.
    dtype : {"float32", "float64"}
        Precision of the computation.
    """

    feature_set: str | SpectrogramRecipe = "gtzan57"
    duration: float | None = 3.0
    hop: float | None = None
    partial: str = "drop"
    short: str = "keep"
    dtype: str = "float32"

    def __post_init__(self):
        """Find out before hours of work that it cannot be done."""
        if isinstance(self.feature_set, str):
            check_option("feature_set", self.feature_set, FEATURE_SETS)
        elif not self.duration or self.feature_set.sample_rate != SAMPLE_RATE:
            raise ValueError(
                f"spectrograms are kept of clips of one length at {SAMPLE_RATE} Hz: give a clip "
                "duration, and leave sample_rate as it is"
            )
        elif self.dtype != "float32":
            raise ValueError(f"spectrograms are kept in float32: leave out dtype={self.dtype!r}")
        check_option("dtype", self.dtype, ("float32", "float64"))
        spans(SAMPLE_RATE, self.duration, hop=self.hop, partial=self.partial, short=self.short)

    @property
    def features(self) -> FeatureSet:
        """The set of features."""
        if isinstance(self.feature_set, str):
            return FEATURE_SETS[self.feature_set]
        # One sample less than the duration, as clips are cut.
        return spectrogram_set(self.feature_set, round((self.duration or 0) * SAMPLE_RATE) - 1)

    @property
    def most_clips(self) -> int | None:
        """Clips in a record; ``None`` is any number, where all of a track take little memory."""
        if self.features.shape is None:
            return None
        return max(1, _MOST_BYTES // (4 * len(self.features.names)))

    @property
    def name(self) -> str:
        """What the store calls it."""
        return self.feature_set if isinstance(self.feature_set, str) else "spectrogram"

    def key(self) -> dict:
        """Give the recipe in a form fit for JSON; equal keys give equal numbers."""
        key = asdict(self)
        key["version"] = self.features.version
        for name in ("duration", "hop"):
            key[name] = None if key[name] is None else float(key[name])
        if key["hop"] is None:
            key["hop"] = key["duration"]
        return key


@dataclass(frozen=True, slots=True)
class FileState:
    """Which file it was, and in what state.

    Attributes
    ----------
    path : str
    size : int
        Bytes; -1 if the system could not tell.
    mtime_ns : int
        When it was last changed.
    digest : str or None
        SHA-256 of the content, if asked for.
    """

    path: str
    size: int = -1
    mtime_ns: int = -1
    digest: str | None = None

    @classmethod
    def of(cls, path: str, by_content: bool = False) -> "FileState":
        """Look at a file; one that cannot be looked at has size -1."""
        name = unicode_name(path)
        try:
            status = os.stat(path)  # noqa: PTH116 - a million times, and Path adds to each
            digest = _digest(path) if by_content else None
        except (OSError, ValueError):  # ValueError: a null character in the path
            return cls(name)
        return cls(name, status.st_size, status.st_mtime_ns, digest)

    def same_content(self, other: "FileState") -> bool:
        """Say whether a file has not changed: by digests if there are, else by size and time."""
        if self.digest is not None and other.digest is not None:
            return self.digest == other.digest
        return (self.size, self.mtime_ns) == (other.size, other.mtime_ns)


def unicode_name(path: str) -> str:
    """Escape the bytes of a file name that are not UTF-8, which no table of text can hold."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class TrackRecord:
    """What came of one track, or of some clips of it where they are large.

    Attributes
    ----------
    file : FileState
        As it was before it was decoded.
    starts, durations : ndarray of shape (n_clips,)
        In seconds.
    values : ndarray of shape (n_clips, n_features)
    error : AudioError or None
        Why there are no clips, if the file could not be read.
    damage : str or None
        What is wrong with a file of which a part could be read.
    first_clip : int
        How many clips of the track come before.
    complete : bool
        Whether no clips come after.
    """

    file: FileState
    starts: np.ndarray
    durations: np.ndarray
    values: np.ndarray
    error: AudioError | None = None
    damage: str | None = None
    first_clip: int = 0
    complete: bool = True

    @classmethod
    def of_error(cls, file: FileState, error: AudioError, n_features: int) -> "TrackRecord":
        """Make the record of a file that could not be read."""
        return cls(file, np.empty(0), np.empty(0), np.empty((0, n_features)), error)


def describe_track(
    position: int,
    path: str,
    recipe: Recipe,
    by_content: bool = False,
    first_clip: int = 0,
    known: FileState | None = None,
    listen: Callable[[np.ndarray], None] | None = None,
) -> tuple[int, TrackRecord]:
    """Decode, cut and compute one track, in a worker.

    Where clips are large, only the first of them are computed, and the next call goes on.

    Parameters
    ----------
    position : int
        Handed back, because results come in any order.
    path : str
    recipe : Recipe
    by_content : bool, default=False
        Whether to note the digest of the file.
    first_clip : int, default=0
        How many clips are left out, because they are known.
    known : FileState, optional
        The state of the file in which they are; if it has changed, all is computed.
    listen : callable, optional
        Called with each block of samples, at 22,050 Hz, as it is decoded.

    Returns
    -------
    position : int
    record : TrackRecord
    """
    file = FileState.of(path, by_content)
    if known is not None and not file.same_content(known):
        first_clip = 0
    options: dict = {"hop": recipe.hop, "partial": recipe.partial, "short": recipe.short}
    most, complete = recipe.most_clips, True
    cuts: list[tuple[int, int]] = []

    def clips() -> Iterator[np.ndarray]:
        nonlocal complete
        cut = cut_stream(_decode(path, recipe, listen), recipe.duration, **options)
        for first, clip in islice(cut, first_clip, None):
            if len(cuts) == most:
                complete = False
                return
            cuts.append((first, len(clip)))
            yield clip

    with noted_damage() as notes:
        try:
            values = compute_clips(clips(), recipe.features, recipe.dtype)
        except AudioError as error:
            return position, TrackRecord.of_error(file, error, len(recipe.features.names))
    seconds = np.array(cuts, dtype=float).reshape(-1, 2) / SAMPLE_RATE
    return position, TrackRecord(
        file,
        seconds[:, 0],
        seconds[:, 1],
        values,
        damage=notes[0]["what"] if notes else None,
        first_clip=first_clip,
        complete=complete,
    )


def crashed_track(
    position: int, path: str, recipe: Recipe, by_content: bool = False, *_: object
) -> tuple[int, TrackRecord]:
    """Give, in place of :func:`describe_track`, the record of a file that ended its worker."""
    return position, TrackRecord.of_error(
        FileState.of(path, by_content), crash(path), len(recipe.features.names)
    )


def crash(path: str) -> AudioError:
    """Make the error for a file that ended the process that read it."""
    return AudioError(
        path,
        "the process that read it ended (it crashed, or memory ran out)",
        "convert it to another format, or leave it out",
    )


def compile_kernels() -> None:
    """Compile, on a fresh installation, before workers start that would each do so."""
    import musigenre.dsp.kernels  # noqa: F401 - its import compiles or loads from the cache


def compute_clips(
    clips: Iterable[np.ndarray], features: FeatureSet, dtype: str = "float32"
) -> np.ndarray:
    """Compute the features of clips, a bounded amount of audio at a time.

    Parameters
    ----------
    clips : iterable of ndarray of shape (n_samples,)
        Those of one length that follow each other are computed together.
    features : FeatureSet
    dtype : {"float32", "float64"}

    Returns
    -------
    ndarray of shape (n_clips, n_features)
    """
    parts: list[np.ndarray] = []
    with one_blas_thread():
        for batch in _batches(clips, BATCH_SECONDS * features.sample_rate):
            parts.append(features.compute(np.stack(batch).astype(dtype, copy=False)))
    return np.concatenate(parts) if parts else np.empty((0, len(features.names)))


def _batches(clips: Iterable[np.ndarray], n_samples: int) -> Iterator[list[np.ndarray]]:
    batch: list[np.ndarray] = []
    for clip in clips:
        if batch and (len(clip) != len(batch[0]) or (len(batch) + 1) * len(clip) > n_samples):
            yield batch
            batch = []
        batch.append(clip)
    if batch:
        yield batch


def _decode(
    path: str, recipe: Recipe, listen: Callable[[np.ndarray], None] | None
) -> Iterator[np.ndarray]:
    """Give the blocks of a track at the rate at which clips are cut, and check its length."""
    is_cut = recipe.duration is not None and recipe.duration <= LONGEST_CLIP
    longest = np.inf if is_cut else LONGEST_CLIP * SAMPLE_RATE
    n_samples = 0
    for block in decoded_blocks(path, SAMPLE_RATE):
        n_samples += len(block)
        if n_samples > longest:
            raise too_long(path)
        if listen is not None:
            listen(block)
        yield block
    if n_samples == 0:
        raise no_samples(path)


def no_samples(path: str) -> AudioError:
    """Make the error for a file that holds nothing."""
    return AudioError(path, f"there are no samples in it at {SAMPLE_RATE} Hz", "leave it out")


def too_long(path: str) -> AudioError:
    """Make the error for a clip that is longer than `LONGEST_CLIP`."""
    return AudioError(
        path,
        f"a clip of it is longer than {LONGEST_CLIP} s, too long to be described as a whole",
        "cut it into clips, for instance with clip_duration=3.0",
    )


def decoded_blocks(path: str, sample_rate: int) -> Generator[np.ndarray, None, None]:
    """Decode a file block by block; joined, the blocks are what :func:`audio.load` gives.

    Parameters
    ----------
    path : str
    sample_rate : int
        Of the result, in Hz.

    Yields
    ------
    ndarray of shape (n_samples,), dtype float32

    Raises
    ------
    AudioError
        If the file cannot be read as audio.
    """
    file = regular_file(path)
    with open_audio(file) as stream:
        blocks = mono_blocks(file, stream)
        if stream.sample_rate == sample_rate:
            yield from blocks
            return
        yield from resample(blocks, stream.sample_rate, sample_rate)


def _digest(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
