"""The command ``demo``."""

from pathlib import Path
from typing import Annotated

import typer

from musigenre.cli._options import Jobs, Seed
from musigenre.console import for_people


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
