"""The command ``extract``."""

from pathlib import Path
from typing import Annotated

import typer

from musigenre.cli._options import Audio, ClipDuration, Jobs, worth_jobs
from musigenre.console import (
    check_any,
    check_output,
    for_people,
    named,
    note_left_out,
    report_errors,
    say,
)


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
        from musigenre.datasets import find_tracks
        from musigenre.features.extract import extract_to_store

        check_output(output, ".parquet", ".csv")
        store = store or output.with_name(f"{output.name}.store")
        found = find_tracks(named(paths))
        files = found.data.tolist()
        note_left_out(found.left_out)
        everything = [*files, *found.errors]
        check_any(everything, found.errors)
        try:
            features = extract_to_store(
                files,
                store,
                clip_duration or None,
                feature_set=feature_set,
                on_error="skip",
                n_jobs=worth_jobs(jobs, files),
                verbose=1,
            )
            check_any(everything, found.errors + features.errors)
            features.write(output, verbose=1)
        except KeyboardInterrupt:
            say(f"stopped; the same command goes on with what is in '{store}'", err=True)
            raise typer.Exit(130) from None
        say(f"{output}: {features.n_clips} clips of {features.n_tracks} tracks")
        for file in features.damage:
            say(f"note: {describe_damage(file)}", err=True)
        report_errors(found.errors + features.errors)
