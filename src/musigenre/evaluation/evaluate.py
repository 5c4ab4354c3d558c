"""Fit and score an estimator over the holdouts of named protocols."""

import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import confusion_matrix
from sklearn.utils import _safe_indexing, check_consistent_length, column_or_1d
from sklearn.utils.parallel import Parallel, delayed
from tqdm.auto import tqdm

from musigenre.evaluation.metrics import align_proba, genre_scores
from musigenre.evaluation.report import Report
from musigenre.evaluation.voting import vote
from musigenre.model_selection.group_fit import fit_with_groups
from musigenre.model_selection.protocols import (
    PROTOCOLS,
    get_protocols,
    resolve_groups,
    resolve_tracks,
)
from musigenre.model_selection.stratified_monte_carlo_split import StratifiedMonteCarloSplit


def evaluate(
    estimator: BaseEstimator,
    X: Any,
    y: ArrayLike,
    groups: pd.DataFrame | ArrayLike | None = None,
    *,
    protocol: str | Iterable[str] = "paper",
    n_splits: int = 10,
    test_size: float | int = 0.2,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> Report:
    """Evaluate an estimator as the paper does: by repeated stratified holdouts.

    In each holdout a clone is fitted on the training part, and both parts are scored by its class
    probabilities. What may lie on both sides is the protocol's affair, and an accuracy means
    nothing without it (see `musigenre.model_selection.protocols`).

    Parameters
    ----------
    estimator : classifier with predict_proba
        It is cloned, never fitted itself, and keeps its own `random_state`.
    X : array-like, DataFrame or list of length n_rows
        What `estimator.fit` takes: features, a clip table, paths.
    y : array-like of shape (n_rows,)
        Genre of each row.
    groups : DataFrame, array-like of shape (n_rows,) or None, default=None
        What each row belongs to: a DataFrame with the columns `track` and `artist` as far as they
        are known, or a vector with the groups of the one protocol asked for. A row of unknown
        artist (missing or empty) counts as an artist of its own per track. What the protocol keeps
        apart is also told to an estimator whose `fit` takes groups, so that what it holds back for
        validation is kept apart in the same way.
    protocol : {"paper", "track", "artist"} or list of them, default="paper"
        ``paper`` draws rows at random, ``track`` keeps each track on one side, and ``artist`` keeps
        each artist on one side.
    n_splits : int, default=10
        Number of holdouts for each protocol.
    test_size : float or int, default=0.2
        Share of the rows to test on, or their number.
    random_state : int, RandomState instance or None, default=None
        Draws the holdouts. An int gives the same ones again.
    n_jobs : int, default=None
        Holdouts to run at a time, in joblib's terms. The active joblib backend is used.
    verbose : int, default=0
        Above zero, a progress bar is shown if standard error is a terminal.

    Returns
    -------
    report : Report
        Scores of every holdout, their means and intervals, and confusion matrices.

    Raises
    ------
    TypeError
        If the estimator has no `predict_proba`.
    ValueError
        If X, y and groups do not fit each other or the protocol.

    See Also
    --------
    StratifiedMonteCarloSplit : How the holdouts are drawn.

    Notes
    -----
    The predicted class is the most probable one. A class that a training part does not know gets
    probability zero, so its rows count as errors.

    Under ``track`` and ``artist``, where the track of each row is known, the report also tells the
    accuracy of whole tracks, by the mean probability of their clips. Under ``paper`` it does not:
    there the test part holds stray clips of tracks that were trained on, so a vote would only
    flatter.

    References
    ----------
    P. Cortis, "Music genre classification with deep neural networks", section IV.A.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.naive_bayes import GaussianNB
    >>> rng = np.random.default_rng(0)
    >>> tracks = np.repeat(np.arange(40), 5)
    >>> genres = np.where(tracks % 2, "jazz", "rock")
    >>> X = rng.normal(size=(200, 3)) + 2 * (tracks % 2)[:, None]
    >>> report = evaluate(
    ...     GaussianNB(), X, genres, tracks, protocol="track", n_splits=5, random_state=0
    ... )
    >>> report.summary().loc["track", "mean"].round(2)
    score
    train_accuracy         0.98
    train_auroc            1.00
    train_auprc            1.00
    test_accuracy          0.98
    test_auroc             0.99
    test_auprc             0.99
    test_track_accuracy    1.00
    Name: mean, dtype: float64
    """
    if not hasattr(estimator, "predict_proba"):
        raise TypeError(
            f"{describe(estimator)} has no predict_proba, which AUROC, AUPRC and votes need; wrap"
            " it in sklearn.calibration.CalibratedClassifierCV, or use a classifier that has it."
        )
    labels = column_or_1d(y)
    check_consistent_length(X, labels, groups)
    names = [chosen.name for chosen in get_protocols(protocol)]
    if len(names) > 1 and groups is not None and not isinstance(groups, pd.DataFrame):
        raise ValueError(
            f"groups is a vector, which serves one protocol, but {len(names)} were asked for; give"
            " a DataFrame with columns 'track' and 'artist'."
        )
    splitter = StratifiedMonteCarloSplit(n_splits, test_size=test_size, random_state=random_state)
    keys, tasks = [], []
    for name in names:
        # Under "paper" a vote over the stray clips of trained tracks would only flatter.
        tracks = resolve_tracks(name, groups) if PROTOCOLS[name].apart else None
        if tracks is not None:
            _check_one_genre_a_track(labels, tracks)
        apart = resolve_groups(name, groups)
        holdouts = splitter.split(labels, labels, apart)
        for number, (train, test) in enumerate(holdouts):
            keys.append((name, number))
            tasks.append(delayed(_run_holdout)(estimator, X, labels, apart, tracks, train, test))

    # Only a generator can show progress, but not every joblib backend can return one.
    parallel = Parallel(n_jobs=n_jobs, return_as="generator" if verbose else "list")
    progress = tqdm(
        parallel(tasks),
        desc=describe(estimator),
        total=len(tasks),
        unit="holdout",
        disable=None if verbose else True,  # None: off unless standard error is a terminal
    )
    classes = np.unique(labels)
    confusions = {name: np.zeros((len(classes), len(classes)), dtype=np.int64) for name in names}
    records = []
    for (name, number), (scores, confusion) in zip(keys, progress, strict=True):
        records.append({"protocol": name, "holdout": number} | scores)
        confusions[name] += confusion
    return Report(pd.DataFrame(records), confusions, classes, describe(estimator))


def describe(estimator: Any) -> str:
    """Return the classes that an estimator is made of, in a few words.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> describe(make_pipeline(StandardScaler(), LogisticRegression()))
    'StandardScaler + LogisticRegression'
    """
    if hasattr(estimator, "steps"):
        return " + ".join(describe(step) for _, step in estimator.steps if hasattr(step, "fit"))
    inner = getattr(estimator, "estimator", None)
    name = type(estimator).__name__
    return f"{name}({describe(inner)})" if hasattr(inner, "fit") else name


def _check_one_genre_a_track(labels: NDArray[Any], tracks: NDArray[np.intp]) -> None:
    n_genres = pd.Series(labels).groupby(tracks).nunique()
    if (n_genres > 1).any():
        rows = np.flatnonzero(tracks == n_genres.idxmax())
        raise ValueError(
            f"rows {rows[:5].tolist()} belong to one track but carry the genres"
            f" {np.unique(labels[rows]).tolist()}; give all rows of a track the same genre."
        )


def _run_holdout(
    estimator: BaseEstimator,
    X: Any,
    y: NDArray[Any],
    groups: NDArray[np.intp] | None,
    tracks: NDArray[np.intp] | None,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
) -> tuple[dict[str, float], NDArray[np.int64]]:
    """Fit on the training rows, score both parts, and count the confusions of the test part."""
    classes = np.unique(y)
    model = clone(estimator)
    X_train = _safe_indexing(X, train)
    begin = time.perf_counter()
    fit_with_groups(model, X_train, y[train], None if groups is None else groups[train])
    fit_seconds = time.perf_counter() - begin

    proba_train = align_proba(model.predict_proba(X_train), model.classes_, classes)
    proba_test = align_proba(model.predict_proba(_safe_indexing(X, test)), model.classes_, classes)
    train_scores = genre_scores(y[train], proba_train, classes)
    test_scores = genre_scores(y[test], proba_test, classes)
    test_scores["track_accuracy"] = np.nan
    if tracks is not None:
        ids, mean = vote(proba_test, tracks[test])
        genre_of = dict(zip(tracks[test], y[test], strict=True))
        genres = [genre_of[track] for track in ids]
        test_scores["track_accuracy"] = genre_scores(genres, mean, classes)["accuracy"]
    scores = {f"train_{name}": score for name, score in train_scores.items()}
    scores |= {f"test_{name}": score for name, score in test_scores.items()}
    scores |= {"n_train": len(train), "n_test": len(test), "fit_seconds": fit_seconds}
    return scores, confusion_matrix(y[test], classes[proba_test.argmax(axis=1)], labels=classes)
