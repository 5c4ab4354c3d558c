"""GTZAN's audio as arrays, computed once and kept as ``.npy`` files in a folder.

from gtzan_cache import load
X, y, groups = load("mel", Path("cache"), gtzan=Path("gtzan"))
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from musigenre import AudioFeatures, SpectrogramExtractor, clip_table, load_gtzan

#: What there is: spectrograms and features of 3 s clips, and the mel picture of whole tracks.
KINDS = ("stft", "mel", "mfcc", "features", "mel_picture")

# Tracks computed at a time; it bounds the memory, not the result.
_TRACKS = 20


def load(
    kind: str, cache: Path, gtzan: Path | None = None
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Give X, genres and groups (track, artist) of one kind.

    X is mapped from its file, float32: (n_clips, n_bins, n_frames), or (n_clips, 57) for
    ``features``. What the folder lacks is computed from the audio of `gtzan`; tracks that are
    exact copies of others are left out.
    """
    table_path = cache / ("tracks.csv" if kind == "mel_picture" else "clips.csv")
    if not (cache / f"{kind}.npy").exists():
        if gtzan is None:
            raise SystemExit(f"there is no {kind}.npy in {cache}: name the audio with --gtzan")
        cache.mkdir(parents=True, exist_ok=True)
        table, labels, artists = _clips(gtzan, None if kind == "mel_picture" else 3.0)
        _compute(kind, table, cache / f"{kind}.npy")
        table["track"] = [Path(path).stem for path in table["path"]]
        table.assign(genre=labels, artist=artists).to_csv(table_path, index=False)
    table = pd.read_csv(table_path)
    X = np.load(cache / f"{kind}.npy", mmap_mode="r")
    return X, table["genre"].to_numpy(dtype=str), table[["track", "artist"]]


def _clips(gtzan: Path, duration: float | None) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    music = load_gtzan(gtzan, "audio", on_problem="ignore")
    copies = set(music.problems.loc[music.problems["kind"] == "duplicate", "path"])
    kept = [path not in copies for path in music.data]
    table = clip_table(music.data[kept], duration, tracks=np.flatnonzero(kept), n_jobs=-1)
    rows = table.pop("track")
    return table, music.target[rows], music.groups["artist"].to_numpy()[rows]


def _compute(kind: str, table: pd.DataFrame, path: Path) -> None:
    duration = 30.0 if kind == "mel_picture" else 3.0
    extractor = (
        AudioFeatures(n_jobs=-1)
        if kind == "features"
        else SpectrogramExtractor(kind, duration=duration, n_jobs=-1)
    ).fit(table.iloc[:1])
    temporary = path.with_suffix(".tmp")
    values, first = None, 0
    for part in tqdm(list(_parts(table)), f"computing {kind}"):
        block = np.asarray(extractor.transform(part), dtype=np.float32)
        if values is None:
            shape = (len(table), *block.shape[1:])
            values = np.lib.format.open_memmap(temporary, "w+", np.float32, shape)
        values[first : first + len(block)] = block
        first += len(block)
    values.flush()
    temporary.rename(path)


def _parts(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    number = pd.factorize(table["path"])[0] // _TRACKS
    for _, part in table.groupby(number, sort=False):
        yield part
