"""Which model a command uses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from musigenre.pipeline import GenrePipeline

Model = Annotated[
    Path | None, typer.Option("--model", "-m", help="A model file, as train writes it.")
]


def resolve_model(model: Path | None) -> "GenrePipeline":
    """Give the pipeline that ``--model`` names."""
    from musigenre import GenrePipeline

    if model is None:
        raise ValueError("name a model with --model FILE; 'musigenre train' makes one")
    return GenrePipeline.load(model)
