"""The demo: the whole way from audio files to genres, on synthetic tracks."""

import shlex
from pathlib import Path

import numpy as np
from joblib import parallel_config
from typer import echo

from musigenre.clip_model import make_clip_model
from musigenre.datasets import make_tracks
from musigenre.evaluation import AccuracyDisplay, ConfusionDisplay, evaluate
from musigenre.features import extract_dataset
from musigenre.pipeline import GenrePipeline

# Seconds of each synthetic track: five clips.
_DURATION = 15.0
_N_HOLDOUTS = 5


def run_demo(output: Path, *, n_tracks: int, random_state: int, n_jobs: int) -> None:
    """Make tracks, judge a model under two protocols, train it, save it and let it predict.

    Parameters
    ----------
    output : Path
        Folder for what is written: ``tracks/``, ``demo.musigenre``, ``accuracy.png`` and
        ``confusion.png``.
    n_tracks : int
        Synthetic tracks of each kind.
    random_state : int
    n_jobs : int
        Work done at a time.
    """
    output.mkdir(parents=True, exist_ok=True)

    echo(f"1. Make {n_tracks} synthetic tracks of each of ten kinds, {_DURATION:.0f} s each.")
    tracks = make_tracks(
        output / "tracks",
        n_tracks,
        duration=_DURATION,
        random_state=random_state,
        n_jobs=n_jobs,
        verbose=1,
    )

    echo("2. Cut them into clips of 3 s and compute 57 audio features of each.")
    clips = extract_dataset(tracks, n_jobs=n_jobs, verbose=1)

    echo(f"3. Judge a multi-layer perceptron by {_N_HOLDOUTS} holdouts under two protocols.\n")
    report = evaluate(
        make_clip_model(random_state=random_state)[1:],
        clips.data,
        clips.target,
        clips.groups,
        protocol=["paper", "artist"],
        n_splits=_N_HOLDOUTS,
        random_state=random_state,
        n_jobs=n_jobs,
        verbose=1,
    )
    echo(f"{report}\n")
    echo("   These tracks are synthetic: the figures say nothing about real music.")
    _save(AccuracyDisplay.from_report(report), output / "accuracy.png")
    _save(ConfusionDisplay.from_report(report, protocol="artist"), output / "confusion.png")

    echo("\n4. Train on all artists but one of each kind, and save the model.")
    artist = tracks.groups["artist"].to_numpy()
    unheard = np.isin(artist, [artist[tracks.target == kind][0] for kind in tracks.target_names])
    model = output / "demo.musigenre"
    with parallel_config(n_jobs=n_jobs):
        pipeline = GenrePipeline(random_state=random_state, verbose=1)
        pipeline.fit(tracks.data[~unheard], tracks.target[~unheard]).save(model)

        echo("5. Load it and let it hear the artists it has not heard.\n")
        loaded = GenrePipeline.load(model)
        files = [tracks.data[unheard & (tracks.target == k)][0] for k in tracks.target_names]
        probability = loaded.predict_proba(files)
    for kind, row in zip(tracks.target_names, probability, strict=True):
        told = loaded.classes_[row.argmax()]
        echo(f"   {kind:<22} -> {told:<22} {row.max():.2f}")

    echo(f"\nWritten to {output}: tracks, demo.musigenre, accuracy.png, confusion.png.")
    command = f"musigenre predict --model {shlex.quote(str(model))} FILE..."
    echo(f"Next: {command}")


def _save(display, path: Path) -> None:
    display.figure_.savefig(path, dpi=150, bbox_inches="tight")
