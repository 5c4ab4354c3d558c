import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import accuracy_score, average_precision_score, roc_auc_score
from sklearn.preprocessing import label_binarize

from musigenre.evaluation import corrected_interval, genre_scores
from musigenre.evaluation.metrics import align_proba

GENRES = np.array(["blues", "jazz", "metal", "rock"])


@settings(deadline=None, derandomize=True, max_examples=40)
@given(seed=st.integers(0, 10_000), n=st.integers(8, 60))
def test_scores_equal_scikit_learn(seed, n):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.r_[GENRES, rng.choice(GENRES, n)])
    proba = rng.dirichlet(np.ones(4), size=len(y)).round(rng.integers(1, 8))
    proba[:, -1] = 1 - proba[:, :-1].sum(axis=1)
    scores = genre_scores(y, proba, GENRES)
    one_hot = label_binarize(y, classes=GENRES)
    assert scores == pytest.approx(
        {
            "accuracy": accuracy_score(y, GENRES[proba.argmax(axis=1)]),
            "auroc": roc_auc_score(y, proba, multi_class="ovr", average="macro", labels=GENRES),
            "auprc": average_precision_score(one_hot, proba, average="macro"),
        },
        abs=1e-12,
    )


def test_two_classes(rng):
    y = np.tile(["jazz", "rock"], 25)
    p = rng.uniform(size=50)
    scores = genre_scores(y, np.column_stack([1 - p, p]), ["jazz", "rock"])
    is_rock = y == "rock"
    assert scores["auroc"] == pytest.approx(roc_auc_score(is_rock, p), abs=1e-12)
    both = [average_precision_score(is_rock, p), average_precision_score(~is_rock, 1 - p)]
    assert scores["auprc"] == pytest.approx(np.mean(both), abs=1e-12)


def test_absent_classes_are_left_out_of_the_means(rng):
    y = np.repeat(["blues", "rock", "metal"], 10)
    proba = rng.dirichlet(np.ones(4), size=30)
    scores = genre_scores(y, proba, GENRES)
    one_hot = label_binarize(y, classes=GENRES)
    present = [0, 2, 3]
    rocs = [roc_auc_score(one_hot[:, i], proba[:, i]) for i in present]
    precisions = [average_precision_score(one_hot[:, i], proba[:, i]) for i in present]
    assert scores["auroc"] == pytest.approx(np.mean(rocs), abs=1e-12)
    assert scores["auprc"] == pytest.approx(np.mean(precisions), abs=1e-12)


def test_one_class_has_no_rest_to_tell_it_from(rng):
    scores = genre_scores(["jazz"] * 5, rng.dirichlet(np.ones(4), size=5), GENRES)
    assert np.isnan(scores["auroc"])
    assert scores["auprc"] == 1


def test_perfect_and_ignorant_probabilities():
    y = np.repeat(GENRES, 5)
    assert genre_scores(y, np.repeat(np.eye(4), 5, axis=0), GENRES) == {
        "accuracy": 1,
        "auroc": 1,
        "auprc": 1,
    }
    assert genre_scores(y, np.full((20, 4), 0.25), GENRES) == {
        "accuracy": 0.25,
        "auroc": 0.5,
        "auprc": 0.25,
    }


@pytest.mark.parametrize(
    ("y", "proba", "message"),
    [
        (["jazz", "polka"], np.ones((2, 4)), r"y_true holds \['polka'\]"),
        (["jazz"], np.ones((1, 3)), "proba has 3 columns, but there are 4 classes"),
        (["jazz"], np.ones((2, 4)), "inconsistent numbers of samples"),
        (["jazz", "rock"], np.full((2, 4), np.nan), "proba contains NaN"),
    ],
)
def test_bad_scores(y, proba, message):
    with pytest.raises(ValueError, match=message):
        genre_scores(y, proba, GENRES)


# --- interval ---------------------------------------------------------------------------------


def test_interval_by_hand():
    scores = [0.7, 0.8, 0.75, 0.72, 0.78]
    mean, variance = 0.75, 0.0017  # sum of squares .0068 over four
    half = stats.t.ppf(0.95, df=4) * np.sqrt((0.2 + 0.25) * variance)
    low, high = corrected_interval(scores, n_train=800, n_test=200, confidence=0.9)
    assert (low, high) == pytest.approx((mean - half, mean + half), abs=1e-12)


def test_interval_covers_as_often_as_it_says(rng):
    # Scores as correlated as the correction assumes: n_test / (n_train + n_test).
    n_train, n_test, n_holdouts, n_trials = 80, 20, 10, 4000
    rho = n_test / (n_train + n_test)
    shared = rng.normal(size=(n_trials, 1)) * np.sqrt(rho)
    scores = shared + rng.normal(size=(n_trials, n_holdouts)) * np.sqrt(1 - rho)
    bounds = np.array([corrected_interval(row, n_train, n_test) for row in scores])
    covered = np.mean((bounds[:, 0] < 0) & (bounds[:, 1] > 0))
    assert covered == pytest.approx(0.95, abs=0.015)
    naive = stats.t.interval(0.95, n_holdouts - 1, scores.mean(axis=1), stats.sem(scores, axis=1))
    assert np.mean((naive[0] < 0) & (naive[1] > 0)) < 0.8


@pytest.mark.parametrize("scores", [[0.7], [0.7, np.nan], []])
def test_no_interval_without_scores(scores):
    assert np.isnan(corrected_interval(scores, 80, 20)).all()


def test_bad_interval():
    with pytest.raises(ValueError, match="n_train=0 and n_test=20 must both be positive"):
        corrected_interval([0.5, 0.6], 0, 20)
    with pytest.raises(ValueError, match="confidence=95 must lie between 0 and 1"):
        corrected_interval([0.5, 0.6], 80, 20, confidence=95)


# --- aligning ---------------------------------------------------------------------------------


def test_align_proba_orders_columns_and_fills_with_zero():
    aligned = align_proba(np.array([[0.1, 0.9], [0.6, 0.4]]), ["rock", "blues"], GENRES)
    assert aligned.tolist() == [[0.9, 0, 0, 0.1], [0.4, 0, 0, 0.6]]


def test_align_proba_refuses_strangers_and_wrong_shapes():
    with pytest.raises(ValueError, match=r"probabilities of classes \['polka'\]"):
        align_proba(np.ones((2, 1)), ["polka"], GENRES)
    with pytest.raises(ValueError, match=r"shape \(2, 3\) do not give one column to each of the 2"):
        align_proba(np.ones((2, 3)), ["jazz", "rock"], GENRES)
