"""What an evaluation found, always told with its protocol."""

import html
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from musigenre.evaluation.metrics import corrected_interval
from musigenre.model_selection.protocols import PROTOCOLS

# Names of the scores as shown; in the holdouts a part stands before each: train_auroc.
SCORES = {
    "accuracy": "accuracy",
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "track_accuracy": "accuracy of track votes",
}
SCORE_COLUMNS = [
    *(f"{part}_{score}" for part in ("train", "test") for score in ("accuracy", "auroc", "auprc")),
    "test_track_accuracy",
]


@dataclass(frozen=True, repr=False)
class Report:
    """Scores of an estimator over the holdouts of one or more protocols.

    `musigenre.evaluate` makes it. Printing it shows a table in which every row names its protocol.

    Parameters
    ----------
    holdouts : DataFrame
        One row a protocol and holdout, with columns `protocol`, `holdout`, `train_accuracy`,
        `train_auroc`, `train_auprc`, `test_accuracy`, `test_auroc`, `test_auprc`,
        `test_track_accuracy`, `n_train`, `n_test` and `fit_seconds`.
    confusions : dict of str to ndarray of shape (n_classes, n_classes)
        Confusion counts of each protocol, summed over the test parts; true classes down, predicted
        ones across.
    classes : ndarray of shape (n_classes,)
        The classes, in the order of those counts.
    estimator : str
        What was evaluated, in a few words.

    See Also
    --------
    musigenre.evaluation.AccuracyDisplay : Accuracies as a bar chart.
    musigenre.evaluation.ConfusionDisplay : A confusion matrix as a heat map.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from musigenre.evaluation import evaluate
    >>> X, y = load_iris(return_X_y=True)
    >>> report = evaluate(GaussianNB(), X, y, n_splits=3, random_state=0)
    >>> report.protocols
    ['paper']
    >>> round(float(report.summary().loc[("paper", "test_accuracy"), "mean"]), 2)
    0.96
    """

    holdouts: pd.DataFrame
    confusions: dict[str, NDArray[np.int64]]
    classes: NDArray[Any]
    estimator: str = "estimator"

    @property
    def protocols(self) -> list[str]:
        """Names of the protocols, in the order they were asked for."""
        return list(self.confusions)

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """Return mean, spread and interval of each score under each protocol.

        Parameters
        ----------
        confidence : float, default=0.95
            Confidence level of the intervals.

        Returns
        -------
        summary : DataFrame
            Indexed by `protocol` and `score`, with columns `mean`, `std` (over holdouts, with
            n - 1), `low` and `high`. The bounds are those of `corrected_interval`, kept within
            [0, 1]; they are NaN for scores on training parts, to which its reasoning does not
            extend.
        """
        rows = {}
        for protocol in self.protocols:
            part = self._of(protocol)
            n_train, n_test = part["n_train"].mean(), part["n_test"].mean()
            for score in SCORE_COLUMNS:
                low = high = np.nan
                if score.startswith("test"):
                    interval = corrected_interval(part[score], n_train, n_test, confidence)
                    low, high = np.clip(interval, 0, 1)  # no score lies outside
                mean, std = part[score].mean(), part[score].std(ddof=1)
                rows[protocol, score] = {"mean": mean, "std": std, "low": low, "high": high}
        summary = pd.DataFrame.from_dict(rows, orient="index")
        summary.index = pd.MultiIndex.from_tuples(rows, names=["protocol", "score"])
        return summary

    def confusion_matrix(
        self, protocol: str | None = None, normalize: Literal["true"] | None = None
    ) -> pd.DataFrame:
        """Return the confusion matrix of a protocol, summed over its test parts.

        Parameters
        ----------
        protocol : str, default=None
            Its name. It may be left out if the report has one only.
        normalize : {None, "true"}, default=None
            "true" divides each row by its sum, so that the diagonal shows the recall of each
            class. The row of a class that was never tested stays zero.

        Returns
        -------
        confusion : DataFrame of shape (n_classes, n_classes)
            True classes down, predicted ones across; `confusion.attrs["protocol"]` is the protocol.

        Raises
        ------
        ValueError
            If the protocol is not in the report, or `normalize` is neither None nor "true".
        """
        if protocol is None and len(self.protocols) == 1:
            protocol = self.protocols[0]
        if protocol is None or protocol not in self.confusions:
            raise ValueError(f"protocol={protocol!r} must be one of {self.protocols}.")
        if normalize not in {None, "true"}:
            raise ValueError(f"normalize={normalize!r} must be None or 'true'.")
        counts = self.confusions[protocol]
        if normalize == "true":
            counts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        confusion = pd.DataFrame(
            counts,
            index=pd.Index(self.classes, name="true"),
            columns=pd.Index(self.classes, name="predicted"),
        )
        confusion.attrs["protocol"] = protocol
        return confusion

    def to_frame(self) -> pd.DataFrame:
        """Return every score of every holdout in tidy form, ready for a file or a plot.

        Returns
        -------
        scores : DataFrame
            Columns `estimator`, `protocol`, `holdout`, `score` and `value`. Scores that do not
            apply are left out.
        """
        tidy = self.holdouts.melt(
            id_vars=["protocol", "holdout"], value_vars=SCORE_COLUMNS, var_name="score"
        ).dropna(subset="value", ignore_index=True)
        tidy.insert(0, "estimator", self.estimator)
        return tidy

    def __repr__(self) -> str:
        rows = self._rows()
        widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in rows[0]}
        cells = [list(widths), *(list(row.values()) for row in rows)]
        lines = ["  ".join(map(str.ljust, line, widths.values())).rstrip() for line in cells]
        head = f"{self.estimator}: {self._counts()}."
        return "\n".join([head, "", *lines, "", *self._meanings()])

    def _repr_html_(self) -> str:
        table = pd.DataFrame(self._rows()).to_html(index=False, border=0)
        meanings = "<br>".join(html.escape(line) for line in self._meanings())
        return f"<p>{html.escape(self.estimator)}: {self._counts()}.</p>{table}<p>{meanings}</p>"

    def _of(self, protocol: str) -> pd.DataFrame:
        return self.holdouts[self.holdouts["protocol"] == protocol]

    def _counts(self) -> str:
        n_holdouts = len(self._of(self.protocols[0]))
        rows = self.holdouts[["n_train", "n_test"]].mean().round().astype(int)
        return (
            f"mean ± standard deviation over {n_holdouts} holdout{'s' * (n_holdouts > 1)},"
            f" each of about {rows['n_train']} training and {rows['n_test']} test rows"
        )

    def _meanings(self) -> list[str]:
        return [f"{name}: {PROTOCOLS[name].meaning}." for name in self.protocols]

    def _rows(self) -> list[dict[str, str]]:
        """Return the lines of the table as text, each with its protocol."""
        figures: dict[Any, dict[str, float]] = self.summary().T.to_dict()
        rows = []
        for protocol in self.protocols:
            for score, name in SCORES.items():
                train = figures.get((protocol, f"train_{score}"))
                test = figures[protocol, f"test_{score}"]
                if np.isnan(test["mean"]):
                    continue
                interval = f"{test['low']:.3f} to {test['high']:.3f}"
                rows.append(
                    {
                        "protocol": protocol,
                        "score": name,
                        "train": _spread(train) if train else "",
                        "test": _spread(test),
                        "95 % interval": "" if np.isnan(test["low"]) else interval,
                    }
                )
        return rows


def _spread(figures: dict[str, float]) -> str:
    mean, std = figures["mean"], figures["std"]
    return f"{mean:.3f}" + ("" if np.isnan(std) else f" ± {std:.3f}")
