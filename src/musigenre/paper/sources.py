"""What a copy of GTZAN holds for a reproduction: audio, and the published tables and pictures."""

import hashlib
import itertools
import re
from collections.abc import Collection
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from musigenre.datasets import load_gtzan
from musigenre.paper.kinds import CLIP_DURATION, KINDS
from musigenre.paper.settings import Settings

#: What is known of a row beside its path, start and duration.
LABELS = ("track", "genre", "artist", "fault_filtered_part")

#: Those of them that may become known later: neither arrays nor other protocols depend on them.
LATER_LABELS = ("artist", "fault_filtered_part")

# Problems of a copy that cost rows, in words.
_LEFT_OUT = {
    "duplicate": "exact copies of others",
    "empty": "empty files",
    "corrupt": "files that cannot be read",
    "missing value": "rows with gaps",
}

# The number of a clip in a name such as blues.00000.3.wav.
_CLIP_NUMBER = re.compile(r"\.(\d+)\.[a-z0-9]+$", re.IGNORECASE)


class Published(NamedTuple):
    """A published table of features, or the paths of published pictures: rows and labels."""

    table: pd.DataFrame
    values: np.ndarray | None


class Sources(NamedTuple):
    """What there is: files of audio with their labels, published data by kind, and notes."""

    audio: pd.DataFrame
    published: dict[str, Published]
    notes: list[str]

    def has(self, kind: str) -> bool:
        """Whether the array of a kind is published, or there is audio to compute it from."""
        return kind in self.published or not self.audio.empty

    def tracks(self) -> pd.DataFrame:
        """Give all tracks, one row each, sorted, and what is known of them: `LABELS`."""
        tables = [self.audio, *(published.table for published in self.published.values())]
        every = pd.concat([table[list(LABELS)] for table in tables if len(table)])
        return every.drop_duplicates("track").sort_values("track", ignore_index=True)

    def fingerprint(self, labels: Collection[str] = LATER_LABELS) -> str:
        """Tell one collection from another, wherever it lies.

        Parameters
        ----------
        labels : collection of str
            Which of `LATER_LABELS` count; the others are taken as if nobody knew them.

        Returns
        -------
        str
        """
        unknown = {name: np.nan for name in LATER_LABELS if name not in labels}
        digest = hashlib.sha256()
        columns = [*LABELS, "size"]
        digest.update(_text(self.audio.assign(**unknown), columns))
        for kind, published in sorted(self.published.items()):
            digest.update(kind.encode())
            digest.update(_text(published.table.assign(**unknown), [*LABELS, "start"]))
            if published.values is not None:
                digest.update(np.ascontiguousarray(published.values, np.float64).tobytes())
        return digest.hexdigest()

    def label_fingerprints(self) -> dict[str, str | None]:
        """Tell one set of each of `LATER_LABELS` from another; None where nothing is known."""
        tracks, found = self.tracks(), {}
        for name in LATER_LABELS:
            known = tracks.loc[tracks[name].notna(), ["track", name]]
            text = _text(known, ["track", name])
            found[name] = hashlib.sha256(text).hexdigest() if len(known) else None
        return found

    def labels_then(self, data: str, labels: Any = None) -> dict[str, str | None] | None:
        """Say which labels were known when fingerprints of this collection were written down.

        Parameters
        ----------
        data : str
            The fingerprint that was written, without `LATER_LABELS`; or, where `labels` is None,
            the one of everything, which is all that was written once.
        labels : dict of str to str or None, optional
            Fingerprints of the labels that were written beside it.

        Returns
        -------
        dict of str to str or None
            Fingerprints of the labels; None if it was another collection.
        """
        if labels is not None:
            return labels if data == self.fingerprint(()) else None
        now = self.label_fingerprints()
        for n in range(len(LATER_LABELS) + 1):
            for known in itertools.combinations(LATER_LABELS, n):
                if data == self.fingerprint(known):
                    return {name: now[name] if name in known else None for name in now}
        return None


