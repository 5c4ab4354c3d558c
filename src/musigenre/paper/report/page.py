"""What stands in the page: plain values, so that the template only lays them out."""

import math
import platform
import time
from collections import Counter
from typing import Any

import numpy as np

import musigenre
from musigenre.paper.conclusions import ALPHA, MARGIN
from musigenre.paper.holdouts import MEANINGS
from musigenre.paper.progress import in_words
from musigenre.paper.report import figures
from musigenre.paper.report.diagram import processing_diagram
from musigenre.paper.report.findings import count_verdicts, finding_lines
from musigenre.paper.report.tables import TITLES, cell, main_score, number
from musigenre.paper.results import Results
from musigenre.paper.row import Row

# Systems whose confusions are shown, as far as they were run.
_CONFUSED = ("mlp-3s", "cnn-mfcc-3s", "mmnn", "best")

# Holdouts and cores of the estimate of the whole.
_WHOLE, _CORES = 10, 2


def page_content(results: Results, *, maps: bool = True) -> dict[str, Any]:
    """Gather everything that the page shows.

    Parameters
    ----------
    results : Results
    maps : bool, default=True
        Whether to draw the maps of Fig. 2, which takes some twenty seconds.

    Returns
    -------
    dict
        For the template ``report.html``.
    """
    table_one = [row for row in results.rows if row.table_one]
    prior = [row for row in results.rows if row.prior]
    ours = [row for row in results.rows if row.ours]
    first = results.protocols[0] if results.protocols else "paper"
    return {
        "title": "Music genre classification with deep neural networks: the experiments again",
        "protocols": [{"name": name, "meaning": MEANINGS[name]} for name in results.protocols],
        "tables": [_table(results, protocol) for protocol in results.protocols],
        "summary": _summary(results),
        "diagram": processing_diagram(),
        "maps": figures.feature_maps(results) if maps else None,
        "bars": figures.accuracy_bars(results, [*table_one, *ours], first),
        "protocol_bars": figures.protocol_bars(results, [*table_one, *ours]),
        "curves": figures.learning_curves(results, table_one, first),
        "confusions": _confusions(results),
        "findings": finding_lines(results),
        "margin": f"{MARGIN:g}",
        "alpha": f"{ALPHA:g}",
        "prior": _prior(results, prior),
        "costs": _costs(results),
        "made": _made(results),
        "missing": _missing(results),
        "notes": _notes(results),
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
            best[protocol] = f"{title}, {found.text}"
    return {
        "n_rows": len(results.rows),
        "n_units": len(results.records),
        "n_compared": len(compared[True]),
        "n_reached": sum(difference >= 0 for difference in compared[True]),
        "n_variants": len(compared[False]),
        "n_variants_reached": sum(difference >= 0 for difference in compared[False]),
        "verdicts": count_verdicts(results),
        "best": best,
    }


def _track_score(protocol: str) -> str:
    return "test_accuracy" if protocol == "paper" else "test_track_accuracy"


def _confusions(results: Results) -> list[dict[str, Any]]:
    shown = []
    protocols = [p for p in results.protocols if p in {"paper", "artist"}] or results.protocols[:1]
    for row in results.rows:
        if row.key not in _CONFUSED:
            continue
        for protocol in protocols:
            if protocol == "paper" and row.clip_duration is None and len(protocols) > 1:
                continue  # the same as under track
            picture = figures.confusion(results, row, protocol)
            if picture is not None:
                worst = _worst_pairs(results, row, protocol)
                shown.append({"picture": picture, "worst": worst, "row": row.title})
    return shown


def _worst_pairs(results: Results, row: Row, protocol: str, n: int = 3) -> str:
    counts = results.confusion(row, protocol)
    if counts is None:
        return ""
    shares = counts.to_numpy() / counts.to_numpy().sum(axis=1, keepdims=True).clip(min=1)
    np.fill_diagonal(shares, 0)
    order = np.argsort(shares, axis=None)[::-1][:n]
    pairs = [divmod(int(place), len(counts)) for place in order]
    names = list(counts.index)
    return ", ".join(
        f"{names[i]} for {names[j]} ({shares[i, j]:.0%})" for i, j in pairs if shares[i, j] > 0
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


def _costs(results: Results) -> dict[str, Any]:
    """Tell time by row, and how long ten holdouts under the paper's protocol take."""
    scores = results.scores
    lines, whole, complete = [], 0.0, True
    done = scores.drop_duplicates(["row", "protocol", "holdout"])
    for row in results.rows:
        part = done[done["row"] == row.key]
        if row.clip_duration is None:  # paper and track are one unit there
            part = part[part["protocol"] != "paper"] if "track" in set(part["protocol"]) else part
        if part.empty:
            complete = complete and not row.table_one
            continue
        mean = float(part["processor"].mean())
        whole += mean * _WHOLE if row.table_one else 0.0
        peaks = [results.records[u]["peak_mib"] for u in results.records if u.row == row.key]
        lines.append(
            {
                "title": row.title,
                "n": len(part),
                "fit": f"{part['fit_processor'].mean():.0f}",
                "processor": f"{mean:.0f}",
                "seconds": f"{part['seconds'].mean():.0f}",
                "peak": f"{max(p for p in peaks if p):,}" if any(peaks) else "",
                "total": in_words(float(part["processor"].sum())),
            }
        )
    total = sum(record["seconds"]["process_processor"] for record in results.records.values())
    return {
        "lines": lines,
        "total": in_words(total),
        "estimate": in_words(whole / _CORES) if complete and whole else None,
        "holdouts": _WHOLE,
        "cores": _CORES,
    }


def _notes(results: Results) -> list[str]:
    """Say what sources leave open, rows with the same note together."""
    titles: dict[str, list[str]] = {}
    for row in results.rows:
        if row.note:
            titles.setdefault(row.note, []).append(row.title)
    return [f"{', '.join(names)}: {note}" for note, names in titles.items()]


def _made(results: Results) -> dict[str, Any]:
    """Tell how it was made: settings, versions, machines, dates, command."""
    records = list(results.records.values())
    settings = results.manifest["settings"]

    def spread(values: Any) -> str:
        counts = Counter(values)
        if len(counts) == 1:
            return str(next(iter(counts)))
        return "; ".join(f"{value} ({n} units)" for value, n in counts.most_common())

    packages = sorted({name for record in records for name in record["versions"]})
    dates = sorted(record["began"] for record in records)
    return {
        "command": _command(results),
        "settings": [f"{name} = {value}" for name, value in settings.items()],
        "versions": [
            f"{name} {spread(record['versions'].get(name, 'none') for record in records)}"
            for name in packages
        ],
        "machines": spread(
            f"{record['machine']['processor']}, {record['machine']['cores']} cores, "
            f"{record['machine']['threads']} thread(s) a unit, {record['machine']['system']}"
            for record in records
        )
        if records
        else "",
        "dates": f"{dates[0]} to {dates[-1]}" if dates else "",
        "reported": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "by": f"musigenre {musigenre.__version__}, Python {platform.python_version()}",
        "data": results.manifest["data"][:16],
        "sizes": _sizes(results),
        "sources": results.data_notes,
    }


def _sizes(results: Results) -> str:
    tracks = results.tracks
    if tracks is None:
        return ""
    genres = tracks["genre"].value_counts().sort_index()
    artists = tracks["artist"].nunique()
    shares = ", ".join(f"{genre} {n}" for genre, n in genres.items())
    known = f" of {artists} known artists" if artists else ""
    return f"{len(tracks)} tracks{known} ({shares})"


def _command(results: Results) -> str:
    if not results.calls:
        return ""
    call, settings = results.calls[-1], results.manifest["settings"]
    parts = ["musigenre reproduce DIR -o RESULTS", f"--protocols {','.join(call['protocols'])}"]
    parts += [f"--holdouts {call['holdouts']}", f"--jobs {call['jobs']}"]
    if len(call["rows"]) < len(results.rows) or len(call["rows"]) < 10:
        parts.append(f"--rows {','.join(call['rows'])}")
    parts += [f"--data {settings['data']}", f"--seed {settings['random_state']}"]
    return " ".join(parts)


def _missing(results: Results) -> dict[str, Any]:
    """Say what was asked for and is not there."""
    by_row = Counter((unit.row, unit.protocol) for unit in results.missing)
    titles = {row.key: row.title for row in results.rows}
    impossible = {name: why for call in results.calls for name, why in call["impossible"].items()}
    return {
        "n": len(results.missing),
        "lines": [
            f"{titles.get(row, row)}, {protocol}: {n} holdout{'s' * (n > 1)}"
            for (row, protocol), n in by_row.items()
        ],
        "errors": [
            f"{unit}: {error.get('error', 'unknown')}"
            for unit, error in results.errors.items()
            if unit not in results.records
        ],
        "impossible": [f"{name}: {why}" for name, why in impossible.items()],
    }
