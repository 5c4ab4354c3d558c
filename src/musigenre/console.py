"""What the commands share: text for people, files written whole, errors as one line."""

import os
import sys
import warnings
from collections.abc import Iterator, Sequence, Sized
from contextlib import contextmanager
from pathlib import Path

import typer


def named(paths: list[str]) -> list[str]:
    """Refuse an empty name, which an unset shell variable leaves and Path takes for '.'."""
    if "" in paths:
        raise ValueError("a path is empty; name a file or a folder")
    return paths


def check_output(output: Path, *endings: str) -> None:
    """Find out before hours of work that its result could not be written."""
    if endings and output.suffix.lower() not in endings:
        raise ValueError(f"the output must end in {' or '.join(endings)}, got '{output}'")
    if not output.resolve().parent.is_dir():
        raise ValueError(f"cannot write '{output}': there is no folder '{output.parent}'")
    if output.is_dir():
        raise ValueError(f"cannot write '{output}': it is a folder")


def printable(name: str) -> str:
    """Escape what a terminal or a table does not take in a file name: control characters."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in _utf8(name))


def _utf8(text: str) -> str:
    """Escape bytes that are not UTF-8, which file names may hold."""
    return str(text).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def say(text: str, *, err: bool = False) -> None:
    """Print a line, whatever bytes the file names in it hold."""
    typer.echo(_utf8(text), err=err)


def check_any(files: Sized, errors: list[dict[str, str]]) -> None:
    """Raise an error if no file at all could be read."""
    if len(errors) == len(files):
        _list_errors(errors)
        raise ValueError(f"none of the {len(files)} files could be read")


def unreadable(tracks) -> list[dict[str, str]]:
    """Give the files of a collection that it had to leave out; other problems are only noted."""
    problems = tracks.problems
    left_out = problems["kind"].isin(["empty", "corrupt"])
    for kind, found in problems[~left_out].groupby("kind", sort=False):
        first = found.iloc[0]
        say(f"note: {len(found)} {kind}; the first: {first['path']}: {first['detail']}", err=True)
    return [
        {"path": problem.path, "cause": problem.detail, "remedy": "get it anew or delete it"}
        for problem in problems[left_out].itertuples()
    ]


def note_left_out(addresses: list[str]) -> None:
    """Say that playlists name what is not on this machine."""
    if addresses:
        say(
            f"note: {len(addresses)} addresses in playlists are left out; the first: "
            f"{printable(addresses[0])}",
            err=True,
        )


def report_errors(errors: list[dict[str, str]], untagged: Sequence[dict[str, str]] = ()) -> None:
    """List the files that could not be read, or tagged, and end with 1 if there are any."""
    _list_errors(errors)
    _list_errors(untagged, "tag")
    if errors:
        say(f"{len(errors)} files could not be read; the others are done", err=True)
    if untagged:
        say(f"{len(untagged)} files could not be tagged, and are as they were", err=True)
    if errors or untagged:
        raise typer.Exit(1)


def _list_errors(errors: Sequence[dict[str, str]], action: str = "read") -> None:
    for error in errors:
        path, cause = printable(error["path"]), error["cause"]
        say(f"cannot {action} '{path}': {cause}; {error['remedy']}", err=True)


@contextmanager
def for_people() -> Iterator[None]:
    """Print expected errors and warnings as one line each.

    With MUSIGENRE_DEBUG=1 in the environment an error shows where it came from.
    """
    said = set()

    def note(message, *args, **kwargs) -> None:
        if str(message) not in said:
            said.add(str(message))
            say(f"note: {message}", err=True)

    show, warnings.showwarning = warnings.showwarning, note
    try:
        yield
    except BrokenPipeError:  # the reader has seen enough; typer ends quietly
        raise
    except (ValueError, OSError) as error:
        if os.environ.get("MUSIGENRE_DEBUG"):
            raise
        say(f"musigenre: {error}", err=True)
        sys.exit(2)
    finally:
        warnings.showwarning = show


def check_genres(tracks) -> None:
    """Raise an error if there is nothing to tell apart."""
    if len(tracks.target_names) < 2:
        raise ValueError(
            f"there is one genre only ({tracks.target_names[0]!r}); a model needs two at least"
        )
