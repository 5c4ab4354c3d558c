"""Spectrograms as a set of features, so that a store can keep them."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from musigenre.features.feature_sets import FeatureSet
from musigenre.features.spectrograms import SpectrogramRecipe

#: Changes whenever a number changes.
VERSION = 2


@dataclass(frozen=True)
class _Compute:
    """What computes the spectrograms of clips, each as one row."""

    recipe: SpectrogramRecipe
    n_samples: int

    def __call__(self, clips: np.ndarray) -> np.ndarray:
        return self.recipe.stacked(clips, self.n_samples).reshape(len(clips), -1)


@lru_cache(maxsize=8)
def spectrogram_set(recipe: SpectrogramRecipe, n_samples: int) -> FeatureSet:
    """Describe the spectrograms of clips of ``n_samples`` as a set of features.

    Parameters
    ----------
    recipe : SpectrogramRecipe
    n_samples : int
        Longer clips lose their end, to shorter ones silence is added.

    Returns
    -------
    FeatureSet
        Its ``shape`` is (n_bins, n_frames).
    """
    n_bins, n_frames = recipe.shape(n_samples)
    names = tuple(f"{name}_f{frame}" for name in recipe.bin_names for frame in range(n_frames))
    compute = _Compute(recipe, n_samples)
    return FeatureSet(
        names, VERSION, recipe.sample_rate, compute, n_samples, shape=(n_bins, n_frames)
    )
