import gc
import io
import pickle
import sys
import tempfile
import time

import numpy as np
import pandas as pd
import pytest
import sklearn
from joblib import parallel_config
from sklearn.base import clone, is_classifier
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from musigenre.networks import MLPClassifier, TunedMLPClassifier, trials, tuned_mlp_classifier


def small(**params):
    """Give a search over small networks that train fast."""
    defaults = {
        "n_trials": 3,
        "n_hidden_layers": (1, 2),
        "n_neurons": (2, 64),
        "dropout": (0.0, 0.2),
        "n_initial_trials": 2,
        "learning_rate": 0.02,
        "epochs": 3,
        "random_state": 0,
    }
    return TunedMLPClassifier(**{**defaults, **params})


def xor(n=200):
    """Give a pattern that no linear model sees."""
    X = np.random.default_rng(0).normal(size=(n, 2))
    return X, np.where(X[:, 0] * X[:, 1] > 0, "jazz", "rock")


def without_seconds(table):
    return table.drop(columns="seconds")


@pytest.fixture(scope="module")
def fitted():
    return small().fit(*xor())


@pytest.fixture
def told(monkeypatch):
    """Score networks by their neurons, without training; give what the trials were told."""
    calls = []

    def run_trial(classifier, *data):
        calls.append((classifier, *data))
        return float(sum(classifier.hidden_layer_sizes)), 0.5, ""

    monkeypatch.setattr(trials, "run_trial", run_trial)
    return calls


@pytest.fixture
def untrained(monkeypatch):
    """Leave networks untrained, where a test is about the search."""

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        return self

    monkeypatch.setattr(MLPClassifier, "fit", fit)


@parametrize_with_checks(
    [
        small(
            n_trials=1,
            n_hidden_layers=(1, 1),
            n_neurons=(16, 16),
            dropout=(0.0,),
            optimizer="sgd",
            learning_rate=0.5,
            batch_size=32,
            epochs=12,
            trial_epochs=1,
        )
    ],
    expected_failed_checks=lambda _: {
        "check_sample_weight_equivalence_on_dense_data": "a validation part is drawn clip by clip, "
        "and training is in float32"
    },
)
def test_scikit_learn_conventions(estimator, check, told):
    check(estimator)  # without the trials, which are fits of an MLPClassifier, tested as such


# The search


def test_the_best_trial_is_better_than_the_median_and_is_what_is_trained():
    X, y = xor()
    # Two neurons do not see the pattern, sixty do.
    model = small(n_trials=5, epochs=20, trial_epochs=20, scoring="neg_log_loss").fit(X, y)
    scores = model.trials_["score"]
    assert model.best_score_ == scores.max() > scores.median() > scores.min()
    assert model.best_score_ > -0.3
    best = model.trials_.iloc[scores.argmax()]
    assert model.best_params_ == {
        "hidden_layer_sizes": best["hidden_layer_sizes"],
        "dropout": best["dropout"],
    }
    assert model.score(X, y) > 0.9


def test_trials_are_a_table(fitted):
    table = fitted.trials_
    assert list(table) == ["number", "hidden_layer_sizes", "dropout", "score", "seconds", "status"]
    assert table["number"].tolist() == [0, 1, 2]
    assert table["status"].tolist() == ["completed"] * 3
    assert table["score"].between(0, 1).all()
    assert (table["seconds"] > 0).all()
    assert table["hidden_layer_sizes"].map(len).equals(table["dropout"].map(len))


def test_the_classifier_is_an_mlp_with_the_best_parameters(fitted):
    X, y = xor()
    alone = MLPClassifier(**fitted.best_params_, learning_rate=0.02, epochs=3, random_state=0)
    expected = alone.fit(X, y)
    np.testing.assert_array_equal(fitted.predict_proba(X), expected.predict_proba(X))
    pd.testing.assert_frame_equal(fitted.history_, expected.history_)
    assert fitted.n_iter_ == 3
    assert fitted.model_ is fitted.estimator_.model_
    assert fitted.classes_.tolist() == ["jazz", "rock"]