def find_sources(
    root: str | PathLike[str], settings: Settings, metadata: str | PathLike[str] | None = None
) -> Sources:
    """List what a copy of GTZAN holds.

    Exact copies of other tracks are left out: they would lie on both sides of a holdout.

    Parameters
    ----------
    root : str or path-like
        Any usual form of GTZAN, see :func:`musigenre.load_gtzan`.
    settings : Settings
    metadata : str or path-like, optional
        A CSV file with the columns ``track`` and ``artist``, and if it likes
        ``fault_filtered_part`` (train, validation or test).

    Returns
    -------
    Sources

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If there is no such folder.
    ValueError
        If it holds nothing of GTZAN.
    """
    notes: list[str] = []
    published: dict[str, Published] = {}
    if settings.data == "published":
        for kind in KINDS.values():
            if kind.published is None:
                continue
            try:
                published[kind.name] = _published(root, kind.published, metadata, notes)
            except (FileNotFoundError, ValueError) as error:
                notes.append(f"no published {kind.name}, so it is computed: {error}")
    try:
        data = load_gtzan(root, "audio", metadata=metadata, on_problem="ignore")
    except ValueError as error:
        if not published:
            raise
        notes.append(f"no audio: {error}")
        audio = pd.DataFrame(columns=["path", *LABELS, "size"])
        return Sources(audio, published, notes)
    kept = _kept(data, data.data, notes)
    audio = pd.DataFrame({"path": data.data[kept]}).join(_labels(data, kept))
    audio["size"] = [Path(path).stat().st_size for path in audio["path"]]
    return Sources(audio, published, notes)


def _published(root: Any, name: Any, metadata: Any, notes: list[str]) -> Published:
    data = load_gtzan(root, name, metadata=metadata, on_problem="ignore")
    if name == "images":
        kept = _kept(data, data.data, notes)
        table = pd.DataFrame({"path": data.data[kept], "start": 0.0, "duration": 30.0})
        return Published(table.join(_labels(data, kept)), None)
    kept = _kept(data, data.data.index, notes)
    names = data.data.index[kept]
    table = pd.DataFrame({"path": names, "start": 0.0, "duration": 30.0})
    if name == "3s":
        numbers = [_CLIP_NUMBER.search(each) for each in names]
        table["start"] = [CLIP_DURATION * int(found[1]) if found else np.nan for found in numbers]
        table["duration"] = CLIP_DURATION
    values = data.data.to_numpy(dtype=np.float64)[kept]
    return Published(table.join(_labels(data, kept)), values)


def _kept(data: Any, names: Any, notes: list[str]) -> np.ndarray:
    """Say which rows are no copies of others, and note what was left out."""
    problems = data.problems
    copies = set(problems.loc[problems["kind"] == "duplicate", "path"])
    kept = np.array([name not in copies for name in names], dtype=bool)
    for kind, words in _LEFT_OUT.items():
        found = problems[problems["kind"] == kind]
        if len(found):
            first = Path(str(found["path"].iloc[0])).name
            notes.append(f"{len(found)} {words}, left out; the first: {first}")
    return np.flatnonzero(kept)


def _labels(data: Any, kept: np.ndarray) -> pd.DataFrame:
    tracks = data.groups["track"].to_numpy()[kept]
    parts = pd.Series(tracks, dtype=object).map(
        data.metadata["fault_filtered_part"].to_dict()
        if data.metadata is not None and "fault_filtered_part" in data.metadata
        else {}
    )
    return pd.DataFrame(
        {
            "track": tracks,
            "genre": data.target[kept],
            "artist": data.groups["artist"].to_numpy()[kept],
            "fault_filtered_part": parts.to_numpy(),
        }
    )


def _text(table: pd.DataFrame, columns: list[str]) -> bytes:
    ordered = table[columns].sort_values(columns, ignore_index=True)
    return ordered.to_csv(index=False).encode("utf-8", "surrogateescape")
