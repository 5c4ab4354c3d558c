"""What is wrong with a collection, said once and in one way."""

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

#: What a loader does about problems.
OnProblem = Literal["warn", "raise", "ignore"]


class DatasetWarning(UserWarning):
    """A collection is not quite what it should be; its ``problems`` table says where."""


class Problem(NamedTuple):
    """One thing that is wrong with a collection: a row of ``problems``."""

    path: str
    kind: str
    detail: str


def problem_table(problems: Iterable[Problem]) -> pd.DataFrame:
    """Make a table of problems: path, kind, detail; a path has one problem of a kind."""
    table = pd.DataFrame(list(problems), columns=list(Problem._fields), dtype=object)
    return table.drop_duplicates(["path", "kind"], ignore_index=True)


def check_usable(n_usable: int, problems: list[Problem], where: Path) -> None:
    """Raise an error if nothing is left of a collection."""
    if not n_usable:
        first = problems[0]
        raise ValueError(
            f"nothing in {str(where)!r} can be used: {len(problems)} files or rows are left out. "
            f"The first: {first.path}: {first.detail}."
        )


def report(problems: pd.DataFrame, where: Path, on_problem: OnProblem) -> None:
    """Warn of problems, or raise them, in one message that counts them by kind."""
    if problems.empty or on_problem == "ignore":
        return
    counts = ", ".join(f"{n} {kind}" for kind, n in problems["kind"].value_counts().items())
    first = problems.iloc[0]
    message = (
        f"{str(where)!r} has {len(problems)} problem{'s' if len(problems) > 1 else ''}: {counts}. "
        f"The first: {first['path']}: {first['detail']}."
    )
    if on_problem == "raise":
        raise ValueError(
            f"{message} Mend the files, or load them with on_problem='warn' and read `problems`."
        )
    warnings.warn(
        f"{message} The table `problems` lists them all; on_problem='ignore' silences this.",
        DatasetWarning,
        stacklevel=4,  # past this function, the loader and the check of its parameters
    )


def group_table(tracks: Iterable[str], artists: Iterable[object]) -> pd.DataFrame:
    """Make the table of groups: track and artist, NaN where the artist is not known."""
    table = pd.DataFrame({"track": list(tracks), "artist": list(artists)}, dtype=object)
    return table.where(table.notna(), np.nan)
