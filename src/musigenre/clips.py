"""Cut tracks into clips: stretches of a recording, one row of X each."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain
from numbers import Real
from os import PathLike, fspath
from typing import Literal

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from musigenre import audio
from musigenre.parallel import run_jobs

#: The rate, in Hz, whose samples are counted when a track is cut.
SAMPLE_RATE = 22050

#: What becomes of a file that cannot be read.
OnError = Literal["raise", "warn", "skip"]

#: The columns of a clip table.
COLUMNS = ("path", "start", "duration", "track")

#: A further column of some: the seed with which a clip is altered, missing where it is not.
AUGMENTATION = "augmentation"

# A remainder shorter than this, in seconds, says nothing and is never a clip.
_SHORTEST = 0.1


def clip_table(
    paths: Iterable[str | PathLike[str]],
    duration: float | None = 3.0,
    *,
    hop: float | None = None,
    partial: Literal["drop", "keep", "overlap"] = "drop",
    short: Literal["keep", "drop"] = "keep",
    on_error: OnError = "raise",
    tracks: Sequence | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Cut tracks into clips and list them in a table, one row a clip.

    Every file is decoded once, in bounded memory, because its header may promise more, or less,
    than it holds: each clip of the table can be read.

    Parameters
    ----------
    paths : iterable of str or path-like
        Audio files, one a track.
    duration : float or None, default=3.0
        Length of a clip in seconds. ``None`` makes one row of each whole track.
    hop : float, optional
        Seconds from the start of a clip to the start of the next; ``duration`` by default, so
        that clips lie side by side.
    partial : {"drop", "keep", "overlap"}, default="drop"
        What becomes of the end of a track that does not fill a clip: it is left out, it makes a
        shorter clip (from 0.1 s), or the last clip begins earlier and ends with the track.
    short : {"keep", "drop"}, default="keep"
        What becomes of a track shorter than a clip: one shorter clip, or none.
    on_error : {"raise", "warn", "skip"}, default="raise"
        What to do with a file that cannot be read. ``"warn"`` and ``"skip"`` leave it out and list
        it in ``table.attrs["errors"]`` (path, cause, remedy); ``"warn"`` also warns.
    tracks : sequence, optional
        An id for each path; the path itself by default.
    n_jobs : int, optional
        Files read at a time, see :class:`joblib.Parallel`.
    verbose : int, default=0
        With 1 a progress bar is shown on a terminal.

    Returns
    -------
    pandas.DataFrame
        Columns ``path``, ``start`` and ``duration`` (seconds) and ``track``, which serves as
        ``groups`` wherever clips of one track must stay together. Files that are damaged, and of
        which a part could be read, are listed in ``table.attrs["damage"]``.

    Raises
    ------
    AudioError
        If a file cannot be read and ``on_error="raise"``.
    ValueError
        If a duration or hop is not positive or an option is unknown.

    Warns
    -----
    AudioWarning
        If files are damaged, or left out, unless ``on_error="skip"``.

    Notes
    -----
    Clip ``k`` begins at ``k * hop`` and holds ``duration * 22050 - 1`` samples, as in the
    published 3 s table of GTZAN, whose clips leave out the last sample. The column ``duration``
    therefore reads 2.99995 for clips of three seconds.

    Examples
    --------
    >>> from musigenre import clip_table, make_tracks
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tracks = make_tracks(folder, n_tracks=1, duration=7.0, random_state=0)
    ...     table = clip_table(tracks.data, duration=3.0)
    >>> table[["start", "duration"]].head(2).round(3)
       start  duration
    0    0.0       3.0
    1    3.0       3.0
    """
    check_option("on_error", on_error, ("raise", "warn", "skip"))
    files = as_paths(paths)
    ids = track_ids(files, tracks)
    # Bad options must show before hours of reading.
    spans(SAMPLE_RATE, duration, hop=hop, partial=partial, short=short)

    lengths: list[int | audio.AudioError] = [0] * len(files)
    damage: dict[int, dict[str, str]] = {}
    with (
        closing(run_jobs(_length_or_error, enumerate(files), n_jobs)) as results,
        tqdm(
            results, "reading", len(files), unit="track", disable=None if verbose else True
        ) as progress,
    ):
        for position, length, notes in progress:
            if isinstance(length, audio.AudioError) and on_error == "raise":
                raise length
            lengths[position] = length
            damage.update((position, note) for note in notes[:1])
    rows, errors = [], []
    for path, track, length in zip(files, ids, lengths, strict=True):
        if isinstance(length, audio.AudioError):
            errors.append(length.as_dict())
            continue
        for first, n in spans(length, duration, hop=hop, partial=partial, short=short):
            rows.append((path, first / SAMPLE_RATE, n / SAMPLE_RATE, track))
    if errors and on_error == "warn":
        audio.warn_skipped(errors, len(files))
    damaged = [damage[i] for i in sorted(damage)]
    if on_error != "skip":
        audio.warn_damaged(damaged, len(files))
    # Objects, because a file name need not be UTF-8, which pandas' strings are.
    columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)) if rows else {}
    dtypes: dict[str, type | None] = {"path": object, "start": float, "duration": float}
    dtypes["track"] = object if not rows or isinstance(rows[0][3], str) else None
    table = pd.DataFrame(
        {name: pd.Series(columns.get(name, ()), dtype=dtypes[name]) for name in COLUMNS}
    )
    table.attrs["errors"] = errors
    table.attrs["damage"] = damaged
    return table


