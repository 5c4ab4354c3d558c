"""How long the networks train, and how good they get.

    python benchmarks/networks.py speed
    python benchmarks/networks.py holdouts --gtzan DIR --cache DIR --output results.jsonl
    python benchmarks/networks.py table --output results.jsonl

``speed`` needs no data. It trains each network and, beside it, the convolutional network that
people write with plain Keras, on the same arrays of noise. ``holdouts`` trains and scores on
GTZAN's audio, each holdout in a process of its own, and appends a line of JSON to the output; what
is there is not computed again. ``table`` shows the means of such a file.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gtzan_cache import load

# Bins and frames of a clip of 3 s, or of the picture of a whole track.
SHAPES = {"stft": (1025, 130), "mel": (128, 130), "mfcc": (20, 130), "mel_picture": (216, 334)}
N_FEATURES = 57


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mode", choices=["speed", "holdouts", "table", "one"])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--protocols", nargs="+", default=["paper", "track"])
    parser.add_argument("--holdouts", nargs="+", type=int, default=[0, 1, 2], help="their numbers")
    parser.add_argument("--cache", type=Path, default=Path("gtzan-cache"), help="of arrays")
    parser.add_argument("--gtzan", type=Path, help="a copy of GTZAN with audio")
    parser.add_argument("--output", type=Path, default=Path("networks.jsonl"))
    parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="of the network")
    parser.add_argument("--clips", type=int, default=640, help="of the speed test")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    {"speed": speed, "holdouts": holdouts, "table": table, "one": one}[options.mode](options)


# ---- The models ----


def mlp(design: str) -> Any:
    from sklearn.pipeline import make_pipeline

    from musigenre import CorrelationSelector, MLPClassifier, RobustScaler

    return make_pipeline(RobustScaler(), CorrelationSelector(), MLPClassifier(design))


def cnn(architecture: str, cmvn: bool = False) -> Any:
    from musigenre import CNNClassifier

    return with_cmvn(CNNClassifier(architecture), cmvn)


def lstm(architecture: str, cmvn: bool = False) -> Any:
    from musigenre import LSTMClassifier

    return with_cmvn(LSTMClassifier(architecture), cmvn)


def with_cmvn(network: Any, cmvn: bool) -> Any:
    from sklearn.pipeline import make_pipeline

    from musigenre import MfccCMVN

    return make_pipeline(MfccCMVN(), network) if cmvn else network


def mmnn(branch: str, blending: bool = False) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline

    from musigenre import CorrelationSelector, MfccCMVN, MMNNClassifier, RobustScaler

    columns = ColumnTransformer(
        [
            (
                "features",
                make_pipeline(RobustScaler(), CorrelationSelector()),
                slice(0, N_FEATURES),
            ),
            ("mfcc", MfccCMVN(n_coefficients=SHAPES["mfcc"][0]), slice(N_FEATURES, None)),
        ]
    )
    return make_pipeline(columns, MMNNClassifier(branch, blending=blending))


#: What each model is given, and how it is made.
MODELS: dict[str, tuple[str, Callable[[], Any]]] = {
    "mlp": ("features", partial(mlp, "3s")),
    "cnn-mfcc": ("mfcc", partial(cnn, "paper", cmvn=True)),
    "cnn-mel": ("mel", partial(cnn, "paper")),
    "cnn-stft": ("stft", partial(cnn, "paper")),
    "cnn-picture": ("mel_picture", partial(cnn, "paper")),
    "conv1d-mfcc": ("mfcc", partial(cnn, "conv1d", cmvn=True)),
    "conv1d-mfcc-plain": ("mfcc", partial(cnn, "conv1d")),
    "conv1d-mel": ("mel", partial(cnn, "conv1d")),
    "conv1d-stft": ("stft", partial(cnn, "conv1d")),
    "conv1d-picture": ("mel_picture", partial(cnn, "conv1d")),
    "lstm-mfcc": ("mfcc", partial(lstm, "lstm", cmvn=True)),
    "crnn-mfcc": ("mfcc", partial(lstm, "crnn", cmvn=True)),
    "crnn-mel": ("mel", partial(lstm, "crnn")),
    "mmnn": ("both", partial(mmnn, "cnn")),
    "mmnn-conv1d": ("both", partial(mmnn, "conv1d")),
    "mmnn-crnn": ("both", partial(mmnn, "crnn")),
    "mmnn-blending": ("both", partial(mmnn, "cnn", blending=True)),
}


# ---- Holdouts on GTZAN ----


def holdouts(options: argparse.Namespace) -> None:
    """Run what the output lacks, each holdout in a process of its own."""
    done = set()
    if options.output.exists():
        lines = [json.loads(line) for line in options.output.read_text().splitlines()]
        done = {(r["model"], r["protocol"], r["holdout"], tuple(r["set"])) for r in lines}
    for model in options.models:
        for kind in kinds(model):
            load(kind, options.cache, options.gtzan)
        for protocol in options.protocols:
            if protocol != "paper" and model.endswith("picture"):
                continue  # one row is one track already
            for holdout in options.holdouts:
                if (model, protocol, holdout, tuple(options.set)) in done:
                    continue
                command = [sys.executable, __file__, "one", "--models", model]
                command += ["--protocols", protocol, "--holdouts", str(holdout)]
                command += ["--cache", str(options.cache)]
                command += ["--set", *options.set] if options.set else []
                begin = time.perf_counter()
                result = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)  # noqa: S603
                record = json.loads(result.stdout.splitlines()[-1])
                record["process_seconds"] = round(time.perf_counter() - begin, 1)
                with options.output.open("a") as file:
                    file.write(json.dumps(record) + "\n")
                print(json.dumps(record), flush=True)


def one(options: argparse.Namespace) -> None:
    """Run one holdout and print its record."""
    (model,), (protocol,), (holdout,) = options.models, options.protocols, options.holdouts
    from musigenre import evaluate

    kind, make = MODELS[model]
    X, y, groups = arrays(kind, options.cache)
    estimator = make()
    network = estimator[-1] if hasattr(estimator, "steps") else estimator
    network.set_params(random_state=holdout, **parsed(options.set))
    report = evaluate(estimator, X, y, groups, protocol=protocol, n_splits=1, random_state=holdout)
    scores = report.holdouts.drop(columns=["protocol", "holdout"]).iloc[0]
    record = {"model": model, "protocol": protocol, "holdout": holdout, "set": options.set}
    record |= {name: round(float(value), 4) for name, value in scores.items() if pd.notna(value)}
    record["processor_seconds"] = round(time.process_time(), 1)
    print(json.dumps(record))


def parsed(settings: list[str]) -> dict[str, Any]:
    """Read NAME=VALUE, a value being JSON or else a string."""
    values = dict(setting.split("=", 1) for setting in settings)
    for name, value in values.items():
        try:
            values[name] = json.loads(value)
        except ValueError:
            continue
    return values


def kinds(model: str) -> tuple[str, ...]:
    kind = MODELS[model][0]
    return ("features", "mfcc") if kind == "both" else (kind,)


def arrays(kind: str, cache: Path) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    if kind != "both":
        return load(kind, cache)
    features, y, groups = load("features", cache)
    mfcc, _, _ = load("mfcc", cache)
    return np.hstack([features, mfcc.reshape(len(mfcc), -1)]), y, groups


def table(options: argparse.Namespace) -> None:
    """Show the means over the holdouts of an output."""
    records = pd.DataFrame([json.loads(line) for line in options.output.read_text().splitlines()])
    records["set"] = records["set"].map(" ".join)
    groups = records.groupby(["model", "set", "protocol"], sort=False)
    columns = ["train_accuracy", "test_accuracy", "test_auroc", "test_auprc", "test_track_accuracy"]
    columns += ["fit_seconds", "process_seconds", "processor_seconds"]
    means = groups[columns].mean().round(3)
    print(means.assign(holdouts=groups.size()).to_string())


# ---- Speed ----


def speed(options: argparse.Namespace) -> None:
    """Print milliseconds a clip and epoch, of our networks and of the plain one."""
    import keras

    rng = np.random.default_rng(0)
    print(f"{platform.machine()}, {os.cpu_count()} cores; Keras {keras.__version__} on")
    print(f"{keras.backend.backend()}; {options.clips} clips of noise in ten genres\n")
    print("| network | parameters | first epoch, s | an epoch, ms a clip (processor) | (clock) |")
    print("|---|---|---|---|---|")
    y = np.arange(options.clips) % 10
    for name in options.models:
        kind, make = MODELS[name]
        estimator = make()
        network = estimator[-1] if hasattr(estimator, "steps") else estimator
        X = noise(kind, options.clips, rng)
        show(name, options.clips, partial(ours, network, X, y))
        if name in {"cnn-mfcc", "cnn-mel", "cnn-stft"}:
            show(f"plain Keras, {kind}", options.clips, partial(plain, X, y))


def noise(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    if kind == "features":
        return rng.standard_normal((n, N_FEATURES), np.float32)
    if kind == "both":
        bins, frames = SHAPES["mfcc"]
        return rng.standard_normal((n, N_FEATURES + bins * frames), np.float32)
    return rng.standard_normal((n, *SHAPES[kind]), np.float32)


def ours(network: Any, X: np.ndarray, y: np.ndarray, epochs: int) -> Any:
    return network.set_params(epochs=epochs, early_stopping=False).fit(X, y).model_


def plain(X: np.ndarray, y: np.ndarray, epochs: int) -> Any:
    """Train the network of tutorials: three blocks, all numbers flat into a dense layer."""
    import keras
    from keras import layers

    model = keras.Sequential(
        [
            keras.Input((*X.shape[1:], 1)),
            *(
                layer
                for filters in (32, 64, 128)
                for layer in (
                    layers.Conv2D(filters, 3, activation="relu", padding="same"),
                    layers.MaxPooling2D(2),
                )
            ),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X[..., np.newaxis], y, batch_size=128, epochs=epochs, verbose=0)
    return model


def show(name: str, n_clips: int, fit: Callable[[int], Any]) -> None:
    """Time one epoch, start included, and each of three more; print a row."""
    few, many = 1, 4
    seconds = []
    for epochs in (few, many):
        begin = time.perf_counter(), time.process_time()
        network = fit(epochs)
        seconds.append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
    (clock, processor), (clocks, processors) = seconds
    per_clip = 1e3 / (many - few) / n_clips
    print(
        f"| {name} | {network.count_params():,} | {clock:.1f} "
        f"| {per_clip * (processors - processor):.2f} | {per_clip * (clocks - clock):.2f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
