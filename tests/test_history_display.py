import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from musigenre import GenrePipeline
from musigenre.networks import HistoryDisplay, MLPClassifier


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def history(**columns):
    return pd.DataFrame(columns, index=pd.RangeIndex(1, 4, name="epoch"))


def test_it_draws_the_chosen_metric_of_both_parts():
    table = history(
        loss=[2, 1, 0.5],
        accuracy=[0.1, 0.6, 0.9],
        val_loss=[2, 1.5, 1.8],
        val_accuracy=[0.1, 0.5, 0.6],
    )
    for metric in ("loss", "accuracy"):
        ax = HistoryDisplay(table, "a network").plot(metric=metric).ax_
        *curves, best = ax.get_lines()
        for curve, column in zip(curves, (metric, f"val_{metric}"), strict=True):
            np.testing.assert_array_equal(curve.get_xdata(), [1, 2, 3])
            np.testing.assert_array_equal(curve.get_ydata(), table[column])
        assert list(best.get_xdata()) == [2, 2]
        assert ax.get_ylabel() == metric
        assert ax.get_title() == "a network"
        assert [text.get_text() for text in ax.get_legend().get_texts()] == [
            "training",
            "validation",
            "lowest loss: epoch 2",
        ]


def test_without_a_validation_part_there_is_one_curve():
    _, ax = plt.subplots()
    display = HistoryDisplay(history(loss=[2, 1, 0.5], accuracy=[0.1, 0.6, 0.9])).plot(ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert len(ax.get_lines()) == 1


def test_from_a_network_and_from_pipelines_that_end_with_one(rng):
    X, y = rng.normal(size=(20, 3)), np.arange(20) % 2
    network = MLPClassifier((4,), epochs=2, random_state=0)
    with pytest.raises(NotFittedError):
        HistoryDisplay.from_estimator(network)
    pipeline = make_pipeline(StandardScaler(), network).fit(X, y)
    tracks = GenrePipeline(pipeline)
    tracks.pipeline_ = make_pipeline(StandardScaler(), pipeline)  # as fit would leave it
    for estimator in (network, pipeline, tracks):
        display = HistoryDisplay.from_estimator(estimator, metric="accuracy")
        assert display.history.equals(network.history_)
        assert display.ax_.get_title() == "MLPClassifier"


def test_bad_input_is_named(rng):
    with pytest.raises(ValueError, match=r"metric.*'auc'"):
        HistoryDisplay(history(loss=[1, 1, 1])).plot(metric="auc")
    model = make_pipeline(DummyClassifier()).fit(rng.normal(size=(4, 1)), [0, 1, 0, 1])
    with pytest.raises(TypeError, match="DummyClassifier has no history_; give a network"):
        HistoryDisplay.from_estimator(model)
