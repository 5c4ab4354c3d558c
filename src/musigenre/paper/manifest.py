"""What a folder of results was made with, and what was asked of it."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any

import musigenre
from musigenre.files import write_json
from musigenre.paper.claims import alone
from musigenre.paper.row import Row
from musigenre.paper.settings import Settings
from musigenre.paper.sources import Sources

FORMAT_VERSION = 1
_FORMAT = "musigenre-reproduction"

# Labels that may be added, in words.
_LABEL_WORDS = {"artist": "artists", "fault_filtered_part": "fault-filtered parts"}


def read_manifest(results: str | PathLike[str]) -> dict[str, Any]:
    """Read what a folder of results was made with.

    Parameters
    ----------
    results : str or path-like

    Returns
    -------
    dict
        ``settings``, ``data`` (a fingerprint), ``labels`` (a fingerprint of each label that may be
        added, or None where it was not known), ``made`` and ``musigenre`` (version). Where there
        are no ``labels``, ``data`` covers them as well.

    Raises
    ------
    ValueError
        If the folder holds no reproduction, or one of a newer version.
    """
    path = Path(results) / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["format_version"] if manifest["format"] == _FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        version = None
    if not isinstance(version, int):
        raise ValueError(f"'{results}' holds no reproduction: there is no manifest.json of one")
    if version > FORMAT_VERSION:
        raise ValueError(
            f"'{path}' has format version {version}, but this musigenre knows up to "
            f"{FORMAT_VERSION}: upgrade musigenre"
        )
    return manifest


def read_calls(results: str | PathLike[str]) -> list[dict[str, Any]]:
    """Read what was asked of a folder of results: rows, protocols, holdouts, jobs, threads, when.

    Parameters
    ----------
    results : str or path-like

    Returns
    -------
    list of dict
        One a call of :func:`musigenre.paper.reproduce`.
    """
    path = Path(results) / "calls.jsonl"
    if not path.exists():
        return []
    calls = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            calls.append(json.loads(line))
        except ValueError:  # cut short by a crash
            continue
    return calls


def note_call(
    folder: Path,
    rows: Sequence[Row],
    protocols: Iterable[str],
    holdouts: int,
    jobs: int,
    threads: int,
    impossible: dict[str, str],
) -> None:
    """Write down what is asked for, so that a report can tell what is missing."""
    call = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "rows": [row.key for row in rows],
        "protocols": list(protocols),
        "holdouts": holdouts,
        "jobs": jobs,
        "threads": threads,
        "impossible": impossible,
    }
    with (folder / "calls.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(call) + "\n")


def check_manifest(folder: Path, settings: Settings) -> None:
    """Refuse a folder that holds something else."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ValueError(f"'{folder}' is a file; give a folder for the results")
    # Hidden files are left by a crash, or by the system.
    others = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    if "manifest.json" not in others:
        # Arrays may be put there before the first run.
        if others <= {"data"}:
            return
        raise ValueError(
            f"'{folder}' holds other things ({', '.join(sorted(others)[:3])}); give a new or empty "
            "folder for the results"
        )
    before = read_manifest(folder)["settings"]
    now = asdict(settings)
    differ = [
        f"{name} was {before.get(name)!r} and is now {value!r}"
        for name, value in now.items()
        if before.get(name) != value
    ]
    if differ:
        raise ValueError(
            f"'{folder}' was made with other settings ({'; '.join(differ)}); ask for the same, or "
            "give another folder"
        )


def check_data(folder: Path, sources: Sources) -> bool:
    """Refuse a folder that was made from other data.

    Parameters
    ----------
    folder : Path
    sources : Sources

    Returns
    -------
    bool
        Whether something is to be written: the manifest, or labels that were not known before.
    """
    if not (folder / "manifest.json").exists():
        return True
    manifest = read_manifest(folder)
    then = sources.labels_then(manifest["data"], manifest.get("labels"))
    if then is None:
        what = "tracks, genres" if "labels" in manifest else "tracks, labels"
        raise ValueError(
            f"'{folder}' was made from other data: {what} or files differ; give the same copy of "
            "GTZAN (and metadata), or another folder"
        )
    now = sources.label_fingerprints()
    for name, words in _LABEL_WORDS.items():
        if then[name] not in (None, now[name]):
            how = f"with other {words} of the tracks"
            if now[name] is None:
                how = f"with {words} of the tracks, and none are known now"
            raise ValueError(
                f"'{folder}' was made {how}; give the same metadata, or another folder"
            )
    return then != now


def write_manifest(folder: Path, settings: Settings, sources: Sources) -> None:
    """Write what the reproduction is made of, or make sure that it is what is written already.

    Labels that nobody knew before are added; a manifest to which nothing is new stays as it is.
    """

    def is_written() -> bool:
        check_manifest(folder, settings)
        return not check_data(folder, sources)

    if is_written():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder / ".claim"):
        if is_written():  # another process was faster
            return
        path = folder / "manifest.json"
        if path.exists():
            manifest = read_manifest(folder)
        else:
            manifest = {
                "format": _FORMAT,
                "format_version": FORMAT_VERSION,
                "settings": asdict(settings),
                "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "musigenre": musigenre.__version__,
            }
        manifest |= {"data": sources.fingerprint(()), "labels": sources.label_fingerprints()}
        write_json(path, manifest)
