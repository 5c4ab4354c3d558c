"""The command ``predict``."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from musigenre.cli._card import what_to_expect
from musigenre.cli._model import Model, resolve_model
from musigenre.cli._options import Audio, Jobs, worth_jobs
from musigenre.cli._tags import change_tags, check_tagging, default_undo_file
from musigenre.console import (
    check_any,
    check_output,
    for_people,
    named,
    note_left_out,
    report_errors,
    say,
)

_TABLES = (".csv", ".json", ".jsonl", ".parquet")

# What the help calls the options that belong to --write-tags.
_TAGS = "Genres in the tags of the files"

# Timelines that one picture can show.
_MOST_PANELS = 12


def predict(
    paths: Audio,
    model: Model = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Write a .csv, .json, .jsonl or .parquet file instead. What is done is kept in a "
            "journal beside it: stopped at any moment, the same command goes on.",
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="The same as --output with a CSV file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, a line a row.")] = False,
    clips: Annotated[bool, typer.Option("--clips", help="A row a clip: which genre when.")] = False,
    plot: Annotated[
        Path | None,
        typer.Option(help=f"Draw which genre when, for up to {_MOST_PANELS} tracks."),
    ] = None,
    top: Annotated[int, typer.Option(help="How many genres to name.", min=1)] = 2,
    threshold: Annotated[
        float,
        typer.Option(help="A track whose best genre is less probable is unsure.", min=0, max=1),
    ] = 0.5,
    journal: Annotated[
        Path | None, typer.Option(help="Where to keep what is done; default: OUTPUT.journal.")
    ] = None,
    write_tags: Annotated[
        bool,
        typer.Option("--write-tags", help="Put the genre into the files.", rich_help_panel=_TAGS),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change.", rich_help_panel=_TAGS)
    ] = False,
    only_missing: Annotated[
        bool,
        typer.Option("--only-missing", help="Keep genres that are there.", rich_help_panel=_TAGS),
    ] = False,
    tag_unsure: Annotated[
        bool, typer.Option("--tag-unsure", help="Tag unsure tracks, too.", rich_help_panel=_TAGS)
    ] = False,
    undo: Annotated[
        Path | None,
        typer.Option(
            help="The file for undo-tags; default: a dated one here.", rich_help_panel=_TAGS
        ),
    ] = None,
    jobs: Jobs = -1,
) -> None:
    """Tell the genre of audio files: single ones, folders, playlists.

    Tracks whose best genre is less probable than the threshold are called unsure, and so is what
    sounds like silence, noise, a tone or speech. How often the model that comes with musigenre is
    right, "musigenre card" says.
    """
    is_ours = model is None
    with for_people():
        from joblib import parallel_config

        from musigenre import pretrained
        from musigenre.audio import describe_damage
        from musigenre.datasets import find_tracks

        output = _one_output(output, csv, as_json)
        if journal is not None and output is None:
            raise ValueError("--journal belongs to --output FILE")
        if not write_tags and (dry_run or only_missing or tag_unsure or undo is not None):
            raise ValueError(
                "--dry-run, --only-missing, --tag-unsure and --undo belong to --write-tags"
            )
        undo = undo or default_undo_file()
        if write_tags:
            check_tagging(undo, dry_run=dry_run)
        if plot is not None:
            check_output(plot, ".png", ".svg", ".pdf")

        from musigenre.cli._predictor import Predictor

        predictor = Predictor(
            resolve_model(model), clips=clips, top=top, threshold=threshold, keep=plot is not None
        )
        found = find_tracks(named(paths))
        note_left_out(found.left_out)
        everything = [*found.data, *found.errors]
        check_any(everything, found.errors)
        if plot is not None:
            _check_timelines(predictor.pipeline.clip_duration_, len(found.data))
        if output is not None:
            journal = journal or output.with_name(f"{output.name}.journal")
        files = found.data.tolist()
        with (
            parallel_config(n_jobs=worth_jobs(jobs, files)),
            predictor.journal(journal) if journal is not None else nullcontext() as kept,
        ):
            try:
                if output is not None and kept is not None:
                    predictor.fill(kept, files)
                    predictor.write(kept, files, output)
                else:
                    is_shown = not (write_tags and dry_run) or as_json or clips
                    predictor.show(files, as_json=as_json, is_shown=is_shown)
            except KeyboardInterrupt:
                goes_on = f"; the same command goes on with what is in '{journal}'"
                say(f"stopped{goes_on if kept is not None else ''}", err=True)
                raise typer.Exit(130) from None
            errors = found.errors + predictor.errors
            check_any(everything, errors)
            for damage in predictor.damage:
                say(f"note: {describe_damage(damage)}", err=True)
            if output is not None:
                say(f"{output}: {predictor.summary()}")
            if is_ours and sys.stderr.isatty():
                say(f"note: {what_to_expect(pretrained.card())}", err=True)
            if plot is not None:
                predictor.draw(plot)
            untagged = []
            if write_tags:
                untagged = change_tags(
                    predictor.genres(with_unsure=tag_unsure),
                    undo,
                    dry_run=dry_run,
                    only_missing=only_missing,
                    journal=kept,
                )
        report_errors(errors, untagged)


def _one_output(output: Path | None, csv: Path | None, as_json: bool) -> Path | None:
    if csv is not None:
        check_output(csv, ".csv")
    if output is not None:
        check_output(output, *_TABLES)
    if (output is not None) + (csv is not None) + as_json > 1:
        raise ValueError("--output, --csv and --json exclude each other: give one of them")
    return output or csv


def _check_timelines(clip_duration: float | None, n_tracks: int) -> None:
    if clip_duration is None:
        raise ValueError(
            "the model hears whole tracks, so there is nothing to draw over time; leave out "
            "--plot, or train with --clip-duration 3"
        )
    if n_tracks > _MOST_PANELS:
        raise ValueError(
            f"a picture shows up to {_MOST_PANELS} tracks, and there are {n_tracks}; name fewer, "
            "or leave out --plot"
        )
