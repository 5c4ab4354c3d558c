import numpy as np
import pandas as pd
import pytest
from joblib import effective_n_jobs, parallel_config
from scipy.stats import false_discovery_control
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import PredefinedSplit, StratifiedGroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from musigenre.preprocessing import RobustScaler
from musigenre.selection import CorrelationSelector, class_mic
from musigenre.selection.association import (
    ASSOCIATION_TESTS,
    AssociationTest,
    correlation_ratio,
    pearson,
)


# Some checks use a y that has nothing to do with X.
@pytest.mark.filterwarnings("ignore:No features were selected")
@parametrize_with_checks(
    [
        CorrelationSelector(),
        CorrelationSelector("spearman", alpha=1),
        CorrelationSelector(["pearson", "mic"]),
    ]
)
def test_scikit_learn_conventions(estimator, check):
    check(estimator)


@pytest.fixture
def tracks(rng):
    """Two features that tell of the genre, copies of them in disguise, and noise."""
    genre = np.repeat(np.arange(4), 50)
    bright = genre + rng.normal(size=200)
    loud = (genre == 2) * 3 + rng.normal(size=200)
    X = pd.DataFrame(
        {
            "noise": rng.normal(size=200),
            "bright": bright,
            "bright_inverted": -2 * bright + 1,
            "bright_curved": np.exp(2 * bright),
            "loud": loud,
            "loud_nearly": loud + 0.3 * rng.normal(size=200),
            "silent": np.zeros(200),
        }
    )
    return X, np.array(["blues", "disco", "jazz", "rock"])[genre]


def kept(selector):
    return list(selector.get_feature_names_out())


def test_finds_what_tells_of_the_genre_and_keeps_one_of_each_kind(tracks):
    X, y = tracks
    selector = CorrelationSelector().fit(X, y)
    assert kept(selector) == ["bright", "loud"]
    report = selector.report_.set_index("feature")
    assert list(report.index) == list(X.columns)
    assert list(report.columns) == ["pearson", "spearman", "p", "redundancy", "kept", "reason"]
    assert report.kept.tolist() == selector.get_support().tolist()
    reasons = report.reason.str.replace(r"\d\.\d{3}", "#", regex=True)
    assert reasons["noise"].startswith("unrelated to y (p = 0.")
    assert reasons["silent"] == "unrelated to y (p = 1)"
    assert reasons["bright"].startswith("related to y (")
    assert reasons["bright_inverted"] == "repeats bright (pearson #)"
    assert reasons["bright_curved"] == "repeats bright (spearman #)"
    assert reasons["loud_nearly"] == "repeats loud (pearson #)"


def test_attributes_hold_what_was_measured(tracks):
    X, y = tracks
    selector = CorrelationSelector().fit(X, y)
    tests = [ASSOCIATION_TESTS[name] for name in ("pearson", "spearman")]
    relevance, pvalues = zip(*(test.with_classes(X, y) for test in tests), strict=True)
    np.testing.assert_array_equal(selector.relevance_, relevance)
    np.testing.assert_allclose(
        selector.pvalues_.ravel(), false_discovery_control(np.concatenate(pvalues))
    )
    correlation = pd.DataFrame(
        np.maximum(*(test.between_columns(X) for test in tests)), X.columns, X.columns
    )
    redundancy = pd.Series(selector.redundancy_, X.columns)
    assert redundancy[["noise", "silent"]].isna().all()
    assert sorted(redundancy[["bright", "loud"]]) == [0, correlation.loc["bright", "loud"]]
    for copy, original in [("bright_curved", "bright"), ("loud_nearly", "loud")]:
        assert redundancy[copy] == pytest.approx(correlation.loc[copy, original])


def test_a_repeated_feature_is_compared_with_the_kept_ones_only(rng):
    """The middle of a chain repeats its head and goes; the tail, which repeats it alone, stays."""
    y = np.repeat([0, 1], 200)
    head = 3.0 * y + rng.normal(size=400)
    middle = head + 1.0 * rng.normal(size=400)
    tail = middle + 1.2 * rng.normal(size=400)
    X = np.column_stack([tail, middle, head])
    correlation = pearson(X)
    limit = min(correlation[0, 1], correlation[1, 2]) - 0.01
    assert correlation[0, 2] < limit
    selector = CorrelationSelector("pearson", max_redundancy=limit).fit(X, y)
    assert selector.get_support().tolist() == [True, False, True]


