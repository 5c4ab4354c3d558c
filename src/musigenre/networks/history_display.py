"""The loss or the accuracy of a training, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import pandas as pd
from sklearn.utils._param_validation import StrOptions, validate_params
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Two colours of Okabe and Ito's palette, which colour-blind readers tell apart.
COLOURS = {"training": "#0072B2", "validation": "#D55E00"}


class HistoryDisplay:
    """Curves of how a network was trained.

    `from_estimator` makes and draws one.

    Parameters
    ----------
    history : DataFrame
        One row per epoch, with the columns ``loss`` and ``accuracy``; and where there was a
        validation part, ``val_loss`` and ``val_accuracy``. The ``history_`` of a classifier.
    title : str, default=""
        What was trained.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the last plot.
    figure_ : matplotlib Figure
        Its figure.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Scores over the number of clips trained on.

    Examples
    --------
    >>> import pandas as pd
    >>> from musigenre.networks import HistoryDisplay
    >>> history = pd.DataFrame({"loss": [2.1, 1.4], "accuracy": [0.3, 0.5]}, index=[1, 2])
    >>> HistoryDisplay(history).plot(metric="accuracy").ax_.get_ylabel()
    'accuracy'
    """

    def __init__(self, history: pd.DataFrame, title: str = "") -> None:
        self.history = history
        self.title = title

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, metric: str = "loss", ax: Axes | None = None
    ) -> Self:
        """Draw how a fitted classifier was trained.

        Parameters
        ----------
        estimator : classifier, Pipeline or GenrePipeline
            Fitted; a network, or with one as its last step.
        metric : {"loss", "accuracy"}, default="loss"
            What is drawn.
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.

        Returns
        -------
        display : HistoryDisplay

        Raises
        ------
        TypeError
            If there is no network in the estimator.
        NotFittedError
            If it was not fitted.
        """
        network = estimator
        for _ in range(3):  # a GenrePipeline holds a Pipeline, which may end with another
            network = getattr(network, "pipeline_", network)
            network = network[-1] if hasattr(network, "steps") else network
        check_is_fitted(network)
        if not hasattr(network, "history_"):
            raise TypeError(
                f"{type(network).__name__} has no history_; give a network such as MLPClassifier, "
                "or a pipeline that ends with one"
            )
        return cls(network.history_, type(network).__name__).plot(ax, metric=metric)

    @validate_params(
        {
            "self": [object],
            "ax": [object, None],
            "metric": [StrOptions({"loss", "accuracy"})],
        },
        prefer_skip_nested_validation=True,
    )
    def plot(self, ax: Axes | None = None, *, metric: str = "loss") -> Self:
        """Draw the curves; with a validation part a line marks the epoch of its lowest loss.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.
        metric : {"loss", "accuracy"}, default="loss"
            What is drawn.

        Returns
        -------
        self : HistoryDisplay
            With `ax_` and `figure_`.
        """
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        if ax is None:
            _, ax = plt.subplots(figsize=(5, 3.5), layout="constrained")
        epochs = self.history.index.to_numpy()
        marker = "o" if len(epochs) <= 30 else None
        for (part, colour), prefix in zip(COLOURS.items(), ("", "val_"), strict=True):
            if prefix + metric in self.history:
                values = self.history[prefix + metric]
                ax.plot(epochs, values, color=colour, marker=marker, markersize=3, label=part)
        if "val_loss" in self.history:
            best = int(epochs[self.history["val_loss"].to_numpy().argmin()])
            ax.axvline(
                best, color="grey", linestyle=":", zorder=0, label=f"lowest loss: epoch {best}"
            )
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set(xlabel="epoch", ylabel=metric, title=self.title)
        ax.set_ylim(0, 1.02 if metric == "accuracy" else None)
        ax.spines[["top", "right"]].set_visible(False)
        # Over the dotted line, if they meet.
        ax.legend(facecolor=ax.get_facecolor(), edgecolor="none", framealpha=0.9)
        self.ax_ = ax
        self.figure_: Any = ax.figure
        return self
