"""Read the tables of a copy of GTZAN: features, and who plays."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from musigenre.datasets._files import check_folder, find_files
from musigenre.datasets._gtzan_files import DEPTH, Copy, mislabelled, track_id
from musigenre.datasets._problems import Problem

CLIPS_PER_TRACK = 10

_TABLES = {"30s": "features_30_sec.csv", "3s": "features_3_sec.csv"}


def read_table(root: Path, features: Literal["30s", "3s"]) -> Copy:
    """Read a published table of features, and say which rows are unusable, copies or too few."""
    # The features package loads the signal processing, which the other readers do without.
    from musigenre.features.gtzan57 import FEATURE_NAMES

    path = _find_table(root, _TABLES[features])
    table, problems = _parse(path, FEATURE_NAMES)
    names = table["filename"].tolist()
    tracks = [track_id(name) for name in names]
    found = {track for track in tracks if track}

    strange = np.array([track is None for track in tracks])
    numbers = np.isfinite(table[[*FEATURE_NAMES]].to_numpy(dtype=float)).all(axis=1)
    holes = ~numbers | table["label"].isna().to_numpy()
    repeated = table["filename"].duplicated().to_numpy()
    for rows, kind, what in (
        (strange, "unexpected", "is no track of GTZAN"),
        (holes & ~strange, "missing value", "has a gap"),
        (repeated & ~holes & ~strange, "duplicate", "repeats a file name"),
    ):
        problems += [
            Problem(names[i], kind, f"line {i + 2} {what}; left out") for i in np.flatnonzero(rows)
        ]

    table = table[~(strange | holes | repeated)].set_index("filename")
    data = table[[*FEATURE_NAMES]].astype(np.float64)
    kept = [str(track_id(name)) for name in table.index]
    problems += _same_numbers(data)
    problems += mislabelled(table.index, kept, table["label"])
    if features == "3s":
        counts = pd.Series(kept, dtype=object).value_counts(sort=False)
        problems += [
            Problem(str(track), "clip count", f"{n} clips instead of {CLIPS_PER_TRACK}")
            for track, n in counts.items()
            if n != CLIPS_PER_TRACK
        ]
    labels = table["label"].tolist()
    return Copy(data, table.index.tolist(), kept, labels, problems, found, path.parent)


def read_metadata(path: Path | None, base: Path, root: Path) -> pd.DataFrame | None:
    """Read who plays: a table with the columns track and artist, indexed by track.

    Without a path, a ``tracks.csv`` beside the data is looked for.
    """
    if path is None:
        above = [base, *base.parents]
        for folder in above[: above.index(root) + 2] if root in above else above[:1]:
            beside = folder / "tracks.csv"
            if beside.is_file() and {"track", "artist"} <= set(_read_csv(beside, nrows=0)):
                path = beside
                break
        else:
            return None
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {str(path)!r}. Check `metadata`.")
    table = _read_csv(path, dtype=str)
    _check_columns(path, table, ["track", "artist"])
    repeated = table["track"].duplicated()
    if repeated.any():
        i = int(np.flatnonzero(repeated)[0])
        raise ValueError(
            f"{str(path)!r}, line {i + 2}: track {table['track'][i]!r} is there already. Keep one "
            "line a track."
        )
    return table.set_index("track")


def _same_numbers(data: pd.DataFrame) -> list[Problem]:
    rows = pd.util.hash_pandas_object(data, index=False)
    first = pd.Series(data.index, index=data.index).groupby(rows.to_numpy()).transform("first")
    return [
        Problem(str(name), "duplicate", f"same numbers as {other}")
        for name, other in first.items()
        if name != other
    ]


def _find_table(root: Path, name: str) -> Path:
    if root.is_file():
        return root
    check_folder(root)
    tables = [root / file for file in find_files(root, DEPTH) if file.name == name]
    if not tables:
        raise FileNotFoundError(
            f"{str(root)!r} holds no {name} up to {DEPTH} folders down. Give the folder that "
            "holds it, or load the audio and compute the features with musigenre.AudioFeatures."
        )
    return min(tables, key=lambda path: len(path.parts))


def _parse(path: Path, features: Sequence[str]) -> tuple[pd.DataFrame, list[Problem]]:
    table = _read_csv(path, dtype={"filename": str, "label": str})
    _check_columns(path, table, ["filename", *features, "label"])
    problems = [
        Problem(path.name, "unknown column", f"column {column!r} is left out")
        for column in table.columns.difference(["filename", "length", *features, "label"])
    ]
    for column in features:
        numbers = pd.to_numeric(table[column], errors="coerce")
        bad = numbers.isna() & table[column].notna()
        if bad.any():
            i = int(np.flatnonzero(bad)[0])
            raise ValueError(
                f"{str(path)!r}, line {i + 2}, column {column!r}: {table[column][i]!r} is no "
                "number. Correct the cell, leave it blank, or fetch the table anew."
            )
        table[column] = numbers
    if table.empty:
        raise ValueError(f"{str(path)!r} has a header but no rows. Fetch the table anew.")
    table["filename"] = table["filename"].fillna("")
    return table, problems


def _read_csv(path: Path, **options: Any) -> pd.DataFrame:
    try:
        table: Any = pd.read_csv(path, encoding="utf-8-sig", **options)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{str(path)!r} is no table with commas between its cells: {str(error).strip()}. "
            "Fetch it anew."
        ) from error
    return table


def _check_columns(path: Path, table: pd.DataFrame, wanted: Sequence[str]) -> None:
    lacking = [column for column in wanted if column not in table.columns]
    if lacking:
        raise ValueError(
            f"{str(path)!r} lacks {len(lacking)} of its columns: {', '.join(lacking[:5])}"
            f"{', ...' if len(lacking) > 5 else ''}; it has {list(table.columns[:5])} and "
            f"{max(0, len(table.columns) - 5)} more. Rename them in the first line, or fetch the "
            "table anew."
        )
