"""Importances of all features beside those of their shadows, as a box plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from musigenre.selection import BorutaSelector

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette, which colour-blind readers tell apart, and a hatch for those who see
# none of it.
STYLES: dict[str, dict[str, Any]] = {
    "confirmed": {"facecolor": "#009E73", "hatch": ""},
    "tentative": {"facecolor": "#F0E442", "hatch": "//"},
    "rejected": {"facecolor": "#D55E00", "hatch": "xx"},
    "shadow": {"facecolor": "#56B4E9", "hatch": ".."},
}


class BorutaDisplay:
    """Box plot of the importances that Boruta found, coloured by its decisions.

    One box a feature, over the iterations in which it took part, the most important at the top,
    and three for the smallest, mean and largest importance of the shadows. A dashed line marks the
    median of their largest, which a feature must beat in most iterations. `from_estimator` makes
    and draws one.

    Parameters
    ----------
    history : DataFrame
        Importances by iteration, as in `BorutaSelector.history_`.
    report : DataFrame
        Decisions by feature, as in `BorutaSelector.report_`.
    title : str, default=""
        What was selected from.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the last plot.
    figure_ : matplotlib Figure
        Its figure.

    See Also
    --------
    musigenre.BorutaSelector : Makes the decisions.

    References
    ----------
    M. B. Kursa, W. R. Rudnicki, "Feature selection with the Boruta package", Journal of Statistical
    Software 36(11), 2010, figure 1.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from musigenre import BorutaSelector
    >>> from musigenre.inspection import BorutaDisplay
    >>> X = pd.DataFrame(np.random.default_rng(0).normal(size=(100, 2)), columns=["rms", "tempo"])
    >>> selector = BorutaSelector(n_estimators=20, random_state=0).fit(X, X["rms"] > 0)
    >>> display = BorutaDisplay.from_estimator(selector)
    >>> [label.get_text() for label in display.ax_.get_yticklabels()][-1]
    'rms'
    """

    def __init__(self, history: pd.DataFrame, report: pd.DataFrame, title: str = "") -> None:
        self.history = history
        self.report = report
        self.title = title

    @classmethod
    def from_estimator(
        cls, estimator: BorutaSelector, *, title: str = "", ax: Axes | None = None
    ) -> Self:
        """Draw the importances of a fitted selector.

        Parameters
        ----------
        estimator : BorutaSelector
            Fitted.
        title : str, default=""
            What was selected from.
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.

        Returns
        -------
        display : BorutaDisplay
        """
        check_is_fitted(estimator)
        return cls(estimator.history_, estimator.report_, title).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the boxes.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.

        Returns
        -------
        self : BorutaDisplay
            With `ax_` and `figure_`.
        """
        import matplotlib.pyplot as plt
        from matplotlib.patches import Patch

        n_boxes = self.history.shape[1]
        if ax is None:
            _, ax = plt.subplots(figsize=(7, 1.6 + 0.19 * n_boxes), layout="constrained")
        values = self.history.to_numpy()
        kinds = np.array([*self.report["decision"], *["shadow"] * 3])
        median = np.nanmedian(values, axis=0)
        order = np.argsort(median, kind="stable")
        drawn = ax.boxplot(
            [values[~np.isnan(values[:, box]), box] for box in order],
            orientation="horizontal",
            widths=0.7,
            patch_artist=True,
            flierprops={"marker": ".", "markersize": 3, "markeredgecolor": "0.4"},
            medianprops={"color": "black"},
            whiskerprops={"color": "0.4"},
            capprops={"color": "0.4"},
        )
        for patch, kind in zip(drawn["boxes"], kinds[order], strict=True):
            patch.set(edgecolor="0.25", linewidth=0.6, **STYLES[kind])
        threshold = median[-1]
        ax.axvline(threshold, color="0.25", linewidth=0.8, linestyle="--", zorder=0)
        labels = [str(name).replace("shadow_", "shadow: ") for name in self.history.columns[-3:]]
        names = np.array([*map(str, self.history.columns[:-3]), *labels], dtype=object)
        ax.set_yticks(np.arange(1, n_boxes + 1), names[order], fontsize=8)
        for label, kind in zip(ax.get_yticklabels(), kinds[order], strict=True):
            label.set_fontstyle("italic" if kind == "shadow" else "normal")
        # Most importances are small; roots spread them, and know zero.
        ax.set_xscale("function", functions=(_root, _square))
        highest = max(np.nanmax(values), 0.0)
        ticks = np.unique([float(f"{tick:.1g}") for tick in highest * np.linspace(0, 1, 7) ** 2])
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.set_xlim(min(np.nanmin(values), 0.0), 1.06 * highest or 1.0)
        ax.set(
            xlabel="importance (mean decrease in impurity, root scale)",
            ylim=(0.3, n_boxes + 0.7),
            title=self.title,
        )
        ax.spines[["top", "right"]].set_visible(False)
        counts = self.report["decision"].value_counts()
        handles = [
            Patch(
                edgecolor="0.25",
                linewidth=0.6,
                label="shadows" if kind == "shadow" else f"{kind} ({counts.get(kind, 0)})",
                **style,
            )
            for kind, style in STYLES.items()
        ]
        ax.legend(handles=handles, loc="lower right", fontsize=9)
        self.ax_ = ax
        self.figure_: Any = ax.figure
        return self


def _root(x: np.ndarray) -> np.ndarray:
    return np.sign(x) * np.sqrt(np.abs(x))


def _square(x: np.ndarray) -> np.ndarray:
    return np.sign(x) * x**2
