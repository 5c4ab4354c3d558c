"""How long the maximal information coefficient takes: this library beside minepy.

On one core the time of the processor is counted, on two that of the clock; every figure is the
best of several, as other work on a machine only ever adds to it. Prints Markdown.

    python benchmarks/mic.py --repeats 5 --minepy PYTHON

minepy installs neither on Python 3.11 nor beside NumPy 2, so PYTHON names an interpreter that has
it; without one, times that were measured elsewhere are shown. The matrix and the selector use
``$MUSIGENRE_TEST_DATA/gtzan/features_3_sec.csv`` where it exists, otherwise a table of noise.
"""

import argparse
import inspect
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import scipy
import sklearn

from musigenre.selection import CorrelationSelector, class_mic, mic, mic_matrix, mic_test

ESTIMATORS = {"mic_approx": 15, "mic_e": 5}
KINDS = {
    "mic_approx, two continuous": ("mic_approx", "independent"),
    "mic_approx, related by half": ("mic_approx", "related"),
    "mic_approx, against 10 labels": ("mic_approx", "labels"),
    "mic_e, two continuous": ("mic_e", "independent"),
    "mic_e, related by half": ("mic_e", "related"),
    "mic_e, against 10 labels": ("mic_e", "labels"),
}

# Seconds of minepy 1.2.6 that others measured, for n = 8,000 and 2,000.
STATED = {
    (8000, "mic_approx, two continuous"): 3.6,
    (8000, "mic_approx, against 10 labels"): 1.1,
    (8000, "mic_e, two continuous"): 0.1,
    (2000, "mic_approx, two continuous"): 0.18,
}


def samples(n, kind):
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, n))
    if kind == "labels":
        return x, rng.integers(0, 10, size=n).astype(float)
    return x, noise if kind == "independent" else x + noise / 2


