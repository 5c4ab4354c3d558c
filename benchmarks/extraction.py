"""How long the 57 features of a track take: this library beside librosa.

A track is a whole of 30 s (one row) and its ten clips of 3 s (ten rows). On one core the time of
the processor is counted, elsewhere that of the clock; every figure is the best of several, as other
work on a machine only ever adds to it. Prints Markdown.

    python benchmarks/extraction.py --repeats 5 --growth 1000

Recordings are read from ``$MUSIGENRE_TEST_DATA/gtzan/lossless`` where there are any; otherwise
synthetic music is used.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import scipy
import soundfile
from threadpoolctl import threadpool_limits

from musigenre import AudioFeatures, audio, clip_table
from musigenre.datasets import make_track
from musigenre.datasets.synthetic import KINDS
from musigenre.dsp.mel import mfcc
from musigenre.dsp.spectra import Spectra
from musigenre.features.gtzan57 import gtzan57

SR = 22050
CLIP = 66149  # samples, as in the published table
HOP = 66150


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3, help="of each timing; the best counts")
    parser.add_argument("--growth", type=int, default=100, help="tracks of the memory test")
    parser.add_argument("--child", choices=CHILDREN, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with threadpool_limits(1):
        if arguments.child:
            CHILDREN[arguments.child](arguments.growth)
        else:
            show_all(arguments.repeats, arguments.growth)


def show_all(repeats: int, growth: int) -> None:
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        files, kind = recordings(Path(folder))
        print(machine(kind), "\n")
        y = audio.load(files[0], SR)[: 30 * SR]
        y = np.pad(y, (0, 30 * SR - len(y)), mode="wrap")
        table_of_columns(y, repeats)
        table_of_sequences(y, repeats)
        table_of_files(files, Path(folder), repeats)
    table_of_starts(repeats)
    table_of_memory(growth)


# ---- The contestants ----


def ours(y: np.ndarray) -> None:
    gtzan57(y)
    gtzan57(cut(y))


def naive_librosa(y: np.ndarray) -> None:
    """Each feature called on the signal, as tutorials write it."""
    import librosa

    for x in (y, *cut(y)):
        features = (
            librosa.feature.chroma_stft(y=x, sr=SR),
            librosa.feature.rms(y=x),
            librosa.feature.spectral_centroid(y=x, sr=SR),
            librosa.feature.spectral_bandwidth(y=x, sr=SR),
            librosa.feature.spectral_rolloff(y=x, sr=SR),
            librosa.feature.zero_crossing_rate(x),
            librosa.effects.harmonic(x),
            librosa.effects.percussive(x),
        )
        librosa.beat.beat_track(y=x, sr=SR)
        for values in (*features, *librosa.feature.mfcc(y=x, sr=SR)):
            _ = values.mean(), values.var()


def careful_librosa(y: np.ndarray) -> None:
    """librosa with one STFT, one separation, one mel spectrogram and the tempo without beats."""
    import librosa

    for x in (y, *cut(y)):
        spectrum = librosa.stft(x, pad_mode="reflect")
        S = np.abs(spectrum)
        mel = librosa.power_to_db(librosa.feature.melspectrogram(S=S**2, sr=SR))
        steady, sudden = librosa.decompose.hpss(spectrum)
        centroid = librosa.feature.spectral_centroid(S=S, sr=SR)
        features = (
            librosa.feature.chroma_stft(S=S**2, sr=SR),
            librosa.feature.rms(S=S),
            centroid,
            librosa.feature.spectral_bandwidth(S=S, sr=SR, centroid=centroid),
            librosa.feature.spectral_rolloff(S=S, sr=SR),
            librosa.feature.zero_crossing_rate(x),
            librosa.istft(steady),
            librosa.istft(sudden),
        )
        onset = librosa.onset.onset_strength(S=mel, sr=SR, aggregate=np.median)
        librosa.feature.tempo(onset_envelope=onset, sr=SR)
        for values in (*features, *librosa.feature.mfcc(S=mel)):
            _ = values.mean(), values.var()


def our_sequences(y: np.ndarray) -> None:
    for x in cut(y):
        spectra = Spectra(x, SR)
        _ = spectra.magnitude, mfcc(spectra.mel_db)


def librosa_sequences(y: np.ndarray) -> None:
    import librosa

    for x in cut(y):
        _ = np.abs(librosa.stft(x))
        _ = librosa.power_to_db(librosa.feature.melspectrogram(y=x, sr=SR))
        _ = librosa.feature.mfcc(y=x, sr=SR)


def essentia_sequences(y: np.ndarray) -> None:
    """Frame by frame, as its tutorials write it; it has none of the 57 columns."""
    import essentia.standard as es

    window, spectrum = es.Windowing(type="hann", size=2048), es.Spectrum(size=2048)
    bands = es.MelBands(numberBands=128, inputSize=1025, sampleRate=SR, highFrequencyBound=SR / 2)
    mfcc20 = es.MFCC(
        numberBands=128,
        numberCoefficients=20,
        inputSize=1025,
        sampleRate=SR,
        highFrequencyBound=SR / 2,
    )
    for x in cut(y):
        frames = es.FrameGenerator(x, frameSize=2048, hopSize=512, startFromZero=False)
        spectra = [spectrum(window(frame)) for frame in frames]
        _ = np.array(spectra), np.array([bands(s) for s in spectra])
        _ = np.array([mfcc20(s)[1] for s in spectra])


def cut(y: np.ndarray) -> np.ndarray:
    return np.stack([np.resize(y[HOP * k : HOP * k + CLIP], CLIP) for k in range(10)])


# ---- The tables ----


def table_of_columns(y: np.ndarray, repeats: int) -> None:
    compare(
        "57 columns: one row of 30 s and ten of 3 s, one core, decoded audio",
        {
            "librosa, feature by feature": naive_librosa,
            "librosa, one STFT and one separation": careful_librosa,
            "musigenre": ours,
        },
        y,
        repeats,
    )


def table_of_sequences(y: np.ndarray, repeats: int) -> None:
    compare(
        "STFT, mel in dB and MFCC of ten clips of 3 s, one core",
        {
            "librosa": librosa_sequences,
            **({"essentia": essentia_sequences} if find_spec("essentia") else {}),
            "musigenre": our_sequences,
        },
        y,
        repeats,
    )


def compare(title: str, contestants: dict[str, Callable], y: np.ndarray, repeats: int) -> None:
    for contestant in contestants.values():
        contestant(y)
    best = dict.fromkeys(contestants, np.inf)
    for _ in range(repeats):
        for name, contestant in contestants.items():
            best[name] = min(best[name], seconds(contestant, y))
    slowest = next(iter(best.values()))
    rows = [(name, f"{1e3 * s:.1f}", f"{slowest / s:.1f}") for name, s in best.items()]
    show(title, ("", "ms a track (processor)", "times as fast"), rows)


def table_of_files(files: list[Path], folder: Path, repeats: int) -> None:
    """Time the way from files to the table, decoding included, in one and in two processes."""
    rows = []
    for form, n_jobs in (("FLAC", 1), ("Ogg Vorbis", 1), ("FLAC", 2)):
        paths = files if form == "FLAC" else [to_ogg(path, folder) for path in files]
        table = pd.concat([clip_table(paths, duration) for duration in (None, 3)])
        extract = AudioFeatures(n_jobs=n_jobs).transform
        extract(table)
        best = min(seconds(extract, table, clock=time.perf_counter) for _ in range(repeats))
        rows.append((form, n_jobs, f"{1e3 * best / len(files):.1f}"))
    show(
        f"Files to rows: AudioFeatures on {len(files)} tracks",
        ("format", "processes", "ms a track (clock)"),
        rows,
    )


def table_of_starts(repeats: int) -> None:
    """Time the first call in fresh processes, beyond the time of a second call."""
    rows = []
    with tempfile.TemporaryDirectory() as cache:
        cold = float(child("start", cache))
        warm = min(float(child("start", cache)) for _ in range(repeats))
    rows.append(("first ever: compilation", f"{cold:.2f}"))
    rows.append(("any later one", f"{warm:.2f}"))
    show("What the first call in a process costs", ("start", "s (processor)"), rows)


def table_of_memory(n_tracks: int) -> None:
    lines = [line.split() for line in child("memory", None, n_tracks).splitlines()]
    show(
        "Peak memory of a process that computes one 30 s track (30 s and 3 s rows) after another",
        ("tracks", "MiB"),
        [tuple(line) for line in lines],
    )


# ---- What runs in processes of its own ----


def child(name: str, cache: str | None, n_tracks: int = 0) -> str:
    environment = os.environ | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    command = [sys.executable, __file__, "--child", name, "--growth", str(n_tracks)]
    done = subprocess.run(  # noqa: S603 - this file itself
        command, env=environment, check=True, text=True, stdout=subprocess.PIPE
    )
    return done.stdout


def print_start(_: int) -> None:
    y = np.random.default_rng(0).normal(size=30 * SR).astype(np.float32)
    first = seconds(gtzan57, y)
    print(first - min(seconds(gtzan57, y) for _ in range(3)))


def print_memory(n_tracks: int) -> None:
    y = np.random.default_rng(0).normal(size=30 * SR).astype(np.float32)
    at = {1, 10, 100, 1000, n_tracks}
    for i in range(1, n_tracks + 1):
        ours(y)
        if i in at:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            print(i, peak // (1024**2 if sys.platform == "darwin" else 1024))


CHILDREN = {"start": print_start, "memory": print_memory}


# ---- Small things ----


def recordings(folder: Path) -> tuple[list[Path], str]:
    found = Path(os.environ.get("MUSIGENRE_TEST_DATA", "")) / "gtzan" / "lossless"
    files = sorted(found.glob("*.flac"))
    if files:
        return files, f"{len(files)} tracks of GTZAN"
    for i, kind in enumerate(KINDS):
        path = folder / f"{kind}.flac"
        soundfile.write(path, make_track(kind, random_state=i), SR)
        files.append(path)
    return files, f"{len(files)} synthetic tracks"


def to_ogg(path: Path, folder: Path) -> Path:
    out = folder / f"{path.stem}.ogg"
    if not out.exists():
        y, rate = soundfile.read(path, dtype="float32")
        soundfile.write(out, y, rate, format="OGG", subtype="VORBIS")
    return out


def seconds(function: Callable, *arguments, clock: Callable = time.process_time) -> float:
    start = clock()
    function(*arguments)
    return clock() - start


def machine(kind: str) -> str:
    import librosa
    import numba

    modules = (np, scipy, numba, librosa, joblib)
    versions = ", ".join(f"{module.__name__} {module.__version__}" for module in modules)
    return (
        f"Python {platform.python_version()}, {versions}; {platform.machine()}, "
        f"{os.cpu_count()} cores; {kind}."
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
