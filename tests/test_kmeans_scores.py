import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from scipy.spatial.distance import cdist
from sklearn import metrics
from sklearn.cluster import KMeans

from musigenre import RobustScaler, load_gtzan
from musigenre.inspection import feature_groups, kmeans_scores

WITH_GENRES = ["mutual_info", "normalized_mutual_info", "adjusted_mutual_info", "adjusted_rand"]
SCORES = [*WITH_GENRES, "mse", "unexplained", "silhouette", "genre_silhouette"]


@pytest.fixture
def clips(rng):
    """Three far genres in the columns mfcc, 30 tracks of 5 clips; the other columns are noise."""
    track = np.repeat(np.arange(30), 5)
    genre = track % 3
    X = pd.DataFrame(rng.normal(size=(150, 6)), columns=[f"mfcc{i}" for i in range(1, 7)])
    X.iloc[:, :3] += 12 * np.eye(3)[genre]
    for name in ("tempo", "rms_mean", "centroid"):
        X[name] = rng.normal(size=150)
    return X, np.array(["jazz", "pop", "rock"])[genre], track


def test_clusters_that_are_the_genres(clips):
    X, y, track = clips
    scores = kmeans_scores(X, y, track, n_repeats=4, random_state=0)
    assert scores.index.names == ["space", "score"]
    assert list(scores.index) == [(s, k) for s in ("mfcc", "other") for k in SCORES]
    assert list(scores.columns) == ["mean", "std", "chance", "chance_std", "n_columns"]
    assert scores["n_columns"].unstack().iloc[:, 0].to_dict() == {"mfcc": 6, "other": 3}
    mfcc, other = scores.loc["mfcc"], scores.loc["other"]
    assert mfcc.loc["mutual_info", "mean"] == pytest.approx(np.log(3))
    for score in WITH_GENRES[1:]:
        assert mfcc.loc[score, "mean"] == pytest.approx(1)
        assert abs(mfcc.loc[score, "chance"]) < 0.3
        assert other.loc[score, "mean"] < 0.05
    assert mfcc.loc["silhouette", "mean"] == pytest.approx(mfcc.loc["genre_silhouette", "mean"])
    assert mfcc.loc["silhouette", "mean"] > mfcc.loc["silhouette", "chance"] + 0.1
    assert mfcc.loc["unexplained", "mean"] < mfcc.loc["unexplained", "chance"] - 0.1
    # In noise there is nothing beyond chance.
    for score in ("unexplained", "silhouette", "genre_silhouette"):
        assert other.loc[score, "mean"] == pytest.approx(other.loc[score, "chance"], abs=0.04)


def test_each_score_by_hand(clips):
    X, y, _ = clips
    values = X.to_numpy() * np.arange(1, 10)
    scores = kmeans_scores(
        values,
        y,
        columns={"all": range(9)},
        scaler="passthrough",
        n_repeats=1,
        n_init=2,
        sample_size=None,
        random_state=0,
    ).loc["all", "mean"]
    seed = np.random.RandomState(0).randint(2**31 - 1, size=1)[0]
    model = KMeans(3, n_init=2, random_state=int(seed)).fit(values)
    nearest = cdist(values, model.cluster_centers_, "sqeuclidean").min(axis=1).sum()
    expected = {
        "mutual_info": metrics.mutual_info_score(y, model.labels_),
        "normalized_mutual_info": metrics.normalized_mutual_info_score(y, model.labels_),
        "adjusted_mutual_info": metrics.adjusted_mutual_info_score(y, model.labels_),
        "adjusted_rand": metrics.adjusted_rand_score(y, model.labels_),
        "mse": nearest / values.size,
        "unexplained": nearest / len(values) / values.var(axis=0).sum(),
        "silhouette": metrics.silhouette_score(values, model.labels_),
        "genre_silhouette": metrics.silhouette_score(values, y),
    }
    assert scores.to_dict() == pytest.approx(expected)


def test_the_error_can_be_compared_between_spaces(clips):
    """Columns that say the same again change neither error, however many there are."""
    X, y, _ = clips
    once = X.iloc[:, :4].to_numpy()
    scores = kmeans_scores(
        np.hstack([once, once, once]), y, columns={"4": range(4), "12": range(12)}, random_state=0
    )
    for score in ("mse", "unexplained"):
        assert scores.loc[("4", score), "mean"] == pytest.approx(scores.loc[("12", score), "mean"])
        standard = scores.loc[("4", "mse"), "mean"]
        assert scores.loc[("4", score), "mean"] == pytest.approx(standard)
    robust = kmeans_scores(
        once * 7, y, columns={"4": range(4)}, scaler="passthrough", random_state=0
    ).loc["4", "mean"]
    plain = kmeans_scores(
        once, y, columns={"4": range(4)}, scaler="passthrough", random_state=0
    ).loc["4", "mean"]
    assert robust["mse"] == pytest.approx(49 * plain["mse"])
    assert robust["unexplained"] == pytest.approx(plain["unexplained"])


