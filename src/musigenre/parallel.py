"""Run jobs in parallel, in bounded memory, on whatever joblib backend is active."""

import os
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import cache
from itertools import chain, islice
from typing import Any, TypeVar

from joblib import Parallel, delayed, effective_n_jobs
from threadpoolctl import threadpool_limits
from tqdm.auto import tqdm

# Jobs handed to joblib at a time, for each worker. Results can pile up no further than this, and
# the workers wait for each other so seldom that it does not show.
_JOBS_PER_WORKER = 64

T = TypeVar("T")


def run_jobs(
    function: Callable[..., T],
    jobs: Iterable[tuple],
    n_jobs: int | None = None,
    *,
    ordered: bool = False,
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

    Yields
    ------
    object
        Results. Closing the generator stops the workers.

    Notes
    -----
    A backend that cannot hand over results one by one (multiprocessing, Ray) gives them a chunk of
    64 jobs a worker at a time.

    Examples
    --------
    >>> from musigenre.parallel import run_jobs
    >>> sorted(run_jobs(pow, [(2, 3), (3, 2)]))
    [8, 9]
    """
    remaining = iter(jobs)
    chunk_size = _JOBS_PER_WORKER * effective_n_jobs(n_jobs)
    # Around all jobs for those that are threads of this process; others see to it themselves.
    with one_blas_thread(), _parallel(n_jobs, ordered) as parallel:
        for first in remaining:
            chunk = chain([first], islice(remaining, chunk_size - 1))
            results = parallel(delayed(_run)(function, os.getpid(), job) for job in chunk)
            try:
                # Not `yield from`: it would close the results without the filter below.
                for result in results:  # noqa: UP028
                    yield result
            finally:
                _close(results)


def _run(function: Callable[..., T], caller: int, job: tuple) -> T:
    if os.getppid() == caller:
        _end_with(caller)
    return function(*job)


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
) -> Iterator[T]:
    """Do as `run_jobs`, in order and with a progress bar on a terminal if ``verbose``."""
    results = run_jobs(function, jobs, n_jobs, ordered=True)
    # tqdm: None shows the bar on a terminal only.
    yield from tqdm(results, description, total, unit=unit, disable=None if verbose else True)


def one_blas_thread() -> threadpool_limits:
    """Keep BLAS to one thread: work is parallel over tracks, and sums stay in one order."""
    return threadpool_limits(limits=1, user_api="blas")


def _parallel(n_jobs: int | None, ordered: bool) -> Parallel:
    try:
        return Parallel(n_jobs, return_as="generator" if ordered else "generator_unordered")
    except ValueError:  # the backend only knows lists, or n_jobs is bad, which this then says
        return Parallel(n_jobs)


def _close(results: Any) -> None:
    if hasattr(results, "close"):
        with warnings.catch_warnings():
            # joblib advises on results left unused; here the caller has decided to stop.
            warnings.filterwarnings("ignore", ".*(not used|cancelled)", UserWarning)
            results.close()
