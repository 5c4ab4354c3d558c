"""The ``musigenre`` command.

Exit codes: 0 all went well, 1 some files could not be read (the rest is done), 2 nothing was done.
"""

import json
import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from musigenre.console import (
    check_any,
    check_genres,
    check_output,
    for_people,
    named,
    printable,
    report_errors,
    say,
    unreadable,
    written_whole,
)

if TYPE_CHECKING:
    import pandas as pd

# Read when TensorFlow and matplotlib are first imported: no notes on the build, no window.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")

# Files predicted before their rows are written out.
_CHUNK = 64

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Table(StrEnum):
    """What `evaluate` reads."""

    audio = "audio"
    seconds_3 = "3s"
    seconds_30 = "30s"


Genres = Annotated[Path, typer.Argument(help="A folder with one folder of audio a genre.")]
Audio = Annotated[list[str], typer.Argument(help="Audio files, or folders of them.")]
ClipDuration = Annotated[
    float, typer.Option(help="Length of a clip in seconds; 0 takes whole tracks.", min=0)
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same result.", min=0)]
Jobs = Annotated[int, typer.Option("--jobs", "-j", help="Work done at a time; -1: one a core.")]


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Tell the genre of music."""
    if version:
        import musigenre

        typer.echo(f"musigenre {musigenre.__version__}")
        raise typer.Exit


@app.command()
def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the tracks, the model, the pictures.")
    ] = Path("musigenre-demo"),
    tracks: Annotated[int, typer.Option(help="Synthetic tracks of each kind.", min=10)] = 16,
    seed: Seed = 0,
    jobs: Jobs = -1,
) -> None:
    """Show it all: make synthetic tracks, judge a model, train it, predict."""
    with for_people():
        from musigenre.demo import run_demo

        run_demo(output, n_tracks=tracks, random_state=seed, n_jobs=jobs)


@app.command()
def extract(
    paths: Audio,
    output: Annotated[Path, typer.Option("--output", "-o", help="A .parquet or .csv file.")],
    clip_duration: ClipDuration = 3.0,
    feature_set: Annotated[
        str, typer.Option(help="gtzan57, tzanetakis or texture (for whole tracks).")
    ] = "gtzan57",
    store: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps what is computed; default: OUTPUT.store."),
    ] = None,
    jobs: Jobs = -1,
) -> None:
    """Write the audio features of each clip to a table.

    What is computed is kept in a folder: if it is stopped, however that happens, the same command
    goes on, and later it computes only files that are new or have changed.
    """
    with for_people():
        from musigenre.audio import describe_damage
        from musigenre.datasets import find_audio
        from musigenre.features.extract import extract_to_store

        check_output(output, ".parquet", ".csv")
        store = store or output.with_name(f"{output.name}.store")
        files = find_audio(named(paths))
        try:
            features = extract_to_store(
                files,
                store,
                clip_duration or None,
                feature_set=feature_set,
                on_error="skip",
                n_jobs=_jobs(jobs, files),
                verbose=1,
            )
            check_any(files, features.errors)
            features.write(output, verbose=1)
        except KeyboardInterrupt:
            say(f"stopped; the same command goes on with what is in '{store}'", err=True)
            raise typer.Exit(130) from None
        say(f"{output}: {features.n_clips} clips of {features.n_tracks} tracks")
        for file in features.damage:
            say(f"note: {describe_damage(file)}", err=True)
        report_errors(features.errors)


@app.command()
def train(
    directory: Genres,
    output: Annotated[Path, typer.Option("--output", "-o", help="The model file to write.")],
    model: Annotated[str, typer.Option(help="Name of the model.")] = "mlp",
    clip_duration: ClipDuration = 3.0,
    seed: Seed = 0,
    jobs: Jobs = -1,
) -> None:
    """Train a model on a folder of genres and write it to a file."""
    with for_people():
        from musigenre import GenrePipeline, load_folder

        check_output(output)
        tracks = load_folder(directory, on_problem="ignore")
        check_genres(tracks)
        pipeline = GenrePipeline(
            model,
            clip_duration=clip_duration or None,
            on_error="skip",
            random_state=seed,
            n_jobs=_jobs(jobs, tracks.data),
            verbose=1,
        ).fit(tracks.data, tracks.target)
        pipeline.save(output)
        n_tracks = len(tracks.data) - len(pipeline.errors_)
        say(f"{output}: trained on {n_tracks} tracks of {len(pipeline.classes_)} genres")
        say(f"genres: {', '.join(map(str, pipeline.classes_))}")
        report_errors(unreadable(tracks) + pipeline.errors_)


@app.command()
def predict(
    paths: Audio,
    model: Annotated[Path, typer.Option("--model", "-m", help="A file that train wrote.")],
    clips: Annotated[bool, typer.Option("--clips", help="A row a clip: which genre when.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, a line a row.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write a CSV file instead.")] = None,
    jobs: Jobs = -1,
) -> None:
    """Tell the genre of audio files."""
    with for_people():
        from joblib import parallel_config

        from musigenre import GenrePipeline
        from musigenre.datasets import find_audio

        if csv is not None:
            check_output(csv, ".csv")
        pipeline = GenrePipeline.load(model)
        files = find_audio(named(paths))
        errors: list[dict[str, str]] = []
        with parallel_config(n_jobs=_jobs(jobs, files)), written_whole(csv) as part:
            for i, rows in enumerate(_predictions(pipeline, files, clips, errors)):
                if part is not None:
                    rows.to_csv(part, mode="a", index=False, header=i == 0)
                elif as_json:
                    for row in rows.to_dict("records"):
                        say(json.dumps(row))
                else:
                    _print_rows(rows)
            check_any(files, errors)
        if csv is not None:
            say(f"{csv}: {len(files) - len(errors)} tracks")
        report_errors(errors)


@app.command()
def evaluate(
    directory: Annotated[
        Path, typer.Argument(help="A folder of genres, or a copy of GTZAN with its tables.")
    ],
    features: Annotated[
        Table, typer.Option(help="Compute from the audio, or read a published GTZAN table.")
    ] = Table.audio,
    protocol: Annotated[
        list[str] | None, typer.Option(help="paper, track or artist; may be given repeatedly.")
    ] = None,
    holdouts: Annotated[int, typer.Option(help="Monte-Carlo holdouts.", min=2)] = 10,
    clip_duration: ClipDuration = 3.0,
    plot: Annotated[Path | None, typer.Option(help="Write a picture (png, svg or pdf).")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the scores of each holdout.")] = None,
    seed: Seed = 0,
    jobs: Jobs = -1,
) -> None:
    """Judge the MLP by Monte-Carlo holdouts under named protocols."""
    with for_people():
        from musigenre import evaluate, load_folder, load_gtzan, make_clip_model
        from musigenre.evaluation import AccuracyDisplay
        from musigenre.features import extract_dataset
        from musigenre.model_selection import get_protocols

        for target, *endings in ((plot, ".png", ".svg", ".pdf"), (csv, ".csv")):
            if target is not None:
                check_output(target, *endings)
        protocols = [each.name for each in get_protocols(protocol or ["paper", "track"])]
        tables: dict[Table, float | None] = {Table.seconds_3: 3.0, Table.seconds_30: None}
        duration = tables.get(features, clip_duration or None)
        if features == Table.audio:
            data = load_folder(directory, on_problem="ignore")
        else:
            data = load_gtzan(directory, features.value, on_problem="ignore")
        check_genres(data)
        errors = unreadable(data)
        data = _without_copies(data)
        if features == Table.audio:
            data = extract_dataset(
                data, duration, on_error="skip", n_jobs=_jobs(jobs, data.data), verbose=1
            )
            errors += data.errors
        report = evaluate(
            make_clip_model(clip_duration=duration, random_state=seed)[1:],
            data.data,
            data.target,
            data.groups,
            protocol=protocols,
            n_splits=holdouts,
            random_state=seed,
            n_jobs=jobs,
            verbose=1,
        )
        say(str(report))
        if csv is not None:
            report.holdouts.to_csv(csv, index=False)
        if plot is not None:
            display = AccuracyDisplay.from_report(report)
            display.figure_.savefig(plot, dpi=150, bbox_inches="tight")
        report_errors(errors)


def _predictions(
    pipeline, files: list[str], clips: bool, errors: list[dict[str, str]]
) -> Iterator["pd.DataFrame"]:
    """Give the predictions of one chunk of files after another; errors are added to the list."""
    import pandas as pd
    from tqdm.auto import tqdm

    from musigenre import clip_table
    from musigenre.evaluation import vote

    progress = tqdm(total=len(files), desc="predicting", unit="track", disable=None)
    with progress:
        for first in range(0, len(files), _CHUNK):
            chunk = files[first : first + _CHUNK]
            table = clip_table(chunk, pipeline.clip_duration, on_error="skip")
            errors += table.attrs["errors"]
            if not table.empty:
                rows = pipeline.predict_clips(table)
                if not clips:
                    names = [f"p_{genre}" for genre in pipeline.classes_]
                    tracks, probability = vote(rows[names].to_numpy(), rows["track"])
                    best = pipeline.classes_[probability.argmax(axis=1)]
                    rows = pd.DataFrame({"track": map(printable, tracks), "genre": best})
                    rows = rows.join(pd.DataFrame(probability, columns=names))
                rows["track"] = rows["track"].map(printable)
                yield rows
            progress.update(len(chunk))


def _print_rows(rows: "pd.DataFrame") -> None:
    """Print genre, its probability, the time in the track, the track."""
    for row in rows.to_dict("records"):
        when = f"{row['start']:8.1f} s" if "start" in row else ""
        say(f"{row['genre']:<16}{row['p_' + str(row['genre'])]:5.2f}{when}  {row['track']}")


def _jobs(jobs: int, files) -> int:
    # Starting worker processes takes seconds, which a few files do not repay.
    return jobs if len(files) > 8 else 1


def _without_copies(dataset):
    """Leave out what repeats another file or row: it would lie on both sides of a holdout."""
    problems = dataset.problems
    copies = set(problems.loc[problems["kind"] == "duplicate", "path"])
    kept = [name not in copies for name in getattr(dataset.data, "index", dataset.data)]
    for key in ("data", "target", "groups"):
        dataset[key] = dataset[key][kept]
    return dataset
