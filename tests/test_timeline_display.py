"""Which genre when, as a picture."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from musigenre.evaluation import TimelineDisplay

SR = 22050


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def timeline(shares, track="a.wav", start=None):
    shares = np.asarray(shares, float)
    start = 3.0 * np.arange(len(shares)) if start is None else start
    table = pd.DataFrame({"track": track, "start": start, "duration": 3 - 1 / SR})
    names = [f"p_{chr(ord('a') + i)}" for i in range(shares.shape[1])]
    return table.join(pd.DataFrame(shares, columns=names))


def drawn(display):
    """The values of the picture, row by row."""
    meshes = [artist for artist in display.ax_.collections if hasattr(artist, "get_coordinates")]
    return np.hstack([mesh.get_array() for mesh in meshes])


def labels(display):
    return [label.get_text() for label in display.ax_.get_yticklabels()]


def test_rows_stand_in_the_order_of_their_means():
    shares = [[0.1, 0.7, 0.2], [0.2, 0.6, 0.2], [0.0, 0.2, 0.8]]
    display = TimelineDisplay.from_predictions(timeline(shares))
    assert labels(display) == ["b  .50", "c  .40", "a  .10"]
    np.testing.assert_allclose(drawn(display), np.array(shares).T[[1, 2, 0]])


def test_the_best_of_each_clip_is_underlined():
    shares = [[0.1, 0.7, 0.2], [0.2, 0.6, 0.2], [0.0, 0.2, 0.8]]
    display = TimelineDisplay.from_predictions(timeline(shares))
    (lines,) = [each for each in display.ax_.collections if hasattr(each, "get_segments")]
    rows = [round(segment[0, 1]) for segment in lines.get_segments()]
    assert rows == [0, 0, 1]
    starts = [segment[0, 0] for segment in lines.get_segments()]
    assert starts == [0, 3, 6]


def test_clips_need_not_stand_in_order_and_gaps_stay_empty():
    start = np.array([20.0, 0.0, 3.0])
    shares = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]
    display = TimelineDisplay.from_predictions(timeline(shares, start=start))
    meshes = [each for each in display.ax_.collections if hasattr(each, "get_coordinates")]
    spans = [mesh.get_coordinates()[0][[0, -1], 0] for mesh in meshes]
    np.testing.assert_allclose(spans, [[0, 6], [20, 23]], atol=1e-3)
    assert display.ax_.get_xlim() == pytest.approx((0, 23), abs=1e-3)


def test_many_genres_are_added_up():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(26), size=5)
    display = TimelineDisplay.from_predictions(timeline(shares))
    assert len(labels(display)) == TimelineDisplay.N_GENRES
    assert labels(display)[-1].startswith("17 others")
    np.testing.assert_allclose(drawn(display).sum(axis=0), 1)


def test_one_of_several_tracks_on_given_axes():
    both = pd.concat([timeline([[1, 0]]), timeline([[0.25, 0.75]] * 2, "b$1$.wav")])
    _, ax = plt.subplots()
    display = TimelineDisplay.from_predictions(both, track="b$1$.wav", ax=ax)
    assert display.ax_ is ax
    assert drawn(display).shape == (2, 2)
    display.figure_.canvas.draw()  # a name is no formula
    with pytest.raises(ValueError, match=r"track must be one of 'a\.wav'"):
        TimelineDisplay.from_predictions(both)
    with pytest.raises(ValueError, match="got 'c'"):
        TimelineDisplay.from_predictions(both, track="c")
    with pytest.raises(ValueError, match="needs the columns"):
        TimelineDisplay.from_predictions(both[["p_a", "p_b"]])


def test_from_estimator():
    class Pipeline:
        def predict_clips(self, X):
            return timeline([[0.25, 0.75]] * len(X), "x")

    display = TimelineDisplay.from_estimator(Pipeline(), ["one", "two"])
    assert drawn(display).shape == (2, 2)
    assert display.title == "x"


@pytest.mark.parametrize(("n", "expected"), [(1, "0:03"), (100, "5:00"), (2400, "120:00")])
def test_the_time_is_told_in_minutes_and_seconds(n, expected):
    display = TimelineDisplay.from_predictions(timeline([[0.5, 0.5]] * n))
    display.ax_.set_xlim(0, 3 * n)
    display.figure_.canvas.draw()
    ticks = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert len(ticks) == len(set(ticks))
    assert display.ax_.xaxis.get_major_formatter()(3 * n, 0) == expected