def test_a_trial_is_an_mlp_trained_on_the_rest_and_scored_on_the_validation_part(monkeypatch):
    X, y = xor()
    told = []
    real = trials.run_trial

    def spy(*arguments):
        told.append(arguments)
        return real(*arguments)

    monkeypatch.setattr(trials, "run_trial", spy)
    model = small(n_trials=1, trial_epochs=2).fit(X, y)
    network, _, training, held_out = told[0]
    assert (network.epochs, network.random_state, network.n_iter_) == (2, 0, 2)
    expected = clone(network).fit(training.X, training.y)
    assert model.best_score_ == expected.score(held_out.X, held_out.y)
    # Both parts are rows of the training data, and each row is in one of them.
    rows = np.vstack([training.X, held_out.X])
    assert len(held_out.X) == 40
    np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(np.float32(X), axis=0))
    assert len(np.unique(rows, axis=0)) == 200
    assert abs(np.mean(held_out.y == "jazz") - np.mean(y == "jazz")) < 0.03


def test_trials_take_epochs_if_not_told_otherwise(told, untrained):
    small(trial_epochs=None, epochs=7).fit(*xor(40))
    assert {network.epochs for network, *_ in told} == {7}


def test_scoring_is_what_is_maximised(told):
    model = small(scoring="neg_log_loss").fit(*xor(40))
    network, scorer, training, held_out = told[0]
    network.fit(training.X, training.y)
    proba = network.predict_proba(held_out.X)
    assert scorer(network, held_out.X, held_out.y) == -log_loss(held_out.y, proba)
    assert model.best_score_ == model.trials_["score"].max()


def test_training_parameters_reach_every_network(told, untrained):
    params = {
        "optimizer": "adam",
        "learning_rate": 0.5,
        "batch_size": 7,
        "early_stopping": False,
        "patience": 3,
        "class_weight": "balanced",
    }
    model = small(**params).fit(*xor(40))
    for network in [model.estimator_, *(network for network, *_ in told)]:
        assert params.items() <= network.get_params().items()


# Groups and weights


def test_groups_are_not_split_by_the_validation(told, untrained):
    rng = np.random.default_rng(0)
    tracks = np.repeat(np.arange(30), 5)
    genres = np.array(["jazz", "rock", "pop"])[tracks % 3]
    X = np.column_stack([tracks, rng.normal(size=150)])
    small(n_trials=1).fit(X, genres, groups=[f"track {i}" for i in tracks])
    _, _, training, held_out = told[0]
    assert not set(training.X[:, 0]) & set(held_out.X[:, 0])
    assert len(training.X) + len(held_out.X) == 150
    assert set(held_out.y) == {"jazz", "rock", "pop"}
    assert 20 <= len(held_out.X) <= 40
    small(n_trials=1).fit(X, genres)
    _, _, training, held_out = told[1]
    assert set(training.X[:, 0]) & set(held_out.X[:, 0])


def test_groups_of_single_clips_hold_nothing_together(told, untrained):
    X, y = xor(40)
    small(n_trials=1).fit(X, y)
    small(n_trials=1).fit(X, y, groups=np.arange(40))
    np.testing.assert_array_equal(told[0][3].X, told[1][3].X)


def test_groups_reach_fit_under_cross_validation(told, untrained):
    tracks = np.repeat(np.arange(20), 4)
    X, y = np.column_stack([tracks, tracks]).astype(float), tracks % 2
    model = small(n_trials=1)
    pipeline = Pipeline([("scaler", StandardScaler()), ("classifier", model)])
    options = {
        "cv": StratifiedGroupKFold(2),
        "scoring": lambda *_: 0.0,
        "error_score": "raise",
    }

    def groups_are_kept():
        parts = [(set(t.X[:, 0]), set(v.X[:, 0])) for _, _, t, v in told]
        told.clear()
        assert len(parts) == 2
        assert all(not t & v and len(t | v) == 10 for t, v in parts)

    cross_validate(model, X, y, groups=tracks, params={"groups": tracks}, **options)
    groups_are_kept()
    params = {"classifier__groups": tracks}
    cross_validate(pipeline, X, y, groups=tracks, params=params, **options)
    groups_are_kept()
    with sklearn.config_context(enable_metadata_routing=True):
        model.set_fit_request(groups=True)
        cross_validate(pipeline, X, y, params={"groups": tracks}, **options)
    groups_are_kept()


