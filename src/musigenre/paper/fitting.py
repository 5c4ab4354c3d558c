"""Run one unit: fit on the training part, score both parts, record everything."""

import os
import platform
import sys
import time
import warnings
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import musigenre
from musigenre.evaluation.evaluate import describe
from musigenre.evaluation.metrics import align_proba, genre_scores
from musigenre.evaluation.voting import vote
from musigenre.features.gtzan57 import FEATURE_NAMES
from musigenre.model_selection.group_fit import fit_with_groups
from musigenre.paper.copies import StoredCopiesClassifier
from musigenre.paper.dataset import Dataset
from musigenre.paper.holdouts import draw_holdout
from musigenre.paper.rows import ROWS
from musigenre.paper.settings import Settings
from musigenre.paper.unit import FORMAT_VERSION, Unit

# Test rows that are read and predicted at a time: spectrograms fill the memory.
_ROWS_AT_ONCE = 512

_PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "keras",
    "tensorflow",
    "jax",
    "torch",
    "keras-tuner",
    "numba",
    "librosa",
)
_MOST_WARNINGS = 20


def run_unit(results: Path, unit: Unit, settings: Settings, threads: int) -> None:
    """Run a unit in this process and write its files.

    Parameters
    ----------
    results : Path
        Folder of the results; its arrays must be there.
    unit : Unit
    settings : Settings
    threads : int
        Threads that numerical libraries were given; recorded.
    """
    began = datetime.now(UTC)
    clock, processor = time.perf_counter(), time.process_time()
    row = ROWS[unit.row]
    dataset = Dataset(results / "data")
    X, table = dataset.load(row.kinds, turn=unit.holdout)
    holdout = draw_holdout(table, dataset.tracks, unit.protocol, unit.holdout, settings)
    train, test = holdout.train, holdout.test
    genres = table["genre"].to_numpy(dtype=str)
    tracks = table["track"].to_numpy(dtype=str)
    classes = np.unique(genres)
    seed = settings.seed(unit.row, unit.protocol, unit.holdout)
    estimator = seeded(row.make(settings), seed)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        X_train = np.ascontiguousarray(X[train])
        groups = None if holdout.groups is None else holdout.groups[train]
        fit_clock, fit_processor = time.perf_counter(), time.process_time()
        fit_with_groups(estimator, X_train, genres[train], groups)
        fit_seconds = time.perf_counter() - fit_clock
        fit_processor_seconds = time.process_time() - fit_processor
        proba_train = _proba(estimator, X_train, classes)
        blocks = np.array_split(test, max(1, -(-len(test) // _ROWS_AT_ONCE)))
        proba = np.concatenate([_proba(estimator, np.asarray(X[b]), classes) for b in blocks])

    scores: dict[str, Any] = {
        "train": genre_scores(genres[train], proba_train, classes),
        "test": genre_scores(genres[test], proba, classes),
        "track": None,
    }
    if unit.protocol != "paper":  # there the vote of a track's stray clips would flatter
        ids, mean = vote(proba, tracks[test])
        genre_of = dict(zip(tracks[test], genres[test], strict=True))
        scores["track"] = genre_scores([genre_of[each] for each in ids], mean, classes)
    record = {
        "format_version": FORMAT_VERSION,
        "row": unit.row,
        "title": row.title,
        "row_version": row.version,
        "protocol": unit.protocol,
        "holdout": unit.holdout,
        "seed": seed,
        "estimator": describe(estimator),
        "parameters": _parameters(estimator),
        "scores": scores,
        "classes": classes.tolist(),
        "n_train": len(train),
        "n_test": len(test),
        "n_train_tracks": len(np.unique(tracks[train])),
        "n_test_tracks": len(np.unique(tracks[test])),
        "learned": _learned(estimator),
        "warnings": list(dict.fromkeys(str(each.message) for each in caught))[:_MOST_WARNINGS],
        "versions": _versions(),
        "backend": settings.backend,
        "machine": _machine(threads),
        "peak_mib": _peak_mib(),
        "began": began.isoformat(timespec="seconds"),
        "seconds": {
            "fit": round(fit_seconds, 2),
            "fit_processor": round(fit_processor_seconds, 2),
            "total": round(time.perf_counter() - clock, 2),
            "processor": round(time.process_time() - processor, 2),
            # of the whole process: imports and the start of Python as well
            "process_processor": round(time.process_time(), 2),
        },
    }
    predictions = {
        "rows": test.astype(np.int32),
        "tracks": tracks[test],
        "genres": np.searchsorted(classes, genres[test]).astype(np.int16),
        "classes": classes,
        "proba": proba.astype(np.float32),
    }
    unit.write(results, record, predictions)


def seeded(estimator: Any, seed: int) -> Any:
    """Give every part of an estimator that draws at random the same seed."""
    names = [
        name
        for name in estimator.get_params()
        if name == "random_state" or name.endswith("__random_state")
    ]
    return estimator.set_params(**dict.fromkeys(names, seed))


def last_step(estimator: Any) -> Any:
    """Give what classifies: the last step of a Pipeline, the estimator within another."""
    while True:
        if hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        elif isinstance(estimator, StoredCopiesClassifier):
            estimator = estimator.estimator_
        else:
            return estimator


def _proba(estimator: Any, X: np.ndarray, classes: np.ndarray) -> np.ndarray:
    return align_proba(estimator.predict_proba(X), estimator.classes_, classes)


def _parameters(estimator: Any) -> dict[str, Any]:
    """Give the parameters of all parts, those that are numbers, text or lists of such."""
    parameters = {}
    for name, value in sorted(estimator.get_params().items()):
        plain = _plain(value)
        if plain is not ...:
            parameters[name] = plain
    return parameters


def _plain(value: Any) -> Any:
    """Give a value as JSON has it, or Ellipsis if it has no such form."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        items = [_plain(each) for each in value]
        return ... if any(item is ... for item in items) else items
    return ...


def _learned(estimator: Any) -> dict[str, Any]:
    """Tell what the estimator has found: course of the training, search, selection, slope."""
    learned: dict[str, Any] = {}
    classifier = last_step(estimator)
    history = getattr(classifier, "history_", None)
    if history is not None:
        learned["history"] = {
            name: [float(f"{value:.5g}") for value in column] for name, column in history.items()
        }
        learned["parameters_of_network"] = int(classifier.model_.count_params())
    trials = getattr(classifier, "trials_", None)
    if trials is not None:
        learned["best_params"] = {
            name: _plain(value) for name, value in classifier.best_params_.items()
        }
        learned["best_score"] = classifier.best_score_
        learned["trials"] = [
            {name: _plain(value) for name, value in trial.items()}
            for trial in trials.to_dict("records")
        ]
    blending = getattr(classifier, "blending_", None)
    if isinstance(blending, pd.DataFrame):
        learned["blending"] = blending.astype(float).to_dict("index")
    steps = dict(getattr(estimator, "steps", ()))
    if "selector" in steps:
        kept = steps["selector"].get_support()
        names = np.asarray(FEATURE_NAMES)
        if "kept" in steps:
            names = names[["mfcc" not in name for name in names]]
        learned["dropped_features"] = names[~kept].tolist()
    if "pca" in steps:
        learned["n_components"] = int(steps["pca"].n_components_)
    return learned


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "musigenre": musigenre.__version__}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def _machine(threads: int) -> dict[str, Any]:
    return {
        "system": platform.platform(terse=True),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": threads,
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _peak_mib() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024**2 if sys.platform == "darwin" else 1024)
