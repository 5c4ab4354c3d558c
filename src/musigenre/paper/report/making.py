"""What it cost, how it was made and what is missing, as the page shows it."""

import json
import platform
import re
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

import pandas as pd

import musigenre
from musigenre.paper.holdouts import MEANINGS
from musigenre.paper.progress import in_words
from musigenre.paper.results import Results
from musigenre.paper.row import Row
from musigenre.paper.rows import ROW_GROUPS, ROWS
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

# Genres of GTZAN, and tracks of each.
_GENRES, _TRACKS = 10, 100


# Folders before a name, quoted (and then perhaps with spaces) or not; no addresses of the web.
_QUOTED = re.compile(r"""(['"])(?:/|[A-Za-z]:[\\/])[^'"\n]*[\\/]([^'"\\/\n]*)\1""")
_BARE = re.compile(r"(?<![\w.:/\\])(?:/|[A-Za-z]:\\)(?:[^\s/\\'\":;,<>|]+[/\\])+")


def without_places(text: str) -> str:
    r"""Take folders out of a text, which tell of one machine and help no reader.

    Examples
    --------
    >>> without_places("no '/home/me/my music/a.wav' in C:\\data\\gtzan; see https://keras.io/api")
    "no 'a.wav' in gtzan; see https://keras.io/api"
    """
    return _BARE.sub("", _QUOTED.sub(r"\1\2\1", text))


def costs(results: Results) -> dict[str, Any]:
    """Tell time by row, and how long ten holdouts under the paper's protocol take.

    Parameters
    ----------
    results : Results

    Returns
    -------
    dict
        ``lines`` of the table, ``total`` of all units, ``estimate`` of the whole (None unless every
        row of Table I was run under ``paper``), ``dearest`` rows of it, ``quick`` (the same with
        one cycle of the learning rate where there is such a row), ``partly`` (the rows that were
        run), ``others`` (those that were not) and ``arrays`` (their making).
    """
    lines = []
    for row in results.rows:
        records = [record for unit, record in results.records.items() if unit.row == row.key]
        if not records:
            continue
        seconds = pd.DataFrame([record["seconds"] for record in records])
        peaks = [record["peak_mib"] for record in records if record["peak_mib"]]
        lines.append(
            {
                "title": row.title,
                "n": len(records),
                "fit": f"{seconds['fit_processor'].mean():,.0f}",
                "processor": f"{seconds['process_processor'].mean():,.0f}",
                "seconds": f"{seconds['total'].mean():,.0f}",
                "peak": f"{max(peaks):,}" if peaks else "",
                "total": in_words(float(seconds["process_processor"].sum())),
            }
        )
    means = {row.key: _mean_processor(results, row) for row in ROWS.values()}
    paper = {row.title: means[row.key] for row in TABLE_ONE}
    quick = {row.title: means.get(f"{row.key}-cycle") or means[row.key] for row in TABLE_ONE}
    total = sum(record["seconds"]["process_processor"] for record in results.records.values())
    return {
        "lines": lines,
        "total": in_words(total),
        "estimate": _whole(paper),
        "dearest": _dearest(paper),
        "quick": _whole(quick),
        "partly": _whole({title: mean for title, mean in paper.items() if mean is not None}),
        "others": [title for title, mean in paper.items() if mean is None],
        "arrays": in_words(sum(results.array_seconds.values())) if results.array_seconds else "",
        "holdouts": _WHOLE,
        "cores": _CORES,
    }


def _mean_processor(results: Results, row: Row) -> float | None:
    """Give the mean seconds of one core of a unit under the paper's protocol, if one is done."""
    records = [results.records[unit] for unit in results.units(row, "paper")]
    if not records:
        return None
    return sum(record["seconds"]["process_processor"] for record in records) / len(records)


def _whole(means: dict[str, float | None]) -> str | None:
    known = [mean for mean in means.values() if mean is not None]
    return in_words(sum(known) * _WHOLE / _CORES) if len(known) == len(means) else None