def test_one_method_may_see_what_another_does_not(tracks):
    X, y = tracks
    linear = CorrelationSelector(method="pearson").fit(X, y)
    assert kept(linear) == ["bright", "bright_curved", "loud"]
    assert "spearman" not in linear.report_
    assert kept(CorrelationSelector(method=["spearman"]).fit(X, y)) == ["bright", "loud"]


def test_one_test_is_enough(rng):
    y = np.repeat([0, 1], 100)
    X = y[:, np.newaxis] + rng.normal(size=(200, 1))
    X[0] = 1e4  # hides the class means, not the ranks
    assert not CorrelationSelector("pearson").fit(X, y).get_support()[0]
    assert CorrelationSelector("spearman").fit(X, y).get_support()[0]
    assert CorrelationSelector().fit(X, y).get_support()[0]


def test_limits(tracks):
    X, y = tracks
    related = ["bright", "bright_inverted", "bright_curved", "loud", "loud_nearly"]
    assert kept(CorrelationSelector(max_redundancy=1).fit(X, y)) == related
    assert len(kept(CorrelationSelector(max_redundancy=0).fit(X, y))) == 1
    everything = CorrelationSelector(min_relevance=0, alpha=1, max_redundancy=1).fit(X, y)
    assert kept(everything) == list(X.columns)

    strict = CorrelationSelector(min_relevance=0.99).fit(X, y)
    assert strict.report_.reason[1].startswith("weakly related to y (")
    assert not strict.get_support().any()


def test_nothing_kept_warns_in_transform_as_scikit_learn_does(tracks):
    X, y = tracks
    selector = CorrelationSelector().fit(X[["noise", "silent"]], y)
    with pytest.warns(UserWarning, match="No features were selected"):
        assert selector.transform(X[["noise", "silent"]]).shape == (200, 0)


def test_p_values_are_corrected_for_the_number_of_features(rng):
    """Of 1,000 features of noise, uncorrected tests would let some 50 pass."""
    X, y = rng.normal(size=(60, 1000)), np.tile(["jazz", "pop", "rock"], 20)
    _, pvalues = correlation_ratio(X, y)
    assert (pvalues <= 0.05).sum() > 20
    assert not CorrelationSelector().fit(X, y).get_support().any()


def test_order_of_columns_does_not_matter(tracks, rng):
    X, y = tracks
    X = X.drop(columns="bright_inverted")  # a tie: the earlier of two equals stays
    expected = set(kept(CorrelationSelector().fit(X, y)))
    for _ in range(5):
        shuffled = X[rng.permutation(X.columns)]
        selector = CorrelationSelector(min_relevance=0).fit(shuffled, y)
        names = set(kept(selector))
        assert {"bright" if n == "bright_curved" else n for n in names} == expected


def test_of_equals_the_earlier_column_stays(tracks):
    X, y = tracks
    for order in (["bright", "bright_inverted"], ["bright_inverted", "bright"]):
        assert kept(CorrelationSelector().fit(X[order], y)) == order[:1]


def test_order_of_rows_does_not_matter(tracks, rng):
    X, y = tracks
    order = rng.permutation(len(y))
    selector = CorrelationSelector().fit(X.iloc[order], y[order])
    assert kept(selector) == kept(CorrelationSelector().fit(X, y))


def test_names_of_the_genres_do_not_matter(tracks):
    X, y = tracks
    expected = CorrelationSelector().fit(X, y)
    codings = [
        pd.Series(y),
        pd.Series(y, dtype="category"),
        [str(label) for label in y],
        pd.Series(y).map({"blues": 7, "disco": 0, "jazz": 3, "rock": -1}),
        pd.Series(y).map({"blues": "z", "disco": "y", "jazz": "x", "rock": "w"}),
    ]
    for labels in codings:
        selector = CorrelationSelector().fit(X, labels)
        np.testing.assert_array_equal(selector.relevance_, expected.relevance_)
        pd.testing.assert_frame_equal(selector.report_, expected.report_)


