"""The holdouts of a reproduction, under each protocol."""

import itertools
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from musigenre.model_selection import StratifiedMonteCarloSplit
from musigenre.model_selection.protocols import PROTOCOLS, resolve_groups
from musigenre.paper.settings import Settings

FAULT_FILTERED = "fault-filtered"

#: Protocols of a reproduction and what each keeps apart.
MEANINGS: dict[str, str] = {name: protocol.meaning for name, protocol in PROTOCOLS.items()} | {
    FAULT_FILTERED: (
        "the published split without repetitions and wrong labels, no artist on both sides; "
        "trained on its training and validation parts"
    )
}

_PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Holdout:
    """One division of the rows.

    Parameters
    ----------
    train, test : ndarray of int
        Row numbers, ascending.
    groups : ndarray of int of shape (n_rows,) or None
        What the protocol keeps apart, for estimators that set rows aside in training.
    """

    train: NDArray[np.intp]
    test: NDArray[np.intp]
    groups: NDArray[np.intp] | None


def possible_protocols(tracks: pd.DataFrame) -> list[str]:
    """Say which protocols can be followed with what is known of the tracks.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track``, ``artist`` and ``fault_filtered_part``.

    Returns
    -------
    list of str
    """
    names = ["paper", "track"]
    if tracks["artist"].notna().any():
        names.append("artist")
    if {"train", "test"} <= set(tracks["fault_filtered_part"].dropna()):
        names.append(FAULT_FILTERED)
    return names


def refusals(tracks: pd.DataFrame, settings: Settings) -> dict[str, str]:
    """Say which protocols cannot be followed with these tracks, and why.

    Parameters
    ----------
    tracks : DataFrame
        Columns ``track``, ``genre``, ``artist`` and ``fault_filtered_part``.
    settings : Settings

    Returns
    -------
    dict of str to str
        Without those that can be.
    """
    possible, reasons = possible_protocols(tracks), {}
    for name in MEANINGS:
        if name not in possible:
            reasons[name] = "what it needs to know of the tracks is not known (see metadata)"
        elif name != "paper":  # which draws clips, and these are not cut yet
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # units warn, too
                try:
                    draw_holdout(tracks, tracks, name, 0, settings)
                except ValueError as error:  # too few tracks or artists of a genre
                    reasons[name] = str(error)
    return reasons


def n_holdouts(protocol: str, asked: int) -> int:
    """Give the number of holdouts: the fault-filtered split is one."""
    return 1 if protocol == FAULT_FILTERED else asked


def drawn_as(protocol: str, whole_tracks: bool) -> str:
    """Give the protocol whose unit serves a row.

    Where a row is a whole track, ``paper`` keeps tracks apart by itself: its holdouts are those of
    ``track``, and one unit serves both.
    """
    return "track" if whole_tracks and protocol == "paper" else protocol


def draw_holdout(
    rows: pd.DataFrame, tracks: pd.DataFrame, protocol: str, number: int, settings: Settings
) -> Holdout:
    """Draw a holdout; the same number gives the same one, whatever was drawn before.

    Under ``paper`` rows are drawn. Under the other protocols tracks are, over all tracks there are,
    so that every system is tested on the same tracks, whatever it hears of them.

    Parameters
    ----------
    rows : DataFrame
        The rows to divide, with the columns ``track``, ``genre``, ``artist`` and
        ``fault_filtered_part``.
    tracks : DataFrame
        All tracks, with the same columns.
    protocol : {"paper", "track", "artist", "fault-filtered"}
    number : int
        Which holdout.
    settings : Settings

    Returns
    -------
    Holdout

    Raises
    ------
    ValueError
        If the protocol is unknown, or what it needs to know of the tracks is not known.
    """
    if protocol not in MEANINGS:
        raise ValueError(f"unknown protocol {protocol!r}; choose from {', '.join(MEANINGS)}")
    if protocol not in possible_protocols(tracks):
        lacking = "fault_filtered_part" if protocol == FAULT_FILTERED else "artist"
        raise ValueError(
            f"the protocol {protocol!r} needs to know the {lacking} of tracks: put a tracks.csv "
            f"with the columns track, artist and fault_filtered_part beside the data"
        )
    splitter = StratifiedMonteCarloSplit(
        number + 1, test_size=settings.test_size, random_state=settings.random_state
    )
    if protocol == "paper":
        genres = rows["genre"].to_numpy(dtype=str)
        train, test = _nth(splitter.split(genres, genres), number)
        return Holdout(train, test, None)

    if protocol == FAULT_FILTERED:
        parts = rows["fault_filtered_part"].to_numpy(dtype=object)
        train = np.flatnonzero(np.isin(parts, _PARTS[:2]))
        return Holdout(train, np.flatnonzero(parts == "test"), _artists(rows))
    genres = tracks["genre"].to_numpy(dtype=str)
    owners = resolve_groups("artist", tracks) if protocol == "artist" else None
    _, drawn = _nth(splitter.split(genres, genres, owners), number)
    is_test = rows["track"].isin(tracks["track"].iloc[drawn]).to_numpy()
    groups = _artists(rows) if protocol == "artist" else pd.factorize(rows["track"])[0]
    return Holdout(np.flatnonzero(~is_test), np.flatnonzero(is_test), groups)


def _nth(holdouts, number):
    return next(itertools.islice(holdouts, number, None))


def _artists(rows: pd.DataFrame) -> NDArray[np.intp] | None:
    if rows["artist"].isna().all():
        return pd.factorize(rows["track"])[0]
    return resolve_groups("artist", rows)
