"""The command ``reproduce``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from musigenre.cli._options import Jobs, Seed
from musigenre.console import for_people, say


class Data(StrEnum):
    """What experiments are made on."""

    audio = "audio"
    published = "published"


class Backend(StrEnum):
    """What Keras runs on."""

    tensorflow = "tensorflow"
    jax = "jax"
    torch = "torch"


def reproduce(
    context: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the results.")],
    directory: Annotated[
        Path | None,
        typer.Argument(
            help="A copy of GTZAN in any usual form; audio is enough. Not taken by --report-only.",
            show_default=False,
        ),
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(
            help="Systems, separated by commas: table-one, prior, ours, or keys such as mlp-3s. "
            "By default all.",
            show_default=False,
        ),
    ] = None,
    protocols: Annotated[
        str | None,
        typer.Option(
            help="Some of paper,track,artist,fault-filtered. By default all that what is known of "
            "the tracks allows.",
            show_default=False,
        ),
    ] = None,
    holdouts: Annotated[int, typer.Option(help="Holdouts of each protocol.", min=1)] = 10,
    data: Annotated[
        Data, typer.Option(help="Compute all from audio, or use published tables and pictures.")
    ] = Data.audio,
    metadata: Annotated[
        Path | None,
        typer.Option(
            help="CSV file of artists (track, artist, fault_filtered_part); by default a "
            "tracks.csv beside the data.",
            show_default=False,
        ),
    ] = None,
    backend: Annotated[Backend, typer.Option(help="What Keras runs on.")] = Backend.tensorflow,
    threads: Annotated[int, typer.Option(help="Threads of each unit.", min=1)] = 1,
    epochs: Annotated[int, typer.Option(help="Most epochs of the paper's networks.", min=1)] = 100,
    short_epochs: Annotated[
        int, typer.Option(help="Epochs of the networks of prior work and our own.", min=1)
    ] = 12,
    trials: Annotated[int, typer.Option(help="Networks that the tuner tries.", min=1)] = 20,
    report_only: Annotated[
        bool,
        typer.Option(
            "--report-only", help="Only write the report of what is done so far; needs -o alone."
        ),
    ] = False,
    seed: Seed = 0,
    jobs: Jobs = -1,
) -> None:
    """Run the paper's experiments (Table I and more) under protocols that leak and that do not.

    Stopped at any moment, the same command goes on; several, also on machines that share the
    folder, work on it at once.
    """
    with for_people():
        from musigenre.paper import Settings, write_report
        from musigenre.paper import reproduce as run

        if report_only:
            _refuse_all_but_output(context)
            say(str(write_report(output)))
            return
        if directory is None:
            raise ValueError("name a folder of GTZAN: musigenre reproduce DIR -o RESULTS")

        settings = Settings(
            data=data.value,
            epochs=epochs,
            short_epochs=short_epochs,
            n_trials=trials,
            backend=backend.value,
            random_state=seed,
        )
        try:
            done = run(
                directory,
                output,
                rows=_names(rows),
                protocols=_names(protocols),
                holdouts=holdouts,
                settings=settings,
                metadata=metadata,
                n_jobs=jobs,
                threads=threads,
                verbose=1,
            )
        except KeyboardInterrupt:
            say(f"stopped; the same command goes on with what is in '{output}'", err=True)
            raise typer.Exit(130) from None
        for name, why in done.impossible.items():
            say(f"note: {name} is left out: {why}", err=True)
        say(f"{output}: {len(done.units) - len(done.failed)} of {len(done.units)} units are done")
        if len(done.failed) < len(done.units):
            say(f"the report: {done.results / 'report.html'}")
        if done.failed:
            for unit in done.failed:
                error = (unit.read_error(done.results) or {}).get("error", "unknown")
                say(f"failed: {unit}: {error}", err=True)
            say("run the same command again to try these again", err=True)
            raise typer.Exit(1)


def _refuse_all_but_output(context: typer.Context) -> None:
    """Refuse what --report-only would not heed: it tells of everything in the folder."""
    given = []
    for name in context.params:
        source = context.get_parameter_source(name)
        if name not in {"output", "report_only"} and source and source.name == "COMMANDLINE":
            given.append("DIR" if name == "directory" else f"--{name.replace('_', '-')}")
    if given:
        raise ValueError(
            f"--report-only takes no {', '.join(given)}: it tells of all that is in the folder; "
            "give -o alone with it, or leave it out to run what is asked for"
        )


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]
