import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.naive_bayes import GaussianNB

from musigenre.evaluation import AccuracyDisplay, ConfusionDisplay, evaluate

PROTOCOLS = ["paper", "track", "artist"]


@pytest.fixture(scope="module")
def flowers():
    X, y = load_iris(return_X_y=True)
    return X, load_iris().target_names[y], np.tile(np.arange(25), 6) + 25 * y


@pytest.fixture(scope="module")
def report(flowers):
    X, y, tracks = flowers
    groups = pd.DataFrame({"track": tracks, "artist": tracks // 2})
    return evaluate(GaussianNB(), X, y, groups, protocol=PROTOCOLS, n_splits=4, random_state=0)


@pytest.fixture(autouse=True)
def _close_figures():
    mpl.use("Agg")
    yield
    plt.close("all")


def texts_overlap(display):
    """Tell whether two texts of a figure cover each other."""
    display.figure_.canvas.draw()
    ax = display.ax_
    texts = [*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels(), ax.title]
    texts += [ax.xaxis.label, ax.yaxis.label, *(ax.get_legend().texts if ax.get_legend() else ())]
    # Slanted labels overlap as boxes, though not as letters.
    boxes = [t.get_window_extent() for t in texts if t.get_text() and not t.get_rotation() % 90]
    return any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


# --- accuracy ---------------------------------------------------------------------------------


def test_bars_dots_and_whiskers_show_the_report(report):
    display = AccuracyDisplay.from_report(report)
    mean = report.summary()["mean"].unstack().loc[PROTOCOLS]
    train, test = (bars for bars in display.ax_.containers if hasattr(bars, "patches"))
    assert [bar.get_height() for bar in train] == pytest.approx(mean["train_accuracy"].tolist())
    assert [bar.get_height() for bar in test] == pytest.approx(mean["test_accuracy"].tolist())
    table = report.holdouts
    dots = [points.get_offsets() for points in display.ax_.collections]
    heights = sorted(y for points in dots if len(points) == 4 for _, y in points)
    scores = [*table["train_accuracy"], *table["test_accuracy"]]
    assert heights == pytest.approx(sorted(scores))
    (whiskers,) = (bars for bars in display.ax_.containers if not hasattr(bars, "patches"))
    ends = [segment[:, 1].tolist() for segment in whiskers.lines[2][0].get_segments()]
    bounds = report.summary().xs("test_accuracy", level="score")[["low", "high"]]
    assert np.array(ends) == pytest.approx(bounds.to_numpy())


def test_each_pair_of_bars_names_its_protocol(report):
    display = AccuracyDisplay.from_report(report)
    labels = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert labels == [f"protocol\n{name}" for name in PROTOCOLS]
    assert display.ax_.get_title() == "GaussianNB"


def test_a_single_holdout_has_no_whisker(flowers):
    X, y, _ = flowers
    display = AccuracyDisplay.from_estimator(GaussianNB(), X, y, n_splits=1, random_state=0)
    assert "interval" not in " ".join(text.get_text() for text in display.ax_.get_legend().texts)


def test_accuracy_from_estimator_equals_from_report(flowers, report):
    X, y, tracks = flowers
    display = AccuracyDisplay.from_estimator(
        GaussianNB(), X, y, tracks, protocol="track", n_splits=4, random_state=0
    )
    of_track = report.holdouts[report.holdouts["protocol"] == "track"]
    assert display.holdouts["test_accuracy"].tolist() == of_track["test_accuracy"].tolist()


# --- confusion --------------------------------------------------------------------------------


@pytest.mark.parametrize("normalize", [None, "true"])
def test_cells_show_the_matrix_and_the_title_its_protocol(report, normalize):
    display = ConfusionDisplay.from_report(report, protocol="artist", normalize=normalize)
    matrix = report.confusion_matrix("artist", normalize)
    shown = [text.get_text() for text in display.ax_.texts]
    assert shown == [format(v, "d" if normalize is None else ".2f") for v in matrix.to_numpy().flat]
    assert display.ax_.get_title().endswith("protocol: artist")
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == ["setosa", "versicolor", "virginica"]


def test_confusion_from_estimator_equals_from_report(flowers, report):
    X, y, tracks = flowers
    display = ConfusionDisplay.from_estimator(
        GaussianNB(), X, y, tracks, protocol="track", normalize=None, n_splits=4, random_state=0
    )
    assert np.array_equal(display.confusion_matrix, report.confusion_matrix("track"))
    assert display.protocol == "track"


def test_a_report_of_several_protocols_wants_one_named(report):
    with pytest.raises(ValueError, match="must be one of"):
        ConfusionDisplay.from_report(report)


# --- both -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [AccuracyDisplay, ConfusionDisplay])
def test_plot_draws_on_given_axes_and_returns_itself(report, kind):
    display = kind.from_report(report, **({} if kind is AccuracyDisplay else {"protocol": "paper"}))
    assert display.figure_ is display.ax_.figure
    figure, ax = plt.subplots()
    assert display.plot(ax) is display
    assert display.ax_ is ax
    assert display.figure_ is figure


def test_texts_keep_clear_of_each_other(report):
    assert not texts_overlap(AccuracyDisplay.from_report(report))
    assert not texts_overlap(ConfusionDisplay.from_report(report, protocol="paper"))


def test_importing_loads_nothing_heavy():
    code = (
        "import sys, musigenre.evaluation, musigenre.model_selection;"
        "heavy = {'matplotlib', 'tensorflow', 'keras', 'librosa', 'numba'} & set(sys.modules);"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