def test_weights_count_in_trials_and_clips_without_weight_are_never_validated_on(told, untrained):
    X, y = xor(100)
    weight = np.r_[np.zeros(50), np.full(50, 2.0)]
    small(n_trials=1).fit(X, y, sample_weight=weight)
    _, _, training, held_out = told[0]
    assert len(held_out.X) == 10
    assert (held_out.sample_weight == 2).all()
    assert sorted(training.sample_weight) == [0] * 50 + [2] * 40


def test_weights_reach_training_and_score():
    X, y = xor(60)
    weight = np.random.default_rng(0).uniform(0.5, 2, 60)
    given = weight.copy()
    model = small(n_trials=1).fit(X, y, sample_weight=weight)
    part = trials.draw_validation_part(
        trials.Rows(np.float32(X), y, weight), None, 0.2, np.random.RandomState(0)
    )
    trial = MLPClassifier(**model.best_params_, learning_rate=0.02, epochs=40, random_state=0)
    trial.set_params(epochs=model.trial_epochs).fit(X[~part], y[~part], weight[~part])
    assert model.best_score_ == pytest.approx(trial.score(X[part], y[part], weight[part]))
    np.testing.assert_array_equal(weight, given)


# Randomness


def test_same_random_state_same_search_and_network():
    X, y = xor(60)
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    first, again = (small(n_trials=1, random_state=0).fit(X, y) for _ in range(2))
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    pd.testing.assert_frame_equal(without_seconds(first.trials_), without_seconds(again.trials_))
    np.testing.assert_array_equal(first.predict_proba(X), again.predict_proba(X))
    assert first.search_seed_ == 0


def test_other_random_states_search_otherwise(told, untrained):
    X, y = xor(60)
    states = (0, 1, None, None, np.random.RandomState(0), np.random.RandomState(1))
    searches = [small(random_state=state).fit(X, y) for state in states]
    assert len({str(model.trials_["hidden_layer_sizes"].tolist()) for model in searches}) == 6
    drawn = searches[2]
    again = small(random_state=drawn.search_seed_).fit(X, y)
    pd.testing.assert_frame_equal(again.trials_, drawn.trials_)


def test_parallel_trials_repeat_and_begin_as_the_sequential_ones():
    X, y = xor(60)
    params = {"n_initial_trials": 2, "trial_epochs": 2}
    alone = small(n_trials=2, **params).fit(X, y).trials_
    first, again = (small(n_trials=4, **params, n_jobs=2).fit(X, y).trials_ for _ in range(2))
    pd.testing.assert_frame_equal(without_seconds(first), without_seconds(again))
    pd.testing.assert_frame_equal(without_seconds(first[:2]), without_seconds(alone))
    assert len(first[["hidden_layer_sizes", "dropout"]].drop_duplicates()) == 4


# Budgets, interruption and resumption


def test_no_trial_begins_after_the_time(told, untrained, monkeypatch):
    def slow(*arguments):
        time.sleep(0.15)
        return 0.5, 0.15, ""

    monkeypatch.setattr(trials, "run_trial", slow)
    model = small(n_trials=50, n_initial_trials=50, max_seconds=0.4).fit(*xor(40))
    assert 1 <= len(model.trials_) <= 3
    model.set_params(max_seconds=1e-9, warm_start=True)
    n_before = len(model.trials_)
    assert len(model.fit(*xor(40)).trials_) == n_before + 1


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_an_interrupted_search_goes_on_as_if_nothing_had_happened(untrained, monkeypatch, n_jobs):
    def scored(classifier, *_):
        return float(sum(classifier.hidden_layer_sizes)), 0.5, ""

    def interrupted(classifier, *arguments):
        calls.append(1)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return scored(classifier)

    X, y = xor(40)
    calls = []
    with parallel_config(backend="threading"):
        monkeypatch.setattr(trials, "run_trial", scored)
        whole = small(n_trials=9, n_jobs=n_jobs).fit(X, y)
        monkeypatch.setattr(trials, "run_trial", interrupted)
        model = small(n_trials=9, n_jobs=n_jobs)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, y)
        assert 4 <= len(model.trials_) <= 6
        with pytest.raises(NotFittedError):
            model.predict(X)
        model = pickle.loads(pickle.dumps(model))  # noqa: S301
        model.set_params(warm_start=True).fit(X, y)
    pd.testing.assert_frame_equal(model.trials_, whole.trials_)
    assert model.estimator_.get_params() == whole.estimator_.get_params()


