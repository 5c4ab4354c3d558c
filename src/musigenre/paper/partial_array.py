"""An array that is computed part by part, and that outlives the process that computes it."""

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musigenre.files import IN_USE, write_json


class TakenOver(Exception):
    """Another process goes on with the array, because this one seemed dead."""


class PartialArray:
    """An array in the making: ``<name>.<token>.partial``, and ``.progress`` beside it.

    The files bear the token of the process that writes them. Who goes on with the work of another
    renames its file: should the other be alive after all, it finds no file of its own any more and
    learns so. Until then both write the same numbers in the same places.

    Parameters
    ----------
    path : Path
        Where the array appears when it is whole, ``<name>.npy``.
    description : dict
        Recipe and rows. Work with another description is thrown away.
    token : str
        Of the claim under which this process works.

    Attributes
    ----------
    n_done : int
        Rows that are on the disk.
    """

    def __init__(self, path: Path, description: dict[str, Any], token: str) -> None:
        self.path, self._description = path, description
        self._partial = path.with_name(f"{path.stem}.{token}.partial")
        self._progress = self._partial.with_suffix(".progress")
        self._offset = 0
        self.n_done = self._go_on()

    def write(self, block: NDArray[np.float32], n_rows: int) -> None:
        """Write the next rows, and note them when they are on the disk.

        Parameters
        ----------
        block : ndarray of float32 of shape (n, ...)
        n_rows : int
            Rows of the whole array.

        Raises
        ------
        TakenOver
        """
        if not self.n_done:
            shape = (n_rows, *block.shape[1:])
            values = np.lib.format.open_memmap(self._partial, "w+", np.float32, shape)
            self._offset = values.offset
            del values
        row_bytes = block.nbytes // len(block)
        try:
            with self._partial.open("r+b") as file:
                file.seek(self._offset + self.n_done * row_bytes)
                file.write(np.ascontiguousarray(block).data)
                file.flush()
                os.fsync(file.fileno())
        except FileNotFoundError:
            raise TakenOver from None
        self.n_done += len(block)
        write_json(self._progress, self._description | {"rows": self.n_done})

    def finish(self) -> None:
        """Give the array its name, and remove what others left behind.

        Raises
        ------
        TakenOver
        """
        try:
            self._partial.replace(self.path)
        except FileNotFoundError:
            raise TakenOver from None
        self._clear()

    def _go_on(self) -> int:
        """Take the files of another that got furthest; say how many rows are done."""
        n_done, partial = max(
            ((self._rows(partial), partial) for partial in self._all("partial")),
            default=(0, self._partial),
        )
        if n_done:
            # In this order a crash in between loses nothing.
            write_json(self._progress, self._description | {"rows": n_done})
            try:
                partial.replace(self._partial)
            except FileNotFoundError:
                raise TakenOver from None
            self._offset = np.load(self._partial, mmap_mode="r", allow_pickle=False).offset
        self._clear()
        return n_done

    def _rows(self, partial: Path) -> int:
        """Say how many rows of a file are done; 0 if it is of something else."""
        try:
            about = json.loads(partial.with_suffix(".progress").read_text())
            np.load(partial, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            return 0
        rows = about.pop("rows", 0)
        return rows if about == self._description else 0

    def _clear(self) -> None:
        """Remove what others left behind; when the array is whole, all that is left of this one."""
        kept = {self._partial, self._progress} if self._partial.exists() else set()
        for path in {*self._all("partial"), *self._all("progress")} - kept:
            with contextlib.suppress(*IN_USE):  # then it stays, and does no harm
                path.unlink(missing_ok=True)

    def _all(self, ending: str) -> list[Path]:
        """List the files there are, also without a token, as they were written once."""
        return list(self.path.parent.glob(f"{self.path.stem}.*{ending}"))
