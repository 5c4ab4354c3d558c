"""How well clusters in a space of features fit the genres."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn import metrics
from sklearn.base import BaseEstimator
from sklearn.cluster import KMeans
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils.multiclass import check_classification_targets

from musigenre.inspection.feature_groups import Columns, resolve_columns
from musigenre.inspection.feature_map import scale_columns
from musigenre.model_selection.protocols import resolve_tracks
from musigenre.parallel import in_order


def kmeans_scores(
    X: ArrayLike,
    y: ArrayLike,
    groups: pd.DataFrame | ArrayLike | None = None,
    *,
    columns: Columns | None = None,
    scaler: BaseEstimator | str | None = None,
    n_clusters: int | None = None,
    n_repeats: int = 10,
    n_init: int = 10,
    sample_size: int | None = 2000,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    r"""Cluster rows by k-means in several spaces, and compare the clusters with the genres.

    Every score stands beside what chance gives. Each repeat draws new starts for k-means, new rows
    for the silhouettes and new permutations, the same for all spaces.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_columns)
        Finite numbers.
    y : array-like of shape (n_rows,)
        Genre of each row.
    groups : DataFrame with a column `track`, array-like of shape (n_rows,) or None, default=None
        The track of each row. With it, chance gives each *track* the genre of another: clips of a
        track stay together, as they do in clusters. Without, it permutes the genres of rows.
    columns : mapping of str to column names or positions, default=None
        The spaces to compare. None is the paper's comparison, the MFCC columns against all others:
        ``feature_groups(X.columns, "mfcc")``.
    scaler : transformer, "passthrough" or None, default=None
        Scales the columns; it is cloned. None is scikit-learn's StandardScaler.
    n_clusters : int, default=None
        Number of clusters; None is the number of genres.
    n_repeats : int, default=10
        Number of repeats.
    n_init : int, default=10
        Starts of k-means in each repeat, of which the best counts.
    sample_size : int or None, default=2000
        Rows to compute the silhouettes from, drawn anew in each repeat, as their cost grows with
        the square. None takes all.
    random_state : int, RandomState instance or None, default=None
        An int gives the same result again.
    n_jobs : int, default=None
        Repeats to run at a time, in joblib's terms.
    verbose : int, default=0
        Above zero, a progress bar is shown if standard error is a terminal.

    Returns
    -------
    scores : DataFrame
        Indexed by `space` and `score`, with the columns `mean` and `std` over repeats, `chance`
        and `chance_std`, and `n_columns`. The scores are

        mutual_info
            Mutual information of clusters and genres in nats, not normalised: from 0 to the
            entropy of the genres, 2.303 for ten of one size.
        normalized_mutual_info
            The same over the mean of the two entropies: from 0 to 1.
        adjusted_mutual_info
            The same after subtracting what independent rows give by chance: 0 for chance.
        adjusted_rand
            Adjusted Rand index: the share of pairs of rows on which clusters and genres agree,
            after subtracting chance; 0 for chance, 1 for the same partition.
        mse
            Mean squared error of putting the centre of its cluster for each row: the mean over
            rows and scaled columns, so that the number of columns does not matter.
        unexplained
            The same over the mean variance of the scaled columns, so that their scale does not
            matter either: the share of the variance that clusters leave, from 0 to 1. With
            StandardScaler the two are equal.
        silhouette
            Mean silhouette coefficient of the clusters, from -1 to 1.
        genre_silhouette
            The same of the genres themselves.

    Raises
    ------
    ValueError
        If the lengths differ, y is not made of classes, clips of a track differ in genre,
        a number is not positive, or `columns` asks for what X does not have.

    See Also
    --------
    feature_groups : Names the natural groups of columns.
    FeatureMapDisplay : The same spaces as pictures.

    Notes
    -----
    Chance is, for the scores that compare with genres, clusters beside permuted genres. For `mse`,
    `unexplained` and `silhouette`, which know no genres, it is k-means on the same values with
    each column permuted by itself: what clusters of columns that have nothing to do with each other
    give.

    Those three say how tight clusters are, not what they have to do with genres: few columns, or
    columns that repeat each other, or have far outliers, give tighter clusters than many that do
    not. What they are beyond chance tells structure.

    The spread is that of repeats on the same rows, not that of other music.

    References
    ----------
    P. Cortis, "Music genre classification with deep neural networks", section III.B and Fig. 2,
    which leaves scaling, normalisation and dimension open.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["jazz", "metal", "pop"], 50)
    >>> centre = np.repeat(np.eye(3), 50, axis=0)
    >>> names = ["mfcc1_mean", "mfcc2_mean", "mfcc3_mean"]
    >>> X = pd.DataFrame(3 * centre + rng.normal(size=(150, 3)), columns=names)
    >>> X["tempo"] = rng.normal(size=150)
    >>> scores = kmeans_scores(X, y, n_repeats=3, random_state=0)
    >>> scores.loc[("mfcc", "adjusted_rand"), ["mean", "chance"]].round(1)
    mean      0.9
    chance    0.0
    Name: (mfcc, adjusted_rand), dtype: float64
    """
    values = check_array(X, dtype=np.float64, ensure_min_samples=2)
    check_consistent_length(values, y, groups)
    check_classification_targets(y)
    genres = np.unique(y, return_inverse=True)[1]
    n_clusters = int(genres.max()) + 1 if n_clusters is None else n_clusters
    for name, value, least in (
        ("n_clusters", n_clusters, 2),
        ("n_repeats", n_repeats, 1),
        ("n_init", n_init, 1),
        ("sample_size", sample_size, 2),
    ):
        if value is not None and not least <= value:
            raise ValueError(f"{name} must be {least} or more; got {value}.")
    tracks = None if groups is None else resolve_tracks("track", groups)
    if groups is not None and tracks is None:
        raise ValueError(
            "groups has no column 'track'; give one, or the track of each row as a vector."
        )
    if tracks is not None and (pd.Series(genres).groupby(tracks).nunique() > 1).any():
        raise ValueError("groups has tracks with rows of several genres; give each track one.")
    spaces = {
        name: scale_columns(values[:, positions], scaler)[0]
        for name, positions in resolve_columns(X, columns, "mfcc").items()
    }
    seeds = check_random_state(random_state).randint(2**31 - 1, size=n_repeats)
    jobs = [
        (space, genres, tracks, n_clusters, n_init, sample_size, int(seed))
        for space in spaces.values()
        for seed in seeds
    ]
    runs = in_order(
        _score_once,
        jobs,
        n_jobs,
        description="k-means",
        total=len(jobs),
        unit="repeat",
        verbose=verbose,
    )
    names = [name for name in spaces for _ in seeds]
    records = [
        {"space": name, "score": score, "value": value, "by_chance": by_chance}
        for name, run in zip(names, runs, strict=True)
        for score, (value, by_chance) in run.items()
    ]
    # pandas would sort the spaces and the scores.
    by_score = pd.DataFrame(records).groupby(["space", "score"], sort=False)
    table = by_score.agg(
        mean=("value", "mean"),
        std=("value", "std"),
        chance=("by_chance", "mean"),
        chance_std=("by_chance", "std"),
    )
    widths = {name: space.shape[1] for name, space in spaces.items()}
    table["n_columns"] = table.index.get_level_values("space").map(widths)
    return table


def _score_once(
    X: NDArray[np.float64],
    genres: NDArray[np.intp],
    tracks: NDArray[np.intp] | None,
    n_clusters: int,
    n_init: int,
    sample_size: int | None,
    seed: int,
) -> dict[str, tuple[float, float]]:
    """Cluster once; return each score and what chance gives."""
    rng = np.random.default_rng(seed)
    sample = rng.permutation(len(X))[:sample_size]
    shuffled_genres = _shuffle_genres(genres, tracks, rng)

    def cluster(points: NDArray[np.float64]) -> tuple[NDArray[np.intp], float, float]:
        model = KMeans(n_clusters, n_init=n_init, random_state=seed).fit(points)
        mse = float(model.inertia_ / points.size)
        return model.labels_, mse, _silhouette(points[sample], model.labels_[sample])

    clusters, mse, silhouette = cluster(X)
    _, chance_mse, chance_silhouette = cluster(rng.permuted(X, axis=0))
    variance = X.var(axis=0).mean() or np.nan  # there is none to explain if all columns are flat
    with_genres: dict[str, Any] = {
        "mutual_info": metrics.mutual_info_score,
        "normalized_mutual_info": metrics.normalized_mutual_info_score,
        "adjusted_mutual_info": metrics.adjusted_mutual_info_score,
        "adjusted_rand": metrics.adjusted_rand_score,
    }
    return {
        name: (float(score(genres, clusters)), float(score(shuffled_genres, clusters)))
        for name, score in with_genres.items()
    } | {
        "mse": (mse, chance_mse),
        "unexplained": (mse / variance, chance_mse / variance),
        "silhouette": (silhouette, chance_silhouette),
        "genre_silhouette": (
            _silhouette(X[sample], genres[sample]),
            _silhouette(X[sample], shuffled_genres[sample]),
        ),
    }


def _shuffle_genres(
    genres: NDArray[np.intp], tracks: NDArray[np.intp] | None, rng: np.random.Generator
) -> NDArray[np.intp]:
    if tracks is None:
        return rng.permutation(genres)
    of_track = np.empty(tracks.max() + 1, dtype=genres.dtype)
    of_track[tracks] = genres
    return rng.permutation(of_track)[tracks]


def _silhouette(X: NDArray[np.float64], labels: NDArray[np.intp]) -> float:
    """Mean silhouette coefficient, NaN where it is not defined."""
    if not 1 < len(np.unique(labels)) < len(labels):
        return np.nan
    return float(metrics.silhouette_score(X, labels))
