import numpy as np
import pandas as pd
import pytest
from boruta import BorutaPy
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from musigenre import BorutaSelector, RobustScaler
from musigenre.persistence import load, save

FAST = BorutaSelector(n_estimators=5, random_state=0)


# Some checks use a y that has nothing to do with X, and all take few iterations.
@pytest.mark.filterwarnings("ignore:No features were selected", "ignore:Boruta decided nothing")
@parametrize_with_checks(
    [
        BorutaSelector(n_estimators=5, max_iter=4, random_state=0),
        BorutaSelector(n_estimators=5, max_iter=4, tentative="keep", random_state=0),
    ]
)
def test_scikit_learn_conventions(estimator, check):
    check(estimator)


@pytest.fixture
def tracks(rng):
    genre = np.repeat(np.arange(3), 40)
    bright = genre + 0.7 * rng.normal(size=120)
    X = pd.DataFrame(
        {
            "noise": rng.normal(size=120),
            "bright": bright,
            "bright_again": np.exp(bright),
            "loud": 2 * (genre == 2) + rng.normal(size=120),
            "silent": np.zeros(120),
        }
    )
    return X, np.array(["blues", "disco", "jazz"])[genre]


@pytest.fixture
def clips(rng):
    """Clips of 60 tracks: one column tells of the genre, one only which track it is."""
    track = np.repeat(np.arange(60), 10)
    genre = track % 3
    X = pd.DataFrame(
        {
            "timbre": genre + 0.5 * rng.normal(size=60)[track] + 0.3 * rng.normal(size=600),
            "track_number": rng.normal(size=60)[track],
            "noise": rng.normal(size=600),
        }
    )
    return X, genre, track


def decisions(selector):
    return dict(zip(selector.report_["feature"], selector.report_["decision"], strict=True))


def test_finds_all_that_tells_of_the_genre_and_nothing_else(tracks):
    X, y = tracks
    selector = clone(FAST).fit(X, y)
    assert list(selector.get_feature_names_out()) == ["bright", "bright_again", "loud"]
    assert selector.decision_.tolist() == [
        "rejected",
        "confirmed",
        "confirmed",
        "confirmed",
        "rejected",
    ]
    assert selector.ranking_.tolist() == [3, 1, 1, 1, 4]


def test_report_and_history_agree(tracks):
    X, y = tracks
    selector = clone(FAST).fit(X, y)
    report, history = selector.report_.set_index("feature"), selector.history_
    assert list(report.index) == list(X.columns)
    shadows = ["shadow_min", "shadow_mean", "shadow_max"]
    assert list(history.columns) == [*X.columns, *shadows]
    assert len(history) == selector.n_iter_
    assert report.kept.tolist() == selector.get_support().tolist()
    for name, row in report.iterrows():
        importance = history[name].dropna()
        assert row.importance == importance.median()
        threshold = history["shadow_max"][: len(importance)]
        assert row.shadow_max == threshold.median()
        assert row.hits == (importance > threshold).sum()
        if row.decision == "rejected":
            assert row.iterations == len(importance)
        else:
            assert row.iterations <= len(importance) == selector.n_iter_


def test_a_forest_of_ones_own_is_left_alone(tracks):
    X, y = tracks
    forest = ExtraTreesClassifier(n_estimators=7, max_depth=3, random_state=5, n_jobs=1)
    state = np.random.RandomState(3)
    selector = BorutaSelector(forest, n_estimators=5, random_state=0)
    before = selector.get_params()
    selector.fit(X, y)
    assert selector.get_params() == before
    assert (forest.n_estimators, forest.random_state) == (7, 5)
    assert not hasattr(forest, "estimators_")
    assert BorutaSelector(n_estimators=5, random_state=state).fit(X, y).random_state is state


