"""Block: a named group of columns and the function that computes them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np

from musigenre.features.texture.track_spectra import TrackSpectra


@dataclass(frozen=True)
class Block:
    """Columns that describe one side of a track.

    Attributes
    ----------
    name : str
    columns : tuple of str
        Without the name of the block.
    compute : callable
        From the spectra of a track to an array of shape (n_columns,).
    """

    name: str
    columns: tuple[str, ...]
    compute: Callable[[TrackSpectra], np.ndarray]


def labels(*parts: Iterable[str]) -> tuple[str, ...]:
    """Join one label of each part by an underscore, the last part running fastest.

    Examples
    --------
    >>> labels(["low", "high"], ["slow", "fast"])
    ('low_slow', 'low_fast', 'high_slow', 'high_fast')
    """
    return tuple("_".join(parts) for parts in product(*parts))


def by_statistic(series: Iterable[str], statistics: Iterable[str]) -> tuple[str, ...]:
    """Name the statistics of some series, one statistic of all series after another.

    Examples
    --------
    >>> by_statistic(["level", "flux"], ["mean", "std"])
    ('level_mean', 'flux_mean', 'level_std', 'flux_std')
    """
    return tuple(f"{name}_{statistic}" for statistic, name in product(statistics, series))


def numbered(name: str, numbers: Iterable[int]) -> list[str]:
    """Give ``name`` with each number, two digits wide."""
    return [f"{name}{number:02d}" for number in numbers]
