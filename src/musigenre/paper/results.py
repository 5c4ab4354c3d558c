"""What a folder of results holds: scores, predictions, what failed and what is missing."""

import json
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from musigenre.paper.dataset import Dataset
from musigenre.paper.holdouts import MEANINGS, drawn_as
from musigenre.paper.kinds import KINDS
from musigenre.paper.manifest import read_calls, read_manifest
from musigenre.paper.planning import plan_units
from musigenre.paper.row import Row
from musigenre.paper.rows import ROWS, get_rows
from musigenre.paper.unit import Unit

#: Scores of a unit, as columns.
SCORES = (
    *(f"{part}_{score}" for part in ("train", "test") for score in ("accuracy", "auroc", "auprc")),
    "test_track_accuracy",
)


class Results:
    """The units of a folder of results, as far as they are done.

    Parameters
    ----------
    folder : str or path-like
        As :func:`reproduce` made it.

    Attributes
    ----------
    folder : Path
    manifest : dict
        Settings, fingerprint of the data, and when it was begun.
    records : dict of Unit to dict
        What each unit that is done recorded.
    calls : list of dict
        What was asked for, call by call.

    Raises
    ------
    ValueError
        If the folder holds no reproduction, or a record is damaged.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.folder = Path(folder)
        self.manifest = read_manifest(self.folder)
        self.calls = read_calls(self.folder)
        self.records: dict[Unit, dict[str, Any]] = {}
        self.errors: dict[Unit, dict[str, Any]] = {}
        for path in sorted((self.folder / "units").glob("*/*/*.json")):
            name, _, failed = path.stem.partition(".")
            if not name.isdigit() or path.parent.name not in ROWS:
                continue  # a stray copy, or a row of a newer or older version
            unit = Unit(path.parent.name, path.parent.parent.name, int(name))
            if failed:
                self.errors[unit] = unit.read_error(self.folder) or {}
            else:
                self.records[unit] = unit.read(self.folder)

    @cached_property
    def rows(self) -> list[Row]:
        """Rows of which a unit is done or was asked for, in the order of the tables."""
        asked = {key for call in self.calls for key in call["rows"]}
        done = {unit.row for unit in self.records}
        return [row for key, row in ROWS.items() if key in asked | done]

    @cached_property
    def protocols(self) -> list[str]:
        """Protocols under which a unit is done, or which were asked for, the paper's first."""
        names = {name for call in self.calls for name in call["protocols"]}
        names |= {unit.protocol for unit in self.records}
        return [name for name in MEANINGS if name in names]

    @cached_property
    def missing(self) -> list[Unit]:
        """Units that were asked for and are not done, failed ones included."""
        asked: list[Unit] = []
        for call in self.calls:
            keys = [key for key in call["rows"] if key in ROWS and key not in call["impossible"]]
            able = get_rows(keys) if keys else []
            asked += plan_units(able, call["protocols"], call["holdouts"])
        return [unit for unit in dict.fromkeys(asked) if unit not in self.records]

    def units(self, row: Row, protocol: str) -> list[Unit]:
        """Give the units of a row that are done under a protocol, by holdout."""
        drawn = drawn_as(protocol, row.clip_duration is None)
        found = [u for u in self.records if u.row == row.key and u.protocol == drawn]
        return sorted(found, key=lambda unit: unit.holdout)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One line a row, protocol and holdout: scores, sizes and times.

        Columns ``row``, ``protocol``, ``holdout``, those of `SCORES`, ``n_train``, ``n_test``,
        ``seconds`` (by the clock), ``fit_processor`` and ``processor`` (of the process, imports
        included). A whole track is its own vote, so there ``test_track_accuracy`` is the accuracy.
        """
        lines = []
        for row in self.rows:
            for protocol in self.protocols:
                for unit in self.units(row, protocol):
                    record = self.records[unit]
                    line: dict[str, Any] = {
                        "row": row.key,
                        "protocol": protocol,
                        "holdout": unit.holdout,
                    }
                    for part in ("train", "test"):
                        for score, value in record["scores"][part].items():
                            line[f"{part}_{score}"] = value
                    track = record["scores"]["track"]
                    line["test_track_accuracy"] = track["accuracy"] if track else np.nan
                    seconds = record["seconds"]
                    line |= {
                        "n_train": record["n_train"],
                        "n_test": record["n_test"],
                        "seconds": seconds["total"],
                        "fit_processor": seconds["fit_processor"],
                        "processor": seconds["process_processor"],
                    }
                    lines.append(line)
        columns = ["row", "protocol", "holdout", *SCORES, "n_train", "n_test"]
        columns += ["seconds", "fit_processor", "processor"]
        return pd.DataFrame(lines, columns=columns)

    def of(self, row: str, protocol: str) -> pd.DataFrame:
        """Give the lines of `scores` of a row under a protocol, by holdout."""
        scores = self.scores
        return scores[(scores["row"] == row) & (scores["protocol"] == protocol)].set_index(
            "holdout"
        )

    def same_draws(self, first: str, second: str, protocol: str) -> bool:
        """Tell whether a holdout of a protocol divides the tracks alike for two rows.

        Parameters
        ----------
        first, second : str
            Keys of rows.
        protocol : str
        """
        if protocol != "paper":
            return True  # drawn over all tracks
        dataset = Dataset(self.folder / "data")
        tables = [{dataset.table_path(kind) for kind in ROWS[key].kinds} for key in (first, second)]
        return tables[0] == tables[1]

    def confusion(self, row: Row, protocol: str) -> pd.DataFrame | None:
        """Count which genres are taken for which, over the test parts of all holdouts.

        Parameters
        ----------
        row : Row
        protocol : str

        Returns
        -------
        DataFrame of shape (n_classes, n_classes) or None
            True genres down, predicted ones across; None if no unit is done.
        """
        counts = None
        for unit in self.units(row, protocol):
            found = unit.predictions(self.folder)
            classes, proba, truth = found["classes"], found["proba"], found["genres"]
            if counts is None:
                counts = np.zeros((len(classes),) * 2, dtype=np.int64)
            np.add.at(counts, (truth, proba.argmax(axis=1)), 1)
        if counts is None:
            return None
        index = pd.Index(classes, name="true")
        return pd.DataFrame(counts, index, pd.Index(classes, name="predicted"))

    @cached_property
    def tracks(self) -> pd.DataFrame | None:
        """The tracks that everything was drawn from; None if their tables are not there."""
        dataset = Dataset(self.folder / "data")
        if not any(dataset.table_path(kind).exists() for kind in KINDS):
            return None
        return dataset.tracks

    @cached_property
    def array_seconds(self) -> dict[str, float]:
        """Seconds by the clock that arrays took to compute, by kind; without those found there."""
        seconds = {}
        for kind in KINDS:
            path = self.folder / "data" / f"{kind}.json"
            about = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
            if about.get("origin", "").startswith("computed"):
                seconds[kind] = float(about["seconds"])
        return seconds

    @cached_property
    def data_notes(self) -> list[str]:
        """What was noted of the data when they were read, and files that were left out."""
        path = self.folder / "data" / "tables.json"
        if not path.exists():
            return []
        about = json.loads(path.read_text(encoding="utf-8"))
        left_out = [
            f"left out: {Path(each['path']).name}: {each['cause']}" for each in about["left_out"]
        ]
        return [*about["notes"], *left_out]
