import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from musigenre.selection.association import (
    ASSOCIATION_TESTS,
    correlation_ratio,
    mic_between_columns,
    mic_with_classes,
    pearson,
    rank_correlation_ratio,
    spearman,
)

WITH_CLASSES = [correlation_ratio, rank_correlation_ratio, mic_with_classes]
BETWEEN_COLUMNS = [pearson, spearman, mic_between_columns]
repeatable = settings(deadline=None, derandomize=True)


@pytest.fixture
def labelled(rng):
    """Six columns, with ties, skew and strong, weak and no relation to four unequal classes."""
    y = np.repeat(["blues", "disco", "jazz", "rock"], [5, 40, 20, 60])
    number = np.unique(y, return_inverse=True)[1]
    noise = rng.normal(size=(len(y), 6))
    X = noise + np.outer(number, [0, 0.1, 0.3, 1, 3, 30])
    X[:, 1] = X[:, 1].round()
    X[:, 2] = np.exp(X[:, 2])
    return X, y


def groups(column, y):
    return [column[y == label] for label in np.unique(y)]


def test_correlation_ratio_is_the_analysis_of_variance(labelled):
    X, y = labelled
    eta, pvalue = correlation_ratio(X, y)
    expected = [stats.f_oneway(*groups(column, y)) for column in X.T]
    k, n = 4, len(y)
    np.testing.assert_allclose(
        eta**2 / (k - 1) / ((1 - eta**2) / (n - k)), [e.statistic for e in expected], rtol=1e-9
    )
    np.testing.assert_allclose(pvalue, [e.pvalue for e in expected], rtol=1e-9)


def test_rank_correlation_ratio_is_the_kruskal_wallis_test(labelled):
    X, y = labelled
    eta, pvalue = rank_correlation_ratio(X, y)
    expected = [stats.kruskal(*groups(column, y)) for column in X.T]
    np.testing.assert_allclose((len(y) - 1) * eta**2, [e.statistic for e in expected], rtol=1e-10)
    np.testing.assert_allclose(pvalue, [e.pvalue for e in expected], rtol=1e-9)


@pytest.mark.parametrize("ranked", [False, True])
def test_no_numbering_of_the_classes_correlates_better(labelled, rng, ranked):
    X, y = labelled
    eta, _ = (rank_correlation_ratio if ranked else correlation_ratio)(X, y)
    number = np.unique(y, return_inverse=True)[1]
    for column, largest in zip(stats.rankdata(X, axis=0).T if ranked else X.T, eta, strict=True):
        means = np.array([group.mean() for group in groups(column, y)])
        assert np.corrcoef(column, means[number])[0, 1] == pytest.approx(largest, abs=1e-12)
        for _ in range(20):
            scores = means + rng.normal(size=4) * rng.choice([0.01, 1, 100])
            assert abs(np.corrcoef(column, scores[number])[0, 1]) <= largest + 1e-12


def test_two_classes_are_an_ordinary_correlation(rng):
    X, y = rng.normal(size=(50, 3)), np.repeat([0, 1], [20, 30])
    X[:, 0] += y
    expected = [stats.pearsonr(column, y) for column in X.T]
    eta, pvalue = correlation_ratio(X, y)
    np.testing.assert_allclose(eta, [abs(e.statistic) for e in expected])
    np.testing.assert_allclose(pvalue, [e.pvalue for e in expected])
    eta, _ = rank_correlation_ratio(X, y)
    np.testing.assert_allclose(eta, [abs(stats.spearmanr(column, y)[0]) for column in X.T])


def test_columns_against_columns(labelled):
    X, _ = labelled
    np.testing.assert_allclose(pearson(X), np.abs(np.corrcoef(X.T)), atol=1e-12)
    np.testing.assert_allclose(spearman(X), np.abs(stats.spearmanr(X).statistic), atol=1e-12)


@repeatable
@given(arrays(np.float64, (8, 3), elements=st.integers(-4, 4).map(float)))
def test_small_samples_with_ties_agree_with_scipy(X):
    y = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    eta, pvalue = correlation_ratio(X, y)
    rank_eta, rank_pvalue = rank_correlation_ratio(X, y)
    for j, column in enumerate(X.T):
        if np.ptp(column) == 0:
            assert (eta[j], pvalue[j], rank_eta[j], rank_pvalue[j]) == (0, 1, 0, 1)
            continue
        statistic, expected = stats.kruskal(*groups(column, y))
        assert rank_eta[j] == pytest.approx(np.sqrt(statistic / 7), abs=1e-7)
        assert rank_pvalue[j] == pytest.approx(expected, abs=1e-10)
        if any(np.ptp(group) > 0 for group in groups(column, y)):
            assert pvalue[j] == pytest.approx(stats.f_oneway(*groups(column, y)).pvalue, abs=1e-10)
        else:
            assert eta[j] == pytest.approx(1)
            assert pvalue[j] == pytest.approx(0, abs=1e-30)


