"""Which genres are taken for which under a protocol, as a heat map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self

import pandas as pd
from numpy.typing import ArrayLike
from sklearn.metrics import ConfusionMatrixDisplay

from musigenre.evaluation.evaluate import evaluate
from musigenre.evaluation.report import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class ConfusionDisplay:
    """Heat map of a confusion matrix over all test parts of a protocol.

    `from_report` and `from_estimator` make and draw one.

    Parameters
    ----------
    confusion_matrix : DataFrame of shape (n_classes, n_classes)
        True classes down, predicted ones across: counts, or shares of each row.
    protocol : str
        Protocol that it was measured under, shown in the title.
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
    AccuracyDisplay : Accuracy under each protocol.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from musigenre.evaluation import ConfusionDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> display = ConfusionDisplay.from_estimator(
    ...     GaussianNB(), X, y, n_splits=3, random_state=0
    ... )
    >>> display.protocol
    'paper'
    """

    def __init__(self, confusion_matrix: pd.DataFrame, protocol: str, title: str = "") -> None:
        self.confusion_matrix = confusion_matrix
        self.protocol = protocol
        self.title = title

    @classmethod
    def from_report(
        cls,
        report: Report,
        *,
        protocol: str | None = None,
        normalize: Literal["true"] | None = "true",
        ax: Axes | None = None,
    ) -> Self:
        """Draw a confusion matrix of a report.

        Parameters
        ----------
        report : Report
            What `musigenre.evaluate` returned.
        protocol : str, default=None
            Which protocol to show. It may be left out if the report has one only.
        normalize : {"true", None}, default="true"
            Show shares of each true class, or counts.
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.

        Returns
        -------
        display : ConfusionDisplay
        """
        confusion = report.confusion_matrix(protocol, normalize)
        return cls(confusion, confusion.attrs["protocol"], report.estimator).plot(ax)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike,
        groups: pd.DataFrame | ArrayLike | None = None,
        *,
        protocol: str = "paper",
        normalize: Literal["true"] | None = "true",
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Evaluate an estimator and draw its confusion matrix.

        Parameters
        ----------
        estimator, X, y, groups
            As for `musigenre.evaluate`.
        protocol : str, default="paper"
            Protocol to evaluate under.
        normalize : {"true", None}, default="true"
            Show shares of each true class, or counts.
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.
        **options
            Further arguments of `musigenre.evaluate`, such as `n_splits`.

        Returns
        -------
        display : ConfusionDisplay
        """
        report = evaluate(estimator, X, y, groups, protocol=protocol, **options)
        return cls.from_report(report, protocol=protocol, normalize=normalize, ax=ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the heat map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; a new figure if None.

        Returns
        -------
        self : ConfusionDisplay
            With `ax_` and `figure_`.
        """
        import matplotlib.pyplot as plt

        n_classes = len(self.confusion_matrix)
        if ax is None:
            side = max(4.0, 1.8 + 0.55 * n_classes)
            _, ax = plt.subplots(figsize=(side, side), layout="constrained")
        counts = self.confusion_matrix.to_numpy()
        is_share = counts.dtype.kind == "f"
        ConfusionMatrixDisplay(counts, display_labels=self.confusion_matrix.index).plot(
            ax=ax,
            cmap="Blues",  # told apart by lightness alone, so by any kind of colour vision
            values_format=".2f" if is_share else "d",
            xticks_rotation=45,
            colorbar=False,
            text_kw={"fontsize": 9},
            im_kw={"vmin": 0, "vmax": 1} if is_share else None,
        )
        # scikit-learn turns digits white above the middle of the data, which may be pale.
        top = 1 if is_share else counts.max()
        for text, count in zip(ax.texts, counts.ravel(), strict=True):
            text.set_color("white" if count > 0.5 * top else "black")
        ax.set(
            xlabel="predicted genre",
            ylabel="true genre",
            title=f"{self.title}\n{'share of each true genre' if is_share else 'rows'},"
            f" protocol: {self.protocol}".strip(),
        )
        for label in ax.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
        self.ax_ = ax
        self.figure_: Any = ax.figure
        return self
