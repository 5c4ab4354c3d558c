"""The arrays of a reproduction, computed once into a folder and mapped from there."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from musigenre.paper.kinds import KINDS, N_COPIES


class Dataset:
    """Arrays and their tables in the folder ``data`` of a reproduction.

    ``clips.csv`` and ``tracks.csv`` say what the rows of the arrays are: path, start and duration
    in seconds, track, genre, artist and, where it is known, the part of the fault-filtered split.
    An array of published numbers has a table of its own.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def table_path(self, kind: str) -> Path:
        """Give the path of the table of a kind."""
        own = self.folder / f"{kind}.csv"
        return own if own.exists() else self.folder / f"{KINDS[kind].table}.csv"

    def table(self, kind: str) -> pd.DataFrame:
        """Read what the rows of a kind are.

        Parameters
        ----------
        kind : str

        Returns
        -------
        DataFrame
            Columns ``path``, ``start``, ``duration``, ``track``, ``genre``, ``artist`` and
            ``fault_filtered_part``.
        """
        return read_table(self.table_path(kind))

    def array(self, kind: str) -> np.ndarray:
        """Map an array into memory: float32, a row each row of its table."""
        return np.load(self.folder / f"{kind}.npy", mmap_mode="r", allow_pickle=False)

    def has(self, kind: str) -> bool:
        """Whether the array of a kind is there, whole."""
        return (self.folder / f"{kind}.json").exists() and (self.folder / f"{kind}.npy").exists()

    @cached_property
    def tracks(self) -> pd.DataFrame:
        """All tracks of all tables, one row each, sorted: holdouts are drawn over them."""
        paths = {self.table_path(kind) for kind in KINDS}
        tables = [read_table(path) for path in sorted(paths) if path.exists()]
        every = pd.concat(tables)[["track", "genre", "artist", "fault_filtered_part"]]
        return every.drop_duplicates("track").sort_values("track", ignore_index=True)

    def load(self, kinds: Sequence[str], turn: int = 0) -> tuple[np.ndarray, pd.DataFrame]:
        """Give what an estimator hears, and the table of its rows.

        Parameters
        ----------
        kinds : sequence of str
            Of several, the numbers of a row stand side by side; rows that one of them lacks are
            left out.
        turn : int, default=0
            Which of the altered copies is taken; holdouts take turns.

        Returns
        -------
        X : ndarray of shape (n_rows, ...)
            One kind is mapped from its file, and has its own shape.
        table : DataFrame of length n_rows
        """
        tables = [self.table(kind) for kind in kinds]
        arrays = [self.array(kind) for kind in kinds]
        for i, kind in enumerate(kinds):
            if kind == "texture_copies":
                copies = arrays[i].reshape(len(arrays[i]), N_COPIES, -1)
                arrays[i] = copies[:, turn % N_COPIES]
        if len(kinds) == 1:
            return arrays[0], tables[0]
        rows = _common_rows(tables)
        parts = [
            array[each].reshape(len(each), -1) for array, each in zip(arrays, rows, strict=True)
        ]
        return np.hstack(parts), tables[0].iloc[rows[0]].reset_index(drop=True)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of rows; an empty cell is a value that is not known."""
    text = dict.fromkeys(("path", "track", "genre", "artist", "fault_filtered_part"), object)
    return pd.read_csv(path, dtype=text, encoding="utf-8", encoding_errors="surrogateescape")


def _common_rows(tables: Sequence[pd.DataFrame]) -> list[np.ndarray]:
    """Give the positions in each table of the clips that all of them have."""
    keys = [
        pd.MultiIndex.from_arrays([table["track"], table["start"].round(3)]) for table in tables
    ]
    common = keys[0]
    for key in keys[1:]:
        common = common[common.isin(key)]
    return [key.get_indexer(common) for key in keys]
