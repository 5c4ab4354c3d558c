import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from sklearn.exceptions import NotFittedError
from sklearn.naive_bayes import GaussianNB

from musigenre import BorutaSelector
from musigenre.inspection import (
    BorutaDisplay,
    CorrelationDisplay,
    FeatureMapDisplay,
    GroupImportanceDisplay,
    feature_map,
    group_importance,
    kmeans_scores,
)
from musigenre.inspection.displays.boruta_display import STYLES
from musigenre.inspection.displays.feature_map_display import COLOURS, MARKERS

GENRES = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae"]


@pytest.fixture(scope="module")
def clips():
    rng = np.random.default_rng(0)
    track = np.repeat(np.arange(90), 2)
    genre = track % 9
    names = ["mfcc1_mean", "mfcc1_var", "mfcc2_mean", "spectral_centroid_mean", "rms_mean", "tempo"]
    X = pd.DataFrame(rng.normal(size=(180, 6)), columns=names)
    X["mfcc1_mean"] += genre
    X["spectral_centroid_mean"] = -X["mfcc1_mean"] + 0.5 * X["spectral_centroid_mean"]
    return X, np.array([*GENRES])[genre], track


@pytest.fixture(scope="module")
def selector(clips):
    X, y, _ = clips
    return BorutaSelector(n_estimators=5, max_iter=15, random_state=0).fit(X, y)


@pytest.fixture(autouse=True)
def _close_figures():
    mpl.use("Agg")
    yield
    plt.close("all")


def texts_overlap(figure, axes):
    """Tell whether two texts of a figure cover each other."""
    figure.canvas.draw()
    boxes = []
    for ax in axes:
        texts = [*ax.texts, ax.title, ax.xaxis.label, ax.yaxis.label]
        for axis, limits in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
            texts += [label for place, label in ticks if min(limits) <= place <= max(limits)]
        texts += ax.get_legend().texts if ax.get_legend() else []
        boxes += [t.get_window_extent() for t in texts if t.get_text() and t.get_visible()]
    inside = figure.bbox.padded(1)
    assert all(inside.x0 <= b.x0 and b.x1 <= inside.x1 for b in boxes), "a text is cut off"
    assert all(inside.y0 <= b.y0 and b.y1 <= inside.y1 for b in boxes), "a text is cut off"
    return any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


# --- Boruta -----------------------------------------------------------------------------------


def test_boxes_are_features_and_shadows_by_importance(selector):
    display = BorutaDisplay.from_estimator(selector, title="clips")
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    median = selector.history_.median().rename(lambda n: n.replace("shadow_", "shadow: "))
    assert labels == median.sort_values(kind="stable").index.tolist()
    decision = selector.report_.set_index("feature")["decision"]
    for label, box in zip(labels, display.ax_.patches, strict=True):
        style = STYLES["shadow" if label.startswith("shadow: ") else decision[label]]
        assert mpl.colors.to_hex(box.get_facecolor()).upper() == style["facecolor"]
    legend = [text.get_text() for text in display.ax_.get_legend().texts]
    counts = decision.value_counts()
    kinds = ("confirmed", "tentative", "rejected")
    assert legend == [*(f"{kind} ({counts.get(kind, 0)})" for kind in kinds), "shadows"]
    (threshold,) = (line for line in display.ax_.lines if line.get_linestyle() == "--")
    assert threshold.get_xdata()[0] == selector.history_["shadow_max"].median()
    assert display.ax_.get_title() == "clips"


def test_boruta_wants_a_fitted_selector():
    with pytest.raises(NotFittedError):
        BorutaDisplay.from_estimator(BorutaSelector())


# --- correlation ------------------------------------------------------------------------------


def test_heat_map_shows_the_correlations_in_the_order_of_the_tree(clips):
    X, _, _ = clips
    display = CorrelationDisplay.from_features(X, title="clips")
    assert sorted(display.order_) == list(range(6))
    shown = X.iloc[:, display.order_]
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == list(shown) == [label.get_text() for label in display.ax_.get_xticklabels()]
    image = display.ax_.images[0].get_array()
    np.testing.assert_allclose(image, spearmanr(shown).statistic)
    # One falls as the other rises: they say the same and stand side by side.
    places = [labels.index(name) for name in ("mfcc1_mean", "spectral_centroid_mean")]
    assert abs(places[0] - places[1]) == 1


