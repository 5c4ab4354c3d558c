"""What the classifiers over spectrograms share."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import Tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import validate_data

from musigenre.networks.augmentation import Augmenter
from musigenre.networks.base import NetworkClassifier

if TYPE_CHECKING:
    import keras

    from musigenre.networks.batches import Augmentation, Statistics, TrainingData

# Updates that an epoch should have, and between how many clips they may take for it.
_UPDATES, _FEWEST_CLIPS, _MOST_CLIPS = 20, 8, 64

# Clips summed up at a time.
_BLOCK = 64


class SpectrogramClassifier(NetworkClassifier):
    """Base class of the networks over spectrograms, which are the last of their inputs.

    Means and deviations of the bins are learned from the clips trained on, and kept in the
    network's layer ``standardize``.
    """

    _parameter_constraints: dict = {
        **NetworkClassifier._parameter_constraints,
        "n_bins": [Interval(Integral, 1, None, closed="left"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "learning_rate_schedule": [StrOptions({"constant", "cosine", "one_cycle"})],
        "mixup": [Interval(Real, 0, None, closed="left")],
        "frequency_mask": [Interval(Real, 0, 1, closed="left")],
        "time_mask": [Interval(Real, 0, 1, closed="left")],
    }

    n_bins: Any

    def __init__(
        self,
        *,
        n_bins: int | None,
        learning_rate_schedule: str,
        mixup: float,
        frequency_mask: float,
        time_mask: float,
        **params: Any,
    ):
        super().__init__(**params)
        self.n_bins = n_bins
        self.learning_rate_schedule = learning_rate_schedule
        self.mixup = mixup
        self.frequency_mask = frequency_mask
        self.time_mask = time_mask

    def _validate_X(self, X: ArrayLike, **kwargs: Any) -> Any:
        """Check X and give it as (n_clips, n_bins, n_frames), beside y if that is given."""
        checked: Any = validate_data(self, X, dtype=np.float32, order="C", allow_nd=True, **kwargs)
        values, *y = checked if isinstance(checked, tuple) else (checked,)
        values = self._as_spectrograms(values)
        if not kwargs.get("reset", True) and values.shape[2] != self._network["n_frames"]:
            raise ValueError(
                f"X has {values.shape[2]} frames a clip, but {type(self).__name__} was fitted on "
                f"{self._network['n_frames']}; cut clips of the same length"
            )
        return (values, *y) if y else values

    def _as_spectrograms(self, X: NDArray) -> NDArray:
        name = type(self).__name__
        if self.n_bins is None:
            if X.ndim != 3 or 0 in X.shape:
                raise ValueError(
                    f"{name} takes X of shape (n_clips, n_bins, n_frames), got {X.shape}; if the "
                    "rows are flat spectrograms, say how many bins they have: n_bins=..."
                )
            return X
        if X.ndim != 2 or X.shape[1] % self.n_bins:
            raise ValueError(
                f"with n_bins={self.n_bins}, {name} takes X of two axes with a multiple of "
                f"{self.n_bins} columns, got the shape {X.shape}"
            )
        return X.reshape(len(X), self.n_bins, -1)

    def _statistics(self, inputs: tuple[NDArray, ...], rows: NDArray) -> Statistics:
        return bin_statistics(inputs[-1], rows)

    def _prepare(self, network: keras.Model, data: TrainingData) -> None:
        mean, deviation = data.statistics
        network.get_layer("standardize").set_statistics(mean, deviation)

    def _augmentation(self, data: TrainingData) -> Augmentation | None:
        if self.mixup == self.frequency_mask == self.time_mask == 0:
            return None
        mean, _ = data.statistics
        return Augmenter(mean.astype(np.float32), self.mixup, self.frequency_mask, self.time_mask)

    def _clips_per_update(self, n_clips: int) -> int:
        if self.batch_size == "auto":
            return min(_MOST_CLIPS, max(_FEWEST_CLIPS, n_clips // _UPDATES))
        return super()._clips_per_update(n_clips)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = self.n_bins is not None
        tags.input_tags.three_d_array = self.n_bins is None
        return tags


def bin_statistics(spectrograms: NDArray, rows: NDArray) -> Statistics:
    """Give mean and standard deviation of each bin over some clips and all their frames.

    Parameters
    ----------
    spectrograms : ndarray of shape (n_clips, n_bins, n_frames)
    rows : ndarray of int
        The clips that count.

    Returns
    -------
    mean, deviation : ndarray of shape (n_bins,)
        Float64; the deviation is that of the population.
    """
    n = len(rows) * spectrograms.shape[2]
    blocks = [rows[first : first + _BLOCK] for first in range(0, len(rows), _BLOCK)]
    total = sum(spectrograms[block].sum(axis=2).sum(axis=0, dtype=np.float64) for block in blocks)
    mean = np.asarray(total) / n
    # In a second pass, because a sum of squares drowns small deviations about a large mean.
    centre = mean.astype(np.float32)[:, np.newaxis]
    squares = np.zeros(len(mean))
    for block in blocks:
        centred = spectrograms[block] - centre
        squares += np.einsum("ijk,ijk->ij", centred, centred).sum(axis=0, dtype=np.float64)
    return mean, np.sqrt(squares / n)