def test_mic_sees_relations_of_any_form(rng):
    """Of a genre in the middle of a feature's range, and of a feature that is folded."""
    energy = rng.normal(size=600)
    y = np.where(np.abs(energy) < 0.7, "folk", "metal")
    loud = energy + 0.2 * rng.normal(size=600)
    X = pd.DataFrame(
        {
            "energy": energy,
            "energy_folded": np.cos(3 * energy),
            "loud": loud,
            "noise": rng.normal(size=600),
        }
    )
    linear = CorrelationSelector(alpha=1e-3).fit(X[["energy", "loud", "noise"]], y)
    assert kept(linear) == []
    selector = CorrelationSelector(("pearson", "spearman", "mic"), max_redundancy=0.8).fit(X, y)
    report = selector.report_.set_index("feature")
    assert list(report.columns[:3]) == ["pearson", "spearman", "mic"]
    assert report.reason["noise"].startswith("unrelated to y")
    assert report.mic["energy"] > 0.85 > 0.1 > report.mic["noise"]
    assert report.reason["energy"].startswith(("related to y (", "repeats energy_folded (mic 0.9"))
    assert (report.kept["energy"], report.kept["energy_folded"]) in {(True, False), (False, True)}
    np.testing.assert_array_equal(selector.relevance_[2], class_mic(X, y).coefficient)


@pytest.mark.parametrize("method", ["mic", ["pearson", "mic"]])
def test_mic_does_not_hear_names_places_or_jobs(tracks, rng, method):
    X, y = tracks
    expected = CorrelationSelector(method).fit(X, y).report_
    renamed = pd.Series(y).map({"blues": 7, "disco": 0, "jazz": 3, "rock": -1})
    pd.testing.assert_frame_equal(CorrelationSelector(method).fit(X, renamed).report_, expected)
    parallel = CorrelationSelector(method, n_jobs=2).fit(X, y)
    pd.testing.assert_frame_equal(parallel.report_, expected)
    X = X.drop(columns=["bright_inverted", "bright_curved"])
    expected = set(kept(CorrelationSelector(method, min_relevance=0).fit(X, y)))
    for _ in range(3):
        shuffled = X[rng.permutation(X.columns)]
        assert set(kept(CorrelationSelector(method, min_relevance=0).fit(shuffled, y))) == expected


def test_n_jobs_is_handed_to_the_tests(tracks, monkeypatch):
    seen = []

    def with_classes(X, y):
        seen.append(effective_n_jobs(None))
        return np.ones(X.shape[1]), np.zeros(X.shape[1])

    test = AssociationTest(with_classes, lambda X: np.eye(X.shape[1]))
    monkeypatch.setitem(ASSOCIATION_TESTS, "jobs", test)
    for n_jobs in (2, None):
        CorrelationSelector("jobs", n_jobs=n_jobs).fit(*tracks)
    assert seen == [2, 1]
    with parallel_config(n_jobs=3):
        CorrelationSelector("jobs").fit(*tracks)
    assert seen[2] == 3


def test_spearman_ignores_monotone_maps(tracks):
    X, y = tracks
    curved = X.assign(bright=np.exp(X.bright), loud=X.loud**3, noise=np.arctan(X.noise))
    selector = CorrelationSelector("spearman").fit(curved, y)
    pd.testing.assert_frame_equal(
        selector.report_, CorrelationSelector("spearman").fit(X, y).report_
    )