def test_an_interrupt_within_a_network_keeps_the_trials_before(monkeypatch):
    X, y = xor(40)
    real, calls = MLPClassifier.fit, []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, *arguments)

    monkeypatch.setattr(MLPClassifier, "fit", interrupted)
    model = small()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert len(model.trials_) == 1
    model.set_params(n_trials=len(model.trials_), warm_start=True).fit(X, y)
    assert len(model.trials_) == 1
    assert model.best_params_["dropout"] == model.trials_["dropout"][0]
    assert len(calls) == 3  # the network that is kept, and no further trial


def test_warm_start_adds_trials_and_a_plain_fit_begins_anew(told, untrained):
    X, y = xor(40)
    model = small(n_trials=2).fit(X, y)
    first = model.trials_
    model.set_params(n_trials=4, warm_start=True).fit(X, y)
    pd.testing.assert_frame_equal(model.trials_[:2], first)
    assert len(model.trials_) == 4
    model.set_params(warm_start=False, n_trials=2).fit(X, y)
    pd.testing.assert_frame_equal(model.trials_, first)


def test_warm_start_with_no_random_state_keeps_the_search(told, untrained):
    X, y = xor(40)
    model = small(n_trials=1, random_state=None, warm_start=True).fit(X, y)
    seed = model.search_seed_
    assert model.set_params(n_trials=2).fit(X, y).search_seed_ == seed
    np.testing.assert_array_equal(told[0][3].X, told[1][3].X)


def test_warm_start_takes_other_n_jobs(told, untrained):
    X, y = xor(40)
    with parallel_config(backend="threading"):
        model = small(n_trials=5, n_jobs=3).fit(X, y)
        model.set_params(n_trials=8, n_jobs=2, warm_start=True).fit(X, y)
    assert len(model.trials_[["hidden_layer_sizes", "dropout"]].drop_duplicates()) == 8


@pytest.mark.parametrize("change", ["data", "labels", "groups", "epochs", "random_state"])
def test_warm_start_refuses_what_differs(told, untrained, change):
    X, y = xor(40)
    model = small(n_trials=1).fit(X, y)
    model.set_params(warm_start=True)
    groups = None
    if change == "data":
        X = X + 1
    elif change == "labels":
        y = y[::-1]
    elif change == "groups":
        groups = np.arange(40) // 2
    else:
        model.set_params(**{change: 77})
    what = change if change in {"epochs", "random_state"} else "the data"
    with pytest.raises(ValueError, match=f"warm_start=True.* {what} differed"):
        model.fit(X, y, groups=groups)
    assert model.best_score_  # and is what it was
    model.set_params(warm_start=False).fit(X, y, groups=groups)


def test_a_space_smaller_than_n_trials_ends_the_search(told, untrained):
    model = small(n_trials=20, n_hidden_layers=(1, 1), n_neurons=(8, 10), dropout=[0.1])
    assert len(model.fit(*xor(40)).trials_) == 3


# Failures


def test_a_trial_that_cannot_be_trained_is_a_failed_one(untrained, monkeypatch):
    fit, calls = MLPClassifier.fit, []

    def fail_once(self, *arguments):
        calls.append(1)
        if len(calls) == 2:
            raise ValueError("training diverged")
        return fit(self, *arguments)

    monkeypatch.setattr(MLPClassifier, "fit", fail_once)
    with pytest.warns(FitFailedWarning, match=r"1 of 3 trials failed; .*: training diverged"):
        model = small(scoring=lambda *_: 0.5).fit(*xor(40))
    assert model.trials_["status"].tolist() == ["completed", "failed", "completed"]
    assert model.trials_["score"].isna().tolist() == [False, True, False]
    assert model.best_score_ == 0.5


def test_if_all_trials_fail_the_first_error_is_told():
    model = small(n_trials=1, optimizer="sgd", learning_rate=1e30)
    with pytest.raises(ValueError, match=r"no trial succeeded; .*diverged.*learning_rate=1e\+30"):
        model.fit(*xor(40))
    assert model.trials_["status"].tolist() == ["failed"]
    with pytest.raises(NotFittedError):
        model.predict([[0, 0]])


