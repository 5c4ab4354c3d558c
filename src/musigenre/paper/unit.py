"""Unit: one holdout of one row under one protocol, and its files."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from musigenre.files import write_json, written_whole

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Unit:
    """The unit of work that is done, or lost, as a whole.

    Parameters
    ----------
    row : str
        Key of the row.
    protocol : str
    holdout : int

    Notes
    -----
    Its files in a folder of results are ``units/<protocol>/<row>/<holdout>.json``, with parameters,
    scores, times, versions and the course of the training, and ``.npz`` beside it, with the
    predictions: ``rows`` (of the table of its array), ``tracks``, ``genres`` (positions in
    ``classes``), ``classes`` and ``proba`` (n_rows, n_classes) of the test part. The JSON file is
    written last. A unit that failed leaves ``<holdout>.error.json`` instead.

    Examples
    --------
    >>> str(Unit("mlp-3s", "track", 2))
    'track/mlp-3s/2'
    """

    row: str
    protocol: str
    holdout: int

    def __str__(self) -> str:
        return f"{self.protocol}/{self.row}/{self.holdout}"

    def path(self, results: Path) -> Path:
        """Give the file of its record."""
        return results / "units" / self.protocol / self.row / f"{self.holdout}.json"

    def error_path(self, results: Path) -> Path:
        """Give the file that says why it failed."""
        return self.path(results).with_suffix(".error.json")

    def claim_path(self, results: Path) -> Path:
        """Give the file of its claim."""
        return results / "claims" / f"{self.protocol}.{self.row}.{self.holdout}"

    def is_done(self, results: Path) -> bool:
        """Whether its record is there."""
        return self.path(results).exists()

    def write(
        self, results: Path, record: dict[str, Any], predictions: dict[str, np.ndarray]
    ) -> None:
        """Write record and predictions, each whole, and forget an earlier failure."""
        path = self.path(results)
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            written_whole(path.with_suffix(".npz")) as temporary,
            temporary.open("wb") as file,
        ):
            np.savez_compressed(file, allow_pickle=False, **predictions)
        write_json(path, record)
        self.error_path(results).unlink(missing_ok=True)

    def write_error(self, results: Path, error: dict[str, Any]) -> None:
        """Write why it failed."""
        path = self.error_path(results)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, error)

    def read(self, results: Path) -> dict[str, Any]:
        """Read its record.

        Raises
        ------
        ValueError
            If the file is damaged, or of a newer version.
        """
        path = self.path(results)
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            version = record["format_version"]
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"'{path}' is damaged: delete it, and the unit is run again") from None
        if version > FORMAT_VERSION:
            raise ValueError(
                f"'{path}' has format version {version}, but this musigenre knows up to "
                f"{FORMAT_VERSION}: upgrade musigenre"
            )
        return record

    def read_error(self, results: Path) -> dict[str, Any] | None:
        """Read why it failed: ``error`` and ``traceback``, or None if it did not."""
        try:
            return json.loads(self.error_path(results).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError:
            return {"error": "unknown", "traceback": ""}

    def predictions(self, results: Path) -> dict[str, np.ndarray]:
        """Read the predictions of its test part; see the notes.

        Raises
        ------
        ValueError
            If the file is damaged or missing.
        """
        path = self.path(results).with_suffix(".npz")
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return dict(arrays)
        except (OSError, ValueError, EOFError, BadZipFile):
            raise ValueError(
                f"'{path}' is damaged or missing: delete '{self.path(results)}', and the unit is "
                "run again"
            ) from None
