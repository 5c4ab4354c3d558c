"""Files that appear whole or not at all."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

#: What Windows says of a file that another process has open, or that is about to vanish.
IN_USE = (PermissionError,) if os.name == "nt" else ()


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Write a file that appears under its name only when it is complete and on the disk.

    Parameters
    ----------
    path : Path

    Yields
    ------
    Path
        A temporary name in the same folder, to be written to.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_json(path: Path, content: Any) -> None:
    """Write JSON, whole and in ASCII, so that names that are no text survive.

    Parameters
    ----------
    path : Path
    content : object
        Fit for JSON.
    """
    with written_whole(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1), encoding="ascii")
