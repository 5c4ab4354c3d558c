"""What stands in the page: plain values, so that the template only lays them out."""

import math
from typing import Any

import numpy as np

from musigenre.paper.conclusions import ALPHA, MARGIN
from musigenre.paper.holdouts import MEANINGS
from musigenre.paper.report import figures
from musigenre.paper.report.diagram import processing_diagram
from musigenre.paper.report.findings import count_verdicts, finding_lines
from musigenre.paper.report.making import costs, data_line, made, missing, open_points
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
    return {
        "title": "Music genre classification with deep neural networks: the experiments again",
        "protocols": [{"name": name, "meaning": MEANINGS[name]} for name in results.protocols],
        "tables": [_table(results, protocol) for protocol in results.protocols],
        "summary": _summary(results),
        "diagram": processing_diagram(),
        "maps": figures.feature_maps(results) if maps else None,
        "bars": figures.accuracy_bars(results, [*table_one, *ours], first),
        "protocol_bars": figures.protocol_bars(results, [*table_one, *ours]),
        "curves": figures.learning_curves(results, [*table_one, *ours], first),
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
                            "reported": "" if found.reported is None else number(found.reported),
                            "difference": found.difference_text,
                            "good": (found.difference or 0) >= 0,
                            "test": score.startswith("test"),
                        }
                        for score, found in zip(TITLES, cells, strict=True)
                    ],
                }
            )
    return {"protocol": protocol, "heads": list(TITLES.values()), "lines": lines}


def _summary(results: Results) -> dict[str, Any]:
    """Say in a few numbers what came out."""
    compared: dict[bool, list[float]] = {True: [], False: []}
    for row in results.rows:
        difference = cell(results, row, "paper", "test_accuracy").difference
        if difference is not None and (row.table_one or row.ours):
            compared[row.table_one].append(difference)
    best = {}
    for protocol in results.protocols:
        scored = [
            (found.mean, row.title, found)
            for row in results.rows
            if not math.isnan((found := cell(results, row, protocol, _track_score(protocol))).mean)
        ]
        if scored:
            _, title, found = max(scored, key=lambda each: each[0])
            holdouts = f"{found.n} holdout{'s' * (found.n > 1)}"
            best[protocol] = f"{title}, {found.text} ({holdouts})"
    return {
        "n_rows": len(results.rows),
        "n_units": len(results.records),
        "n_compared": len(compared[True]),
        "n_reached": sum(difference >= 0 for difference in compared[True]),
        "n_variants": len(compared[False]),
        "n_variants_reached": sum(difference >= 0 for difference in compared[False]),
        "data": data_line(results),
        "verdicts": count_verdicts(results),
        "best": best,
    }


def _track_score(protocol: str) -> str:
    return "test_accuracy" if protocol == "paper" else "test_track_accuracy"


def _confusions(results: Results) -> list[dict[str, Any]]:
    """Draw the confusions under ``paper`` and under the strictest protocol that was run."""
    shown = []
    for keys in _CONFUSED:
        for protocol in ("paper", ("artist", "track", "fault-filtered")):
            names = [protocol] if isinstance(protocol, str) else protocol
            found = [
                (row, name)
                for name in names
                for row in results.rows
                if row.key in keys and results.units(row, name)
            ]
            if not found:
                continue
            row, name = found[0]
            if name == "paper" and row.clip_duration is None and len(results.protocols) > 1:
                continue  # the same as under track
            picture = figures.confusion(results, row, name)
            worst = _worst_pairs(results, row, name)
            shown.append({"picture": picture, "worst": worst, "row": row.title})
    return shown


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
