"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Genres = Annotated[Path, typer.Argument(help="A folder with one folder of audio a genre.")]
Audio = Annotated[list[str], typer.Argument(help="Audio files, folders of them, or playlists.")]
ClipDuration = Annotated[
    float, typer.Option(help="Length of a clip in seconds; 0 takes whole tracks.", min=0)
]


def _checked_seed(seed: int) -> int:
    if not 0 <= seed < 2**32:
        raise typer.BadParameter(f"{seed} is no seed; give one of 0 to {2**32 - 1}")
    return seed


def _checked_jobs(jobs: int) -> int:
    if jobs == 0:
        raise typer.BadParameter("0 jobs do no work; give 1 or more, or -1 for one a core")
    return jobs


Seed = Annotated[
    int, typer.Option(help="The same seed gives the same result.", callback=_checked_seed)
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", "-j", help="Work done at a time; -1: one a core.", callback=_checked_jobs
    ),
]


def worth_jobs(jobs: int, files) -> int:
    """Take one job for a few files, which do not repay the seconds that worker processes take."""
    return jobs if len(files) > 8 else 1
