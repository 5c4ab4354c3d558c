"""Synthetic music: ten kinds of it, made on the spot, for tests and for learning the library."""

from collections.abc import Sequence
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import soundfile
from numpy.typing import NDArray
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from musigenre.datasets._arranger import Artist, perform
from musigenre.datasets._files import path_array
from musigenre.datasets._problems import group_table
from musigenre.datasets._styles import STYLES
from musigenre.parallel import in_order

#: The kinds of synthetic music.
KINDS = tuple(STYLES)

#: Artists of each kind, unless told otherwise.
N_ARTISTS = 5

DESCR = """\
Synthetic music
===============
Audio files written by musigenre.datasets.make_tracks. No musician, no recording and no sample
is in them: notes, drums and rooms are computed.

The kinds are caricatures of genres. They differ in tempo, metre, harmony, timbre and percussion;
every track draws its own key, tempo, chords, patterns and mix. Several tracks share a synthetic
artist, that is instruments, equaliser, room, tuning, levels and noise, so that a model may learn
the artist in place of the kind, as happens with real collections.

An accuracy on these tracks says nothing about real music.
"""

_SUBTYPES = {"wav": "PCM_16", "flac": "PCM_16", "ogg": "VORBIS"}
_ARTIST, _TRACK = 0, 1  # the two families of random streams

_SAMPLE_RATE = Interval(Integral, 8000, 192000, closed="both")
_DURATION = Interval(Real, 0.1, 3600, closed="both")


