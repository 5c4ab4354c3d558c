import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from musigenre.networks import TunedMLPClassifier, TuningDisplay


@pytest.fixture(autouse=True)
def _close_figures():
    mpl.use("Agg")
    yield
    plt.close("all")


@pytest.fixture
def trials():
    return pd.DataFrame(
        {
            "number": range(5),
            "hidden_layer_sizes": [(200,), (64, 32), (8,), (256, 128, 64), (100,)],
            "dropout": [(0.3,), (0.3, 0.4), (0.5,), (0.3, 0.3, 0.5), (0.4,)],
            "score": [0.6, 0.8, np.nan, 0.7, 0.9],
        }
    )


def test_a_dot_a_trial_and_a_line_that_never_falls(trials):
    scores, _ = TuningDisplay(trials).plot().axes_
    dots = scores.collections[0].get_offsets()
    np.testing.assert_allclose(dots[[0, 1, 3, 4]], [[0, 0.6], [1, 0.8], [3, 0.7], [4, 0.9]])
    line = scores.lines[0].get_ydata()
    np.testing.assert_allclose(line, [0.6, 0.8, 0.8, 0.8, 0.9])
    star = scores.collections[1].get_offsets()
    np.testing.assert_allclose(star, [[4, 0.9]])
    assert scores.lines[1].get_xdata().tolist() == [2]  # the one that failed
    assert "accuracy" in scores.get_ylabel()
    assert "validation part" in scores.get_ylabel()


def test_the_best_trials_are_shown_by_rank_with_all_their_layers(trials):
    _, layers = TuningDisplay(trials, n_best=3).plot().axes_
    names = [label.get_text() for label in layers.get_yticklabels()]
    assert names == ["trial 4: 0.900", "trial 1: 0.800", "trial 3: 0.700"]
    cells = {tuple(text.get_position()): text.get_text() for text in layers.texts}
    assert cells == {
        (0, 0): "100 / 0.4",
        (0, 1): "64 / 0.3",
        (1, 1): "32 / 0.4",
        (0, 2): "256 / 0.3",
        (1, 2): "128 / 0.3",
        (2, 2): "64 / 0.5",
    }
    shown = layers.images[0].get_array().filled(np.nan)
    np.testing.assert_array_equal(shown, [[100, np.nan, np.nan], [64, 32, np.nan], [256, 128, 64]])


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_from_estimator(trials, in_pipeline):
    model = TunedMLPClassifier(scoring="neg_log_loss")
    model.trials_ = trials
    shown = make_pipeline(StandardScaler(), model) if in_pipeline else model
    display = TuningDisplay.from_estimator(shown, n_best=2)
    assert display.trials is trials
    assert "neg_log_loss" in display.axes_[0].get_ylabel()
    assert len(display.axes_[1].get_yticklabels()) == 2


def test_a_search_that_has_not_begun():
    with pytest.raises(NotFittedError):
        TuningDisplay.from_estimator(TunedMLPClassifier())


def test_no_score_no_picture(trials):
    with pytest.raises(ValueError, match="no trial with a score"):
        TuningDisplay(trials[2:3]).plot()
    with pytest.raises(ValueError, match="no trial with a score"):
        TuningDisplay(trials[:0]).plot()


def test_plot_takes_the_place_of_given_axes(trials):
    figure, (above, below) = plt.subplots(2, layout="constrained")
    display = TuningDisplay(trials)
    assert display.plot(below) is display
    assert display.figure_ is figure
    figure.draw_without_rendering()
    for ax in display.axes_:
        assert ax.get_position().y1 <= above.get_position().y0
    free = plt.figure().add_axes((0.2, 0.2, 0.6, 0.6))
    display.plot(free)
    assert all(ax in free.child_axes for ax in display.axes_)


def test_texts_keep_clear_of_each_other(trials):
    many = pd.concat([trials.dropna()] * 3, ignore_index=True)
    many["number"] = range(len(many))
    display = TuningDisplay(many).plot()
    display.figure_.draw_without_rendering()
    layers = display.axes_[1]
    boxes = [text.get_window_extent() for text in [*layers.texts, *layers.get_yticklabels()]]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])


def test_a_single_trial(trials):
    scores, _ = TuningDisplay(trials[:1]).plot().axes_
    assert [tick for tick in scores.get_xticks() if -0.5 < tick < 0.5] == [0]
