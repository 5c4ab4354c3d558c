"""How columns go with each other, alike ones side by side, as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.cluster.hierarchy import dendrogram, linkage
from scipy.spatial.distance import squareform
from sklearn.utils import check_array
from sklearn.utils._param_validation import StrOptions, validate_params

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class CorrelationDisplay:
    """Heat map of the correlation of columns, ordered by hierarchical clustering.

    Columns are joined by average linkage, two being the nearer the larger the absolute value of
    their correlation: one that falls as another rises says the same. The tree on top shows at
    which distance, one minus that value, columns join. `from_features` makes and draws one.

    Parameters
    ----------
    correlation : DataFrame of shape (n_columns, n_columns)
        Correlation of each pair of columns; at least two columns.
    method : str, default="spearman"
        How it was measured.
    title : str, default=""
        What the columns are of.

    Attributes
    ----------
    order_ : ndarray of shape (n_columns,)
        Position of each column drawn, from top to bottom and from left to right.
    ax_ : matplotlib Axes
        Axes of the last heat map.
    figure_ : matplotlib Figure
        Its figure.

    See Also
    --------
    musigenre.CorrelationSelector : Drops columns that repeat another.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from musigenre.inspection import CorrelationDisplay
    >>> X = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 2)), columns=["rms", "tempo"])
    >>> X["quietness"] = -X["rms"]
    >>> display = CorrelationDisplay.from_features(X)
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['tempo', 'quietness', 'rms']
    """

    def __init__(
        self, correlation: pd.DataFrame, method: str = "spearman", title: str = ""
    ) -> None:
        self.correlation = correlation
        self.method = method
        self.title = title

    @classmethod
    @validate_params(
        {"X": ["array-like"], "method": [StrOptions({"pearson", "spearman"})]},
        prefer_skip_nested_validation=True,
    )
    def from_features(
        cls,
        X: ArrayLike,
        *,
        method: Literal["pearson", "spearman"] = "spearman",
        title: str = "",
        ax: Axes | None = None,
    ) -> Self:
        """Draw the correlations of the columns of a table.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_columns)
            Finite numbers; a DataFrame names its columns. A constant column goes with nothing.
        method : {"pearson", "spearman"}, default="spearman"
            "spearman" asks whether one column rises with the other in any way, "pearson" whether
            on a line.
        title : str, default=""
            What the columns are of.
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.

        Returns
        -------
        display : CorrelationDisplay
        """
        values = check_array(X, dtype=np.float64, ensure_min_samples=2, ensure_min_features=2)
        names = [str(n) for n in getattr(X, "columns", [f"x{i}" for i in range(values.shape[1])])]
        correlation = pd.DataFrame(values, columns=names).corr(method).fillna(0.0)
        return cls(correlation, method, title).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the heat map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.

        Returns
        -------
        self : CorrelationDisplay
            With `order_`, `ax_` and `figure_`.
        """
        import matplotlib.pyplot as plt

        n_columns = len(self.correlation)
        if ax is None:
            side = max(4.5, 2.4 + 0.16 * n_columns)
            _, ax = plt.subplots(figsize=(side + 0.6, side + 0.4), layout="constrained")
        distance = 1 - np.abs(self.correlation.to_numpy())
        np.fill_diagonal(distance, 0)
        tree = linkage(
            squareform(np.clip(distance, 0, 1), checks=False), "average", optimal_ordering=True
        )
        branches = dendrogram(tree, no_plot=True)
        self.order_ = np.array(branches["leaves"])
        image = ax.imshow(
            self.correlation.to_numpy()[np.ix_(self.order_, self.order_)],
            cmap="RdBu_r",  # light in the middle, red and blue: told apart by any colour vision
            vmin=-1,
            vmax=1,
            interpolation="nearest",
        )
        labels = self.correlation.columns[self.order_].tolist()
        size = 9 if n_columns <= 20 else 6.5
        ax.set_xticks(np.arange(n_columns), labels, rotation=90, fontsize=size)
        ax.set_yticks(np.arange(n_columns), labels, fontsize=size)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)

        top = ax.inset_axes((0, 1.005, 1, 0.12))
        for x, y in zip(branches["icoord"], branches["dcoord"], strict=True):
            # scipy puts leaf i at 10 i + 5.
            top.plot((np.array(x) - 5) / 10, y, color="0.3", linewidth=0.8)
        top.set(xlim=(-0.5, n_columns - 0.5), ylim=(0, 1.02), yticks=[0, 1], xticks=[])
        top.set_ylabel("1 - |r|", fontsize=size, rotation=0, ha="right", va="center")
        top.tick_params(labelsize=size)
        top.spines[["top", "right", "bottom"]].set_visible(False)
        top.set_title(self.title)
        figure: Any = ax.figure
        figure.colorbar(image, ax=ax, shrink=0.5, label=f"correlation ({self.method.capitalize()})")
        self.ax_ = ax
        self.figure_ = figure
        return self