# What an interpreter that has minepy runs: it need not have this library.
MINEPY = f"""
import sys, time, minepy, numpy as np
{inspect.getsource(samples)}
n, kind, estimator, c, repeats = (f(a) for f, a in zip((int, str, str, int, int), sys.argv[1:]))
x, y = samples(n, kind)
mine = minepy.MINE(alpha=0.6, c=c, est=estimator)
best = float("inf")
for _ in range(repeats):
    start = time.process_time()
    mine.compute_score(x, y)
    best = min(best, time.process_time() - start)
print(best, mine.mic())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="of each timing; the best counts")
    parser.add_argument("--minepy", metavar="PYTHON", help="an interpreter that has minepy")
    parser.add_argument("--minepy-most", type=int, default=30_000, help="its largest sample")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print_start()
        return
    X, y, source = table()
    print(machine(source), "\n")
    table_of_pairs(arguments)
    table_of_matrices(X, arguments.repeats)
    table_of_selectors(X, y, arguments.repeats)
    table_of_tests(arguments.repeats)
    table_of_starts(arguments.repeats)


# ---- The tables ----


def table_of_pairs(arguments: argparse.Namespace) -> None:
    rows = []
    for n in (500, 2000, 8000, 30_000, 100_000):
        for name, (estimator, kind) in KINDS.items():
            x, y = samples(n, kind)
            value = mic(x, y, estimator)
            repeats = arguments.repeats if n > 8000 else 3 * arguments.repeats
            ours = best_of(repeats, mic, x, y, estimator)
            theirs = STATED.get((n, name))
            if arguments.minepy:
                theirs = None
                if n <= arguments.minepy_most:
                    theirs, expected = minepy(arguments, n, estimator, kind)
                    assert abs(value - expected) < 1e-9
            rows.append(
                (
                    f"{n:,}",
                    name,
                    milliseconds(ours),
                    milliseconds(theirs),
                    "" if theirs is None else f"{theirs / ours:.0f}",
                )
            )
    title = "minepy" if arguments.minepy else "minepy, as stated"
    show(
        "MIC of a pair, one core",
        ("samples", "", "musigenre, ms (processor)", f"{title}, ms", "times as fast"),
        rows,
    )


def table_of_matrices(X: pd.DataFrame, repeats: int) -> None:
    rows = []
    n = X.shape[1]
    for n_jobs in (1, 2):
        for clock, name in ((time.perf_counter, "clock"), (time.process_time, "processor")):
            seconds = best_of(repeats, mic_matrix, X, n_jobs=n_jobs, clock=clock)
            each = 1e3 * seconds / (n * (n + 1) / 2)
            rows.append((n_jobs, name, f"{seconds:.2f}", f"{each:.2f}"))
    show(
        f"mic_matrix (mic_e) of a table of {len(X):,} x {n}",
        ("n_jobs", "time", "s", "ms a pair"),
        rows,
    )


def table_of_selectors(X: pd.DataFrame, y: np.ndarray, repeats: int) -> None:
    rows = [
        (
            "class_mic, with its 1,000 columns of noise",
            f"{best_of(repeats, class_mic, X, y):.2f}",
            "",
        )
    ]
    for method in ("pearson", "spearman", "mic"), ("pearson", "spearman"), ("mic",):
        selector = CorrelationSelector(method)
        seconds = best_of(repeats, selector.fit, X, y)
        dropped = ", ".join(X.columns[~selector.get_support()])
        name = f"CorrelationSelector, {' + '.join(method)}"
        rows.append((name, f"{seconds:.2f}", dropped))
    show(f"A table of {len(X):,} x {X.shape[1]}, one core", ("", "s (processor)", "dropped"), rows)


def table_of_tests(repeats: int) -> None:
    rows = []
    for n in (200, 1000, 8000):
        x, y = samples(n, "independent")
        seconds = best_of(repeats, mic_test, x, y, random_state=0)
        rows.append((f"{n:,}", f"{seconds:.2f}"))
    show("mic_test with 999 permutations, one core", ("samples", "s (processor)"), rows)


def table_of_starts(repeats: int) -> None:
    """Time the first call in fresh processes, beyond the time of a second call."""
    with tempfile.TemporaryDirectory() as cache:
        cold = start(cache)
        warm = min(start(cache) for _ in range(repeats))
    rows = [("first ever: compilation", f"{cold:.2f}"), ("any later one", f"{warm:.2f}")]
    show("What the first call in a process costs", ("start", "s (processor)"), rows)


# ---- What runs in processes of its own ----


def minepy(arguments: argparse.Namespace, n: int, estimator: str, kind: str) -> tuple[float, float]:
    repeats = arguments.repeats if n <= 2000 else 1
    words = [str(word) for word in (n, kind, estimator, ESTIMATORS[estimator], repeats)]
    done = subprocess.run(  # noqa: S603 - the interpreter that was asked for
        [arguments.minepy, "-c", MINEPY, *words], check=True, text=True, stdout=subprocess.PIPE
    )
    seconds, value = done.stdout.split()
    return float(seconds), float(value)


def start(cache: str) -> float:
    done = subprocess.run(  # noqa: S603 - this file itself
        [sys.executable, __file__, "--child"],
        env=os.environ | {"NUMBA_CACHE_DIR": cache},
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return float(done.stdout)


def print_start() -> None:
    x, y = samples(500, "independent")
    first = best_of(1, mic, x, y)
    print(first - best_of(3, mic, x, y))


# ---- Small things ----


def table() -> tuple[pd.DataFrame, np.ndarray, str]:
    path = Path(os.environ.get("MUSIGENRE_TEST_DATA", "")) / "gtzan" / "features_3_sec.csv"
    if path.is_file():
        table = pd.read_csv(path)
        X = table.drop(columns=["filename", "length", "label"])
        return X, table["label"].to_numpy(dtype=object), "the published table of 3 s clips"
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(8252, 57))).add_prefix("x")
    return X, rng.integers(0, 10, size=len(X)), "a table of noise"


def best_of(
    repeats: int, function: Callable, *arguments, clock: Callable = time.process_time, **options
) -> float:
    best = np.inf
    for _ in range(repeats):
        begin = clock()
        function(*arguments, **options)
        best = min(best, clock() - begin)
    return best


def milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{1e3 * seconds:.2f}" if seconds < 0.1 else f"{1e3 * seconds:,.0f}"


def machine(source: str) -> str:
    import numba

    modules = (np, scipy, sklearn, numba, joblib)
    versions = ", ".join(f"{module.__name__} {module.__version__}" for module in modules)
    return (
        f"Python {platform.python_version()}, {versions}; {platform.machine()}, "
        f"{os.cpu_count()} cores; {source}."
    )


def show(title: str, header: tuple, rows: list[tuple]) -> None:
    print(f"**{title}**\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print(flush=True)


if __name__ == "__main__":
    main()