def _dearest(means: dict[str, float | None], n: int = 3) -> str:
    """Name the rows that take most of the time, with their shares."""
    known = {title: mean for title, mean in means.items() if mean is not None}
    whole = sum(known.values())
    first = sorted(known, key=lambda title: known[title], reverse=True)[:n]
    return ", ".join(f"{title} {known[title] / whole:.0%}" for title in first)


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

    calls = [call for call in results.calls if set(call["rows"]) & set(ROWS)]
    packages = sorted({name for record in records for name in record["versions"]})
    dates = sorted(record["began"] for record in records)
    return {
        "command": _command(results, calls) if calls else "",
        "commands": list(dict.fromkeys(_command(results, [call]) for call in calls)),
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
        "mixed": _mixed(results),
        "sources": [without_places(note) for note in results.data_notes],
    }


def _mixed(results: Results) -> list[str]:
    """Name rows whose units were not all made alike: the library has changed on the way."""
    values: dict[tuple[str, str], set[str]] = {}  # of a row and a name
    for unit, record in results.records.items():
        # A parameter that an older record lacks is one that was added since, and its default is to
        # change nothing.
        given = {
            f"parameter {name}": value
            for name, value in record.get("parameters", {}).items()
            if not name.endswith("random_state")
        }
        # Records from before rows had versions are of the first.
        given |= {"version": record.get("row_version", 1), "estimator": record.get("estimator")}
        for name, value in given.items():
            text = json.dumps(value, sort_keys=True)
            values.setdefault((unit.row, name), set()).add(text)
    mixed = {row for (row, _), different in values.items() if len(different) > 1}
    return [row.title for row in results.rows if row.key in mixed]


def data_line(results: Results) -> str:
    """Say whether the data are all of GTZAN, of which the sources report."""
    tracks = results.tracks
    if tracks is None:
        return ""
    counts = tracks["genre"].value_counts()
    if len(counts) == _GENRES and counts.min() > _TRACKS * 0.95:
        return f"{len(tracks):,} tracks, {counts.min()} to {counts.max()} of each genre."
    low = counts.idxmin()
    return (
        f"{len(tracks):,} tracks of {len(counts)} genres, from {counts.min()} ({low}) to "
        f"{counts.max()} of each. Sources report of the whole GTZAN, {_TRACKS} tracks of each of "
        f"{_GENRES} genres: their figures are of other data than those measured here."
    )


def _sizes(results: Results) -> str:
    tracks = results.tracks
    if tracks is None:
        return ""
    genres = tracks["genre"].value_counts().sort_index()
    artists = tracks["artist"].nunique()
    shares = ", ".join(f"{genre} {n}" for genre, n in genres.items())
    known = f" of {artists} known artists" if artists else ""
    return f"{len(tracks)} tracks{known} ({shares})"


def _command(results: Results, calls: list[dict[str, Any]]) -> str:
    """Give the one command that asks for all that calls asked for."""
    settings = results.manifest["settings"]
    usual = asdict(Settings())
    rows = folded({key for call in calls for key in call["rows"]})
    asked = {name for call in calls for name in call["protocols"]}
    parts = [
        "musigenre reproduce DIR -o RESULTS",
        *([] if rows == ["all"] else [f"--rows {','.join(rows)}"]),
        f"--protocols {','.join(name for name in MEANINGS if name in asked)}",
        f"--holdouts {max(call['holdouts'] for call in calls)}",
        *(
            f"--{_OPTIONS[name]} {value}"
            for name, value in settings.items()
            if name in _OPTIONS and value != usual[name]
        ),
    ]
    return " ".join(parts)


def folded(keys: Collection[str]) -> list[str]:
    """Give the names of groups for their rows, where all of a group are there.

    Parameters
    ----------
    keys : collection of str
        Keys of rows; others are left out, since no command takes them.

    Returns
    -------
    list of str
        Groups and keys, in the order of the tables.

    Examples
    --------
    >>> from musigenre.paper.rows import ROW_GROUPS
    >>> folded(["mmnn", "best", *ROW_GROUPS["prior"]])
    ['mmnn', 'prior', 'best']
    """
    if set(keys) >= set(ROWS):
        return ["all"]
    names = []
    for name, group in ROW_GROUPS.items():
        if name != "all":
            names += [name] if set(group) <= set(keys) else [key for key in group if key in keys]
    return names


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
            f"{unit}: {without_places(error.get('error', 'unknown'))}"
            for unit, error in results.errors.items()
            if unit not in results.records
        ],
        "impossible": [f"{name}: {without_places(why)}" for name, why in impossible.items()],
    }
