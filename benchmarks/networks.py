"""How long the networks train.

    python benchmarks/networks.py

It needs no data: it trains each network and, beside it, the convolutional network that people write
with plain Keras, on the same arrays of noise. How good the networks get is what
``musigenre reproduce`` measures.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

# Bins and frames of a clip of 3 s, or of the picture of a whole track.
SHAPES = {"stft": (1025, 130), "mel": (128, 130), "mfcc": (20, 130), "mel_picture": (216, 334)}
N_FEATURES = 57


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--clips", type=int, default=640, help="of noise")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    speed(options)


# ---- The models ----


def mlp() -> Any:
    from musigenre import MLPClassifier

    return MLPClassifier("3s")


def cnn(architecture: str) -> Any:
    from musigenre import CNNClassifier

    return CNNClassifier(architecture)


def lstm(architecture: str) -> Any:
    from musigenre import LSTMClassifier

    return LSTMClassifier(architecture)


def mmnn(branch: str, blending: bool = False) -> Any:
    from musigenre import MMNNClassifier

    return MMNNClassifier(branch, blending=blending)


#: What each network is given, and how it is made.
MODELS: dict[str, tuple[str, Callable[[], Any]]] = {
    "mlp": ("features", mlp),
    "cnn-mfcc": ("mfcc", partial(cnn, "paper")),
    "cnn-mel": ("mel", partial(cnn, "paper")),
    "cnn-stft": ("stft", partial(cnn, "paper")),
    "cnn-picture": ("mel_picture", partial(cnn, "paper")),
    "conv1d-mfcc": ("mfcc", partial(cnn, "conv1d")),
    "conv1d-mel": ("mel", partial(cnn, "conv1d")),
    "conv1d-stft": ("stft", partial(cnn, "conv1d")),
    "conv1d-picture": ("mel_picture", partial(cnn, "conv1d")),
    "lstm-mfcc": ("mfcc", partial(lstm, "lstm")),
    "crnn-mfcc": ("mfcc", partial(lstm, "crnn")),
    "crnn-mel": ("mel", partial(lstm, "crnn")),
    "mmnn": ("both", partial(mmnn, "cnn")),
    "mmnn-conv1d": ("both", partial(mmnn, "conv1d")),
    "mmnn-crnn": ("both", partial(mmnn, "crnn")),
    "mmnn-blending": ("both", partial(mmnn, "cnn", blending=True)),
}


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
        network = make()
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
    # The second is what the third is compared with: ours are traced in the first alone.
    for epochs in (few, few, many):
        begin = time.perf_counter(), time.process_time()
        network = fit(epochs)
        seconds.append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
    (start, _), (clock, processor), (clocks, processors) = seconds
    per_clip = 1e3 / (many - few) / n_clips
    print(
        f"| {name} | {network.count_params():,} | {start:.1f} "
        f"| {per_clip * (processors - processor):.2f} | {per_clip * (clocks - clock):.2f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
