"""Harder batches: clips mixed with each other, and masked spectrograms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Augmenter:
    """Change batches for training; masks come after mixing.

    Attributes
    ----------
    fill : ndarray of shape (n_bins,)
        What a mask shows in each bin of the last input, the spectrograms.
    mixup : float, default=0.0
        See :func:`mix`; 0 leaves it out.
    frequency_mask, time_mask : float, default=0.0
        See :func:`mask`.
    """

    fill: NDArray
    mixup: float = 0.0
    frequency_mask: float = 0.0
    time_mask: float = 0.0

    def __call__(
        self,
        inputs: Sequence[NDArray],
        genres: NDArray,
        weights: NDArray | None,
        rng: np.random.Generator,
    ) -> tuple[Sequence[NDArray], NDArray, NDArray | None]:
        """Give a changed batch; arrays may be changed in place."""
        if self.mixup > 0:
            inputs, genres, weights = mix(inputs, genres, weights, self.mixup, rng)
        if self.frequency_mask > 0 or self.time_mask > 0:
            mask(inputs[-1], self.fill, self.frequency_mask, self.time_mask, rng)
        return inputs, genres, weights


def mix(
    inputs: Sequence[NDArray],
    genres: NDArray,
    weights: NDArray | None,
    alpha: float,
    rng: np.random.Generator,
) -> tuple[list[NDArray], NDArray, NDArray | None]:
    """Mix each clip of a batch, and its genre, with another.

    Parameters
    ----------
    inputs : sequence of ndarray of shape (n_clips, ...)
        The arrays of the batch. All of them are mixed in the same proportions.
    genres : ndarray of shape (n_clips, n_classes)
        Probabilities.
    weights : ndarray of shape (n_clips,) or None
    alpha : float
        The share of the first clip is drawn from Beta(alpha, alpha): near 0 or 1 with small
        values, evenly with 1.
    rng : numpy.random.Generator

    Returns
    -------
    inputs, genres, weights
        The loss of a mixed clip is that of both, each with its share and its weight.

    References
    ----------
    H. Zhang, M. Cisse, Y. N. Dauphin and D. Lopez-Paz, "mixup: Beyond empirical risk
    minimization", ICLR 2018.
    """
    n = len(genres)
    share = rng.beta(alpha, alpha, n).astype(np.float32)
    partner = rng.permutation(n)

    def mixed(values: NDArray, share: NDArray) -> NDArray:
        share = share.reshape(-1, *[1] * (values.ndim - 1))
        return share * values + (1 - share) * values[partner]

    inputs = [mixed(values, share) for values in inputs]
    if weights is None:
        return inputs, mixed(genres, share), None
    total = mixed(weights, share)
    return inputs, mixed(genres, share * weights / total), total


def mask(
    spectrograms: NDArray,
    fill: NDArray,
    frequency_mask: float,
    time_mask: float,
    rng: np.random.Generator,
) -> None:
    """Hide a band of bins and a stretch of frames of each spectrogram, in place.

    Parameters
    ----------
    spectrograms : ndarray of shape (n_clips, n_bins, n_frames)
    fill : ndarray of shape (n_bins,)
        What a mask shows in each bin.
    frequency_mask, time_mask : float
        Largest share of the bins, and of the frames, that is hidden: the width of a mask is drawn
        evenly from zero up to it, then its place. 0 hides nothing.
    rng : numpy.random.Generator

    References
    ----------
    D. S. Park et al., "SpecAugment: A simple data augmentation method for automatic speech
    recognition", Interspeech 2019; here with one mask an axis and without time warping.
    """
    n_clips, n_bins, n_frames = spectrograms.shape
    bands = _spans(n_clips, n_bins, frequency_mask, rng)
    stretches = _spans(n_clips, n_frames, time_mask, rng)
    for spectrogram, band, stretch in zip(spectrograms, bands, stretches, strict=True):
        spectrogram[band] = fill[band, np.newaxis]
        spectrogram[:, stretch] = fill[:, np.newaxis]


def _spans(n: int, length: int, share: float, rng: np.random.Generator) -> list[slice]:
    widths = rng.integers(0, int(share * length), n, endpoint=True)
    starts = rng.integers(0, length - widths, endpoint=True)
    return [slice(start, start + width) for start, width in zip(starts, widths, strict=True)]
