"""How long Boruta and the comparison of feature spaces take on the clips of GTZAN.

On one core the time of the processor is counted, with several jobs that of the clock too; every
figure is the best of several, as other work on a machine only ever adds to it. Prints Markdown.

    python benchmarks/selection.py --repeats 3

The table is read from ``$MUSIGENRE_TEST_DATA/gtzan`` where it is; otherwise numbers of the same
shape are drawn at random.
"""

import argparse
import os
import platform
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import boruta
import joblib
import numpy as np
import pandas as pd
import sklearn
from boruta import BorutaPy
from sklearn.ensemble import RandomForestClassifier
from threadpoolctl import threadpool_limits

from musigenre import BorutaSelector, load_gtzan
from musigenre.features.gtzan57 import FEATURE_NAMES
from musigenre.inspection import kmeans_scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="of each timing; the best counts")
    parser.add_argument("--rows", type=int, default=None, help="rows to use; all by default")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    X, y, track, kind = clips(arguments.rows)
    print(machine(f"{kind}, {len(X):,} rows of {X.shape[1]} columns"), "\n", flush=True)
    with threadpool_limits(1):
        table_of_boruta(X, y, track, arguments.repeats)
        table_of_clusters(X, y, track, arguments.repeats)


def table_of_boruta(X: pd.DataFrame, y: np.ndarray, track: pd.Series, repeats: int) -> None:
    values, codes = X.to_numpy(), pd.factorize(y)[0]

    def plain() -> BorutaPy:
        forest = RandomForestClassifier(max_depth=7, class_weight="balanced")
        return BorutaPy(forest, n_estimators="auto", random_state=0).fit(values, codes)

    def ours(n_jobs: int = 1, groups: pd.Series | None = None, **options) -> BorutaSelector:
        return BorutaSelector(random_state=0, n_jobs=n_jobs, **options).fit(X, y, groups)

    compare(
        "Boruta to its end, 57 features",
        {
            "boruta by hand": plain,
            "BorutaSelector": ours,
            "BorutaSelector, n_jobs=2": lambda: ours(n_jobs=2),
            "BorutaSelector, shadows by track, 8 iterations": lambda: ours(
                groups=track, max_iter=8
            ),
        },
        repeats,
        iterations=lambda run: getattr(run, "n_iter_", None) or len(run.importance_history_) - 1,
    )


def table_of_clusters(X: pd.DataFrame, y: np.ndarray, track: pd.Series, repeats: int) -> None:
    compare(
        "kmeans_scores: MFCC against the other columns, ten repeats of ten starts",
        {
            "n_jobs=1": lambda: kmeans_scores(X, y, track, random_state=0),
            "n_jobs=2": lambda: kmeans_scores(X, y, track, random_state=0, n_jobs=2),
        },
        repeats,
    )


def compare(
    title: str,
    contestants: dict[str, Callable],
    repeats: int,
    iterations: Callable | None = None,
) -> None:
    rows = []
    for name, contestant in contestants.items():
        timings = []
        for _ in range(repeats):
            start = time.process_time(), time.perf_counter()
            result = contestant()
            timings.append((time.process_time() - start[0], time.perf_counter() - start[1]))
        processor, clock = np.min(timings, axis=0)
        # Workers that are processes of their own do not show in the processor time of this one.
        row = [name, f"{processor:.1f}" if name != "n_jobs=2" else "", f"{clock:.1f}"]
        rows.append(row if iterations is None else [name, iterations(result), *row[1:]])
    header = ["", "s (processor)", "s (clock)"]
    show(title, header if iterations is None else ["", "iterations", *header[1:]], rows)


def clips(n_rows: int | None) -> tuple[pd.DataFrame, np.ndarray, pd.Series, str]:
    folder = Path(os.environ.get("MUSIGENRE_TEST_DATA", "")) / "gtzan"
    if (folder / "features_3_sec.csv").exists():
        gtzan = load_gtzan(folder, "3s", on_problem="ignore")
        X, y, track, kind = gtzan.data, gtzan.target, gtzan.groups["track"], "clips of GTZAN"
    else:
        rng = np.random.default_rng(0)
        track = pd.Series(np.repeat(np.arange(1000), 10))
        y = track.to_numpy() % 10
        values = rng.normal(size=(10000, 57)) + rng.normal(size=(10, 57))[y]
        X, kind = pd.DataFrame(values, columns=list(FEATURE_NAMES)), "random numbers"
    chosen = np.random.default_rng(0).permutation(len(X))[:n_rows]
    return X.iloc[chosen], np.asarray(y)[chosen], track.iloc[chosen], kind


def machine(kind: str) -> str:
    modules = (np, sklearn, joblib)
    versions = ", ".join(f"{module.__name__} {module.__version__}" for module in modules)
    return (
        f"Python {platform.python_version()}, {versions}, boruta {boruta_version()}; "
        f"{platform.machine()}, {os.cpu_count()} cores; {kind}."
    )


def boruta_version() -> str:
    from importlib.metadata import version

    return version(boruta.__name__)


def show(title: str, header: list[str], rows: list[list]) -> None:
    print(f"**{title}**\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print(flush=True)


if __name__ == "__main__":
    main()
