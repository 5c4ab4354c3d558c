"""What it takes to tell the genre of a file and of a folder, beside librosa with Keras.

    python benchmarks/prediction.py [--model FILE] [--audio FOLDER] [--tracks N]

Without --model the model "best" is trained on a few synthetic tracks, and without --audio these are
what is predicted. Each figure is that of a process of its own, from its start to its end, on Linux
or macOS. Prints Markdown.
"""

import argparse
import itertools
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from musigenre import GenrePipeline, make_tracks
from musigenre.datasets import find_audio

# As tutorials have it: a function of librosa for each feature, a network read from a .keras file.
SCRIPT = """
import sys
import keras
import librosa
import numpy as np

model = keras.models.load_model(sys.argv[1])
for path in sys.argv[2:]:
    y, sr = librosa.load(path, duration=30)
    features = [
        librosa.feature.chroma_stft(y=y, sr=sr),
        librosa.feature.rms(y=y),
        librosa.feature.spectral_centroid(y=y, sr=sr),
        librosa.feature.spectral_bandwidth(y=y, sr=sr),
        librosa.feature.spectral_rolloff(y=y, sr=sr),
        librosa.feature.zero_crossing_rate(y),
        librosa.effects.harmonic(y),
        librosa.effects.percussive(y),
    ]
    row = [number for f in features for number in (f.mean(), f.var())]
    tempo, _ = librosa.beat.beat_track(y=y, sr=sr)
    row.append(float(np.ravel(tempo)[0]))
    for coefficient in librosa.feature.mfcc(y=y, sr=sr):
        row += [coefficient.mean(), coefficient.var()]
    print(path, model.predict(np.array([row]), verbose=0).argmax())
"""


class Cost(NamedTuple):
    """What a command took: seconds of clock and processor, MiB of its largest process."""

    clock: float
    processor: float
    memory: float


# Between this process and the one that is measured: a process begins with the largest memory of the
# one that it comes from.
LAUNCHER = """
import os, subprocess, sys, time
begin = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
sys.exit(process.returncode)
"""


def run(*command):
    """Run a Python command, each process with one thread, and give what it took."""
    environment = os.environ | {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    done = subprocess.run(  # noqa: S603 - commands of this file
        [sys.executable, "-I", "-S", "-c", LAUNCHER, sys.executable, *map(str, command)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    clock, processor, memory = map(float, done.stdout.split())
    return Cost(clock, processor, memory / 2 ** (20 if sys.platform == "darwin" else 10))


def best(costs):
    """Give the smallest of each figure: other work on the machine only adds."""
    return Cost(*map(min, zip(*costs, strict=True)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help='a model file, by default a small "best"')
    parser.add_argument("--audio", type=Path, help="a folder of tracks, by default synthetic ones")
    parser.add_argument("--tracks", type=int, default=200, help="in the folder")
    parser.add_argument("--repeats", type=int, default=5, help="of the cold starts")
    arguments = parser.parse_args()
    print(machine(), "\n")
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        synthetic = make_tracks(folder / "made", 2, random_state=0, n_jobs=-1)
        model = arguments.model
        if model is None:
            model = folder / "best.musigenre"
            trained = GenrePipeline("best", random_state=0, n_jobs=-1)
            trained.fit(synthetic.data, synthetic.target).save(model)
        tracks = synthetic.data if arguments.audio is None else find_audio([arguments.audio])
        one = folder / "one.wav"
        y, rate = soundfile.read(tracks[0], frames=30 * 22050)
        soundfile.write(one, y, rate)
        many = folder / "many"
        many.mkdir()
        for i, track in zip(range(arguments.tracks), itertools.cycle(tracks), strict=False):
            shutil.copy(track, many / f"{i:05d}{Path(track).suffix}")
        compare(model, one, many, arguments.repeats, folder)


def compare(model, one, many, repeats, folder):
    predict = "-m", "musigenre", "predict", "--model", model
    script, network = folder / "script.py", folder / "network.keras"
    script.write_text(SCRIPT)
    make_network(network)

    ours, theirs = [], []
    for _ in range(1 + repeats):  # by turns, and the first fills caches
        ours.append(run(*predict, one))
        theirs.append(run(script, network, one))
    ours, theirs = best(ours[1:]), best(theirs[1:])
    print(f"**From nothing to the genre of one wav of 30 s** (best of {repeats}, one thread)\n")
    print("|  | s (clock) | s (processor) | MiB |\n|---|---|---|---|")
    print(row("librosa and Keras", theirs))
    print(row("musigenre predict", ours))
    print(
        f"\n{theirs.clock / ours.clock:.1f} times as fast by the clock, "
        f"{theirs.processor / ours.processor:.1f} times by the processor.\n"
    )

    files = sorted(many.iterdir())
    few = files[:5]
    print(f"**A folder of {len(files)} tracks**, {files[0].suffix}, without the start\n")
    print("|  | processes | tracks a second | ms of processor a track | MiB, largest process |")
    print("|---|---|---|---|---|")
    slow = run(script, network, *few)
    print(more(f"librosa and Keras ({len(few)} tracks)", 1, slow, theirs, len(few)))
    for jobs in (1, 2):
        cost = run(*predict, many, "--output", folder / f"{jobs}.csv", "--jobs", jobs)
        name = f"musigenre predict --jobs {jobs}"
        print(more(name, jobs, cost, ours, len(files)), flush=True)


def more(name, processes, cost, start, n_tracks):
    """Lay out what the tracks after the first took."""
    n = n_tracks - 1
    rate, spent = n / (cost.clock - start.clock), (cost.processor - start.processor) / n
    return f"| {name} | {processes} | {rate:.2f} | {1000 * spent:.0f} | {cost.memory:.0f} |"


def make_network(path):
    """Write a perceptron of the usual size; its weights do not matter here."""
    from musigenre.networks.quiet_keras import keras

    layers = [keras.layers.Dense(n, activation="relu") for n in (512, 256, 128, 64)]
    network = keras.Sequential(
        [keras.Input((57,)), *layers, keras.layers.Dense(10, activation="softmax")]
    )
    network.save(path)


def row(name, cost):
    return f"| {name} | {cost.clock:.2f} | {cost.processor:.2f} | {cost.memory:.0f} |"


def machine():
    packages = "numpy", "scipy", "scikit-learn", "librosa", "numba", "keras", "tensorflow"
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"Python {platform.python_version()}, {versions}; {os.cpu_count()} cores, "
        f"{platform.machine()}, load {np.round(os.getloadavg()[0], 1)} at the start."
    )


if __name__ == "__main__":
    main()
