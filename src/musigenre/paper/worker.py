"""The process in which one unit is run: ``python -m musigenre.paper.worker``.

A process of its own gives its memory back, and has times of its own.
"""

import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path

from musigenre.paper.settings import Settings
from musigenre.paper.unit import Unit


def main(argument: str) -> int:
    """Run the unit that the argument describes; give the exit code.

    Parameters
    ----------
    argument : str
        JSON with ``results``, ``unit``, ``settings``, ``threads`` and ``parent``.

    Returns
    -------
    int
        0, or 1 after writing why.
    """
    task = json.loads(argument)
    _end_with(task["parent"])
    results, unit = Path(task["results"]), Unit(**task["unit"])
    try:
        from musigenre.paper.fitting import run_unit

        run_unit(results, unit, Settings(**task["settings"]), task["threads"])
    except Exception as error:
        unit.write_error(
            results,
            {
                "error": f"{type(error).__name__}: {error}",
                "traceback": traceback.format_exc(limit=-12),
            },
        )
        return 1
    return 0


def _end_with(parent: int) -> None:
    """See to it that this process ends when the one that started it does."""
    if os.name != "posix":
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
