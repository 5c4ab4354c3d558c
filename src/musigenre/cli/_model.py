"""Which model a command uses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from musigenre.pipeline import GenrePipeline

Model = Annotated[
    Path | None,
    typer.Option(
        "--model",
        "-m",
        help="A model file, as train writes it; by default the one that comes with musigenre, for "
        "the ten genres of GTZAN.",
    ),
]


def resolve_model(model: Path | None) -> "GenrePipeline":
    """Give the pipeline that ``--model`` names, or the one that comes with the package."""
    from musigenre import GenrePipeline, pretrained

    if model is not None:
        return GenrePipeline.load(model)
    try:
        return GenrePipeline.from_pretrained()
    except ValueError as error:
        if pretrained.MODELS["gtzan"] is not None:
            raise
        raise ValueError(f"{error}, and name it with --model FILE") from error
