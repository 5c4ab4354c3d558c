"""Train the model in the box on GTZAN, judge it and write its card.

    python benchmarks/pretrained.py GTZAN -o src/musigenre/pretrained
    python benchmarks/pretrained.py GTZAN -o src/musigenre/pretrained --check

GTZAN is a copy with audio and, beside it, a ``tracks.csv`` with the columns track, artist and
fault_filtered_part. Writes ``gtzan.musigenre``, the model "best" trained on all tracks but exact
copies, and ``gtzan.json``, its card: data, accuracy under each protocol, limits. With ``--check``
nothing is written: the file is compared with its card, the accuracy on new artists is measured
again and compared, too; the exit status is 1 if anything differs.

Features are kept in a folder, so that a second run does not compute them again.
"""

import argparse
import hashlib
import json
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import scipy
import sklearn
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.metrics import confusion_matrix
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

import musigenre
from best import BEST, N_FOLDS, Data, calibration
from musigenre import GenrePipeline, StratifiedMonteCarloSplit
from musigenre.evaluation.metrics import align_proba
from musigenre.features import AudioFeatures

NAME = "gtzan"
N_HOLDOUTS = 10
SEEDS = 3
# Draws of the altered copies: one draw says little.
DRAWS = 4

THRESHOLDS = (0.5, 0.7, 0.9)
# A genre of fewer tracks is said to be hardly known.
FEW = 20

PROTOCOLS = {
    "paper": f"{N_HOLDOUTS} holdouts of a fifth of the tracks, drawn at random by genre, as the "
    "paper draws its clips",
    "track": "the same as paper: each row is a whole track, so that none lies on both sides",
    "artist": f"{N_FOLDS} folds, {SEEDS} times, no artist on both sides: music by artists never "
    "heard",
    "fault-filtered": "trained on the training and the validation part of the fault-filtered "
    f"split, tested on its test part; the mean over {DRAWS} draws of the altered copies",
}

LIMITS = (
    "It knows ten genres as GTZAN means them, mostly Western music of 1950 to 2000, and calls "
    "anything one of them: other music, speech and noise too. `musigenre predict` says where a "
    "recording does not sound like music, and calls a track unsure below a threshold.",
    "For music of your own expect the accuracy under `artist` at best. Tracks by artists of the "
    "training data are told more often, which says nothing of others.",
    "The parts of the model were chosen by the artist folds that judge it here, which flatters it "
    "by one to three points.",
    "Genres of few artists are told worst, and their figures are the least certain.",
    "GTZAN's labels are partly wrong or disputed; a perfect model would score about 94.5 % "
    "(Sturm, arXiv:1306.1461).",
    "It was trained on 30 s. Of a longer track it hears all, 30 s at a time, and takes the mean; "
    "less than 10 s is told much worse (docs/best.md).",
    "Probabilities are calibrated on tracks of GTZAN by artists left out; nothing is known of "
    "other music.",
    "Recordings of one time and genre also sound alike: in band, loudness and noise. The model "
    "may use that. It was trained on copies of other speed and colour to use it less.",
)

LICENCE = (
    "The model is part of musigenre and has its licence. GTZAN carries none; the file holds "
    "numbers that describe 30 s each, 1,909 a track, and no audio, nor can audio be made of them."
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gtzan", type=Path, help="a copy of GTZAN with audio and tracks.csv")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the model")
    parser.add_argument(
        "--store", type=Path, default=Path("build/gtzan"), help="folder that keeps the features"
    )
    parser.add_argument("--check", action="store_true", help="compare with the card; write nothing")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    arguments = parser.parse_args()
    with threadpool_limits(1):
        data = Data(arguments.gtzan, arguments.store, SEEDS, DRAWS)
        model, card = (arguments.output / f"{NAME}{ending}" for ending in (".musigenre", ".json"))
        if arguments.check:
            return check(data, model, card, arguments.jobs)
        judged = {
            name: judge(data, name, arguments.jobs)
            for name in ("paper", "artist", "fault-filtered")
        }
        judged["track"] = judged["paper"]
        pipeline = GenrePipeline("best", random_state=0, n_jobs=arguments.jobs, verbose=1)
        pipeline.fit(data.paths, data.y, groups=data.artists)
        arguments.output.mkdir(parents=True, exist_ok=True)
        pipeline.save(model)
        text = json.dumps(describe(data, model, judged), indent=1, ensure_ascii=False)
        card.write_text(text + "\n", encoding="utf-8")
        print(text)
        print(f"musigenre/pretrained/__init__.py must state this sha256: {digest_of(model)}")
    return 0


# ---- How it is judged ----

Part = tuple[np.ndarray, np.ndarray, str]  # training tracks, test tracks, copies to train on


def holdouts(data: Data) -> Iterator[Part]:
    split = StratifiedMonteCarloSplit(N_HOLDOUTS, random_state=0)
    for i, (train, test) in enumerate(split.split(data.y, data.y)):
        yield train, test, data.copies[i % DRAWS]


def artist_folds(data: Data) -> Iterator[Part]:
    for seed in data.seeds:
        for train, test in data.folds(seed):
            yield train, test, data.copies[seed % DRAWS]


def fault_filtered(data: Data) -> Iterator[Part]:
    train = np.flatnonzero(np.isin(data.parts, ["train", "validation"]))
    for copies in data.copies:
        yield train, np.flatnonzero(data.parts == "test"), copies


