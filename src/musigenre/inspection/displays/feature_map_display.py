"""Spaces of features side by side, coloured by genre."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_consistent_length, check_random_state, column_or_1d

from musigenre.inspection.feature_groups import Columns, resolve_columns
from musigenre.inspection.feature_map import FeatureMap, feature_map
from musigenre.inspection.kmeans_scores import kmeans_scores

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Ten colours made to be told apart by any colour vision: M. Petroff, "Accessible color sequences
# for data visualization", arXiv:2107.02270. The shapes help where they do not.
COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", "p", ">", "*", "h", "d")

_SHOWN = {
    "mutual_info": "mutual information",
    "adjusted_rand": "adjusted Rand index",
    "mse": "mean squared error",
    "silhouette": "silhouette",
}


class FeatureMapDisplay:
    """Maps of spaces of features by principal components, coloured by genre.

    Small signs are rows, large ones the means of genres. Below each map stand the scores of
    k-means in the whole space, not only in the plane that is shown, and in brackets those of
    chance. `from_features` makes and draws one.

    Parameters
    ----------
    maps : dict of str to FeatureMap
        The spaces by name.
    y : array-like of shape (n_rows,)
        Genre of each row.
    scores : DataFrame or None, default=None
        What `kmeans_scores` returned for the same spaces.

    Attributes
    ----------
    axes_ : ndarray of shape (n_spaces,)
        Axes of the last maps.
    figure_ : matplotlib Figure
        Their figure, the first if they have several.
    n_outside_ : dict of str to int
        Rows of each space that lie outside the frame of its last map.

    See Also
    --------
    feature_map : Makes one map.
    kmeans_scores : Explains the scores.

    References
    ----------
    P. Cortis, "Music genre classification with deep neural networks", Fig. 2.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from musigenre.inspection import FeatureMapDisplay
    >>> names = ["mfcc1", "mfcc2", "rms", "tempo"]
    >>> X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 4)), columns=names)
    >>> y = np.repeat(["jazz", "pop"], 30)
    >>> display = FeatureMapDisplay.from_features(X, y, n_repeats=2, random_state=0)
    >>> [ax.get_title() for ax in display.axes_]
    ['mfcc: 2 columns', 'other: 2 columns']
    """

    def __init__(
        self, maps: dict[str, FeatureMap], y: ArrayLike, scores: pd.DataFrame | None = None
    ) -> None:
        self.maps = maps
        self.y = y
        self.scores = scores

    @classmethod
    def from_features(
        cls,
        X: ArrayLike,
        y: ArrayLike,
        groups: pd.DataFrame | ArrayLike | None = None,
        *,
        columns: Columns | None = None,
        scaler: BaseEstimator | str | None = None,
        with_scores: bool = True,
        max_points: int | None = 2000,
        coverage: float = 0.99,
        ax: Axes | Sequence[Axes] | None = None,
        **options: Any,
    ) -> Self:
        """Map spaces of features and draw them.

        Parameters
        ----------
        X, y, groups, columns, scaler
            As for `kmeans_scores`.
        with_scores : bool, default=True
            Whether to run k-means and show its scores.
        max_points : int or None, default=2000
            Rows to draw at most, chosen at random; None draws all. Maps and scores are of all.
        coverage : float, default=0.99
            As for `plot`.
        ax : matplotlib Axes or sequence of them, default=None
            One Axes a space; a new figure if None.
        **options
            Further arguments of `kmeans_scores`, such as `n_repeats` and `random_state`.

        Returns
        -------
        display : FeatureMapDisplay
        """
        values = check_array(X, dtype=np.float64, ensure_min_samples=2)
        check_consistent_length(values, y)
        spaces = resolve_columns(X, columns, "mfcc")
        narrow = [name for name, positions in spaces.items() if len(positions) < 2]
        if narrow:
            raise ValueError(f"a map takes two columns or more; {narrow} have one.")
        names = np.array(getattr(X, "columns", np.arange(values.shape[1])), dtype=object)
        maps = {
            name: feature_map(
                pd.DataFrame(values[:, positions], columns=names[positions]), scaler=scaler
            )
            for name, positions in spaces.items()
        }
        scores = None
        if with_scores:
            scores = kmeans_scores(X, y, groups, columns=columns, scaler=scaler, **options)
        elif options:
            raise TypeError(f"{sorted(options)} are for scores, but with_scores is False.")
        return cls(maps, y, scores).plot(ax, max_points=max_points, coverage=coverage)

    def plot(
        self,
        ax: Axes | Sequence[Axes] | None = None,
        *,
        max_points: int | None = 2000,
        coverage: float = 0.99,
    ) -> Self:
        """Draw the maps.

        Parameters
        ----------
        ax : matplotlib Axes or sequence of them, default=None
            One Axes a space; a new figure if None.
        max_points : int or None, default=2000
            Rows to draw at most; the same rows in every map. None draws all.
        coverage : float, default=0.99
            Share of the rows, in the middle of each axis, that the frame spans, with a margin.
            Rows far from all others, which would squeeze these into a corner, lie outside; 1 shows
            every row.

        Returns
        -------
        self : FeatureMapDisplay
            With `axes_`, `figure_` and `n_outside_`.

        Raises
        ------
        ValueError
            If `coverage` is not above 0 and at most 1, or `ax` does not hold one Axes a space.
        """
        import matplotlib.pyplot as plt

        if not 0 < coverage <= 1:
            raise ValueError(f"coverage={coverage} must be above 0 and at most 1.")
        if ax is None:
            size = (1.6 + 4.6 * len(self.maps), 5.2)
            figure = plt.figure(figsize=size, layout="constrained")
            ax = [figure.add_subplot(1, len(self.maps), i + 1) for i in range(len(self.maps))]
        self.axes_ = np.ravel(np.asarray(ax, dtype=object))
        if len(self.axes_) != len(self.maps):
            raise ValueError(
                f"there are {len(self.maps)} spaces, but ax holds {len(self.axes_)} Axes;"
                " give one for each."
            )
        y = column_or_1d(self.y)
        rows = check_random_state(0).permutation(len(y))[:max_points]
        self.n_outside_ = {
            name: self._draw_map(axes, name, mapped, y, rows, coverage)
            for axes, (name, mapped) in zip(self.axes_, self.maps.items(), strict=True)
        }
        handles, labels = self.axes_[0].get_legend_handles_labels()
        last = self.axes_[-1]
        last.legend(
            handles, labels, loc="center left", bbox_to_anchor=(1.01, 0.5), title="genre (mean)"
        )
        self.figure_: Any = self.axes_[0].figure
        return self

    def _draw_map(
        self,
        ax: Axes,
        name: str,
        mapped: FeatureMap,
        genre_of: NDArray[Any],
        rows: NDArray[np.intp],
        coverage: float,
    ) -> int:
        points = mapped.coordinates.iloc[:, :2].to_numpy()
        genres = np.unique(genre_of)
        # In small random portions, so that no genre covers all others.
        for portion in np.array_split(rows, max(1, len(rows) // 100)):
            for number, genre in enumerate(genres):
                colour, marker = _sign(number)
                x, y = points[portion[genre_of[portion] == genre]].T
                ax.scatter(x, y, s=12, c=colour, marker=marker, alpha=0.6, linewidths=0)
        for number, genre in enumerate(genres):
            colour, marker = _sign(number)
            mean = points[genre_of == genre].mean(axis=0)
            ax.scatter(
                mean[:1],
                mean[1:],
                s=110,
                c=colour,
                marker=marker,
                edgecolors="black",
                linewidths=1.2,
                zorder=3,
                label=str(genre),
            )
        tail = (1 - coverage) / 2
        low, high = np.quantile(points, [tail, 1 - tail], axis=0)
        margin = 0.08 * (high - low)
        low, high = low - margin, high + margin
        ax.set(
            xlim=(low[0], high[0]),
            ylim=(low[1], high[1]),
            xlabel=f"PC1 ({mapped.explained.iloc[0]:.0%} of the variance)",
            ylabel=f"PC2 ({mapped.explained.iloc[1]:.0%})",
            title=f"{name}: {len(mapped.loadings)} columns",
        )
        ax.spines[["top", "right"]].set_visible(False)
        if self.scores is not None:
            mean, chance = (self.scores.loc[name][column] for column in ("mean", "chance"))
            lines = [
                f"{shown} {mean[score]:.3f} ({chance[score]:.3f})"
                for score, shown in _SHOWN.items()
            ]
            ax.set_xlabel(
                f"{ax.get_xlabel()}\n\nk-means (chance): {lines[0]}\n{lines[1]}\n"
                f"{lines[2]}, {lines[3]}",
                linespacing=1.3,
            )
        return int(np.count_nonzero(((points < low) | (points > high)).any(axis=1)))


def _sign(number: int) -> tuple[str, str]:
    return COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