def test_the_same_number_gives_the_same_result(tracks):
    X, y = tracks
    first, second, other = (
        BorutaSelector(n_estimators=5, random_state=seed).fit(X, y) for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(first.history_, second.history_)
    pd.testing.assert_frame_equal(first.report_, first.fit(X, y).report_)
    assert not first.history_.equals(other.history_)


def test_jobs_and_names_of_genres_change_nothing(tracks):
    X, y = tracks
    expected = clone(FAST).fit(X, y).history_
    pd.testing.assert_frame_equal(clone(FAST).set_params(n_jobs=2).fit(X, y).history_, expected)
    for labels in (pd.Series(y, dtype="category"), np.unique(y, return_inverse=True)[1] - 7):
        pd.testing.assert_frame_equal(clone(FAST).fit(X, labels).history_, expected)


def test_nothing_is_confirmed_that_was_not_decided(tracks):
    """The package calls features confirmed that are merely not yet rejected."""
    X, y = tracks
    X = X[["bright", "loud"]]
    plain = BorutaPy(
        RandomForestClassifier(max_depth=7), n_estimators=5, max_iter=4, random_state=0
    )
    assert plain.fit(X.to_numpy(), y).support_.all()
    dropping, keeping = (
        BorutaSelector(n_estimators=5, max_iter=3, tentative=tentative, random_state=0)
        for tentative in ("drop", "keep")
    )
    warning = "decided nothing in 3 iterations: all 2 features .* takes 8 iterations or more"
    with pytest.warns(ConvergenceWarning, match=warning):
        dropping.fit(X, y)
    with pytest.warns(ConvergenceWarning, match=warning):
        keeping.fit(X, y)
    for selector in (dropping, keeping):
        assert set(selector.decision_) == {"tentative"}
        assert selector.ranking_.tolist() == [2, 2]
    assert not dropping.get_support().any()
    assert keeping.get_support().all()
    with pytest.warns(UserWarning, match="No features were selected"):
        assert dropping.transform(X).shape == (120, 0)


@pytest.mark.parametrize(
    ("alpha", "two_step", "least"),
    [(0.05, True, 8), (0.01, True, 10), (0.05, False, 6)],
)
def test_the_warning_names_the_first_iteration_that_decides(tracks, alpha, two_step, least):
    X, y = tracks
    selector = clone(FAST).set_params(alpha=alpha, two_step=two_step)
    X = X[["bright", "bright_again"]]
    with pytest.warns(ConvergenceWarning, match=f"takes {least} iterations"):
        selector.set_params(max_iter=least - 1).fit(X, y)
    selector.set_params(max_iter=least).fit(X, y)
    assert (selector.decision_ == "confirmed").any()


def test_shadows_by_row_mistake_which_track_for_which_genre(clips):
    X, y, track = clips
    by_row = clone(FAST).fit(X, y)
    assert decisions(by_row)["track_number"] == "confirmed"
    with_groups = clone(FAST).fit(X, y, groups=track)
    assert decisions(with_groups)["timbre"] == "confirmed"
    assert decisions(with_groups)["track_number"] != "confirmed"
    assert decisions(with_groups)["noise"] == "rejected"
    named = clone(FAST).fit(X, y, groups=[f"track {t}" for t in track])
    pd.testing.assert_frame_equal(named.report_, with_groups.report_)


def test_groups_pass_through_a_pipeline(clips):
    X, y, track = clips
    expected = clone(FAST).fit(X, y, track).report_
    model = make_pipeline(clone(FAST), Nothing())
    model.fit(X, y, borutaselector__groups=track)
    pd.testing.assert_frame_equal(model[0].report_, expected)
    with config_context(enable_metadata_routing=True):
        routed = make_pipeline(clone(FAST).set_fit_request(groups=True), Nothing())
        routed.fit(X, y, groups=track)
    pd.testing.assert_frame_equal(routed[0].report_, expected)


class Nothing(ClassifierMixin, BaseEstimator):
    """A classifier that always answers the first class: only the selector matters here."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


def test_only_the_training_part_is_seen(rng):
    """A column that is the label on the test rows, and chance on the training rows."""
    y = np.tile([0, 1], 100)
    part = np.repeat([-1, 0], 100)
    leak = np.where(part == 0, y, rng.permuted(y)) + 0.01 * rng.normal(size=200)
    X = np.column_stack([y + 0.5 * rng.normal(size=200), leak])
    assert clone(FAST).fit(X[part == 0], y[part == 0]).get_support()[1]
    assert clone(FAST).fit(X, y).get_support()[1]
    result = cross_validate(
        make_pipeline(RobustScaler(), clone(FAST), Nothing()),
        X,
        y,
        cv=PredefinedSplit(part),
        return_estimator=True,
        error_score="raise",
    )
    (model,) = result["estimator"]
    assert model[1].get_support().tolist() == [True, False]


def test_scale_does_not_matter(tracks):
    X, y = tracks
    scaled = X * [1, 1024, 1, 0.125, 1]
    pd.testing.assert_frame_equal(clone(FAST).fit(scaled, y).report_, clone(FAST).fit(X, y).report_)


def test_a_lower_percentile_finds_no_less(tracks):
    X, y = tracks
    strict = clone(FAST).fit(X, y).report_["hits"]
    lenient = clone(FAST).set_params(percentile=50, max_iter=8).fit(X, y).report_
    assert (lenient["hits"] / 8 >= strict / strict.max() - 0.2).all()


def test_pandas_out_and_columns_without_names(tracks):
    X, y = tracks
    selected = clone(FAST).set_output(transform="pandas").fit_transform(X, y)
    pd.testing.assert_frame_equal(selected, X[["bright", "bright_again", "loud"]])
    selector = clone(FAST).fit(X.to_numpy(), y)
    assert list(selector.get_feature_names_out()) == ["x1", "x2", "x3"]
    assert selector.report_["feature"].tolist() == [f"x{i}" for i in range(5)]


def test_is_quiet(tracks, capfd):
    clone(FAST).fit(*tracks)
    clone(FAST).set_params(verbose=1).fit(*tracks)  # no terminal here
    assert capfd.readouterr() == ("", "")


def test_save_and_load(tracks, tmp_path):
    X, y = tracks
    selector = clone(FAST).fit(X, y)
    save(selector, tmp_path / "selector.musigenre")
    loaded = load(tmp_path / "selector.musigenre", BorutaSelector)
    pd.testing.assert_frame_equal(loaded.report_, selector.report_)
    pd.testing.assert_frame_equal(loaded.history_, selector.history_)
    assert list(loaded.get_feature_names_out()) == list(selector.get_feature_names_out())


def test_bad_input(tracks):
    X, y = tracks
    with pytest.raises(ValueError, match="one class only"):
        clone(FAST).fit(X, np.full(len(X), "jazz"))
    with pytest.raises(ValueError, match="NaN"):
        clone(FAST).fit(X.assign(loud=np.nan), y)
    with pytest.raises(ValueError, match="requires y"):
        clone(FAST).fit(X, None)
    with pytest.raises(ValueError, match="has no parameter n_estimators and random_state; give"):
        BorutaSelector(Nothing()).fit(X, y)
    with pytest.raises(ValueError, match="has no parameter n_estimators; give"):
        BorutaSelector(LogisticRegression()).fit(X, y)
    for name, value in (("tentative", "maybe"), ("alpha", 0), ("percentile", 101), ("max_iter", 0)):
        with pytest.raises(ValueError, match=f"'{name}' parameter"):
            clone(FAST).set_params(**{name: value}).fit(X, y)
    groups = np.array(["a", None] * 60, dtype=object)
    with pytest.raises(ValueError, match=r"missing in 60 rows, the first of them row 1;"):
        clone(FAST).fit(X, y, groups)
    with pytest.raises(ValueError, match="all rows belong to the group 'a'"):
        clone(FAST).fit(X, y, np.full(120, "a"))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        clone(FAST).fit(X, y, [0, 1])


def test_needs_genres():
    assert get_tags(BorutaSelector()).target_tags.required


def test_on_the_clips_of_the_paper(real_data):
    """A hundred clips of each genre. What tells of genres is confirmed, a random number is not."""
    table = pd.read_csv(real_data("gtzan/features_3_sec.csv"))
    table = table.groupby("label").head(100)
    X = table.drop(columns=["filename", "length", "label"])
    names = ["chroma_stft_mean", "rms_mean", "mfcc1_mean", "mfcc4_mean", "perceptr_var"]
    X = X[names].assign(noise=np.random.default_rng(0).normal(size=len(X)))
    selector = BorutaSelector(n_estimators=10, random_state=0).fit(X, table["label"])
    assert selector.decision_.tolist() == ["confirmed"] * 5 + ["rejected"]
