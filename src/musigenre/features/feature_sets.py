"""The named sets of features."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from musigenre.features import gtzan57, texture, tzanetakis


@dataclass(frozen=True)
class FeatureSet:
    """A named, versioned set of columns.

    Attributes
    ----------
    names : tuple of str
        The columns in order.
    version : int
        Changes whenever a number changes.
    sample_rate : int
        The rate, in Hz, at which the set is defined.
    compute : callable
        Takes clips of one length, (n_clips, n_samples), and gives (n_clips, n_features).
    n_samples : int, optional
        The length of clip that the set describes: shorter ones are repeated, longer ones cropped.
        ``None`` is any length.
    shape : tuple of int, optional
        The shape that the numbers of a clip have, if they are more than a row.
    uses_kernels : bool, default=True
        Whether it is computed by compiled kernels, whose loading takes a good part of a second.
    """

    names: tuple[str, ...]
    version: int
    sample_rate: int
    compute: Callable[[np.ndarray], np.ndarray]
    n_samples: int | None = None
    shape: tuple[int, ...] | None = None
    uses_kernels: bool = True


FEATURE_SETS = {
    "gtzan57": FeatureSet(
        gtzan57.FEATURE_NAMES, gtzan57.VERSION, gtzan57.SAMPLE_RATE, gtzan57.gtzan57
    ),
    "tzanetakis": FeatureSet(
        tzanetakis.FEATURE_NAMES, tzanetakis.VERSION, tzanetakis.SAMPLE_RATE, tzanetakis.tzanetakis
    ),
    "texture": FeatureSet(
        texture.FEATURE_NAMES,
        texture.VERSION,
        texture.SAMPLE_RATE,
        texture.texture,
        texture.N_SAMPLES,
        uses_kernels=False,
    ),
}
