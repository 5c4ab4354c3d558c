"""What a model loses without each group of columns, as a chart."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from musigenre.inspection.group_importance import GroupImportance, group_importance

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOUR = "#56B4E9"
INTERVAL_COLOUR = "#D55E00"


class GroupImportanceDisplay:
    """Bar chart of the importance of groups of columns, the largest at the top.

    A bar is the mean over holdouts, a dot one holdout, and the whisker the corrected interval of
    the mean. `from_importance` and `from_estimator` make and draw one.

    Parameters
    ----------
    importance : GroupImportance
        What `group_importance` returned.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the last plot.
    figure_ : matplotlib Figure
        Its figure.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from musigenre.inspection import GroupImportanceDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> display = GroupImportanceDisplay.from_estimator(
    ...     GaussianNB(), X, y, columns={"sepal": [0, 1], "petal": [2, 3]}, protocol="paper",
    ...     n_splits=3, random_state=0,
    ... )
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['petal (2)', 'sepal (2)']
    """

    def __init__(self, importance: GroupImportance) -> None:
        self.importance = importance

    @classmethod
    def from_importance(cls, importance: GroupImportance, *, ax: Axes | None = None) -> Self:
        """Draw what was measured before.

        Parameters
        ----------
        importance : GroupImportance
            What `group_importance` returned.
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.

        Returns
        -------
        display : GroupImportanceDisplay
        """
        return cls(importance).plot(ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        groups: Any = None,
        *,
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Measure the importance of groups of columns and draw it.

        Parameters
        ----------
        estimator, X, y, groups
            As for `group_importance`.
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.
        **options
            Further arguments of `group_importance`, such as `columns` and `protocol`.

        Returns
        -------
        display : GroupImportanceDisplay
        """
        return cls.from_importance(group_importance(estimator, X, y, groups, **options), ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the chart.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.

        Returns
        -------
        self : GroupImportanceDisplay
            With `ax_` and `figure_`.
        """
        import matplotlib.pyplot as plt

        summary = self.importance.summary()
        if ax is None:
            _, ax = plt.subplots(figsize=(7, 1.9 + 0.42 * len(summary)), layout="constrained")
        places = np.arange(len(summary))
        ax.barh(places, summary["mean"], 0.7, color=COLOUR, label="mean")
        for place, name in zip(places, summary.index, strict=True):
            of_group = self.importance.holdouts["columns"] == name
            values = self.importance.holdouts.loc[of_group, "importance"]
            # Dots keep to the lower half of the bar, clear of the whisker in its middle.
            heights = place + 0.7 * np.linspace(0.12, 0.4, len(values))
            label = "one holdout" if place == 0 else None
            ax.scatter(values, heights, s=10, color="black", linewidths=0, zorder=3, label=label)
        if summary["low"].notna().all():
            ax.errorbar(
                summary["mean"],
                places,
                xerr=[summary["mean"] - summary["low"], summary["high"] - summary["mean"]],
                fmt="none",
                color=INTERVAL_COLOUR,
                capsize=4,
                zorder=4,
                label="95 % interval of the mean",
            )
        labels = [f"{name} ({n})" for name, n in summary["n_columns"].items()]
        ax.set_yticks(places, labels)
        ax.invert_yaxis()
        ax.axvline(0, color="0.25", linewidth=0.8)
        what = self.importance
        ax.set(
            xlabel=f"loss of test {what.scoring} when the group is permuted"
            f" (of {what.baseline:.3f} with all)",
            ylabel="group (number of columns)",
            title=f"{textwrap.fill(what.estimator, 60)}\nprotocol: {what.protocol}",
        )
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(loc="lower right", frameon=False, fontsize=9)
        self.ax_ = ax
        self.figure_: Any = ax.figure
        return self
