"""The search of a tuned classifier as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Two colours of Okabe and Ito's palette, which colour-blind readers tell apart.
_TRIAL_COLOUR = "#56B4E9"
_BEST_COLOUR = "#D55E00"
# From this share of the colour scale on, text on a cell is white.
_DARK = 0.55


class TuningDisplay:
    """Picture of a search: the score of each trial, and the layers of the best ones.

    On the left a dot is a trial and the line the best score so far. On the right a row is one of
    the best trials and a cell one of its hidden layers, with its neurons (also its colour) and its
    dropout: what the good networks share is what their rows have in common. `from_estimator` makes
    and draws one.

    Parameters
    ----------
    trials : DataFrame
        ``trials_`` of a `TunedMLPClassifier`.
    score_name : str, default="accuracy"
        What the trials were scored by.
    n_best : int, default=8
        Trials to show on the right.

    Attributes
    ----------
    axes_ : tuple of two matplotlib Axes
        Axes of the last plot: scores and layers.
    figure_ : matplotlib Figure
        Its figure.

    See Also
    --------
    musigenre.TunedMLPClassifier : Searches the layers of a perceptron.

    Examples
    --------
    >>> import pandas as pd
    >>> from musigenre.networks import TuningDisplay
    >>> trials = pd.DataFrame(
    ...     {
    ...         "number": [0, 1],
    ...         "hidden_layer_sizes": [(200,), (128, 64)],
    ...         "dropout": [(0.3,), (0.3, 0.4)],
    ...         "score": [0.7, 0.8],
    ...     }
    ... )
    >>> display = TuningDisplay(trials).plot()
    >>> [label.get_text() for label in display.axes_[1].get_yticklabels()]
    ['trial 1: 0.800', 'trial 0: 0.700']
    """

    def __init__(
        self, trials: pd.DataFrame, *, score_name: str = "accuracy", n_best: int = 8
    ) -> None:
        self.trials = trials
        self.score_name = score_name
        self.n_best = n_best

    @classmethod
    def from_estimator(cls, estimator: Any, *, n_best: int = 8, ax: Axes | None = None) -> Self:
        """Draw the search of a classifier.

        Parameters
        ----------
        estimator : TunedMLPClassifier
            Fitted, or interrupted after a trial at least; or a Pipeline that ends with it.
        n_best : int, default=8
            Trials whose layers are shown.
        ax : matplotlib Axes, default=None
            Axes whose place is taken; a new figure if None.

        Returns
        -------
        display : TuningDisplay
        """
        while isinstance(estimator, Pipeline):
            estimator = estimator.steps[-1][1]
        check_is_fitted(estimator, "trials_")
        scoring = estimator.scoring
        if scoring is None:
            scoring = "accuracy"
        name = scoring if isinstance(scoring, str) else "score"
        return cls(estimator.trials_, score_name=name, n_best=n_best).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the picture.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes whose place is taken, at best some 10 by 4 inches; a new figure if None.

        Returns
        -------
        self : TuningDisplay
            With `axes_` and `figure_`.

        Raises
        ------
        ValueError
            If no trial has a score.
        """
        import matplotlib.pyplot as plt

        if self.trials["score"].notna().sum() == 0:
            raise ValueError("there is no trial with a score to show")
        if ax is None:
            _, ax = plt.subplots(figsize=(10, 4), layout="constrained")
        ax.set_axis_off()
        spec = ax.get_subplotspec()
        if spec is None:  # axes put at a place of their own
            left, right = ax.inset_axes((0, 0, 0.42, 1)), ax.inset_axes((0.62, 0, 0.38, 1))
        else:
            cells = spec.subgridspec(1, 2, width_ratios=(1, 1.1))
            left, right = (ax.figure.add_subplot(cells[0, side]) for side in (0, 1))
        self.axes_ = (left, right)
        self.figure_: Any = ax.figure
        self._draw_scores(left)
        self._draw_layers(right)
        return self

    def _draw_scores(self, ax: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        number, score = self.trials["number"], self.trials["score"]
        ax.scatter(number, score, s=28, color=_TRIAL_COLOUR, label="trial", zorder=2)
        ax.step(
            number, score.cummax().ffill(), where="post", color=_BEST_COLOUR, label="best so far"
        )
        best = score.argmax()
        ax.scatter(
            number.iloc[best], score.iloc[best], s=70, color=_BEST_COLOUR, marker="*", zorder=3
        )
        failed = number[score.isna()]
        if len(failed):
            # At the foot of the axes, whatever the scores.
            ax.plot(
                failed,
                np.full(len(failed), 0.02),
                "x",
                color="black",
                transform=ax.get_xaxis_transform(),
                label="failed",
            )
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.set(
            xlabel="trial",
            xlim=(number.min() - 0.7, number.max() + 0.7),
            ylabel=f"{self.score_name} on the validation part",
        )
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(loc="best", frameon=False, fontsize=9)

    def _draw_layers(self, ax: Axes) -> None:
        best = self.trials.dropna(subset="score").nlargest(self.n_best, "score")
        n_layers = best["hidden_layer_sizes"].map(len).max()
        widths = np.full((len(best), n_layers), np.nan)
        for row, sizes in enumerate(best["hidden_layer_sizes"]):
            widths[row, : len(sizes)] = sizes
        ax.imshow(widths, cmap="Blues", vmin=0, aspect="auto")
        for row, (sizes, rates) in enumerate(
            zip(best["hidden_layer_sizes"], best["dropout"], strict=True)
        ):
            for column, (size, rate) in enumerate(zip(sizes, rates, strict=True)):
                colour = "white" if size > _DARK * np.nanmax(widths) else "black"
                text = f"{size} / {rate:g}"
                ax.text(column, row, text, ha="center", va="center", fontsize=8, color=colour)
        names = [
            f"trial {number}: {score:.3f}"
            for number, score in zip(best["number"], best["score"], strict=True)
        ]
        ax.set_yticks(range(len(best)), names, fontsize=9)
        ax.set_xticks(range(n_layers), [str(layer) for layer in range(1, n_layers + 1)])
        ax.set(xlabel="hidden layer", title="best trials: neurons / dropout")
        ax.title.set_fontsize(10)
        # Gaps between the cells, in the place of grid lines.
        ax.set_xticks(np.arange(0.5, n_layers - 1), minor=True)
        ax.set_yticks(np.arange(0.5, len(best) - 1), minor=True)
        ax.grid(which="minor", color="white", linewidth=2)
        ax.tick_params(which="both", length=0)
        ax.spines[:].set_visible(False)