def test_chance_keeps_clips_of_a_track_together(rng):
    """Clusters that are tracks: by rows that looks far beyond chance, by tracks it does not."""
    track = np.repeat(np.arange(30), 20)
    y = rng.permutation(np.repeat([0, 1, 2], 10))[track]
    X = 50 * rng.normal(size=(30, 2))[track] + rng.normal(size=(600, 2))
    options = {"columns": {"a": [0, 1]}, "n_clusters": 10, "n_repeats": 8, "random_state": 0}
    by_row = kmeans_scores(X, y, **options).loc[("a", "mutual_info")]
    by_track = kmeans_scores(X, y, track, **options).loc[("a", "mutual_info")]
    assert by_row["mean"] == by_track["mean"]
    assert by_row["mean"] > 5 * by_row["chance"]
    assert by_track["chance"] > 0.5 * by_track["mean"]


def test_repeats_and_their_spread(clips):
    X, y, track = clips
    options = {"groups": track, "n_repeats": 3, "n_init": 1, "sample_size": 40}
    first = kmeans_scores(X, y, random_state=0, **options)
    with parallel_config(backend="threading"):
        parallel = kmeans_scores(X, y, random_state=0, n_jobs=2, **options)
    pd.testing.assert_frame_equal(parallel, first)
    assert not first.equals(kmeans_scores(X, y, random_state=1, **options))
    assert (first["chance_std"] > 0).all()
    # A space scores the same whatever stands beside it.
    alone = kmeans_scores(X, y, columns={"mfcc": X.columns[:6]}, random_state=0, **options)
    pd.testing.assert_frame_equal(alone.loc["mfcc"], first.loc["mfcc"])
    one = kmeans_scores(X, y, random_state=0, n_repeats=1)
    assert one["std"].isna().all()


def test_names_of_genres_and_groups_as_a_table(clips):
    X, y, track = clips
    expected = kmeans_scores(X, y, track, n_repeats=2, random_state=0)
    numbers = pd.Series(y).map({"jazz": -3, "pop": 5, "rock": 9})
    groups = pd.DataFrame({"track": [f"t{t:02d}" for t in track], "artist": "x"})
    pd.testing.assert_frame_equal(
        kmeans_scores(X, numbers, groups, n_repeats=2, random_state=0), expected
    )


def test_any_scaler_is_cloned(clips):
    X, y, _ = clips
    scaler = RobustScaler()
    kmeans_scores(X, y, scaler=scaler, n_repeats=1)
    assert not hasattr(scaler, "center_")


@pytest.mark.filterwarnings("ignore:Number of distinct clusters")
def test_flat_columns_have_nothing_to_explain(clips):
    _, y, _ = clips
    scores = kmeans_scores(np.ones((150, 2)), y, columns={"flat": [0, 1]}, n_repeats=1)["mean"]
    assert np.isnan(scores["flat", "unexplained"])
    assert np.isnan(scores["flat", "silhouette"])
    assert scores["flat", "mutual_info"] == 0


def test_bad_input(clips):
    X, y, track = clips
    for options, message in [
        ({"n_repeats": 0}, "n_repeats must be 1 or more; got 0"),
        ({"n_clusters": 1}, "n_clusters must be 2 or more; got 1"),
        ({"n_init": 0}, "n_init must be 1 or more"),
        ({"sample_size": 1}, "sample_size must be 2 or more"),
        ({"columns": {"a": ["pitch"]}}, r"asks for \['pitch'\]"),
        ({"groups": np.zeros(150)}, "tracks with rows of several genres"),
        ({"groups": track[:9]}, "inconsistent numbers"),
        ({"groups": pd.DataFrame({"artist": track})}, "groups has no column 'track'"),
    ]:
        with pytest.raises(ValueError, match=message):
            kmeans_scores(X, y, **options)
    with pytest.raises(ValueError, match="Unknown label type"):
        kmeans_scores(X, X["tempo"])


@pytest.mark.filterwarnings("ignore::musigenre.DatasetWarning")
def test_on_the_tracks_of_the_paper(real_data):
    """The MFCC space does not beat the others on silhouette, and beats chance on everything."""
    gtzan = load_gtzan(real_data("gtzan"), "30s")
    scores = kmeans_scores(
        gtzan.data, gtzan.target, gtzan.groups, n_repeats=3, n_init=3, random_state=0
    )
    mean, chance = scores["mean"].unstack("score"), scores["chance"].unstack("score")
    for score in [*WITH_GENRES, "silhouette"]:
        assert (mean[score] > chance[score] + 0.05).all()
    assert (mean["mse"] < chance["mse"] - 0.2).all()
    assert mean.loc["mfcc", "silhouette"] < mean.loc["other", "silhouette"]
    assert mean.loc["mfcc", "mse"] > mean.loc["other", "mse"]
    assert set(feature_groups(gtzan.data, "mfcc")) == set(mean.index)
