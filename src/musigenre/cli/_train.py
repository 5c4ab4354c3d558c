"""The command ``train``."""

from pathlib import Path
from typing import Annotated

import typer

from musigenre.cli._options import ClipDuration, Genres, Jobs, Seed, worth_jobs
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
            n_jobs=worth_jobs(jobs, tracks.data),
            verbose=1,
        ).fit(tracks.data, tracks.target)
        pipeline.save(output)
        n_tracks = len(tracks.data) - len(pipeline.errors_)
        say(f"{output}: trained on {n_tracks} tracks of {len(pipeline.classes_)} genres")
        say(f"genres: {', '.join(map(str, pipeline.classes_))}")
        report_errors(unreadable(tracks) + pipeline.errors_)