@pytest.mark.parametrize("name", sorted(ASSOCIATION_TESTS))
def test_what_every_named_test_promises(labelled, name):
    X, y = labelled
    X = np.column_stack([X, X[:, 0], np.full(len(X), 0.1)])
    test = ASSOCIATION_TESTS[name]
    association, pvalue = test.with_classes(X, y)
    between = test.between_columns(X)
    assert association.shape == pvalue.shape == (8,)
    assert between.shape == (8, 8)
    for values in (association, pvalue, between):
        assert ((values >= 0) & (values <= 1)).all()
    np.testing.assert_allclose(between, between.T, atol=1e-15)
    np.testing.assert_allclose(np.diag(between)[:-1], 1)
    # The grids of MIC part 125 rows into 62 and 63, and tell as much less than a bit.
    assert between[0, 6] == pytest.approx(1, abs=1e-3 if name == "mic" else 1e-9)
    assert (association[-1], pvalue[-1], between[-1].max()) == (0, 1, 0)
    assert test.between_columns(X[:, :0]).shape == (0, 0)


@pytest.mark.parametrize("statistic", WITH_CLASSES)
def test_names_of_the_classes_change_nothing(labelled, statistic):
    X, y = labelled
    expected = statistic(X, y)
    for names in ({"blues": 3, "disco": -1, "jazz": 0, "rock": 2}, str.swapcase):
        renamed = pd.Series(y).map(names)
        np.testing.assert_array_equal(statistic(X, renamed), expected)
    np.testing.assert_array_equal(statistic(X, pd.Series(y, dtype="category")), expected)


def test_ranks_hear_only_the_order(labelled):
    X, y = labelled
    curved = np.arctan(X - 2) ** 3
    np.testing.assert_array_equal(rank_correlation_ratio(curved, y), rank_correlation_ratio(X, y))
    np.testing.assert_array_equal(spearman(curved), spearman(X))
    np.testing.assert_array_equal(mic_with_classes(curved, y), mic_with_classes(X, y))
    np.testing.assert_array_equal(mic_between_columns(curved), mic_between_columns(X))
    np.testing.assert_allclose(
        rank_correlation_ratio(-curved, y), rank_correlation_ratio(X, y), rtol=1e-9
    )


@pytest.mark.parametrize("unit", [-1e-300, 1e-12, 1e300])
def test_units_do_not_matter(labelled, unit):
    X, y = labelled
    np.testing.assert_allclose(correlation_ratio(unit * X, y), correlation_ratio(X, y), rtol=1e-9)
    np.testing.assert_allclose(pearson(unit * X), pearson(X), rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounding_is_no_relation(rng, dtype):
    y = np.repeat([0, 1], 20)
    X = np.full((40, 1), 0.1, dtype=dtype)
    X[y == 1] = np.nextafter(X[y == 1], dtype(1))
    for statistic in WITH_CLASSES:
        association, pvalue = statistic(X, y)
        assert (association[0], pvalue[0]) == (0, 1)
    for statistic in BETWEEN_COLUMNS:
        assert statistic(X) == [[0]]


def test_single_precision_loses_nothing_more(labelled):
    X, y = labelled
    X = X.astype(np.float32)
    for statistic in WITH_CLASSES:
        expected = statistic(X.astype(np.float64), y)
        np.testing.assert_allclose(statistic(X, y), expected, rtol=1e-9)


def test_one_row_a_class_proves_nothing():
    eta, pvalue = correlation_ratio([[1.0], [2.0], [4.0]], ["a", "b", "c"])
    assert (eta[0], pvalue[0]) == (pytest.approx(1), 1)
    eta, pvalue = rank_correlation_ratio([[1.0], [2.0], [4.0]], ["a", "b", "c"])
    assert eta[0] == pytest.approx(1)
    assert pvalue[0] == pytest.approx(stats.chi2.sf(2, 2))


@pytest.mark.parametrize("statistic", WITH_CLASSES)
@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[1.0], [2.0]], ["jazz", "jazz"], r"one class only \(jazz\)"),
        ([[1.0], [2.0], [3.0]], [0.0, 1.0, np.nan], "no label in row 2"),
        ([[1.0], [2.0], [3.0]], [0.5, 1.3, 2.7], "Unknown label type: continuous"),
        ([[1.0], [2.0], [3.0]], ["a", None, "b"], "no label in row 1"),
        ([[1.0], [2.0], [3.0]], ["a", "b"], r"inconsistent numbers of samples: \[3, 2\]"),
        ([[1.0], [np.nan]], ["a", "b"], "X contains NaN"),
        ([[1.0], [np.inf]], ["a", "b"], "X contains infinity"),
    ],
)
def test_bad_input(statistic, X, y, message):
    with pytest.raises(ValueError, match=message):
        statistic(X, y)


def test_on_the_features_of_the_paper(real_data):
    table = pd.read_csv(real_data("gtzan/features_30_sec.csv"))
    X = table.drop(columns=["filename", "length", "label"]).to_numpy()
    y = table["label"].to_numpy(dtype=object)
    anova = stats.f_oneway(*groups(X, y))
    kruskal = stats.kruskal(*groups(X, y))
    eta, pvalue = correlation_ratio(X, y)
    np.testing.assert_allclose(eta**2 / 9 / ((1 - eta**2) / (len(y) - 10)), anova.statistic)
    np.testing.assert_allclose(pvalue, anova.pvalue, rtol=1e-7)
    eta, pvalue = rank_correlation_ratio(X, y)
    np.testing.assert_allclose((len(y) - 1) * eta**2, kruskal.statistic)
    np.testing.assert_allclose(pvalue, kruskal.pvalue, rtol=1e-7)
    np.testing.assert_allclose(pearson(X), np.abs(np.corrcoef(X.T)), atol=1e-12)
    np.testing.assert_allclose(spearman(X), np.abs(stats.spearmanr(X).statistic), atol=1e-12)
