"""Train and test accuracy under each protocol, as a bar chart."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from musigenre.evaluation.evaluate import evaluate
from musigenre.evaluation.report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Grey beside two colours of Okabe and Ito's palette, which colour-blind readers tell apart. The
# bars are light enough for black dots and figures.
COLOURS = {"train": "#D0D0D0", "test": "#56B4E9"}
INTERVAL_COLOUR = "#D55E00"
BAR_WIDTH = 0.36


class AccuracyDisplay:
    """Bar chart of the accuracy under each protocol, train beside test.

    A bar is the mean over holdouts, a dot one holdout, and the whisker the corrected interval of
    the mean test accuracy. `from_report` and `from_estimator` make and draw one.

    Parameters
    ----------
    holdouts : DataFrame
        Holdouts of a report.
    summary : DataFrame
        Summary of the same report.
    title : str, default=""
        What was evaluated.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the last plot.
    figure_ : matplotlib Figure
        Its figure.

    See Also
    --------
    ConfusionDisplay : Which genres are taken for which.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from musigenre.evaluation import AccuracyDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> display = AccuracyDisplay.from_estimator(
    ...     GaussianNB(), X, y, n_splits=3, random_state=0
    ... )
    >>> [label.get_text().split() for label in display.ax_.get_xticklabels()]
    [['protocol', 'paper']]
    """

    def __init__(self, holdouts: pd.DataFrame, summary: pd.DataFrame, title: str = "") -> None:
        self.holdouts = holdouts
        self.summary = summary
        self.title = title

    @classmethod
    def from_report(cls, report: Report, *, ax: Axes | None = None) -> Self:
        """Draw the accuracies of a report.

        Parameters
        ----------
        report : Report
            What `musigenre.evaluate` returned.
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.

        Returns
        -------
        display : AccuracyDisplay
        """
        return cls(report.holdouts, report.summary(), report.estimator).plot(ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        groups: pd.DataFrame | ArrayLike | None = None,
        *,
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Evaluate an estimator and draw its accuracies.

        Parameters
        ----------
        estimator, X, y, groups
            As for `musigenre.evaluate`.
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.
        **options
            Further arguments of `musigenre.evaluate`, such as `protocol` and `n_splits`.

        Returns
        -------
        display : AccuracyDisplay
        """
        return cls.from_report(evaluate(estimator, X, y, groups, **options), ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the chart.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.

        Returns
        -------
        self : AccuracyDisplay
            With `ax_` and `figure_`.
        """
        import matplotlib.pyplot as plt

        protocols = list(self.holdouts["protocol"].unique())
        if ax is None:
            _, ax = plt.subplots(
                figsize=(max(4.5, 1.6 + 1.5 * len(protocols)), 4), layout="constrained"
            )
        for side, (part, colour) in zip((-1, 1), COLOURS.items(), strict=True):
            score = f"{part}_accuracy"
            table = self.summary.xs(score, level="score").loc[protocols]
            centres = np.arange(len(protocols)) + side * (BAR_WIDTH + 0.03) / 2
            ax.bar(centres, table["mean"], BAR_WIDTH, color=colour, label=f"{part}, mean")
            for centre, protocol in zip(centres, protocols, strict=True):
                values = self.holdouts.loc[self.holdouts["protocol"] == protocol, score]
                # Dots keep to the right half of the bar, clear of the whisker in its middle.
                places = centre + BAR_WIDTH * np.linspace(0.12, 0.4, len(values))
                label = "one holdout" if (part, protocol) == ("test", protocols[0]) else None
                ax.scatter(places, values, s=10, color="black", linewidths=0, zorder=3, label=label)
                ax.text(
                    centre,
                    0.02,
                    f"{table.loc[protocol, 'mean']:.3f}",
                    ha="center",
                    va="bottom",
                    fontsize=9,
                )
            if table["low"].notna().any():
                ax.errorbar(
                    centres,
                    table["mean"],
                    yerr=[table["mean"] - table["low"], table["high"] - table["mean"]],
                    fmt="none",
                    color=INTERVAL_COLOUR,
                    capsize=4,
                    zorder=4,
                    label="95 % interval of the mean",
                )
        ax.set(
            xticks=np.arange(len(protocols)),
            xticklabels=[f"protocol\n{protocol}" for protocol in protocols],
            xlim=(-0.7, len(protocols) - 0.3),
            ylabel="accuracy",
            ylim=(0, 1.02),
            title=textwrap.fill(self.title, 50),
        )
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False, fontsize=9
        )
        self.ax_ = ax
        self.figure_: Any = ax.figure
        return self
