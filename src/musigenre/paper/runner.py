"""Run units, each in a process of its own, beside others who fill the same folder."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from musigenre.paper.claims import RENEW_SECONDS, Claim
from musigenre.paper.settings import Settings
from musigenre.paper.unit import Unit

#: What became of a unit.
Outcome = Literal["done", "failed", "claimed"]

# Seconds between two looks at a process that runs, and at units that others have claimed.
_LOOK, _WAIT = 0.2, 5.0

# The signal of a system that has no memory left, SIGKILL, which Windows does not know.
_KILLED = 9

# Characters of what a failed process said that are kept.
_MOST_TEXT = 4000


class Runner:
    """Runs units of a folder of results.

    Parameters
    ----------
    results : Path
    settings : Settings
    n_jobs : int
        Units at a time.
    threads : int
        Threads of each.
    tell : callable
        Called with each unit that is done or failed, the outcome, and whether it was done here.
    """

    def __init__(
        self,
        results: Path,
        settings: Settings,
        n_jobs: int,
        threads: int,
        tell: Callable[[Unit, Outcome, bool], None],
    ) -> None:
        self.results, self.settings = results, settings
        self.n_jobs, self.threads, self.tell = n_jobs, threads, tell
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def run(self, units: Sequence[Unit]) -> list[Unit]:
        """Run units until each is done, here or by others, or has failed.

        An interrupt ends the processes that run, and loses their units and nothing else.

        Parameters
        ----------
        units : sequence of Unit
            In the order in which they are taken.

        Returns
        -------
        list of Unit
            Those that failed.
        """
        waiting = list(units)
        failed: list[Unit] = []
        while waiting:
            outcomes = self._pass(waiting)
            failed += [unit for unit in waiting if outcomes[unit] == "failed"]
            waiting = [unit for unit in waiting if outcomes[unit] == "claimed"]
            if waiting:  # others are at work on these
                time.sleep(_WAIT)
        return failed

    def _pass(self, units: Sequence[Unit]) -> dict[Unit, Outcome]:
        """Try each unit once."""
        outcomes: dict[Unit, Outcome] = {}
        queue = iter(units)
        errors: list[BaseException] = []

        def work() -> None:
            try:
                while not self._stop.is_set():
                    with self._lock:
                        unit = next(queue, None)
                    if unit is None:
                        return
                    here, outcome = self._attempt(unit)
                    with self._lock:
                        outcomes[unit] = outcome
                        if outcome != "claimed":
                            self.tell(unit, outcome, here)
            except BaseException as error:
                errors.append(error)
                self._stop.set()

        threads = [threading.Thread(target=work, daemon=True) for _ in range(self.n_jobs)]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads):
                time.sleep(_LOOK)
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
            self._stop.clear()
        if errors:
            raise errors[0]
        return outcomes

    def _attempt(self, unit: Unit) -> tuple[bool, Outcome]:
        """Run a unit if nobody has; say whether it was done here, and what became of it."""
        if unit.is_done(self.results):
            return False, "done"
        claim = Claim(unit.claim_path(self.results))
        if not claim.take():
            return False, "claimed"
        try:
            if unit.is_done(self.results):  # just now, by another
                return False, "done"
            unit.error_path(self.results).unlink(missing_ok=True)
            return True, self._run_apart(unit, claim)
        finally:
            claim.release()

    def _run_apart(self, unit: Unit, claim: Claim) -> Outcome:
        task = {
            "results": str(self.results),
            "unit": asdict(unit),
            "settings": asdict(self.settings),
            "threads": self.threads,
            "parent": os.getpid(),
        }
        command = [sys.executable, "-m", "musigenre.paper.worker", json.dumps(task)]
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(  # noqa: S603 - this library itself
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                # Ctrl-C is for this process, which then ends that one.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # on Windows
                env=_environment(self.settings, self.threads),
            )
            try:
                self._watch(process, claim)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                process.wait()
            if process.returncode == 0 and unit.is_done(self.results):
                return "done"
            if self._stop.is_set():
                return "claimed"  # stopped, not failed
            if unit.read_error(self.results) is None:
                said.seek(max(0, said.tell() - _MOST_TEXT))
                text = said.read().decode("utf-8", "replace")
                how = _ending(process.returncode, self.n_jobs)
                unit.write_error(self.results, {"error": how, "traceback": text})
            return "failed"

    def _watch(self, process: subprocess.Popen, claim: Claim) -> None:
        """Wait for the end of a process, or for the end of the work; keep the claim fresh."""
        renewed = time.monotonic()
        while not self._stop.is_set():
            try:
                process.wait(_LOOK)
                return
            except subprocess.TimeoutExpired:
                if time.monotonic() - renewed > RENEW_SECONDS:
                    claim.renew()
                    renewed = time.monotonic()


def _ending(code: int, n_jobs: int) -> str:
    """Say how a process ended that did not say so itself, and what helps."""
    if code >= 0:
        return f"the process ended with code {code}"
    how = f"the process was ended by signal {-code}"
    with contextlib.suppress(ValueError):  # it has no name
        how += f" ({signal.Signals(-code).name})"
    if -code != _KILLED:
        return how
    remedy = "free some, or take a machine with more"
    if n_jobs > 1:
        remedy = f"run fewer than {n_jobs} units at a time (--jobs, n_jobs)"
    return f"{how}, most likely because memory ran out: {remedy}"


def _environment(settings: Settings, threads: int) -> dict[str, str]:
    """Say to a process which backend to use and how many threads."""
    limits = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMBA_NUM_THREADS",
    )
    # Small operations gain more from a second beside them than from a second thread within.
    beside = min(2, threads)
    return (
        os.environ
        | dict.fromkeys(limits, str(threads))
        | {
            "TF_NUM_INTEROP_THREADS": str(beside),
            "TF_NUM_INTRAOP_THREADS": str(threads // beside),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "KERAS_BACKEND": settings.backend,
            "MPLBACKEND": "Agg",
        }
    )
