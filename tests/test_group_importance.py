import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from musigenre.evaluation import corrected_interval
from musigenre.inspection import group_importance
from musigenre.model_selection import StratifiedMonteCarloSplit

FAST = {"n_splits": 4, "n_repeats": 3, "random_state": 0}


@pytest.fixture
def clips(rng):
    track = np.repeat(np.arange(40), 5)
    genre = track % 2
    X = pd.DataFrame(
        {
            "mfcc1_mean": 4 * genre + rng.normal(size=200),
            "tempo": rng.normal(size=200),
            "rms_mean": genre + rng.normal(size=200),
        }
    )
    X["mfcc1_var"] = X["mfcc1_mean"] + 0.1 * rng.normal(size=200)
    return X, np.array(["jazz", "rock"])[genre], track


def test_the_group_that_tells_the_genre_comes_first(clips):
    X, y, track = clips
    importance = group_importance(GaussianNB(), X, y, track, **FAST)
    summary = importance.summary()
    assert list(summary.columns) == ["n_columns", "mean", "std", "low", "high"]
    assert summary.index[0] == "mfcc"
    assert summary.loc["mfcc", "mean"] > 0.3
    assert abs(summary.loc["rhythm", "mean"]) < 0.03
    assert summary["n_columns"].to_dict() == {"mfcc": 2, "energy": 1, "rhythm": 1}
    assert importance.baseline > 0.9


def test_columns_that_repeat_each_other_count_only_together(clips):
    X, y, track = clips
    columns = {"one": ["mfcc1_mean"], "two": ["mfcc1_var"], "both": ["mfcc1_mean", "mfcc1_var"]}
    model = LogisticRegression(max_iter=1000)
    mean = group_importance(model, X, y, track, columns=columns, **FAST).summary()["mean"]
    assert mean["both"] > 1.5 * max(mean["one"], mean["two"])


def test_holdouts_are_those_of_the_protocol_and_their_mean_has_an_interval(clips):
    X, y, track = clips
    importance = group_importance(GaussianNB(), X, y, track, **FAST)
    table = importance.holdouts
    assert len(table) == 4 * 3
    splitter = StratifiedMonteCarloSplit(4, random_state=np.random.RandomState(0))
    expected = [
        GaussianNB().fit(X.iloc[train], y[train]).score(X.iloc[test], y[test])
        for train, test in splitter.split(X, y, track)
    ]
    assert table.groupby("holdout")["baseline"].first().tolist() == expected
    values = table.loc[table["columns"] == "mfcc", "importance"]
    row = importance.summary().loc["mfcc"]
    assert row["mean"] == pytest.approx(values.mean())
    assert row["std"] == pytest.approx(values.std())
    assert (row["low"], row["high"]) == pytest.approx(corrected_interval(values, 160, 40))


class Spy(ClassifierMixin, BaseEstimator):
    """Answers by a rule and keeps what it saw."""

    seen = []

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen.append(("fit", X))
        return self

    def predict(self, X):
        self.seen.append(("predict", X))
        return np.repeat(self.classes_[:1], len(X))


@pytest.mark.parametrize("container", [pd.DataFrame, np.array])
def test_rows_of_a_group_stay_together_and_nothing_else_moves(clips, container):
    X, y, track = clips
    X = X.assign(kind=pd.Series(track, dtype="category")) if container is pd.DataFrame else X
    X_in = X if container is pd.DataFrame else X.to_numpy()
    Spy.seen = []
    columns = {"cepstrum": [0, 3]}
    group_importance(Spy(), X_in, y, track, columns=columns, n_splits=1, n_repeats=2)
    (what, train), (_, test), *permuted = Spy.seen
    assert what == "fit"
    assert [what for what, _ in permuted] == ["predict"] * 2
    assert not set(map(tuple, np.array(train))) & set(map(tuple, np.array(test)))
    for _, part in permuted:
        if container is pd.DataFrame:
            assert part.dtypes.equals(X.dtypes)
        before, after = np.array(test), np.array(part)
        rest = [i for i in range(X.shape[1]) if i not in (0, 3)]
        np.testing.assert_array_equal(after[:, rest], before[:, rest])
        assert sorted(map(tuple, after[:, [0, 3]])) == sorted(map(tuple, before[:, [0, 3]]))
        assert not np.array_equal(after[:, [0, 3]], before[:, [0, 3]])


def test_groups_are_kept_apart(clips):
    X, y, track = clips
    Spy.seen = []
    tracks = pd.DataFrame({"track": track})
    group_importance(Spy(), X.assign(tempo=track), y, tracks, n_splits=3, n_repeats=1)
    parts = [part for part in Spy.seen if part[0] == "fit" or len(part[1])]
    train = [set(part["tempo"]) for what, part in parts if what == "fit"]
    starts = [i for i, (what, _) in enumerate(parts) if what == "fit"]
    for known, start in zip(train, starts, strict=True):
        assert not known & set(parts[start + 1][1]["tempo"])


def test_repeatable_and_the_same_in_parallel(clips):
    X, y, track = clips
    first = group_importance(GaussianNB(), X, y, track, **FAST)
    for n_jobs in (1, 2):
        with parallel_config(backend="threading"):
            again = group_importance(GaussianNB(), X, y, track, n_jobs=n_jobs, **FAST)
        pd.testing.assert_frame_equal(again.holdouts, first.holdouts)
    other = group_importance(GaussianNB(), X, y, track, **FAST | {"random_state": 1})
    assert not other.holdouts.equals(first.holdouts)


def test_the_estimator_is_left_alone_and_scoring_is_named(clips):
    X, y, track = clips
    model = GaussianNB()
    importance = group_importance(model, X, y, track, scoring="neg_log_loss", **FAST)
    assert not hasattr(model, "classes_")
    assert importance.baseline < 0
    text = repr(importance)
    assert text.startswith("GaussianNB: loss of neg_log_loss where a group of columns is permuted")
    assert "4 holdouts, protocol track" in text
    assert text.endswith("often by artists heard in training.")


def test_one_holdout_has_no_interval(clips):
    X, y, track = clips
    summary = group_importance(GaussianNB(), X, y, track, n_splits=1, random_state=0).summary()
    assert summary[["std", "low", "high"]].isna().all(axis=None)


def test_bad_input(clips):
    X, y, track = clips
    with pytest.raises(ValueError, match="protocol 'track' keeps each track on one side"):
        group_importance(GaussianNB(), X, y)
    with pytest.raises(ValueError, match="unknown protocol"):
        group_importance(GaussianNB(), X, y, track, protocol="album")
    with pytest.raises(ValueError, match=r"asks for \['pitch'\]"):
        group_importance(GaussianNB(), X, y, track, columns={"a": ["pitch"]})
    with pytest.raises(ValueError, match="n_repeats must be 1 or more; got 0"):
        group_importance(GaussianNB(), X, y, track, n_repeats=0)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        group_importance(GaussianNB(), X, y[:9], track)
