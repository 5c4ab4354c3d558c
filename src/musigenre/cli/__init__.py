"""The ``musigenre`` command.

Exit codes: 0 all went well, 1 some files could not be read, or tagged, or experiments failed (the
rest is done), 2 nothing was done, 130 it was stopped.
A module a command; each imports what it needs when it runs, so that ``--help`` is quick.
"""

import gc
import os
from typing import Annotated

import typer

from musigenre.cli._card import card
from musigenre.cli._demo import demo
from musigenre.cli._evaluate import evaluate
from musigenre.cli._extract import extract
from musigenre.cli._predict import predict
from musigenre.cli._reproduce import reproduce
from musigenre.cli._similar import similar
from musigenre.cli._tags import undo_tags
from musigenre.cli._train import train
from musigenre.memory import keep_freed_memory

# Imports make hundreds of thousands of objects that stay. With the usual threshold the collector
# looks through them again and again, for a tenth of the time that a short command takes.
gc.set_threshold(100_000)

# For what is computed without workers; these see to it themselves.
keep_freed_memory()

# Read when TensorFlow and matplotlib are first imported: no notes on the build, no window.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Tell the genre of music."""
    if version:
        import musigenre

        typer.echo(f"musigenre {musigenre.__version__}")
        raise typer.Exit


for command in (demo, train, predict, card, undo_tags, similar, extract, evaluate, reproduce):
    app.command()(command)
