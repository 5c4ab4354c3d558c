"""Say what a reproduction has done, what is left, and how long it may take."""

import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from tqdm.auto import tqdm

from musigenre.paper.rows import ROWS
from musigenre.paper.runner import Outcome
from musigenre.paper.unit import Unit

# What the start of a process and the imports cost in seconds, beside the unit itself.
_START = 2.0


class Progress:
    """A bar on a terminal; elsewhere a line for each unit, as a log wants it.

    Parameters
    ----------
    results : Path
    units : sequence of Unit
        All of them, done or not.
    n_jobs : int
        Units at a time.
    verbose : int
        With 0 nothing is said.
    """

    def __init__(self, results: Path, units: Sequence[Unit], n_jobs: int, verbose: int) -> None:
        self._results, self._n_jobs = results, n_jobs
        self._left = [unit for unit in units if not unit.is_done(results)]
        self._n_units, self._n_failed = len(units), 0
        self._seconds: dict[str, list[float]] = defaultdict(list)
        for unit in units:
            if unit.is_done(results):
                self._note(unit)
        on_terminal = sys.stderr.isatty()
        self._lines = bool(verbose) and not on_terminal
        self._bar = tqdm(
            desc="reproducing",
            total=len(units),
            initial=len(units) - len(self._left),
            unit="unit",
            disable=not (verbose and on_terminal),
            bar_format="{desc}: {n_fmt}/{total_fmt} [{elapsed}]{postfix}",
        )
        self._say(f"{len(units) - len(self._left)} of {len(units)} units are done")

    def tell(self, unit: Unit, outcome: Outcome, here: bool) -> None:
        """Take note of a unit that is done or has failed."""
        self._left = [other for other in self._left if other != unit]
        if outcome == "failed":
            self._n_failed += 1
            error = unit.read_error(self._results) or {}
            self._say(f"{unit} failed: {error.get('error', 'unknown')}")
        else:
            record = self._note(unit)
            accuracy = record["scores"]["test"]["accuracy"]
            self._say(f"{unit}: test accuracy {accuracy:.3f}, {record['seconds']['total']:.0f} s")
        self._bar.update()

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()

    def seconds_left(self) -> float:
        """Estimate the time that is left: from units of the same row, or else from the plan."""
        means = {row: sum(each) / len(each) for row, each in self._seconds.items()}
        planned = sum(ROWS[row].cost for row in means)
        pace = sum(means.values()) / planned if planned else 1.0
        costs = (means.get(unit.row, pace * ROWS[unit.row].cost) + _START for unit in self._left)
        return sum(costs) / self._n_jobs

    def _note(self, unit: Unit) -> dict:
        record = unit.read(self._results)
        self._seconds[unit.row].append(record["seconds"]["total"])
        return record

    def _say(self, text: str) -> None:
        n_done = self._n_units - len(self._left)
        left = f"{len(self._left)} left, about {in_words(self.seconds_left())}"
        if self._lines:
            now = time.strftime("%H:%M:%S")
            print(f"{now} [{n_done}/{self._n_units}] {text}; {left}", file=sys.stderr, flush=True)  # noqa: T201
        elif not self._bar.disable:
            self._bar.set_postfix_str(f"{text}; {left}")


def in_words(seconds: float) -> str:
    """Say a duration.

    Examples
    --------
    >>> in_words(42), in_words(600), in_words(9000)
    ('42 s', '10 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
