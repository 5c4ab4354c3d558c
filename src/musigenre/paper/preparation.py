"""Compute the arrays of a reproduction, or take over those that are there."""

import contextlib
import json
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

import musigenre
from musigenre.clips import clip_table
from musigenre.files import write_json, written_whole
from musigenre.paper.claims import alone
from musigenre.paper.dataset import Dataset, read_table
from musigenre.paper.found_array import check_found
from musigenre.paper.kinds import CLIP_DURATION, KINDS, Kind
from musigenre.paper.partial_array import PartialArray, TakenOver
from musigenre.paper.settings import Settings
from musigenre.paper.sources import LABELS, Sources

# Tracks computed at a time: it bounds the memory, and what is lost when the work is stopped.
_TRACKS = 20


def prepare(
    folder: Path,
    sources: Sources,
    settings: Settings,
    kinds: Collection[str],
    *,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Dataset:
    """Make sure that tables and arrays are there.

    An array is ``<kind>.npy``; ``<kind>.json`` beside it names the recipe, its version, and the
    rows. An array without that file (copied from elsewhere) is taken over if it has a row for each
    row of its table and the rows of three tracks, computed anew, are the same; else it is refused.

    Stopped at any moment, the work goes on where it was. Of several processes one computes, and
    the others wait. One that seemed dead and is not, because it slept, leaves the work to the other
    that took it over, and waits in its turn.

    Parameters
    ----------
    folder : Path
        Made if it does not exist.
    sources : Sources
    settings : Settings
    kinds : collection of str
    n_jobs : int, optional
    verbose : int, default=0

    Returns
    -------
    Dataset

    Raises
    ------
    ValueError
        If an array in the folder is of another recipe or of other rows.
    AudioError
        If a file that could be cut into clips cannot be read any more.
    """
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        with contextlib.suppress(TakenOver), alone(folder / ".claim") as claim:
            return _prepare(folder, sources, settings, kinds, n_jobs, verbose, claim.token)


def _prepare(folder, sources, settings, kinds, n_jobs, verbose, token) -> Dataset:
    dataset = Dataset(folder)
    _write_tables(folder, sources, n_jobs, verbose)
    for name in kinds:
        kind = KINDS[name]
        if not sources.has(name):
            continue  # what needs it cannot be run, and the report says so
        table = dataset.table(name)
        description = _description(kind, table, settings, name in sources.published)
        if not _is_there(folder, kind, description):
            table = _located(table, name, sources)
            _make(folder, kind, table, description, sources, settings, n_jobs, verbose, token)
    return dataset


def _located(table: pd.DataFrame, name: str, sources: Sources) -> pd.DataFrame:
    """Give a table with the paths of this machine: another may have written it."""
    published = sources.published.get(name)
    files = sources.audio if published is None else published.table
    here = files.drop_duplicates("track").set_index("track")["path"]
    return table.assign(path=table["track"].map(here))


def _write_tables(folder: Path, sources: Sources, n_jobs: int | None, verbose: int) -> None:
    """Write what the rows of arrays are, or add labels that were not known before."""
    names = [*sources.published, *(() if sources.audio.empty else ("clips", "tracks"))]
    done, then, before = folder / "tables.json", None, {}
    if done.exists() and all((folder / f"{name}.csv").exists() for name in names):
        before = json.loads(done.read_text())
        written = before.get("data", before.get("fingerprint"))
        then = sources.labels_then(written, before.get("labels"))
    labels = sources.label_fingerprints()
    if then is None:
        left_out = _write_new_tables(folder, sources, n_jobs, verbose)
    else:
        # What another process has added meanwhile stays.
        new = {name: found for name, found in labels.items() if found not in (None, then[name])}
        if not new:
            return
        known = sources.tracks().set_index("track")
        for name in names:
            table = read_table(folder / f"{name}.csv")
            columns = {label: table["track"].map(known[label]) for label in new}
            _write_table(folder / f"{name}.csv", table.assign(**columns))
        left_out, labels = before["left_out"], {**then, **new}
    about = {"data": sources.fingerprint(()), "labels": labels}
    write_json(done, about | {"notes": sources.notes, "left_out": left_out})


def _write_new_tables(
    folder: Path, sources: Sources, n_jobs: int | None, verbose: int
) -> list[dict[str, str]]:
    """Write the tables; say which files were left out."""
    for name, published in sources.published.items():
        _write_table(folder / f"{name}.csv", published.table)
    left_out: list[dict[str, str]] = []
    if sources.audio.empty:
        return left_out
    labels = sources.audio[list(LABELS)]
    for name, duration in (("clips", CLIP_DURATION), ("tracks", None)):
        table = clip_table(
            sources.audio["path"],
            duration,
            tracks=range(len(sources.audio)),
            on_error="skip",
            n_jobs=n_jobs,
            verbose=verbose,
        )
        left_out = table.attrs.get("errors", [])
        rows = table.pop("track").to_numpy(dtype=int)
        table = table.join(labels.iloc[rows].reset_index(drop=True))
        _write_table(folder / f"{name}.csv", table)
    return left_out


def _is_there(folder: Path, kind: Kind, description: dict[str, Any]) -> bool:
    beside = folder / f"{kind.name}.json"
    if not beside.exists() or not (folder / f"{kind.name}.npy").exists():
        return False
    found = json.loads(beside.read_text())
    for name, wanted in description.items():
        if found.get(name) != wanted:
            raise ValueError(
                f"'{beside}' says {name} {found.get(name)!r}, but {wanted!r} is needed: delete it "
                f"and {kind.name}.npy, or give another folder of results"
            )
    return True


def _make(folder, kind, table, description, sources, settings, n_jobs, verbose, token) -> None:
    path, began = folder / f"{kind.name}.npy", time.perf_counter()
    published = sources.published.get(kind.name)
    if published is not None and published.values is not None:
        with written_whole(path) as temporary, temporary.open("wb") as file:
            np.save(file, published.values.astype(np.float32))
        origin = "published"
    elif path.exists():

        def anew(part: pd.DataFrame) -> Any:
            return kind.compute(_inputs(part), n_jobs, settings.random_state)

        check_found(path, table, anew, kind.version, kind.jumping)
        origin = "found, and compared with three tracks computed anew"
    else:
        _compute(path, kind, table, description, settings, n_jobs, verbose, token)
        origin = "computed from published pictures" if published else "computed"
    about = {
        "origin": origin,
        "seconds": round(time.perf_counter() - began, 1),
        "n_jobs": n_jobs,
        "musigenre": musigenre.__version__,
    }
    write_json(folder / f"{kind.name}.json", description | about)


def _compute(path, kind, table, description, settings, n_jobs, verbose, token) -> None:
    """Compute an array part by part; what is done already of it is kept."""
    array = PartialArray(path, description, token)
    bar = tqdm(
        desc=f"computing {kind.name}",
        total=len(table),
        initial=array.n_done,
        unit="row",
        disable=None if verbose else True,
    )
    with bar:
        for first, last in _parts(table, array.n_done):
            part = _inputs(table.iloc[first:last])
            block = np.asarray(kind.compute(part, n_jobs, settings.random_state), np.float32)
            array.write(block, len(table))
            bar.update(last - first)
    array.finish()


def _parts(table: pd.DataFrame, n_done: int) -> Iterator[tuple[int, int]]:
    """Give first and last row of each part: whole tracks, the rows of each stand together."""
    codes = pd.factorize(table["track"])[0] // _TRACKS
    ends = np.append(np.flatnonzero(np.diff(codes)) + 1, len(table))
    first = n_done
    for last in ends[ends > n_done].tolist():
        yield first, last
        first = last


def _inputs(table: pd.DataFrame) -> Any:
    """Give what extractors take: a clip table, or the paths of pictures."""
    if table["path"].str.lower().str.endswith(".png").all():
        return table["path"].to_numpy()
    return table[["path", "start", "duration", "track"]]


def _description(
    kind: Kind, table: pd.DataFrame, settings: Settings, published: bool
) -> dict[str, Any]:
    rows = pd.util.hash_pandas_object(table[["track", "start"]].round(3), index=False)
    about: dict[str, Any] = {
        "kind": kind.name,
        "version": "published" if published else kind.version,
        "n_rows": len(table),
        "rows_hash": f"{int(rows.sum()) & (2**64 - 1):016x}",
    }
    if kind.name == "texture_copies":
        about["seed"] = settings.random_state
    return about


def _write_table(path: Path, table: pd.DataFrame) -> None:
    with written_whole(path) as temporary:
        table.to_csv(temporary, index=False, encoding="utf-8", errors="surrogateescape")
