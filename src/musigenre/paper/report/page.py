"""What stands in the page: plain values, so that the template only lays them out."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from musigenre.paper.conclusions import ALPHA, MARGIN
from musigenre.paper.holdouts import MEANINGS
from musigenre.paper.report import figures
from musigenre.paper.report.diagram import processing_diagram
from musigenre.paper.report.findings import finding_lines
from musigenre.paper.report.making import costs, made, missing, open_points
from musigenre.paper.report.outcome import in_short, summary
from musigenre.paper.report.tables import TITLES, cell, main_score, number
from musigenre.paper.results import Results
from musigenre.paper.row import Row

# Systems whose confusions are shown: of each group the first that was run.
_CONFUSED = (
    ("mlp-3s", "mlp-30s"),
    ("cnn-mfcc-3s", "cnn-mfcc-3s-cycle"),
    ("mmnn", "mmnn-cycle"),
    ("best",),
)


def page_content(results: Results, *, maps: bool = True) -> dict[str, Any]:
    """Gather everything that the page shows.

    Parameters
    ----------
    results : Results
    maps : bool, default=True
        Whether to draw the maps of Fig. 2, which takes some thirty seconds.

    Returns
    -------
    dict
        For the template ``report.html``.
    """
    table_one = [row for row in results.rows if row.table_one]
    prior = [row for row in results.rows if row.prior]
    ours = [row for row in results.rows if row.ours]
    first = results.protocols[0] if results.protocols else "paper"
    findings = finding_lines(results)
    histories = figures.histories(results, [*table_one, *ours], first)
    return {
        "title": "Music genre classification with deep neural networks: the experiments again",
        "protocols": [{"name": name, "meaning": MEANINGS[name]} for name in results.protocols],
        "tables": [_table(results, protocol) for protocol in results.protocols],
        "summary": summary(results),
        "in_short": in_short,
        "diagram": processing_diagram(),
        "maps": figures.feature_maps(results) if maps else None,
        "bars": figures.accuracy_bars(results, [*table_one, *ours], first),
        "protocol_bars": figures.protocol_bars(results, [*table_one, *ours]),
        "curves": figures.learning_curves(histories, first),
        "n_curves": len(histories),
        "validated": [title for title, history in histories.items() if "val_loss" in history],
        "confusions": _confusions(results),
        "findings": [line for line in findings if line["measured"]],
        "unmeasured": [line["text"] for line in findings if not line["measured"]],
        "margin": f"{MARGIN:g}",
        "alpha": f"{ALPHA:g}",
        "prior": _prior(results, prior),
        "costs": costs(results),
        "made": made(results),
        "missing": missing(results),
        "notes": open_points(results),
    }


def _table(results: Results, protocol: str) -> dict[str, Any]:
    """Make the table of a protocol: every score, the reported one and the difference below it."""
    groups = (
        ("Table I", [row for row in results.rows if row.table_one]),
        ("Prior systems", [row for row in results.rows if row.prior]),
        ("This library", [row for row in results.rows if row.ours]),
    )
    lines = []
    for name, rows in groups:
        measured = [row for row in rows if len(results.of(row.key, protocol))]
        for i, row in enumerate(measured):
            cells = [cell(results, row, protocol, score) for score in TITLES]
            lines.append(
                {
                    "group": name if i == 0 else None,
                    "title": row.title,
                    "ours": row.ours,
                    "n": cells[0].n,
                    "cells": [
                        {
                            "text": found.text,
                            "reported": found.reported_text,
                            "difference": found.difference_text,
                            "good": (found.difference or 0) >= 0,
                            "test": score.startswith("test"),
                        }
                        for score, found in zip(TITLES, cells, strict=True)
                    ],
                }
            )
    return {"protocol": protocol, "heads": list(TITLES.values()), "lines": lines}


def _confusions(results: Results) -> list[dict[str, Any]]:
    """Draw the confusions under ``paper`` and under the strictest protocol that was run."""
    shown = []
    for keys in _CONFUSED:
        for names in (("paper",), ("artist", "track", "fault-filtered")):
            found = confused(results, keys, names)
            if found is not None:
                row, name = found
                picture = figures.confusion(results, row, name)
                worst = _worst_pairs(results, row, name)
                shown.append({"picture": picture, "worst": worst, "row": row.title})
    return shown


def confused(
    results: Results, keys: Sequence[str], protocols: Sequence[str]
) -> tuple[Row, str] | None:
    """Choose the row whose confusions are shown.

    Parameters
    ----------
    results : Results
    keys, protocols : sequence of str
        The best first; the protocol goes before the key.

    Returns
    -------
    row, protocol : tuple or None
        None if nothing of it was run, or if it is shown under ``track`` anyway.
    """
    rows = {row.key: row for row in results.rows}
    for name in protocols:
        for row in (rows[key] for key in keys if key in rows):
            # Whole tracks are drawn under paper as under track.
            again = name == "paper" and row.clip_duration is None and len(results.protocols) > 1
            if results.units(row, name) and not again:
                return row, name
    return None


def _worst_pairs(results: Results, row: Row, protocol: str, n: int = 3) -> str:
    counts = results.confusion(row, protocol)
    if counts is None:
        return ""
    table = counts.to_numpy()
    sums = table.sum(axis=1, keepdims=True)
    shares = table / sums.clip(min=1)
    np.fill_diagonal(shares, 0)
    order = np.argsort(shares, axis=None)[::-1][:n]
    pairs = [divmod(int(place), len(counts)) for place in order]
    names = list(counts.index)
    return ", ".join(
        f"{names[i]} for {names[j]} ({table[i, j]:,} of {sums[i, 0]:,}, {shares[i, j]:.0%})"
        for i, j in pairs
        if shares[i, j] > 0
    )


def _prior(results: Results, rows: list[Row]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    sources: list[str] = []
    for row in rows:
        score = main_score(row)
        cells = [cell(results, row, name, score) for name in results.protocols]
        if not any(found.n for found in cells):
            continue
        reported = row.reported.get(score)
        before = sources[-1] if sources else None
        sources.append(row.source)
        lines.append(
            {
                "title": row.title,
                "source": None if row.source == before else row.source,
                "score": TITLES[score],
                "reported": "" if reported is None else number(reported),
                "cells": [found.text for found in cells],
            }
        )
    return lines
