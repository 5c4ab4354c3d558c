"""What it cost, how it was made and what is missing, as the page shows it."""

import platform
import time
from collections import Counter
from dataclasses import asdict
from typing import Any

import musigenre
from musigenre.paper.progress import in_words
from musigenre.paper.results import Results
from musigenre.paper.rows import ROWS
from musigenre.paper.settings import Settings
from musigenre.paper.table_one import TABLE_ONE

# Settings as the command has them.
_OPTIONS = {
    "data": "data",
    "epochs": "epochs",
    "short_epochs": "short-epochs",
    "n_trials": "trials",
    "backend": "backend",
    "random_state": "seed",
}

# Holdouts and cores of the estimate of the whole.
_WHOLE, _CORES = 10, 2


def costs(results: Results) -> dict[str, Any]:
    """Tell time by row, and how long ten holdouts under the paper's protocol take."""
    scores = results.scores
    lines, whole = [], 0.0
    done = scores.drop_duplicates(["row", "protocol", "holdout"])
    for row in results.rows:
        part = done[done["row"] == row.key]
        if row.clip_duration is None:  # paper and track are one unit there
            part = part[part["protocol"] != "paper"] if "track" in set(part["protocol"]) else part
        if part.empty:
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
    complete = {row.key for row in TABLE_ONE} <= set(done["row"])
    total = sum(record["seconds"]["process_processor"] for record in results.records.values())
    return {
        "lines": lines,
        "total": in_words(total),
        "estimate": in_words(whole / _CORES) if complete else None,
        "holdouts": _WHOLE,
        "cores": _CORES,
    }


def open_points(results: Results) -> list[str]:
    """Say what sources leave open, rows with the same note together."""
    titles: dict[str, list[str]] = {}
    for row in results.rows:
        if row.note:
            titles.setdefault(row.note, []).append(row.title)
    return [f"{', '.join(names)}: {note}" for note, names in titles.items()]


def made(results: Results) -> dict[str, Any]:
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
        "commands": _commands(results),
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


def _commands(results: Results) -> list[str]:
    """Give the commands that ask for what was asked for, each once."""
    settings = results.manifest["settings"]
    usual = asdict(Settings())
    options = [
        f"--{_OPTIONS[name]} {value}"
        for name, value in settings.items()
        if name in _OPTIONS and value != usual[name]
    ]
    commands = [
        " ".join(
            [
                "musigenre reproduce DIR -o RESULTS",
                *([] if set(call["rows"]) >= set(ROWS) else [f"--rows {','.join(call['rows'])}"]),
                f"--protocols {','.join(call['protocols'])}",
                f"--holdouts {call['holdouts']}",
                *options,
            ]
        )
        for call in results.calls
    ]
    return list(dict.fromkeys(commands))


def missing(results: Results) -> dict[str, Any]:
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
