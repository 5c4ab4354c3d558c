import pickle

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

import musigenre
from musigenre.selection import characteristic_matrix, mic, mic_matrix
from musigenre.selection.grids import Grids
from musigenre.selection.maximal_information import _compute_tile
from musigenre.selection.ranked_columns import RankedColumns

ESTIMATORS = ["mic_approx", "mic_e"]


@pytest.fixture
def columns(rng):
    """More columns than a tile has, with ties, a constant and relations of several forms."""
    X = rng.normal(size=(150, 19))
    X[:, 1] = X[:, 0] ** 2
    X[:, 2] = X[:, 0].round()
    X[:, 3] = 7
    X[:, 12] = X[:, 0] + 0.5 * X[:, 4]
    return X


def one_by_one(X, Y, **options):
    return np.array([[mic(x, y, **options) for y in Y.T] for x in X.T])


def test_mic_is_the_largest_score(columns):
    for options in ({}, {"estimator": "mic_e"}, {"alpha": 0.8}, {"c": 3}):
        x, y = columns[:, 0], columns[:, 12]
        value = mic(x, y, **options)
        assert type(value) is float
        assert value == characteristic_matrix(x, y, **options).mic
    assert musigenre.mic is mic


@pytest.mark.parametrize("options", [{"estimator": e} for e in ESTIMATORS] + [{"c": 2}])
def test_matrix_of_the_columns_of_one_table(columns, options):
    coefficients = mic_matrix(columns, **options)
    expected = one_by_one(columns, columns, **{"estimator": "mic_e", **options})
    np.testing.assert_array_equal(coefficients, expected)
    assert coefficients[0, 12] > 0.4 > coefficients[0, 5]
    assert not coefficients[3].any()


def test_mic_e_of_both_orders_of_a_pair():
    """There are samples whose best grid has as many columns as rows; then the order matters."""
    rng = np.random.default_rng(0)
    X = np.array([rng.permutation(12) for _ in range(30)]).T
    coefficients = mic_matrix(X, alpha=1)
    np.testing.assert_array_equal(coefficients, one_by_one(X, X, estimator="mic_e", alpha=1))
    assert (coefficients != coefficients.T).any()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_columns_of_two_tables(columns, estimator):
    X, Y = columns[:, :10], columns[:, 10:]
    coefficients = mic_matrix(X, Y, estimator=estimator)
    np.testing.assert_array_equal(coefficients, one_by_one(X, Y, estimator=estimator))
    target = mic_matrix(X, Y[:, 2], estimator=estimator)
    np.testing.assert_array_equal(target, coefficients[:, 2])
    assert mic_matrix(X, Y[:, [2]].tolist(), estimator=estimator).shape == (10, 1)


def test_tables_of_pandas(columns):
    table = pd.DataFrame(columns).assign(tempo=np.arange(150) % 7)
    coefficients = mic_matrix(table)
    np.testing.assert_array_equal(coefficients, mic_matrix(table.to_numpy()))
    np.testing.assert_array_equal(mic_matrix(table, table["tempo"]), coefficients[:, -1])


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_number_of_jobs_changes_nothing(columns, n_jobs):
    expected = mic_matrix(columns)
    np.testing.assert_array_equal(mic_matrix(columns, n_jobs=n_jobs), expected)
    with parallel_config(n_jobs=n_jobs):
        np.testing.assert_array_equal(mic_matrix(columns), expected)


def test_jobs_can_be_sent_to_other_processes(columns):
    grids = Grids(150, "mic_e", 0.6, both_diagonals=True)
    job = grids, RankedColumns.of(list(columns.T[:3]), grids.max_parts), np.array([[0, 1], [2, 1]])
    forth, back = _compute_tile(*pickle.loads(pickle.dumps(job)))  # noqa: S301
    assert forth.tolist() == [mic(columns[:, i], columns[:, 1], "mic_e") for i in (0, 2)]
    assert back.tolist() == [mic(columns[:, 1], columns[:, i], "mic_e") for i in (0, 2)]


def test_results_come_in_batches_of_limited_size(columns, monkeypatch):
    expected = mic_matrix(columns)
    monkeypatch.setattr(Grids, "n_batches", lambda self, n_pairs: max(n_pairs - 1, 1))
    np.testing.assert_array_equal(mic_matrix(columns), expected)
    monkeypatch.undo()
    assert Grids(1000, "mic_e", 0.6).n_batches(64) == 1
    assert 4 < Grids(100_000, "mic_approx", 0.6).n_batches(64) <= 64


def test_no_columns():
    assert mic_matrix(np.empty((5, 0))).shape == (0, 0)
    assert mic_matrix(np.empty((5, 0)), np.arange(5)).shape == (0,)


@pytest.mark.parametrize(
    ("X", "Y", "options", "message"),
    [
        ([[1, 2], [3, np.nan]], None, {}, "X has no number in row 1, column 1"),
        ([[1], [2]], [np.nan, 1], {}, "Y has no number in row 0"),
        ([[1], [2]], [1, 2, 3], {}, r"inconsistent numbers of samples: \[2, 3\]"),
        ([1, 2, 3], None, {}, "Expected 2D array"),
        ([[1], [2]], None, {"estimator": "mic"}, "'estimator' parameter"),
        ([[1], [2]], None, {"n_jobs": "all"}, "'n_jobs' parameter"),
    ],
)
def test_bad_input(X, Y, options, message):
    with pytest.raises(ValueError, match=message):
        mic_matrix(X, Y, **options)
    with pytest.raises(ValueError, match="'estimator' parameter of mic "):
        mic([1, 2], [3, 4], estimator="e")
