"""Genre tags: the end of ``predict --write-tags``, and the command ``undo-tags``."""

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.util import find_spec
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from musigenre.cli._options import Jobs, worth_jobs
from musigenre.console import check_output, for_people, printable, report_errors, say

if TYPE_CHECKING:
    from musigenre.collection.journal import PredictionJournal

UndoFile = Annotated[Path, typer.Argument(help="A file that predict --write-tags wrote.")]


def change_tags(
    genres: list[tuple[str, str]],
    undo: Path,
    *,
    dry_run: bool,
    only_missing: bool,
    journal: "PredictionJournal | None",
) -> list[dict[str, str]]:
    """Plan, show or do the changes; give what could not be done, as lists of errors hold it."""
    from musigenre.collection.genre_tags import TagError
    from musigenre.collection.retagging import (
        Change,
        apply_changes,
        plan_changes,
        write_undo_file,
    )

    paths = [(os.path.abspath(path), genre) for path, genre in genres]  # noqa: PTH100
    n_done = 0
    try:
        planning = plan_changes(paths, only_missing=only_missing)
        planned = list(_shown(planning, "reading tags", len(paths)))
        changes = [each for each in planned if isinstance(each, Change)]
        problems = [each for each in planned if isinstance(each, TagError)]
        n_same = sum(each is None for each in planned)
        if dry_run:
            for change in changes:
                say(f"{printable(str(change.old))} -> {change.new}  {printable(change.path)}")
            say(f"{len(changes)} files would change, {n_same} would stay as they are")
            return _as_errors(problems)
        if changes:
            write_undo_file(undo, changes)
            say(f"to undo what follows: musigenre undo-tags {undo}", err=True)
        for change, result in _shown(apply_changes(changes), "writing tags", len(changes)):
            if isinstance(result, TagError):
                problems.append(result)
                continue
            n_done += 1
            if journal is not None:
                # Otherwise the file would count as another one in the next run.
                journal.changed(change.file, result)
    except KeyboardInterrupt:
        say(f"stopped; {n_done} files are tagged, and the same command goes on", err=True)
        raise typer.Exit(130) from None
    say(f"tags: {n_done} files changed, {n_same} left as they were")
    return _as_errors(problems)


def undo_tags(
    file: UndoFile,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also files that were changed since by something else."),
    ] = False,
    jobs: Jobs = -1,
) -> None:
    """Put the genre tags back that predict --write-tags changed."""
    with for_people():
        from joblib import parallel_config

        from musigenre.collection.genre_tags import TagError
        from musigenre.collection.retagging import read_undo_file, undo_changes

        changes = read_undo_file(file)
        if dry_run:
            for change in changes:
                say(f"{change.new} -> {printable(str(change.old))}  {printable(change.path)}")
            return
        n_done, problems = 0, []
        with parallel_config(n_jobs=worth_jobs(jobs, changes)):
            try:
                undone = undo_changes(changes, force=force)
                for _, result in _shown(undone, "undoing", len(changes)):
                    if isinstance(result, TagError):
                        problems.append(result)
                    else:
                        n_done += result
            except KeyboardInterrupt:
                say("stopped; the same command goes on", err=True)
                raise typer.Exit(130) from None
        n_same = len(changes) - n_done - len(problems)
        say(f"tags: {n_done} files changed back, {n_same} were so already")
        report_errors([], _as_errors(problems))


def default_undo_file() -> Path:
    """Name the undo file after the present time, in the present folder."""
    stem = f"musigenre-undo-{datetime.now():%Y%m%d-%H%M%S}"
    names = chain([f"{stem}.json"], (f"{stem}-{n}.json" for n in count(2)))
    return next(path for path in map(Path, names) if not path.exists())


def check_tagging(undo: Path, *, dry_run: bool) -> None:
    """Find out, before hours of work, whether files can be tagged and the undo file written."""
    if find_spec("mutagen") is None:
        raise ValueError("to read and write tags, mutagen is needed: pip install 'musigenre[tags]'")
    if dry_run:
        return
    check_output(undo, ".json")
    if undo.exists():
        raise ValueError(f"'{undo}' exists, and may still be wanted; name another --undo file")


def _shown(results: Iterable, what: str, total: int) -> Iterator:
    from tqdm.auto import tqdm

    return iter(tqdm(results, what, total, unit="file", disable=None))


def _as_errors(problems: list) -> list[dict[str, str]]:
    return [{"path": each.path, "cause": each.cause, "remedy": each.remedy} for each in problems]