def test_pearson_and_constant_columns(clips):
    X, _, _ = clips
    X = X.assign(silent=1.0)
    display = CorrelationDisplay.from_features(X, method="pearson")
    corr = display.correlation
    assert (corr.drop(columns="silent").loc["silent"] == 0).all()
    np.testing.assert_allclose(corr.iloc[:6, :6], np.corrcoef(X.iloc[:, :6], rowvar=False))
    arrays = CorrelationDisplay.from_features(X.to_numpy())
    assert arrays.correlation.columns.tolist() == [f"x{i}" for i in range(7)]
    with pytest.raises(ValueError, match="'method' parameter"):
        CorrelationDisplay.from_features(X, method="kendall")
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        CorrelationDisplay.from_features(X[["tempo"]])


# --- maps -------------------------------------------------------------------------------------


def test_maps_show_principal_components_means_and_scores(clips):
    X, y, track = clips
    display = FeatureMapDisplay.from_features(X, y, track, n_repeats=2, random_state=0)
    scores = kmeans_scores(X, y, track, n_repeats=2, random_state=0)
    pd.testing.assert_frame_equal(display.scores, scores)
    spaces = {"mfcc": X.columns[:3], "other": X.columns[3:]}
    for ax, (name, columns) in zip(display.axes_, spaces.items(), strict=True):
        expected = feature_map(X[columns]).coordinates
        assert ax.get_title() == f"{name}: 3 columns"
        drawn = np.vstack([points.get_offsets() for points in ax.collections[:-9]])
        assert sorted(map(tuple, drawn)) == sorted(map(tuple, expected.to_numpy()))
        means = np.vstack([points.get_offsets() for points in ax.collections[-9:]])
        np.testing.assert_allclose(means, expected.groupby(y).mean())
        shown = scores.loc[name].round(3)
        for score in ("mutual_info", "adjusted_rand", "mse", "silhouette"):
            mean, chance = shown.loc[score, ["mean", "chance"]]
            assert f"{mean:.3f} ({chance:.3f})" in ax.get_xlabel()
    legend = [text.get_text() for text in display.axes_[-1].get_legend().texts]
    assert legend == GENRES


def test_maps_without_scores_of_other_spaces_and_of_some_rows(clips):
    X, y, _ = clips
    columns = {"a": [0, 1], "b": [2, 3, 4], "c": [1, 5]}
    display = FeatureMapDisplay.from_features(
        X.to_numpy(), y, columns=columns, with_scores=False, max_points=30
    )
    titles = [ax.get_title() for ax in display.axes_]
    assert titles == ["a: 2 columns", "b: 3 columns", "c: 2 columns"]
    assert display.scores is None
    assert "k-means" not in display.axes_[0].get_xlabel()
    assert sum(len(points.get_offsets()) for points in display.axes_[0].collections[:-9]) == 30


def test_the_frame_covers_the_middle_and_says_what_lies_outside():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(400, 4)), columns=["mfcc1", "mfcc2", "rms", "tempo"])
    X.iloc[:8, :2] *= 100  # far from all others
    y = np.repeat(["jazz", "pop"], 200)
    width = {}
    for coverage in (0.9, 0.95, 0.99, 1.0):
        display = FeatureMapDisplay.from_features(X, y, with_scores=False, coverage=coverage)
        for ax, (name, mapped) in zip(display.axes_, display.maps.items(), strict=True):
            points = mapped.coordinates.to_numpy()
            inside = np.ones(len(points), dtype=bool)
            for values, (low, high) in zip(points.T, (ax.get_xlim(), ax.get_ylim()), strict=True):
                inside &= (values >= low) & (values <= high)
                assert np.mean((values >= low) & (values <= high)) >= coverage - 1e-9
                width[coverage, name] = high - low
            assert display.n_outside_[name] == np.count_nonzero(~inside)
    assert width[0.95, "mfcc"] < width[1.0, "mfcc"] / 10
    assert display.n_outside_ == {"mfcc": 0, "other": 0}
    usual = FeatureMapDisplay.from_features(X, y, with_scores=False)
    assert np.diff(usual.axes_[0].get_ylim())[0] == pytest.approx(width[0.99, "mfcc"])
    for wrong in (0, 1.5, -1):
        with pytest.raises(ValueError, match=f"coverage={wrong} must be above 0"):
            display.plot(coverage=wrong)