def test_a_score_that_is_no_number_is_a_failure(untrained):
    with pytest.raises(ValueError, match="no trial succeeded; the first failed: the score is nan"):
        small(scoring=lambda *_: np.nan).fit(*xor(40))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_trials": 0}, "n_trials.*0"),
        ({"max_seconds": 0}, "max_seconds.*0"),
        ({"n_hidden_layers": (3, 1)}, r"n_hidden_layers=\(3, 1\)"),
        ({"n_neurons": 64}, "n_neurons.*64"),
        ({"dropout": 0.3}, "dropout.*0.3"),
        ({"dropout": (0.3, 1)}, r"dropout=\(0.3, 1\)"),
        ({"scoring": "beauty"}, "scoring.*'beauty'"),
        ({"validation_fraction": 1.0}, "validation_fraction.*1.0"),
        ({"optimizer": "newton"}, "optimizer.*'newton'"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        small(**params).fit(*xor(20))


def test_bad_data_are_named():
    X, y = xor(20)
    with pytest.raises(ValueError, match=r"one class only \('jazz'\)"):
        small().fit(X, np.repeat("jazz", 20))
    with pytest.raises(ValueError, match="20 clips of 20 classes"):
        small().fit(X, np.arange(20))
    with pytest.raises(ValueError, match=r"(?i)sample.weight.* (0|non-zero)"):
        small().fit(X, y, sample_weight=np.zeros(20))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        small().fit(X, y, groups=[1, 2, 3])
    with (
        pytest.raises(ValueError, match=r"by groups with validation_fraction=0\.2: "),
        pytest.warns(UserWarning, match="have one group each"),
    ):
        small().fit(X, y, groups=np.where(y == "jazz", 1, 2))


# With scikit-learn, on the disk and in memory


def test_it_is_cloned_pickled_and_searched_over(fitted, told):
    X, y = xor()
    assert is_classifier(fitted)
    assert not hasattr(clone(fitted), "trials_")
    copy = pickle.loads(pickle.dumps(fitted))  # noqa: S301
    np.testing.assert_array_equal(copy.predict_proba(X), fitted.predict_proba(X))
    pd.testing.assert_frame_equal(copy.trials_, fitted.trials_)
    holdout = [(np.arange(100), np.arange(100, 200))]
    model = small(n_trials=1, n_neurons=(32, 64), epochs=10)
    grid = GridSearchCV(model, {"learning_rate": [1e-6, 0.05]}, cv=holdout).fit(X, y)
    assert grid.best_params_ == {"learning_rate": 0.05}
    assert len(grid.best_estimator_.trials_) == 1


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_nothing_is_left_on_the_disk(n_jobs, tmp_path, monkeypatch):
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir()
    temporary.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(temporary))
    X = np.random.default_rng(0).normal(size=(700, 500))  # more than joblib sends by pipe
    small(n_trials=n_jobs or 1, epochs=1, n_jobs=n_jobs).fit(X, np.arange(700) % 2)
    assert list(here.iterdir()) == []
    assert [path for path in temporary.rglob("*") if path.is_file()] == []


def test_trials_leave_nothing_in_memory():
    def graphs():
        gc.collect()
        return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())

    before = graphs()
    model = small(n_trials=2, epochs=1).fit(*xor(20))
    assert graphs() <= before + 3  # of the network that is kept
    del model
    assert graphs() == before


def test_progress_is_shown_on_a_terminal_only(told, untrained, monkeypatch, capsys):
    X, y = xor(20)
    small(verbose=1).fit(X, y)
    assert capsys.readouterr() == ("", "")
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    small().fit(X, y)
    assert terminal.getvalue() == ""
    small(verbose=1).fit(X, y)
    assert "TunedMLPClassifier: 100%" in terminal.getvalue()
    assert "3/3" in terminal.getvalue()
    assert "best=" in terminal.getvalue()


def test_training_parameters_and_defaults_are_those_of_the_mlp():
    ours, theirs = TunedMLPClassifier().get_params(), MLPClassifier().get_params()
    for name in (*tuned_mlp_classifier._TRAINING, "epochs"):
        assert ours[name] == theirs[name]
    assert set(theirs) - set(ours) == {"hidden_layer_sizes"}
