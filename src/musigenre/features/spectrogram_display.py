"""A spectrogram as a picture, its axes in seconds and Hz."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from musigenre.features.spectrogram_extractor import SpectrogramExtractor

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Ticks of the frequency axis, in Hz: those within the spectrogram are shown.
_TICKS = (0, 250, 500, 1000, 2000, 4000, 8000, 16000)


class SpectrogramDisplay:
    """Picture of one spectrogram: time across, frequency up on the mel scale, level in colour.

    `from_estimator` makes and draws one.

    Parameters
    ----------
    spectrogram : ndarray of shape (n_bins, n_frames)
        Lowest bin first.
    frequencies : ndarray of shape (n_bins,)
        Centre of each bin in Hz; NaN where the bins are cepstral coefficients, counted from 1.
    times : ndarray of shape (n_frames,)
        Centre of each frame in seconds.
    value_name : str, default="level [dB]"
        What the colours show.
    title : str, default=""
        What the spectrogram is of.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the last plot.
    figure_ : matplotlib Figure
        Its figure.
    mesh_ : matplotlib QuadMesh
        The picture.

    See Also
    --------
    musigenre.SpectrogramExtractor : Computes spectrograms.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre import SpectrogramExtractor
    >>> from musigenre.features import SpectrogramDisplay
    >>> clips = np.random.default_rng(0).normal(size=(2, 66150))
    >>> extractor = SpectrogramExtractor("mel").fit(clips)
    >>> display = SpectrogramDisplay.from_estimator(extractor, clips, clip=1)
    >>> display.spectrogram.shape
    (128, 130)
    """

    def __init__(
        self,
        spectrogram: np.ndarray,
        frequencies: np.ndarray,
        times: np.ndarray,
        value_name: str = "level [dB]",
        title: str = "",
    ) -> None:
        self.spectrogram = spectrogram
        self.frequencies = frequencies
        self.times = times
        self.value_name = value_name
        self.title = title

    @classmethod
    def from_estimator(
        cls,
        estimator: SpectrogramExtractor,
        X: Any,
        *,
        clip: int = 0,
        kind: str | None = None,
        ax: Axes | None = None,
    ) -> Self:
        """Compute the spectrogram of a clip and draw it.

        Parameters
        ----------
        estimator : SpectrogramExtractor
            Fitted.
        X : clip table, array-like of paths or array of shape (n_clips, n_samples)
            What the extractor takes.
        clip : int, default=0
            Which row of X to show.
        kind : {"stft", "mel", "mfcc"}, optional
            Which kind to show, if the extractor gives several.
        ax : matplotlib Axes, optional
            Axes to draw on; a new figure if None.

        Returns
        -------
        display : SpectrogramDisplay

        Raises
        ------
        ValueError
            If X has no such row, or the extractor does not give the kind, or gives several.
        """
        kinds = [estimator.kind] if isinstance(estimator.kind, str) else list(estimator.kind)
        if kind is None and len(kinds) == 1:
            kind = kinds[0]
        if kind not in kinds:
            raise ValueError(f"kind must be one of {', '.join(kinds)}, as extracted; got {kind!r}")
        if not -len(X) <= clip < len(X):
            raise ValueError(f"clip must be a row of X, which has {len(X)}; got {clip}")
        rows = [clip % len(X)]
        one = X.iloc[rows] if hasattr(X, "iloc") else [X[row] for row in rows]
        # As flat rows, an extractor gives its values in any container it was told to use.
        flat, stacked = copy(estimator).set_params(flatten=True), copy(estimator)
        stacked.set_params(flatten=False)
        values = np.asarray(flat.transform(one)).reshape(-1, len(estimator.times_))
        bins = [
            i
            for i, name in enumerate(stacked.get_feature_names_out())
            if name.rstrip("0123456789") == kind
        ]
        if kind == "mfcc":
            value_name = "value"
        elif estimator.scale == "db" or kind == "mel_picture":
            value_name = "level [dB]"
        else:
            value_name = {"stft": "magnitude", "mel": "power"}[kind]
        display = cls(values[bins], estimator.frequencies_[bins], estimator.times_, value_name)
        return display.plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the spectrogram.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Axes to draw on; a new figure if None.

        Returns
        -------
        self : SpectrogramDisplay
            With `ax_`, `figure_` and `mesh_`.
        """
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(figsize=(8, 4), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        if np.isnan(self.frequencies).all():
            self._draw_coefficients()
        else:
            self._draw_frequencies()
        ax.set(xlabel="time [s]", title=self.title)
        low, high = self.mesh_.get_clim()
        beyond = (self.spectrogram.min() < low, self.spectrogram.max() > high)
        arrows = {(True, True): "both", (True, False): "min", (False, True): "max"}
        extend = arrows.get(beyond, "neither")
        self.figure_.colorbar(self.mesh_, ax=ax, label=self.value_name, extend=extend)
        return self

    def _draw_frequencies(self) -> None:
        from librosa import hz_to_mel, mel_to_hz

        self._draw(self.frequencies, cmap="magma")
        self.ax_.set_yscale("function", functions=(hz_to_mel, mel_to_hz))
        low, high = self.frequencies[[0, -1]]
        if low < high:
            self.ax_.set_ylim(low, high)
        ticks = [tick for tick in _TICKS if low <= tick <= high]
        self.ax_.set_yticks(ticks, labels=[f"{tick:,}" for tick in ticks])
        self.ax_.set_ylabel("frequency [Hz]")

    def _draw_coefficients(self) -> None:
        numbers = np.arange(1, len(self.spectrogram) + 1)
        # The first two coefficients, loudness and slope, are so large that they would hide all
        # others: their colours may saturate.
        largest = np.percentile(np.abs(self.spectrogram), 90)
        self._draw(numbers, cmap="RdBu_r", vmin=-largest, vmax=largest)
        self.ax_.set_yticks([1, *range(5, len(numbers) + 1, 5)])
        self.ax_.set_ylabel("MFCC")

    def _draw(self, rows: np.ndarray, **options: Any) -> None:
        self.mesh_ = self.ax_.pcolormesh(
            self.times, rows, self.spectrogram, shading="nearest", rasterized=True, **options
        )
