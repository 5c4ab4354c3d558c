"""Tuned and fixed perceptrons on the GTZAN tables: accuracy and time, holdout by holdout.

Robust scaling, selection by correlation and a perceptron, on the stratified holdouts of the paper
(Table I). Each holdout is a process of its own, so its seconds include the imports, and prints one
line of JSON. With an output file, what is already in it is not run again:

    python benchmarks/tuning.py --holdouts 3 --output tuning.jsonl

Reads the tables in ``$MUSIGENRE_TEST_DATA/gtzan``. ``--summary`` prints means as Markdown.
"""

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

# What tells one line from another.
KEYS = ("model", "features", "mfcc", "protocol", "holdout", "n_holdouts", "n_trials", "n_jobs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=["tuned", "fixed"], default=["tuned"])
    parser.add_argument("--features", nargs="+", choices=["3s", "30s"], default=["3s", "30s"])
    parser.add_argument("--mfcc", nargs="+", choices=["with", "without"], default=["with"])
    parser.add_argument("--protocols", nargs="+", choices=["paper", "track"], default=["paper"])
    parser.add_argument("--holdouts", type=int, default=3)
    parser.add_argument("--only", type=int, nargs="+", help="run these holdouts only, from 0")
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=None, help="trials at a time")
    parser.add_argument("--output", type=Path, help="file of JSON lines, gone on with")
    parser.add_argument("--summary", action="store_true", help="only print what the file holds")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(run(**json.loads(arguments.child))))
        return
    output: Path | None = arguments.output
    done = []
    if output is not None and output.exists():
        done = [json.loads(line) for line in output.read_text().splitlines()]
    for task in [] if arguments.summary else tasks(arguments):
        if any(all(line[key] == task[key] for key in KEYS) for line in done):
            continue
        line = run_apart(task)
        done.append(line)
        print(json.dumps(line), flush=True)
        if output is not None:
            with output.open("a") as file:
                file.write(json.dumps(line) + "\n")
    if arguments.summary:
        print(summary(done))


def tasks(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    holdouts = arguments.only or range(arguments.holdouts)
    return [
        {
            "model": model,
            "features": features,
            "mfcc": mfcc == "with",
            "protocol": protocol,
            "holdout": holdout,
            "n_holdouts": arguments.holdouts,
            "n_trials": arguments.trials if model == "tuned" else None,
            "n_jobs": arguments.jobs if model == "tuned" else None,
        }
        for holdout, features, mfcc, protocol, model in itertools.product(
            holdouts, arguments.features, arguments.mfcc, arguments.protocols, arguments.models
        )
    ]


def run_apart(task: dict[str, Any]) -> dict[str, Any]:
    """Run a holdout in a process of its own, and time the whole of it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    child = subprocess.run(  # noqa: S603 - this file itself
        [sys.executable, __file__, "--child", json.dumps(task)],
        check=True,
        text=True,
        stdout=subprocess.PIPE,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    line = task | json.loads(child.stdout)
    line["seconds"] = round(time.perf_counter() - start, 1)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    line["processor_seconds"] = round(used, 1)
    return line


def run(
    *,
    model: str,
    features: str,
    mfcc: bool,
    protocol: str,
    holdout: int,
    n_holdouts: int,
    n_trials: int | None,
    n_jobs: int | None,
) -> dict[str, Any]:
    from sklearn.pipeline import Pipeline

    from musigenre import (
        CorrelationSelector,
        MLPClassifier,
        RobustScaler,
        StratifiedMonteCarloSplit,
        TunedMLPClassifier,
        load_gtzan,
    )
    from musigenre.evaluation.metrics import genre_scores
    from musigenre.model_selection.group_fit import fit_with_groups

    folder = Path(os.environ.get("MUSIGENRE_TEST_DATA", "")) / "gtzan"
    gtzan = load_gtzan(folder, features, on_problem="ignore")
    X, y = gtzan.data, gtzan.target
    if not mfcc:
        X = X[[column for column in X.columns if "mfcc" not in column]]
    tracks = gtzan.groups["track"].to_numpy() if protocol == "track" else None
    split = StratifiedMonteCarloSplit(n_holdouts, random_state=0).split(X, y, tracks)
    train, test = next(itertools.islice(split, holdout, None))

    if model == "tuned":
        classifier: Any = TunedMLPClassifier(n_trials, n_jobs=n_jobs, random_state=0)
    else:
        classifier = MLPClassifier(features, random_state=0)
    pipeline = Pipeline(
        [
            ("scaler", RobustScaler()),
            ("selector", CorrelationSelector()),
            ("classifier", classifier),
        ]
    )
    groups = None if tracks is None else tracks[train]
    fit_with_groups(pipeline, X.iloc[train], y[train], groups)
    result: dict[str, Any] = {"n_train": len(train), "n_test": len(test)}
    for part, rows in (("train", train), ("test", test)):
        scores = genre_scores(y[rows], pipeline.predict_proba(X.iloc[rows]), pipeline.classes_)
        result |= {f"{part}_{name}": round(float(score), 4) for name, score in scores.items()}
    if model == "tuned":
        trials = classifier.trials_
        result |= {
            "best_score": round(classifier.best_score_, 4),
            "best_params": classifier.best_params_,
            "median_score": round(float(np.median(trials["score"])), 4),
            "first_score": round(float(trials["score"].iloc[0]), 4),
            "trial_seconds": round(float(trials["seconds"].sum()), 1),
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result["peak_mib"] = peak // (1024**2 if sys.platform == "darwin" else 1024)
    return result


def summary(lines: list[dict[str, Any]]) -> str:
    table = pd.DataFrame(lines)
    rows = []
    for key, part in table.groupby(["model", "features", "mfcc", "protocol"]):
        model, features, mfcc, protocol = key
        rows.append(
            f"| {model} | {features}{'' if mfcc else ' without MFCC'} | {protocol} | {len(part)} | "
            f"{part['test_accuracy'].mean():.3f} | {part['train_accuracy'].mean():.3f} | "
            f"{part['test_auroc'].mean():.3f} | {part['processor_seconds'].mean():.0f} | "
            f"{part['seconds'].mean():.0f} |"
        )
    header = (
        "| model | features | protocol | holdouts | test accuracy | train accuracy | test AUROC | "
        "s (processor) | s (clock) |\n|---|---|---|---|---|---|---|---|---|\n"
    )
    return header + "\n".join(rows)


if __name__ == "__main__":
    main()