def spans(
    n_samples: int,
    duration: float | None,
    *,
    hop: float | None = None,
    partial: str = "drop",
    short: str = "keep",
) -> list[tuple[int, int]]:
    """First sample and length, in samples at 22,050 Hz, of each clip of a track.

    The parameters are those of :func:`clip_table`, which this function serves.
    """
    check_option("partial", partial, ("drop", "keep", "overlap"))
    check_option("short", short, ("keep", "drop"))
    if duration is None:
        return [(0, n_samples)]
    length = _to_samples("duration", duration) - 1
    step = length + 1 if hop is None else _to_samples("hop", hop)
    if n_samples < length:
        return [(0, n_samples)] if short == "keep" and n_samples else []
    n_whole = 1 + (n_samples - length) // step
    clips = [(k * step, length) for k in range(n_whole)]
    last_end = clips[-1][0] + length
    rest = n_samples - n_whole * step
    if n_samples - last_end >= _SHORTEST * SAMPLE_RATE:
        if partial == "overlap":
            clips.append((n_samples - length, length))
        elif partial == "keep" and rest >= _SHORTEST * SAMPLE_RATE:
            clips.append((n_whole * step, min(rest, length)))
    return clips


def cut_stream(
    blocks: Iterable[np.ndarray],
    duration: float | None,
    *,
    hop: float | None = None,
    partial: str = "drop",
    short: str = "keep",
) -> Iterator[tuple[int, np.ndarray]]:
    """Cut the clips out of a track while it is decoded.

    Only the part that clips to come can reach into is held, so that a recording of many hours
    takes no more memory than one of minutes.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n,)
        The samples of the track, at 22,050 Hz, piece by piece.
    duration, hop, partial, short
        As for :func:`clip_table`.

    Yields
    ------
    first : int
        Where the clip begins, in samples.
    clip : ndarray of shape (n_samples,)
        Valid as long as one likes.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.clips import cut_stream
    >>> second = np.zeros(22050, dtype=np.float32)
    >>> [(first, len(clip)) for first, clip in cut_stream([second] * 5, duration=2.0)]
    [(0, 44099), (44100, 44099)]
    """
    if duration is None:
        whole = np.concatenate([np.empty(0, np.float32), *blocks])
        if len(whole):
            yield 0, whole
        return
    options: dict = {"duration": duration, "hop": hop, "partial": partial, "short": short}
    length = _to_samples("duration", duration)
    step = length if hop is None else _to_samples("hop", hop)
    held, origin, n_given = np.empty(0, np.float32), 0, 0
    for piece in chain(_long_pieces(blocks), [None]):
        if piece is None:
            end = origin + len(held)
            found = spans(end, **options) if end else []
        else:
            held = np.concatenate([held, piece])
            end = origin + len(held)
            found = spans(end, duration, hop=hop, short="drop")
        for first, n in found[n_given:]:
            yield first, held[first - origin : first - origin + n]
        n_given = max(n_given, len(found))
        # The next clip begins here; the last may reach back by one length.
        needed = max(origin, min(n_given * step, end - length))
        held, origin = held[needed - origin :], needed


def _long_pieces(blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Join blocks to at least a minute, so that what is held is seldom copied."""
    pieces, n = [], 0
    for block in blocks:
        pieces.append(block)
        n += len(block)
        if n >= 60 * SAMPLE_RATE:
            yield np.concatenate(pieces)
            pieces, n = [], 0
    if pieces:
        yield np.concatenate(pieces)


def is_clip_table(X: object) -> bool:
    """Say whether ``X`` is a table of clips."""
    return isinstance(X, pd.DataFrame) and {"path", "start", "duration"} <= set(X.columns)


def check_clip_table(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Check that each row of a clip table says where its clip lies; give starts and durations.

    Raises
    ------
    ValueError
        If a path is missing, a start is negative or a duration not positive.
    """
    starts, durations = table["start"].to_numpy(float), table["duration"].to_numpy(float)
    named = table["path"].map(lambda path: isinstance(path, str | PathLike)).to_numpy(bool)
    sound = named & (starts >= 0) & (durations > 0) & np.isfinite(starts + durations)
    if not sound.all():
        row = int(sound.argmin())
        raise ValueError(
            f"row {row} of the clip table is no clip: path {table['path'].iloc[row]!r}, start "
            f"{starts[row]}, duration {durations[row]}; make the table with clip_table"
        )
    return starts, durations


def _length_or_error(
    position: int, path: str
) -> tuple[int, int | audio.AudioError, list[dict[str, str]]]:
    with audio.noted_damage() as notes:
        try:
            return position, audio.count_samples(path, SAMPLE_RATE), notes
        except audio.AudioError as error:
            return position, error, []


def as_paths(paths: Iterable[str | PathLike[str]]) -> list[str]:
    """Give paths as a list of str, and refuse a single path."""
    if isinstance(paths, str | PathLike):
        raise TypeError(f"paths must be a list of files, not the single path {paths!r}")
    return [fspath(path) for path in paths]


def track_ids(paths: Sequence[str], tracks: Sequence | None) -> list:
    """Give an id for each path: its own, or the path."""
    ids = list(paths) if tracks is None else list(tracks)
    if len(ids) != len(paths):
        raise ValueError(f"tracks has {len(ids)} ids for {len(paths)} paths; give one for each")
    return ids


def _to_samples(name: str, seconds: float) -> int:
    is_number = isinstance(seconds, Real) and np.isfinite(seconds)
    n = round(seconds * SAMPLE_RATE) if is_number else 0
    if n < 2:
        raise ValueError(f"{name} must be a positive number of seconds, got {seconds!r}")
    return n


def check_option(name: str, value: str, allowed: Iterable[str]) -> None:
    """Refuse an unknown value, and say which are known."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}; got {value!r}")