def test_genres_have_their_own_colour_and_sign():
    assert len(set(COLOURS)) == 10
    assert len(set(MARKERS)) == len(MARKERS) >= 10


def test_maps_that_cannot_be_drawn(clips):
    X, y, _ = clips
    with pytest.raises(ValueError, match=r"two columns or more; \['a'\] have one"):
        FeatureMapDisplay.from_features(X, y, columns={"a": ["tempo"]})
    with pytest.raises(ValueError, match="there are 2 spaces, but ax holds 1 Axes"):
        FeatureMapDisplay.from_features(X, y, with_scores=False, ax=plt.subplots()[1])
    with pytest.raises(TypeError, match=r"\['n_repeats'\] are for scores"):
        FeatureMapDisplay.from_features(X, y, with_scores=False, n_repeats=2)


# --- group importance -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def importance(clips):
    X, y, track = clips
    return group_importance(GaussianNB(), X, y, track, n_splits=3, n_repeats=2, random_state=0)


def test_bars_dots_and_whiskers_show_the_importance(importance):
    display = GroupImportanceDisplay.from_importance(importance)
    summary = importance.summary()
    bars, whiskers = display.ax_.containers
    assert [bar.get_width() for bar in bars] == pytest.approx(summary["mean"].tolist())
    ends = [segment[:, 0].tolist() for segment in whiskers.lines[2][0].get_segments()]
    assert np.array(ends) == pytest.approx(summary[["low", "high"]].to_numpy())
    dots = [
        x
        for points in display.ax_.collections
        if len(points.get_offsets()) == 3
        for x, _ in points.get_offsets()
    ]
    assert sorted(dots) == pytest.approx(sorted(importance.holdouts["importance"]))
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == [f"{name} ({n})" for name, n in summary["n_columns"].items()]
    assert display.ax_.get_title() == "GaussianNB\nprotocol: track"
    assert f"{importance.baseline:.3f}" in display.ax_.get_xlabel()


def test_importance_from_estimator_equals_from_importance(clips, importance):
    X, y, track = clips
    display = GroupImportanceDisplay.from_estimator(
        GaussianNB(), X, y, track, n_splits=3, n_repeats=2, random_state=0
    )
    pd.testing.assert_frame_equal(display.importance.holdouts, importance.holdouts)


def test_one_holdout_has_no_whisker(clips):
    X, y, track = clips
    display = GroupImportanceDisplay.from_estimator(GaussianNB(), X, y, track, n_splits=1)
    assert len(display.ax_.containers) == 1


# --- all --------------------------------------------------------------------------------------


def test_plot_draws_on_given_axes_and_returns_itself(clips, selector, importance):
    X, y, _ = clips
    displays = [
        BorutaDisplay.from_estimator(selector),
        CorrelationDisplay.from_features(X),
        GroupImportanceDisplay.from_importance(importance),
    ]
    for display in displays:
        assert display.figure_ is display.ax_.figure
        figure, ax = plt.subplots()
        assert display.plot(ax) is display
        assert (display.ax_, display.figure_) == (ax, figure)
    maps = FeatureMapDisplay.from_features(X, y, with_scores=False)
    figure, axes = plt.subplots(2)
    assert maps.plot(axes) is maps
    assert maps.figure_ is figure
    assert list(maps.axes_) == list(axes)


def test_texts_keep_clear_of_each_other_and_inside(clips, selector, importance):
    X, y, track = clips
    maps = FeatureMapDisplay.from_features(X, y, track, n_repeats=1)
    assert not texts_overlap(maps.figure_, maps.axes_)
    for display in (
        BorutaDisplay.from_estimator(selector),
        CorrelationDisplay.from_features(X),
        GroupImportanceDisplay.from_importance(importance),
    ):
        assert not texts_overlap(display.figure_, [display.ax_])


def test_importing_loads_no_matplotlib():
    code = (
        "import sys, musigenre.inspection, musigenre.selection;"
        "heavy = {'matplotlib', 'tensorflow', 'keras', 'librosa', 'numba'} & set(sys.modules);"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
