"""The command ``train``."""

from pathlib import Path
from typing import Annotated

import typer

from musigenre.cli._options import Genres, Jobs, Seed, worth_jobs
from musigenre.console import (
    check_genres,
    check_output,
    for_people,
    report_errors,
    say,
    unreadable,
)


def train(
    directory: Genres,
    output: Annotated[Path, typer.Option("--output", "-o", help="The model file to write.")],
    model: Annotated[str, typer.Option(help="Name of the model.")] = "mlp",
    clip_duration: Annotated[
        float | None,
        typer.Option(
            help="Length of a clip in seconds; 0 takes whole tracks. By default 30 for the model "
            "best, 3 for others.",
            min=0,
            show_default=False,
        ),
    ] = None,
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
            clip_duration="auto" if clip_duration is None else clip_duration or None,
            on_error="skip",
            random_state=seed,
            n_jobs=worth_jobs(jobs, tracks.data),
            verbose=1,
        ).fit(tracks.data, tracks.target)
        pipeline.save(output)
        n_tracks = len(tracks.data) - len(pipeline.errors_)
        say(f"{output}: trained on {n_tracks} tracks of {len(pipeline.classes_)} genres")
        say(f"genres: {', '.join(map(str, pipeline.classes_))}")
        report_errors(unreadable(tracks) + pipeline.errors_)
