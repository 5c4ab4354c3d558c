"""What came out, in a few sentences."""

from typing import Any

from musigenre.paper.comparison import compare
from musigenre.paper.conclusions import ALPHA
from musigenre.paper.report.findings import count_verdicts
from musigenre.paper.report.making import data_line
from musigenre.paper.report.tables import cell
from musigenre.paper.results import Results

# Rows to name that cannot be told from the highest.
_NAMED = 4


def summary(results: Results) -> dict[str, Any]:
    """Say in a few numbers what came out.

    Parameters
    ----------
    results : Results

    Returns
    -------
    dict
        Counts of rows and units, of rows that reach what the paper reports, the verdicts on its
        conclusions, and ``best``, the highest row of each protocol.
    """
    compared: dict[bool, list[float]] = {True: [], False: []}
    for row in results.rows:
        difference = cell(results, row, "paper", "test_accuracy").difference
        if difference is not None and (row.table_one or row.ours):
            compared[row.table_one].append(difference)
    best = {name: highest(results, name) for name in results.protocols}
    return {
        "n_rows": len(results.rows),
        "n_units": len(results.records),
        "n_compared": len(compared[True]),
        "n_reached": sum(difference >= 0 for difference in compared[True]),
        "n_variants": len(compared[False]),
        "n_variants_reached": sum(difference >= 0 for difference in compared[False]),
        "data": data_line(results),
        "verdicts": count_verdicts(results),
        "best": {name: found for name, found in best.items() if found is not None},
    }


def highest(results: Results, protocol: str) -> dict[str, Any] | None:
    """Name the highest row under a protocol, and those that cannot be told from it.

    Parameters
    ----------
    results : Results
    protocol : str

    Returns
    -------
    dict or None
        ``row``, with its score and holdouts; ``alike``, the titles of rows that the corrected
        t-test over common holdouts cannot tell from it, the highest first; and ``n_apart``, how
        many rows it could not be tested against, since they have fewer than two holdouts in common
        or other draws. None if no row has two holdouts.
    """
    score = "test_accuracy" if protocol == "paper" else "test_track_accuracy"
    found = {row.key: cell(results, row, protocol, score) for row in results.rows}
    measured = [row for row in results.rows if found[row.key].n]
    order = sorted(measured, key=lambda row: -found[row.key].mean)
    first = next((row for row in order if found[row.key].n > 1), None)
    if first is None:
        return None
    alike, n_apart = [], 0
    for row in order:
        if row is first:
            continue
        comparison = compare(results, first.key, row.key, protocol, score)
        if len(comparison.differences) < 2 or not comparison.same_draws:
            n_apart += 1
        elif comparison.p() >= ALPHA:
            alike.append(row.title)
    best = found[first.key]
    text = f"{first.title}, {best.text} ({best.n} holdouts)"
    return {"row": text, "alike": alike, "n_apart": n_apart}


def in_short(titles: list[str], n: int = _NAMED) -> str:
    """List the first titles and count the others.

    Examples
    --------
    >>> in_short(["a", "b", "c"], 3), in_short(["a", "b", "c"], 1)
    ('a; b; c', 'a and 2 more')
    """
    shown = "; ".join(titles[:n])
    return f"{shown} and {len(titles) - n} more" if len(titles) > n else shown
