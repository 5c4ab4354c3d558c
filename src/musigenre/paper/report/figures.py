"""The figures of the report that show what was measured."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from musigenre.paper.dataset import Dataset
from musigenre.paper.report.drawing import as_png, as_svg, drawn
from musigenre.paper.report.tables import Cell, cell, main_score
from musigenre.paper.results import Results
from musigenre.paper.row import Row

# Colours of Okabe and Ito, which colour-blind readers tell apart.
MEASURED, REPORTED, LINE = "#56B4E9", "#D0D0D0", "#D55E00"
PROTOCOL_COLOURS = {
    "paper": "#56B4E9",
    "track": "#009E73",
    "artist": "#E69F00",
    "fault-filtered": "#CC79A7",
}
_OURS = "#0072B2"

# Inches of a picture that a phone shows whole.
_NARROW = 4.6

# Share of the rows that the maps span: the features but MFCC have a long tail.
_COVERAGE = 0.95


def accuracy_bars(results: Results, rows: list[Row], protocol: str) -> str | None:
    """Draw Fig. 3: test accuracy with its spread, and beside it what the source reports."""
    rows = [row for row in rows if len(results.of(row.key, protocol))]
    if not rows:
        return None
    with drawn() as plt:
        figure, ax = plt.subplots(figsize=(_NARROW, 0.6 + 0.42 * len(rows)), layout="constrained")
        for place, row in enumerate(rows):
            score = main_score(row)
            found = cell(results, row, protocol, score)
            colour = _OURS if row.ours else MEASURED
            ax.barh(place, found.mean, 0.3, color=colour)
            values = results.of(row.key, protocol)[score].dropna()
            ax.scatter(values, np.full(len(values), place), s=9, color="black", zorder=3)
            if not math.isnan(found.std):
                ax.errorbar(found.mean, place, xerr=found.std, color=LINE, capsize=3, zorder=4)
            if found.reported is not None:
                ax.barh(place + 0.24, found.reported, 0.18, color=REPORTED)
        _label_above(ax, [row.title for row in rows], [place - 0.16 for place in range(len(rows))])
        ax.set_ylim(len(rows) - 0.5, -0.6)
        ax.set_xlabel(f"test accuracy, protocol: {protocol}")
        return as_svg(
            figure,
            f"bars-{protocol}-{rows[0].key}",
            f"Bar chart of the test accuracy of {len(rows)} systems under the protocol {protocol}",
        )


def protocol_bars(results: Results, rows: list[Row]) -> str | None:
    """Draw the same systems under all protocols, side by side."""
    rows = [row for row in rows if any(len(results.of(row.key, p)) for p in results.protocols)]
    if not rows or len(results.protocols) < 2:
        return None
    n = len(results.protocols)
    # In inches from the top: below its title each system has a bar for each of its protocols.
    title, bar = 0.24, 0.11
    tops: list[float] = []
    y = 0.0
    bars: dict[str, list[tuple[float, Cell]]] = {name: [] for name in results.protocols}
    for row in rows:
        y += title
        tops.append(y)
        for protocol in results.protocols:
            found = cell(results, row, protocol, "test_accuracy")
            if found.n:
                bars[protocol].append((y + bar / 2, found))
                y += bar
    with drawn() as plt:
        figure, ax = plt.subplots(figsize=(_NARROW, 1.3 + y), layout="constrained")
        for protocol, placed in bars.items():
            ax.barh(
                [place for place, _ in placed],
                [found.mean for _, found in placed],
                bar * 0.9,
                xerr=[0 if math.isnan(found.std) else found.std for _, found in placed],
                error_kw={"elinewidth": 0.9, "ecolor": "#333333"},
                color=PROTOCOL_COLOURS[protocol],
                label=protocol,
            )
        _label_above(ax, [row.title for row in rows], tops)
        ax.set_ylim(y + 0.08, 0)
        ax.set_xlabel("test accuracy of rows (clips or tracks)")
        figure.legend(
            loc="outside upper center",
            ncols=2 if n > 3 else n,
            frameon=False,
            title="protocol",
        )
        return as_svg(figure, "protocols", "Bar chart of test accuracies under each protocol")


def _label_above(ax: Any, titles: list[str], tops: Sequence[float]) -> None:
    """Write the titles above their bars, from the axis on: so a picture may be narrow."""
    for title, top in zip(titles, tops, strict=True):
        ax.annotate(
            title, (0, top), xytext=(2, 1), textcoords="offset points", va="bottom", fontsize=10
        )
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlim(0, 1)
    ax.grid(axis="x", color="#e5e5e5")
    ax.set_axisbelow(True)


def histories(results: Results, rows: list[Row], protocol: str) -> dict[str, pd.DataFrame]:
    """Give the course of the training of the first holdout of each network, by its title."""
    found = {}
    for row in rows:
        for unit in results.units(row, protocol)[:1]:
            history = results.records[unit]["learned"].get("history")
            if history:
                table = pd.DataFrame(history)
                table.index = pd.RangeIndex(1, len(table) + 1, name="epoch")
                found[row.title] = table
    return found


def learning_curves(histories: dict[str, pd.DataFrame], protocol: str) -> str | None:
    """Draw the course of the training of each network."""
    from musigenre.networks.history_display import HistoryDisplay

    if not histories:
        return None
    n_columns = 3  # as wide as ever, however few there are
    n_lines = -(-len(histories) // n_columns)
    with drawn() as plt:
        figure, axes = plt.subplots(
            n_lines,
            n_columns,
            figsize=(3.2 * n_columns, 2.5 * n_lines),
            layout="constrained",
            squeeze=False,
        )
        for ax, (title, history) in zip(axes.flat, histories.items(), strict=False):
            HistoryDisplay(history, title).plot(ax, metric="accuracy")
            ax.title.set_fontsize(10)
            if "val_accuracy" in history:
                ax.legend(frameon=False, fontsize=9, loc="lower right")
            else:
                ax.get_legend().remove()  # there is one curve, and the caption names it
        for ax in axes.flat[len(histories) :]:
            ax.set_visible(False)
        return as_svg(
            figure,
            "curves",
            f"Accuracy in training, epoch by epoch, of {len(histories)} networks, {protocol}",
        )


def confusion(results: Results, row: Row, protocol: str) -> str | None:
    """Draw which genres a system takes for which."""
    from musigenre.evaluation.displays import ConfusionDisplay

    counts = results.confusion(row, protocol)
    if counts is None:
        return None
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    with drawn() as plt:
        side = max(4.0, 1.6 + 0.44 * len(counts))
        figure, ax = plt.subplots(figsize=(side, side), layout="constrained")
        ax.spines[["top", "right"]].set_visible(True)
        ConfusionDisplay(shares, protocol, row.title).plot(ax)
        for text in ax.texts:
            text.set_fontsize(9)
            value = float(text.get_text())
            text.set_text("" if value == 0 else f"{value:.2f}".lstrip("0") if value < 1 else "1")
        ax.title.set_fontsize(10)
        return as_svg(
            figure,
            f"confusion-{row.key}-{protocol}",
            f"Confusion matrix of {row.title} under the protocol {protocol}",
        )


def feature_maps(results: Results, n_repeats: int = 3) -> dict[str, Any] | None:
    """Draw Fig. 2: MFCC and the other features by principal components, with k-means scores.

    Parameters
    ----------
    results : Results
    n_repeats : int, default=3
        Runs of k-means.

    Returns
    -------
    dict or None
        ``pictures``, one a space, ``n_rows`` mapped and ``n_outside`` of each frame, by space. None
        if there are no features.
    """
    from musigenre.features.gtzan57 import FEATURE_NAMES
    from musigenre.inspection import FeatureMapDisplay
    from musigenre.preprocessing import RobustScaler

    dataset = Dataset(results.folder / "data")
    kind = next((kind for kind in ("features", "features_30s") if dataset.has(kind)), None)
    if kind is None:
        return None
    table = dataset.table(kind)
    X = pd.DataFrame(np.asarray(dataset.array(kind), dtype=float), columns=list(FEATURE_NAMES))
    with drawn() as plt:
        axes = [plt.subplots(figsize=(4.9, 4.8), layout="constrained")[1] for _ in range(2)]
        display = FeatureMapDisplay.from_features(
            X,
            table["genre"].to_numpy(dtype=str),
            table[["track"]],
            scaler=RobustScaler(),
            coverage=_COVERAGE,
            n_repeats=n_repeats,
            random_state=results.manifest["settings"]["random_state"],
            ax=axes,
        )
        legend = axes[-1].get_legend()
        title = legend.get_title().get_text()
        axes[0].legend(
            *axes[0].get_legend_handles_labels(),
            loc="center left",
            bbox_to_anchor=(1.01, 0.5),
            title=title,
        )
        pictures = [
            as_png(ax.figure, f"Map by principal components: {ax.get_title()}", dpi=140)
            for ax in axes
        ]
    return {"pictures": pictures, "n_rows": len(X), "n_outside": display.n_outside_}