@validate_params(
    {
        "kind": [StrOptions(set(KINDS))],
        "duration": [_DURATION],
        "sample_rate": [_SAMPLE_RATE],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_track(
    kind: str,
    *,
    duration: float = 30.0,
    sample_rate: int = 22050,
    random_state: int | np.random.RandomState | None = None,
) -> NDArray[np.float32]:
    """Make one track of synthetic music in memory.

    It is the first of the tracks that :func:`make_tracks` writes with the same ``random_state``.

    Parameters
    ----------
    kind : str
        One of ``KINDS``, for example ``"synthetic-waltz"``.
    duration : float, default=30.0
        Length in seconds, from 0.1 to 3600.
    sample_rate : int, default=22050
        In Hz.
    random_state : int, RandomState instance or None, default=None
        The same number gives the same track.

    Returns
    -------
    ndarray of shape (n_samples,)
        Mono audio, float32, its peak below 1.

    Raises
    ------
    ValueError
        If ``kind`` is unknown or a number is out of range.

    See Also
    --------
    make_tracks : Many tracks, as audio files.

    Examples
    --------
    >>> from musigenre.datasets import make_track
    >>> y = make_track("synthetic-waltz", duration=2.0, random_state=0)
    >>> y.shape, y.dtype
    ((44100,), dtype('float32'))
    """
    return _render(kind, 0, 0, duration, sample_rate, _entropy(random_state))


@validate_params(
    {
        "directory": [str, PathLike],
        "n_tracks": [Interval(Integral, 1, 100000, closed="left")],
        "duration": [_DURATION],
        "n_artists": [Interval(Integral, 1, None, closed="left"), None],
        "kinds": ["array-like", None],
        "format": [StrOptions(set(_SUBTYPES))],
        "sample_rate": [_SAMPLE_RATE],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def make_tracks(
    directory: str | PathLike[str],
    n_tracks: int = 10,
    *,
    duration: float = 30.0,
    n_artists: int | None = None,
    kinds: Sequence[str] | None = None,
    format: Literal["wav", "flac", "ogg"] = "wav",
    sample_rate: int = 22050,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Bunch:
    """Write a collection of synthetic music as audio files.

    The files are ``directory/<kind>/<kind>.00000.wav`` and so on, the layout of GTZAN. A file of
    that name is overwritten; no other file is touched. Each track has random streams of its own,
    so it does not depend on ``n_jobs``, on the other kinds, or on how many tracks there are.

    Parameters
    ----------
    directory : str or path-like
        Where to write; made if need be.
    n_tracks : int, default=10
        Tracks of each kind.
    duration : float, default=30.0
        Length of a track in seconds, from 0.1 to 3600.
    n_artists : int, optional
        Synthetic artists of each kind, at most ``n_tracks``. They take turns: track ``i`` is by
        artist ``i % n_artists``. By default 5, or ``n_tracks`` if that is less.
    kinds : sequence of str, optional
        Some of ``KINDS``; all ten by default.
    format : {"wav", "flac", "ogg"}, default="wav"
        File format: 16-bit WAV or FLAC, or Ogg Vorbis.
    sample_rate : int, default=22050
        In Hz.
    random_state : int, RandomState instance or None, default=None
        The same number gives the same files, byte by byte. (Ogg files hold the same sound, but
        their container carries a serial number that changes.)
    n_jobs : int, optional
        Tracks made at a time, see :class:`joblib.Parallel`.
    verbose : int, default=0
        With 1 a progress bar is shown on a terminal.

    Returns
    -------
    Bunch
        With the attributes

        data : ndarray of shape (n_kinds * n_tracks,) of str
            Paths of the files.
        target : ndarray of shape (n_kinds * n_tracks,) of str
            The kind of each track.
        groups : DataFrame with columns track and artist
            What must not be split between training and test.
        target_names : list of str
            The kinds, sorted.
        DESCR : str
            What the collection is, and what it is not.

    Raises
    ------
    ValueError
        If a kind is unknown or named twice, or a number is out of range.

    Examples
    --------
    >>> import tempfile
    >>> from musigenre.datasets import make_tracks
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     tracks = make_tracks(directory, 2, kinds=["synthetic-drone"], duration=1.0)
    >>> tracks.groups
                       track             artist
    0  synthetic-drone.00000  synthetic-drone-0
    1  synthetic-drone.00001  synthetic-drone-1
    """
    chosen = _check_kinds(kinds)
    n_artists = min(N_ARTISTS, n_tracks) if n_artists is None else n_artists
    if n_artists > n_tracks:
        raise ValueError(
            f"n_artists={n_artists} is more than n_tracks={n_tracks}: an artist needs a track. "
            "Ask for more tracks or fewer artists."
        )
    entropy = _entropy(random_state)
    tracks = pd.DataFrame(
        [
            (f"{kind}.{i:05d}", f"{kind}-{i % n_artists}", kind)
            for kind in chosen
            for i in range(n_tracks)
        ],
        columns=["track", "artist", "kind"],
    )
    root = Path(directory)
    for kind in chosen:
        (root / kind).mkdir(parents=True, exist_ok=True)
    numbered = [(kind, i) for kind in chosen for i in range(n_tracks)]
    paths = [root / kind / f"{kind}.{i:05d}.{format}" for kind, i in numbered]
    arguments = (
        (path, kind, i % n_artists, i, duration, sample_rate, entropy)
        for path, (kind, i) in zip(paths, numbered, strict=True)
    )
    for _ in in_order(
        _write,
        arguments,
        n_jobs,
        description="making tracks",
        total=len(paths),
        unit="track",
        verbose=verbose,
    ):
        pass
    return Bunch(
        data=path_array(paths),
        target=tracks["kind"].to_numpy(dtype=str),
        groups=group_table(tracks["track"], tracks["artist"]),
        target_names=chosen,
        DESCR=DESCR,
    )


def _check_kinds(kinds: Sequence[str] | None) -> list[str]:
    chosen = list(KINDS) if kinds is None else [str(kind) for kind in kinds]
    unknown = [kind for kind in chosen if kind not in STYLES]
    if unknown or not chosen:
        what = f"{unknown[0]!r} is no kind of synthetic music" if unknown else "kinds is empty"
        raise ValueError(f"{what}. Choose from: {', '.join(KINDS)}.")
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"kinds={chosen} names a kind twice. Name each kind once.")
    return sorted(chosen)


def _entropy(random_state: int | np.random.RandomState | None) -> int:
    """Turn a random_state into a number, and leave NumPy's global generator alone."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1)[0])
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    return int(random_state)


def _render(
    kind: str, artist: int, number: int, duration: float, sample_rate: int, entropy: int
) -> NDArray[np.float32]:
    """Make track ``number`` by artist ``artist`` of a kind."""

    def stream(family: int, index: int) -> np.random.Generator:
        key = (KINDS.index(kind), family, index)
        return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=key))

    return perform(
        STYLES[kind],
        Artist.draw(STYLES[kind], stream(_ARTIST, artist)),
        stream(_TRACK, number),
        round(duration * sample_rate),
        sample_rate,
    )


def _write(
    path: Path,
    kind: str,
    artist: int,
    number: int,
    duration: float,
    sample_rate: int,
    entropy: int,
) -> None:
    y = _render(kind, artist, number, duration, sample_rate, entropy)
    subtype = _SUBTYPES[path.suffix[1:]]
    with soundfile.SoundFile(path, "w", samplerate=sample_rate, channels=1, subtype=subtype) as f:
        # libvorbis overflows its stack when it gets a long signal at once.
        for start in range(0, y.size, sample_rate):
            f.write(y[start : start + sample_rate])