class Nothing(ClassifierMixin, BaseEstimator):
    """A classifier that always answers the first class: only the selector matters here."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


@pytest.mark.parametrize("method", [("pearson", "spearman"), "mic"])
def test_only_the_training_part_is_seen(rng, method):
    """A feature that is the label in the test part, and noise in the training part, is dropped."""
    y = np.tile([0, 1], 100)
    part = np.repeat([-1, 0], 100)
    leak = np.where(part == 0, y, rng.normal(size=200))
    X = np.column_stack([2 * y + rng.normal(size=200), leak])
    assert CorrelationSelector(method).fit(X[part == 0], y[part == 0]).get_support()[1]
    assert CorrelationSelector(method).fit(X, y).get_support()[1]
    result = cross_validate(
        make_pipeline(RobustScaler(), CorrelationSelector(method), Nothing()),
        X,
        y,
        cv=PredefinedSplit(part),
        return_estimator=True,
        error_score="raise",
    )
    assert result["estimator"][0][1].get_support().tolist() == [True, False]


def test_pandas_out(tracks):
    X, y = tracks
    selected = CorrelationSelector().set_output(transform="pandas").fit_transform(X, y)
    pd.testing.assert_frame_equal(selected, X[["bright", "loud"]])


def test_columns_without_names_are_numbered(tracks):
    X, y = tracks
    selector = CorrelationSelector().fit(X.to_numpy(), y)
    assert kept(selector) == ["x1", "x4"]
    assert selector.report_.feature.tolist() == [f"x{i}" for i in range(7)]
    assert "repeats x1" in selector.report_.reason[3]


def test_a_new_test_joins_by_its_name(tracks, monkeypatch):
    X, y = tracks

    def with_classes(X, y):
        return np.arange(X.shape[1]) / 10, np.zeros(X.shape[1])

    test = AssociationTest(with_classes, lambda X: np.eye(X.shape[1]))
    monkeypatch.setitem(ASSOCIATION_TESTS, "position", test)
    selector = CorrelationSelector("position", min_relevance=0.25).fit(X, y)
    assert kept(selector) == list(X.columns[3:])
    both = CorrelationSelector(("pearson", "position"), min_relevance=0.25).fit(X, y)
    assert both.report_["position"].tolist() == pytest.approx(np.arange(7) / 10)


@pytest.mark.parametrize(
    "method", ["kendall", (), ("pearson", "kendall"), ("pearson", "pearson"), (1,)]
)
def test_unknown_method(tracks, method):
    with pytest.raises(
        ValueError, match=r"method must name .* \['mic', 'pearson', 'spearman'\], got"
    ):
        CorrelationSelector(method).fit(*tracks)


def test_bad_input(tracks):
    X, y = tracks
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        CorrelationSelector().fit(X, X["bright"])
    with pytest.raises(ValueError, match="one class only"):
        CorrelationSelector().fit(X, np.full(len(X), "jazz"))
    with pytest.raises(ValueError, match="no label in row 3"):
        CorrelationSelector().fit(X, np.where(np.arange(len(X)) == 3, None, y))
    with pytest.raises(ValueError, match="requires y"):
        CorrelationSelector().fit(X, None)
    with pytest.raises(ValueError, match="NaN"):
        CorrelationSelector().fit(X.assign(loud=np.nan), y)
    with pytest.raises(ValueError, match="'max_redundancy' parameter"):
        CorrelationSelector(max_redundancy=1.5).fit(X, y)


def test_needs_genres():
    assert get_tags(CorrelationSelector()).target_tags.required


@pytest.fixture(scope="module")
def gtzan(real_data):
    def read(name):
        table = pd.read_csv(real_data(f"gtzan/{name}"))
        track = table["filename"].str.split(".").str[:2].str.join(".")
        X = table.drop(columns=["filename", "length", "label"])
        return X, table["label"].to_numpy(dtype=object), track.to_numpy(dtype=object)

    return read


def test_on_the_clips_of_the_paper(gtzan):
    X, y, _ = gtzan("features_3_sec.csv")
    report = CorrelationSelector().fit(X, y).report_.set_index("feature")
    assert report.index[~report.kept].tolist() == ["rolloff_mean"]
    assert report.reason["rolloff_mean"].startswith("repeats spectral_bandwidth_mean")


def test_mic_changes_nothing_on_the_tracks_of_the_paper(gtzan):
    X, y, _ = gtzan("features_30_sec.csv")
    expected = kept(CorrelationSelector().fit(X, y))
    assert kept(CorrelationSelector(("pearson", "spearman", "mic")).fit(X, y)) == expected


def test_on_the_tracks_of_the_paper_selection_costs_no_accuracy(gtzan):
    X, y, track = gtzan("features_30_sec.csv")
    model = make_pipeline(RobustScaler(), CorrelationSelector(), LinearDiscriminantAnalysis())
    everything = clone(model).set_params(correlationselector="passthrough")
    cv = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    selected, reference = (
        cross_validate(m, X, y, groups=track, cv=cv)["test_score"].mean()
        for m in (model, everything)
    )
    assert selected > reference - 0.01
    assert selected > 0.6
