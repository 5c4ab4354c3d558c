"""What arrays a reproduction works on, and how each is computed from audio."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from musigenre.clips import AUGMENTATION
from musigenre.features import AudioFeatures, SpectrogramExtractor
from musigenre.features.feature_sets import FEATURE_SETS
from musigenre.features.spectrogram_set import VERSION as SPECTROGRAM_VERSION

#: Length of the clips, in seconds.
CLIP_DURATION = 3.0

#: Altered copies of each track that are kept; holdouts take turns with them.
N_COPIES = 4


# Of 1909 columns of the texture 6 jump with noise of 1e-6 on three tracks (the contrast of the band
# that codecs cut off), and 15 when the audio is rounded to 16 bits.
_JUMPING = 0.01


@dataclass(frozen=True)
class Kind:
    """One array of a reproduction: a row a clip, or a row a track.

    Parameters
    ----------
    name : str
        Also that of its file, ``<name>.npy``.
    table : {"clips", "tracks"}
        Which table its rows are those of.
    version : str
        Recipe and version; the numbers are the same as long as this is.
    compute : callable
        Takes rows of that table, jobs and the seed of the settings; gives an array with a row each.
    published : str, optional
        What :func:`musigenre.load_gtzan` calls it, if it is published.
    jumping : float, default=0.0
        Share of the columns that the least difference of the audio may change altogether.
    """

    name: str
    table: str
    version: str
    compute: Callable[[pd.DataFrame, int | None, int], np.ndarray]
    published: str | None = None
    jumping: float = 0.0


def _features(feature_set: str) -> Callable:
    def compute(table: pd.DataFrame, n_jobs: int | None, seed: int) -> np.ndarray:
        return AudioFeatures(feature_set, n_jobs=n_jobs).fit_transform(table)

    return compute


def _spectrogram(kind: str, duration: float) -> Callable:
    def compute(table: pd.DataFrame, n_jobs: int | None, seed: int) -> np.ndarray:
        extractor: Any = SpectrogramExtractor(kind, duration=duration, n_jobs=n_jobs)
        return extractor.fit_transform(table)

    return compute


def _altered(table: pd.DataFrame, n_jobs: int | None, seed: int) -> np.ndarray:
    """Compute the texture of altered copies, (n_tracks, N_COPIES * n_features)."""
    # A seed for each track and copy, which does not depend on the other tracks.
    seeds = np.array(
        [
            np.random.default_rng([seed, *str(track).encode()]).integers(2**31, size=N_COPIES)
            for track in table["track"]
        ]
    )
    copies = [
        _features("texture")(
            table.assign(**{AUGMENTATION: pd.array(column, dtype="Int64")}), n_jobs, seed
        )
        for column in seeds.T
    ]
    return np.hstack(copies)


def _version(feature_set: str) -> str:
    return f"{feature_set} {FEATURE_SETS[feature_set].version}"


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("features", "clips", _version("gtzan57"), _features("gtzan57"), "3s"),
        Kind("features_30s", "tracks", _version("gtzan57"), _features("gtzan57"), "30s"),
        Kind("tzanetakis", "tracks", _version("tzanetakis"), _features("tzanetakis")),
        Kind("texture", "tracks", _version("texture"), _features("texture"), jumping=_JUMPING),
        Kind(
            "texture_copies",
            "tracks",
            f"{_version('texture')}, altered",
            _altered,
            jumping=_JUMPING,
        ),
        *(
            Kind(name, "clips", f"{name} {SPECTROGRAM_VERSION}", _spectrogram(name, CLIP_DURATION))
            for name in ("stft", "mel", "mfcc")
        ),
        Kind(
            "mel_picture",
            "tracks",
            f"mel_picture {SPECTROGRAM_VERSION}",
            _spectrogram("mel_picture", 30.0),
            "images",
        ),
    )
}