def judge(data: Data, protocol: str, n_jobs: int) -> dict:
    """Train as the model itself is trained, time and again, and test on what was left out."""
    draw = {"paper": holdouts, "artist": artist_folds, "fault-filtered": fault_filtered}[protocol]
    parts, genres = list(draw(data)), np.unique(data.y)
    jobs = (
        delayed(predict)(
            np.vstack([data.texture()[train], data.texture(copies)[train]]),
            np.tile(data.y[train], 2),
            np.tile(data.artists[train], 2),
            data.texture()[test],
            genres,
        )
        for train, test, copies in parts
    )
    results = Parallel(n_jobs, return_as="generator")(jobs)
    found = list(tqdm(results, protocol, len(parts), disable=None))
    truth = [np.searchsorted(genres, data.y[test]) for _, test, _ in parts]
    scores = [np.mean(p.argmax(axis=1) == t) for p, t in zip(found, truth, strict=True)]
    return {"scores": np.array(scores), "proba": np.vstack(found), "truth": np.concatenate(truth)}


def predict(
    X: np.ndarray, y: np.ndarray, artists: np.ndarray, tested: np.ndarray, genres: np.ndarray
) -> np.ndarray:
    scaler, classifier = clone(BEST["scaler"]), clone(BEST["classifier"])
    with threadpool_limits(1):
        classifier.fit(scaler.fit_transform(X), y, artists)
        proba = classifier.predict_proba(scaler.transform(tested))
    return align_proba(proba, classifier.classes_, genres)


# ---- The card ----


def describe(data: Data, model: Path, judged: dict[str, dict]) -> dict:
    genres, counts = np.unique(data.y, return_counts=True)
    artists = {genre: len(set(data.artists[data.y == genre])) for genre in genres}
    return {
        "name": NAME,
        "file": model.name,
        "sha256": digest_of(model),
        "bytes": model.stat().st_size,
        "model": "best",
        "about": "Genre of whole tracks: twelve texture blocks of 30 s and a support vector "
        "machine with coupled probabilities, trained on GTZAN by benchmarks/pretrained.py.",
        "feature_set": "texture",
        "feature_set_version": AudioFeatures("texture").fit(data.paths[:1]).feature_set_version_,
        "genres": genres.tolist(),
        "data": {
            "name": "GTZAN (Tzanetakis and Cook, 2002)",
            "tracks": len(data.y),
            "artists": len(set(data.artists)),
            "tracks_of_genre": dict(zip(genres.tolist(), counts.tolist(), strict=True)),
            "artists_of_genre": artists,
            "left_out": "exact copies of other tracks, and tracks that cannot be read",
        },
        "protocols": {name: figures(judged[name], meaning) for name, meaning in PROTOCOLS.items()},
        "limits": [*LIMITS, *limits_of(data)],
        "licence": LICENCE,
        "versions": {
            "musigenre": musigenre.__version__,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "python": platform.python_version(),
        },
    }


def limits_of(data: Data) -> list[str]:
    """Name the genres of which there are few tracks."""
    genres, counts = np.unique(data.y, return_counts=True)
    few = [f"{genre} ({n})" for genre, n in zip(genres, counts, strict=True) if n < FEW]
    return [f"Trained on few tracks of {', '.join(few)}: hardly ever called so."] if few else []


def figures(judged: dict, meaning: str) -> dict:
    proba, truth = judged["proba"], judged["truth"]
    predicted, top = proba.argmax(axis=1), proba.max(axis=1)
    counts = confusion_matrix(truth, predicted, labels=np.arange(proba.shape[1]))
    right = np.diag(counts)
    log_loss, brier, error = (float(value) for value in calibration(proba, truth))
    sure = {
        str(threshold): {
            "share": rounded(np.mean(top >= threshold)),
            "accuracy": rounded(np.mean((predicted == truth)[top >= threshold])),
        }
        for threshold in THRESHOLDS
    }
    return {
        "meaning": meaning,
        "accuracy": rounded(np.mean(predicted == truth)),
        "spread": rounded(judged["scores"].std()),
        "trainings": len(judged["scores"]),
        "tests": len(truth),
        "recall": [rounded(value) for value in right / np.maximum(counts.sum(axis=1), 1)],
        "precision": [rounded(value) for value in right / np.maximum(counts.sum(axis=0), 1)],
        "confusion_matrix": counts.tolist(),
        "calibration": {"log_loss": log_loss, "brier": brier, "expected_error": error},
        "at_probability": sure,
    }


def digest_of(model: Path) -> str:
    return hashlib.sha256(model.read_bytes()).hexdigest()


def rounded(value: float) -> float:
    return round(float(value), 4)


def check(data: Data, model: Path, card: Path, n_jobs: int) -> int:
    """Compare the file with the card, and measure the accuracy on new artists again."""
    said = json.loads(card.read_text(encoding="utf-8"))
    again = figures(judge(data, "artist", n_jobs), "")["accuracy"]
    rows = [
        ("sha256 of the file", said["sha256"], digest_of(model)),
        ("tracks", said["data"]["tracks"], len(data.y)),
        ("accuracy, artist", said["protocols"]["artist"]["accuracy"], again),
    ]
    for name, expected, found in rows:
        verdict = "equal" if expected == found else "DIFFERENT"
        print(f"{name}: the card says {expected}, here {found}: {verdict}")
    return int(any(expected != found for _, expected, found in rows))


if __name__ == "__main__":
    sys.exit(main())
