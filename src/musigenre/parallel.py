"""Parallel work with progress, on any joblib backend."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from joblib import Parallel, delayed
from tqdm.auto import tqdm


def in_order(
    function: Callable[..., Any],
    arguments: Iterable[tuple],
    n_jobs: int | None,
    *,
    description: str = "",
    total: int | None = None,
    unit: str = "it",
    verbose: int = 0,
) -> Iterator[Any]:
    """Call a function on many arguments in parallel, and give the results in their order.

    Parameters
    ----------
    function : callable
    arguments : iterable of tuple
        Positional arguments of each call.
    n_jobs : int or None
        Calls at a time, through the active joblib backend.
    description, unit : str
        What the progress bar says.
    total : int, optional
        Number of calls.
    verbose : int, default=0
        With 1 a progress bar with rate and time left is shown on a terminal.

    Yields
    ------
    object
        One result after another, as they come; all at the end if the backend gathers them.
    """
    try:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    except ValueError:  # not every backend can give results as they come
        parallel = Parallel(n_jobs=n_jobs)
    results = parallel(delayed(function)(*each) for each in arguments)
    # tqdm: None shows the bar on a terminal only.
    yield from tqdm(results, description, total, unit=unit, disable=None if verbose else True)
