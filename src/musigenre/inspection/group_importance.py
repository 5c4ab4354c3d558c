"""What a model loses when a whole group of columns tells it nothing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import check_scoring
from sklearn.utils import _safe_indexing, check_consistent_length, check_random_state, column_or_1d

from musigenre.evaluation.evaluate import describe
from musigenre.evaluation.metrics import corrected_interval
from musigenre.inspection.feature_groups import Columns, resolve_columns
from musigenre.model_selection.protocols import PROTOCOLS, get_protocols, resolve_groups
from musigenre.model_selection.stratified_monte_carlo_split import StratifiedMonteCarloSplit
from musigenre.parallel import in_order


@dataclass(frozen=True, repr=False)
class GroupImportance:
    """Permutation importance of groups of columns over the holdouts of a protocol.

    `group_importance` makes it. Printing it shows a table under the protocol's name.

    Parameters
    ----------
    holdouts : DataFrame
        One row a holdout and group of columns: `holdout`, `columns` (the name of the group),
        `n_columns`, `importance` (the mean loss of score over permutations), `baseline` (the
        score without), `n_train` and `n_test`.
    protocol : str
        Protocol of the holdouts.
    scoring : str
        What was scored.
    estimator : str
        What was inspected, in a few words.

    See Also
    --------
    musigenre.inspection.GroupImportanceDisplay : The same as a chart.
    """

    holdouts: pd.DataFrame
    protocol: str
    scoring: str
    estimator: str = "estimator"

    def summary(self, confidence: float = 0.95) -> pd.DataFrame:
        """Return mean, spread and interval of each group's importance, the largest first.

        Parameters
        ----------
        confidence : float, default=0.95
            Confidence level of the intervals.

        Returns
        -------
        summary : DataFrame
            Indexed by `columns`, with `n_columns`, `mean`, `std` (over holdouts, with n - 1),
            `low` and `high` (see `musigenre.evaluation.corrected_interval`).
        """
        rows = {}
        for name, part in self.holdouts.groupby("columns", sort=False):
            values = part["importance"]
            sizes = part["n_train"].mean(), part["n_test"].mean()
            low, high = corrected_interval(values, *sizes, confidence)
            rows[name] = {
                "n_columns": int(part["n_columns"].iloc[0]),
                "mean": values.mean(),
                "std": values.std(ddof=1),
                "low": low,
                "high": high,
            }
        summary = pd.DataFrame.from_dict(rows, orient="index").rename_axis("columns")
        return summary.astype({"n_columns": int}).sort_values("mean", ascending=False)

    @property
    def baseline(self) -> float:
        """Mean score over holdouts with all columns in place."""
        return float(self.holdouts.drop_duplicates("holdout")["baseline"].mean())

    def __repr__(self) -> str:
        n_holdouts = self.holdouts["holdout"].nunique()
        return (
            f"{self.estimator}: loss of {self.scoring} where a group of columns is permuted, from"
            f" {self.baseline:.3f} with all; {n_holdouts} holdouts, protocol {self.protocol}.\n\n"
            f"{self.summary().round(3).to_string()}\n\n"
            f"{self.protocol}: {PROTOCOLS[self.protocol].meaning}."
        )


def group_importance(
    estimator: BaseEstimator,
    X: Any,
    y: ArrayLike,
    groups: pd.DataFrame | ArrayLike | None = None,
    *,
    columns: Columns | None = None,
    protocol: str = "track",
    scoring: Any = "accuracy",
    n_splits: int = 10,
    test_size: float | int = 0.2,
    n_repeats: int = 5,
    random_state: int | np.random.RandomState | None = None,
    n_jobs: int | None = None,
    verbose: int = 0,
) -> GroupImportance:
    """Measure how much a model relies on groups of columns.

    In each holdout a clone is fitted on the training part. Then all columns of a group are
    permuted together over the rows of the test part, so that their relation to each other stays
    and that to the genre and to other columns goes, and the loss of score is the importance.

    Parameters
    ----------
    estimator : estimator
        It is cloned, never fitted itself, and keeps its own `random_state`.
    X : DataFrame or array-like of shape (n_rows, n_columns)
        Features.
    y : array-like of shape (n_rows,)
        Genre of each row.
    groups : DataFrame, array-like of shape (n_rows,) or None, default=None
        What each row belongs to, as for `musigenre.evaluate`.
    columns : mapping of str to column names or positions, default=None
        Groups of columns to permute; they may overlap. None is ``feature_groups(X.columns)``.
    protocol : {"paper", "track", "artist"}, default="track"
        What is kept apart in a holdout.
    scoring : str or callable, default="accuracy"
        A scorer of scikit-learn.
    n_splits : int, default=10
        Number of holdouts.
    test_size : float or int, default=0.2
        Share of the rows to test on, or their number.
    n_repeats : int, default=5
        Permutations of each group in each holdout.
    random_state : int, RandomState instance or None, default=None
        Draws the holdouts and the permutations. An int gives the same result again.
    n_jobs : int, default=None
        Holdouts to run at a time, in joblib's terms.
    verbose : int, default=0
        Above zero, a progress bar is shown if standard error is a terminal.

    Returns
    -------
    importance : GroupImportance
        Importance of every group in every holdout.

    Raises
    ------
    ValueError
        If X, y and groups do not fit each other or the protocol, or `columns` asks for what X
        does not have.

    See Also
    --------
    feature_groups : Names the natural groups of columns.
    sklearn.inspection.permutation_importance : The same column by column, for a fitted model.

    Notes
    -----
    Permuting one column of many that say the same costs nothing, as the model reads the others;
    whole groups answer for that within a group, not between groups. A small importance therefore
    means that the model can do without, not that the columns know nothing. The sum over groups is
    not the score.

    References
    ----------
    L. Breiman, "Random forests", Machine Learning 45, 2001, for single columns.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.naive_bayes import GaussianNB
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["jazz", "rock"], 100)
    >>> X = pd.DataFrame(rng.normal(size=(200, 3)), columns=["mfcc1_mean", "mfcc2_mean", "tempo"])
    >>> X["mfcc1_mean"] += 4 * (y == "rock")
    >>> importance = group_importance(
    ...     GaussianNB(), X, y, protocol="paper", n_splits=4, random_state=0
    ... )
    >>> importance.summary()["mean"].round(2)
    columns
    mfcc      0.49
    rhythm    0.00
    Name: mean, dtype: float64
    """
    (chosen,) = get_protocols(protocol)
    labels = column_or_1d(y)
    check_consistent_length(X, labels, groups)
    if n_repeats < 1:
        raise ValueError(f"n_repeats must be 1 or more; got {n_repeats}.")
    X = X if hasattr(X, "columns") else np.asarray(X)
    positions = resolve_columns(X, columns)
    rng = check_random_state(random_state)
    splitter = StratifiedMonteCarloSplit(n_splits, test_size=test_size, random_state=rng)
    holdouts = list(splitter.split(labels, labels, resolve_groups(chosen.name, groups)))
    jobs = [
        (estimator, X, labels, train, test, positions, scoring, n_repeats, int(seed))
        for (train, test), seed in zip(holdouts, rng.randint(2**31 - 1, size=n_splits), strict=True)
    ]
    runs = in_order(
        _run_holdout,
        jobs,
        n_jobs,
        description=describe(estimator),
        total=len(jobs),
        unit="holdout",
        verbose=verbose,
    )
    records = [
        {
            "holdout": number,
            "columns": name,
            "n_columns": len(positions[name]),
            "importance": importance,
            "baseline": baseline,
            "n_train": len(train),
            "n_test": len(test),
        }
        for number, ((train, test), (baseline, losses)) in enumerate(
            zip(holdouts, runs, strict=True)
        )
        for name, importance in losses.items()
    ]
    named = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")
    return GroupImportance(pd.DataFrame(records), chosen.name, named, describe(estimator))


def _run_holdout(
    estimator: BaseEstimator,
    X: Any,
    y: NDArray[Any],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    columns: dict[str, NDArray[np.intp]],
    scoring: Any,
    n_repeats: int,
    seed: int,
) -> tuple[float, dict[str, float]]:
    """Return the score on the test part, and the loss by each group of columns."""
    model: Any = clone(estimator)
    model.fit(_safe_indexing(X, train), y[train])
    score = check_scoring(model, scoring)
    X_test, y_test = _safe_indexing(X, test), y[test]
    baseline = score(model, X_test, y_test)
    rng = np.random.RandomState(seed)
    orders = [rng.permutation(len(test)) for _ in range(n_repeats)]  # the same for all groups
    losses = {
        name: baseline
        - np.mean([score(model, _permute(X_test, members, order), y_test) for order in orders])
        for name, members in columns.items()
    }
    return float(baseline), {name: float(loss) for name, loss in losses.items()}


def _permute(X: Any, members: NDArray[np.intp], order: NDArray[np.intp]) -> Any:
    """Copy X with some columns taken from other rows."""
    permuted = X.copy()
    if hasattr(X, "columns"):
        names = X.columns[members]
        permuted[names] = X[names].iloc[order].set_axis(X.index)
    else:
        permuted[:, members] = X[np.ix_(order, members)]
    return permuted
