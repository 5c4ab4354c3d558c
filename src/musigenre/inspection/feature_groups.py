"""Which columns belong together, and which of a table's columns a name stands for."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Groups of the columns of the sets gtzan57 and tzanetakis, by how their names begin.
_BEGINNINGS = {
    "mfcc": ("mfcc",),
    "chroma": ("chroma",),
    "rhythm": ("tempo", "beat"),
    "spectral_shape": (
        "spectral_centroid",
        "spectral_bandwidth",
        "centroid",
        "rolloff",
        "flux",
        "zero_crossing_rate",
        "crossing_rate",
    ),
    "energy": ("rms", "low_energy"),
    "harmony_percussion": ("harmony", "perceptr"),
    "pitch": ("pitch",),
}

#: What `columns` may be where groups of columns are asked for.
Columns = Mapping[str, Iterable[str] | Iterable[int]]


def feature_groups(
    names: Iterable[str], scheme: Literal["natural", "mfcc"] = "natural"
) -> dict[str, list[str]]:
    """Sort feature names into groups that describe the same side of the music.

    Parameters
    ----------
    names : iterable of str
        Names of columns, such as ``AudioFeatures.get_feature_names_out`` gives.
    scheme : {"natural", "mfcc"}, default="natural"
        "natural" tells `mfcc`, `chroma`, `rhythm`, `spectral_shape`, `energy`,
        `harmony_percussion` and `pitch` apart; a column of the set texture, ``<block>__<what>``,
        belongs to its block. "mfcc" knows two groups, `mfcc` and `other`, as the paper does.

    Returns
    -------
    groups : dict of str to list of str
        The names of each group, in the order given; groups in the order in which they turn up.
        Names that nothing is known of are in the group `other`.

    Examples
    --------
    >>> names = ["rms_mean", "tempo", "mfcc1_mean", "mfcc1_var"]
    >>> feature_groups(names)
    {'energy': ['rms_mean'], 'rhythm': ['tempo'], 'mfcc': ['mfcc1_mean', 'mfcc1_var']}
    >>> feature_groups(names, "mfcc")
    {'other': ['rms_mean', 'tempo'], 'mfcc': ['mfcc1_mean', 'mfcc1_var']}
    """
    if scheme not in ("natural", "mfcc"):
        raise ValueError(f"scheme must be 'natural' or 'mfcc'; got {scheme!r}.")
    groups: dict[str, list[str]] = {}
    for name in names:
        group = _natural_group(name)
        if scheme == "mfcc":
            group = "mfcc" if group.startswith("mfcc") else "other"
        groups.setdefault(group, []).append(name)
    return groups


def _natural_group(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"names of features are strings; got {name!r}.")
    block, separator, _ = name.partition("__")
    if separator:
        return block
    return next((g for g, starts in _BEGINNINGS.items() if name.startswith(starts)), "other")


def resolve_columns(
    X: ArrayLike, columns: Columns | None, scheme: Literal["natural", "mfcc"] = "natural"
) -> dict[str, NDArray[np.intp]]:
    """Return the positions of the columns that each name stands for.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n_rows, n_columns)
    columns : mapping of str to names or positions, or None
        None is `feature_groups` of the names of X.
    scheme : {"natural", "mfcc"}, default="natural"
        For `feature_groups`.

    Returns
    -------
    positions : dict of str to ndarray of int

    Raises
    ------
    ValueError
        If X has no names but they are needed, has a name twice, or lacks a column asked for; if
        there is no group or an empty one, or a group has a column twice.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame([[1, 2, 3]], columns=["tempo", "mfcc1_mean", "mfcc2_mean"])
    >>> resolve_columns(X, {"cepstrum": ["mfcc2_mean", "mfcc1_mean"]})
    {'cepstrum': array([2, 1])}
    """
    names: list[Any] | None = list(X.columns) if hasattr(X, "columns") else None
    n_columns = np.shape(X)[1]
    if names is not None and len(set(names)) < len(names):
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        raise ValueError(f"X has several columns named {twice}; rename them.")
    if columns is None:
        if names is None:
            raise ValueError(
                "X has no column names to tell groups by; give a DataFrame, or columns as a dict"
                " of group name to column positions."
            )
        columns = feature_groups(names, scheme)
    if not columns:
        raise ValueError("columns is empty; name at least one group of columns.")
    places = {name: i for i, name in enumerate(names or ())}
    found = {}
    for group, members in columns.items():
        wanted = [members] if isinstance(members, str) else list(members)
        unknown = [m for m in wanted if m not in places and not _is_position(m, n_columns)]
        if unknown:
            raise ValueError(f"columns[{group!r}] asks for {unknown}, which X does not have.")
        positions = np.array([places.get(m, m) for m in wanted], dtype=np.intp)
        if not len(positions) or len(np.unique(positions)) < len(positions):
            raise ValueError(
                f"columns[{group!r}] must name one or more columns, each once; got {wanted}."
            )
        found[str(group)] = positions
    return found


def _is_position(member: Any, n_columns: int) -> bool:
    return isinstance(member, int | np.integer) and bool(0 <= member < n_columns)
