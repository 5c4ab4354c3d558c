"""The named protocols: what may not lie on both sides of a holdout.

An accuracy means nothing without its protocol. The same 57 features and the same model (quantile
scaling and an RBF support vector machine) on three-second clips of GTZAN gave a clip accuracy of
.939 under ``paper``, .777 under ``track`` and .575 under ``artist``.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import column_or_1d


@dataclass(frozen=True)
class Protocol:
    """What a holdout keeps apart, and so what a score under it measures.

    Parameters
    ----------
    name : str
        Name by which it is asked for and shown.
    apart : {"track", "artist"} or None
        Whatever may not lie on both sides; also the column of groups that says so.
    meaning : str
        One line on what a score under it measures.

    See Also
    --------
    PROTOCOLS : All of them by name.

    Examples
    --------
    >>> from musigenre.model_selection import PROTOCOLS
    >>> PROTOCOLS["artist"].apart
    'artist'
    """

    name: str
    apart: str | None
    meaning: str


PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "paper",
            None,
            "rows drawn at random, nothing held apart: clips of a track may lie on both sides, and"
            " then this measures recall of tracks heard in part",
        ),
        Protocol(
            "track",
            "track",
            "no track on both sides: new tracks, though often by artists heard in training",
        ),
        Protocol(
            "artist",
            "artist",
            "no artist on both sides: tracks by artists never heard, like music from outside",
        ),
    )
}


def get_protocols(names: str | Iterable[str]) -> list[Protocol]:
    """Return the protocols of the given name or names.

    Parameters
    ----------
    names : str or iterable of str
        One name or several, none of them twice.

    Returns
    -------
    protocols : list of Protocol
        In the order asked.

    Raises
    ------
    ValueError
        If a name is unknown or repeated, or there is none.

    Examples
    --------
    >>> [protocol.apart for protocol in get_protocols(["paper", "track"])]
    [None, 'track']
    """
    names = [names] if isinstance(names, str) else list(names)
    if not names or len(set(names)) < len(names):
        raise ValueError(f"protocol must name one or more protocols, each once; got {names!r}.")
    for name in names:
        if name not in PROTOCOLS:
            raise ValueError(f"unknown protocol {name!r}; choose from {list(PROTOCOLS)}.")
    return [PROTOCOLS[name] for name in names]


def resolve_groups(
    protocol: str, groups: pd.DataFrame | ArrayLike | None
) -> NDArray[np.intp] | None:
    """Return what a protocol keeps apart, as one group code a row.

    Parameters
    ----------
    protocol : {"paper", "track", "artist"}
        Name of the protocol.
    groups : DataFrame with columns `track` and `artist`, array-like of shape (n_rows,) or None
        What each row belongs to. A vector holds the groups of the protocol itself. A row whose
        artist is unknown (missing or empty) counts as an artist of its own, together with the
        other rows of its track, with a warning; that takes the `track` column.

    Returns
    -------
    codes : ndarray of int of shape (n_rows,) or None
        Group of each row, numbered from zero in order of appearance. None under ``paper``.

    Raises
    ------
    ValueError
        If the protocol needs groups that are not given, a value is missing, no artist is known,
        a track has two artists, or a vector of groups is given to ``paper``, which would ignore it.

    Examples
    --------
    >>> import pandas as pd
    >>> groups = pd.DataFrame({"track": ["a", "a", "b", "c"], "artist": ["y", "y", "x", "x"]})
    >>> resolve_groups("artist", groups)
    array([0, 0, 1, 1])
    >>> resolve_groups("paper", groups) is None
    True
    """
    (chosen,) = get_protocols(protocol)
    if groups is None:
        if chosen.apart is None:
            return None
        raise ValueError(
            f"protocol {chosen.name!r} keeps each {chosen.apart} on one side, but groups is None;"
            f" give a DataFrame with a {chosen.apart!r} column, or the {chosen.apart} of each row."
        )
    if chosen.apart is None:
        if not isinstance(groups, pd.DataFrame):
            raise ValueError(
                f"protocol {chosen.name!r} holds nothing apart, so it would ignore groups; name"
                " the protocol that they belong to ('track' or 'artist'), or leave them out."
            )
        return None
    if isinstance(groups, pd.DataFrame):
        if chosen.apart not in groups.columns:
            raise ValueError(
                f"protocol {chosen.name!r} needs the column {chosen.apart!r} in groups; columns are"
                f" {list(groups.columns)}."
            )
        if chosen.apart == "artist":
            return _artist_codes(groups)
        return _codes(groups[chosen.apart], chosen.apart)
    return _codes(groups, chosen.apart)


def resolve_tracks(
    protocol: str, groups: pd.DataFrame | ArrayLike | None
) -> NDArray[np.intp] | None:
    """Return the track of each row as a code, or None where groups do not tell.

    Parameters
    ----------
    protocol : {"paper", "track", "artist"}
        Name of the protocol. It says what a vector of groups holds.
    groups : DataFrame, array-like of shape (n_rows,) or None
        As for `resolve_groups`.

    Returns
    -------
    codes : ndarray of int of shape (n_rows,) or None
        Track of each row, numbered from zero in order of appearance.

    Raises
    ------
    ValueError
        If the protocol is unknown or the track of a row is missing.

    Examples
    --------
    >>> resolve_tracks("track", ["a", "a", "b"])
    array([0, 0, 1])
    >>> resolve_tracks("artist", ["x", "x", "y"]) is None
    True
    """
    (chosen,) = get_protocols(protocol)
    if isinstance(groups, pd.DataFrame):
        return _codes(groups["track"], "track") if "track" in groups.columns else None
    return _codes(groups, "track") if groups is not None and chosen.apart == "track" else None


def _codes(values: ArrayLike, what: str) -> NDArray[np.intp]:
    values = pd.Series(column_or_1d(values, dtype=object))
    unknown = np.flatnonzero(_is_unknown(values))
    if unknown.size:
        raise ValueError(
            f"the {what} of {unknown.size} rows is unknown, the first of them row {unknown[0]};"
            + (
                " give groups as a DataFrame with a 'track' column too, so that such tracks count"
                " as artists of their own."
                if what == "artist"
                else " give each row its track."
            )
        )
    return pd.factorize(values)[0]


def _artist_codes(groups: pd.DataFrame) -> NDArray[np.intp]:
    """Code the artists; a track of unknown artist is one of its own."""
    artists = groups["artist"].astype(object).reset_index(drop=True)
    if "track" not in groups.columns:
        return _codes(artists, "artist")
    tracks = _codes(groups["track"], "track")
    unknown = _is_unknown(artists)
    if unknown.all():
        raise ValueError(
            "protocol 'artist' needs artists, but groups knows none; put the files of each artist"
            " into a folder of their own (genre/artist/track), or use protocol 'track'."
        )
    # A pair never equals a name, so an artist called like a track stays apart from it.
    owners = pd.Series([("track", code) for code in tracks], dtype=object)
    codes = pd.factorize(artists.where(~unknown, owners))[0]
    n_artists = pd.Series(codes).groupby(tracks).nunique()
    if (n_artists > 1).any():
        row = int(np.argmax(tracks == n_artists.idxmax()))
        raise ValueError(
            f"track {groups['track'].iloc[row]!r} has {n_artists.max()} artists in groups, an"
            " unknown one included; give all rows of a track the same artist."
        )
    if unknown.any():
        n_tracks = len(np.unique(tracks[unknown]))
        warnings.warn(
            f"the artist of {n_tracks} of {len(np.unique(tracks))} tracks is unknown; each of them"
            " counts as an artist of its own, though one artist may have made several",
            UserWarning,
            stacklevel=4,
        )
    return codes


def _is_unknown(values: pd.Series) -> NDArray[np.bool_]:
    is_blank = values.map(lambda value: isinstance(value, str) and not value.strip())
    return (values.isna() | is_blank).to_numpy(dtype=bool)
