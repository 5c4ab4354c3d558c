"""The command ``evaluate``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from musigenre.cli._options import ClipDuration, Jobs, Seed, worth_jobs
from musigenre.console import (
    check_genres,
    check_output,
    for_people,
    report_errors,
    say,
    unreadable,
)


class Table(StrEnum):
    """What `evaluate` reads."""

    audio = "audio"
    seconds_3 = "3s"
    seconds_30 = "30s"


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
                data, duration, on_error="skip", n_jobs=worth_jobs(jobs, data.data), verbose=1
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


def _without_copies(dataset):
    """Leave out what repeats another file or row: it would lie on both sides of a holdout."""
    problems = dataset.problems
    copies = set(problems.loc[problems["kind"] == "duplicate", "path"])
    kept = [name not in copies for name in getattr(dataset.data, "index", dataset.data)]
    for key in ("data", "target", "groups"):
        dataset[key] = dataset[key][kept]
    return dataset
