"""Run jobs in parallel, in bounded memory, on whatever joblib backend is active."""

import os
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from itertools import chain, islice
from typing import Any, TypeVar

from joblib import Parallel, delayed, effective_n_jobs
from joblib.externals.loky.process_executor import TerminatedWorkerError
from threadpoolctl import ThreadpoolController
from tqdm.auto import tqdm

from musigenre.memory import keep_freed_memory

#: Jobs handed to joblib at a time, for each worker. Results can pile up no further than this, and
#: the workers wait for each other so seldom that it does not show.
JOBS_PER_WORKER = 64

T = TypeVar("T")


def run_jobs(
    function: Callable[..., T],
    jobs: Iterable[tuple],
    n_jobs: int | None = None,
    *,
    ordered: bool = False,
    jobs_per_worker: int = JOBS_PER_WORKER,
    on_crash: Callable[..., T] | None = None,
    prefer: str | None = None,
) -> Generator[T, None, None]:
    """Call a function with each tuple of arguments, and give the results as they finish.

    Parameters
    ----------
    function : callable
        What pickle can send to a worker.
    jobs : iterable of tuple
        Its arguments; taken as they are needed, so there may be any number.
    n_jobs : int, optional
        Jobs at a time, see :class:`joblib.Parallel`. The backend is the active one.
    ordered : bool, default=False
        Whether results come in the order of the jobs.
    jobs_per_worker : int, default=64
        How many results of a worker may wait to be taken; few, if results are large.
    on_crash : callable, optional
        Called, in this process, with the arguments of a job that ended its worker process; what it
        gives stands for the result. Without it such a job is an error.
    prefer : {"threads", "processes"}, optional
        What the function runs best in, where no backend has been chosen: "threads" if it does not
        hold Python's lock.

    Yields
    ------
    object
        Results. Closing the generator stops the workers.

    Raises
    ------
    joblib.externals.loky.process_executor.TerminatedWorkerError
        If a worker process ends and `on_crash` is not given.

    Notes
    -----
    A backend that cannot hand over results one by one (multiprocessing, Ray) gives them a chunk of
    `jobs_per_worker` jobs a worker at a time.

    When a worker process ends (a decoder that crashes, memory that is full), joblib's processes
    cannot say which job it was. Those that were under way are then run again, each alone, until
    it shows.

    Examples
    --------
    >>> from musigenre.parallel import run_jobs
    >>> sorted(run_jobs(pow, [(2, 3), (3, 2)]))
    [8, 9]
    """
    numbered = enumerate(jobs)
    chunk_size = jobs_per_worker * effective_n_jobs(n_jobs)
    waiting: dict[int, tuple] = {}
    # Around all jobs for those that are threads of this process; others see to it themselves.
    with one_blas_thread():
        while True:
            try:
                with _parallel(n_jobs, ordered, prefer) as parallel:
                    for first in numbered:
                        chunk = chain([first], islice(numbered, chunk_size - 1))
                        with closing(_results(parallel, function, chunk, waiting)) as results:
                            for number, result in results:
                                del waiting[number]
                                yield result
                return
            except TerminatedWorkerError:
                if on_crash is None:
                    raise
            for number in sorted(waiting):
                yield _alone(function, waiting.pop(number), n_jobs, on_crash)


def _results(
    parallel: Parallel,
    function: Callable[..., T],
    jobs: Iterable[tuple[int, tuple]],
    waiting: dict[int, tuple],
) -> Generator[tuple[int, T], None, None]:
    """Give the numbers and results of jobs, and note each that joblib takes."""

    def calls() -> Iterator[tuple]:
        for number, job in jobs:
            waiting[number] = job
            yield delayed(_run)(function, os.getpid(), number, job)

    results = parallel(calls())
    try:
        # Not `yield from`: it would close the results without the filter below.
        for result in results:  # noqa: UP028
            yield result
    finally:
        _close(results)


def _alone(
    function: Callable[..., T], job: tuple, n_jobs: int | None, on_crash: Callable[..., T]
) -> T:
    """Run a job while no other of these runs, so that it is known whether it ends its process."""
    call = delayed(_run)(function, os.getpid(), 0, job)
    for _ in range(2):  # the processes are shared: another thread's job may have ended one
        try:
            ((_, result),) = Parallel(n_jobs)([call])
        except TerminatedWorkerError:
            continue
        return result
    return on_crash(*job)


def _run(function: Callable[..., T], caller: int, number: int, job: tuple) -> tuple[int, T]:
    if os.getppid() == caller:
        _end_with(caller)
        keep_freed_memory()
    return number, function(*job)


@cache
def _end_with(parent: int) -> None:
    """See to it that this process ends when its parent does.

    Workers of joblib would outlive one that is killed, and hold hundreds of megabytes each.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def in_order(
    function: Callable[..., T],
    jobs: Iterable[tuple],
    n_jobs: int | None,
    *,
    description: str,
    total: int,
    unit: str,
    verbose: int,
    prefer: str | None = None,
) -> Iterator[T]:
    """Do as `run_jobs`, in order and with a progress bar on a terminal if ``verbose``."""
    results = run_jobs(function, jobs, n_jobs, ordered=True, prefer=prefer)
    # tqdm: None shows the bar on a terminal only.
    yield from tqdm(results, description, total, unit=unit, disable=None if verbose else True)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keep BLAS to one thread: work is parallel over tracks, and sums stay in one order.

    Most builds of BLAS have one limit for all threads of the process, and each who sets it puts
    back what it found: of two that overlap, the first to leave would take the limit from the other,
    who would leave it behind for good. Therefore the first notes what there was, and whoever leaves
    sees to it that the limit stays or goes.
    """
    global _n_limiting, _found
    blas = _blas()
    with _limiting:
        if _n_limiting == 0:
            _found = blas.info()
        _n_limiting += 1
    try:
        with blas.limit(limits=1):
            yield
    finally:
        with _limiting:
            _n_limiting -= 1
            if _n_limiting or blas.info() != _found:
                blas.limit(limits=1 if _n_limiting else _found)
                # In threadpoolctl 3.8 who sets a limit keeps others from it up to the end of a
                # context.
                with blas.limit(limits=None):
                    pass


_limiting = threading.Lock()
_n_limiting = 0
_found: list[dict[str, Any]] = []


@cache
def _blas() -> ThreadpoolController:
    """Look up NumPy's BLAS, once: to look takes milliseconds."""
    return ThreadpoolController().select(user_api="blas")


def _parallel(n_jobs: int | None, ordered: bool, prefer: str | None) -> Parallel:
    return_as = "generator" if ordered else "generator_unordered"
    try:
        return Parallel(n_jobs, prefer=prefer, return_as=return_as)
    except ValueError:  # the backend only knows lists, or n_jobs is bad, which this then says
        return Parallel(n_jobs, prefer=prefer)


def _close(results: Any) -> None:
    if hasattr(results, "close"):
        with warnings.catch_warnings():
            # joblib advises on results left unused; here the caller has decided to stop.
            warnings.filterwarnings("ignore", ".*(not used|cancelled)", UserWarning)
            results.close()
