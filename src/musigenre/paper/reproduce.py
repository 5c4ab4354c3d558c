"""reproduce: run the paper's experiments, or go on with them."""

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from joblib import effective_n_jobs

from musigenre.paper.holdouts import MEANINGS, possible_protocols
from musigenre.paper.manifest import check_manifest, note_call, write_manifest
from musigenre.paper.planning import plan_units
from musigenre.paper.preparation import prepare
from musigenre.paper.progress import Progress
from musigenre.paper.report import write_report
from musigenre.paper.rows import get_rows
from musigenre.paper.runner import Runner
from musigenre.paper.settings import Settings
from musigenre.paper.sources import find_sources
from musigenre.paper.unit import Unit


@dataclass(frozen=True)
class Reproduction:
    """What a call of :func:`reproduce` came to.

    Parameters
    ----------
    results : Path
        The folder.
    units : list of Unit
        What was asked for.
    failed : list of Unit
        Those that failed; each has a file that says why.
    impossible : dict of str to str
        What was asked for and cannot be done with these data, and why.
    """

    results: Path
    units: list[Unit]
    failed: list[Unit]
    impossible: dict[str, str]


def reproduce(
    root: str | PathLike[str],
    results: str | PathLike[str],
    *,
    rows: Iterable[str] | None = None,
    protocols: Iterable[str] | None = None,
    holdouts: int = 10,
    settings: Settings | None = None,
    metadata: str | PathLike[str] | None = None,
    n_jobs: int | None = -1,
    threads: int = 1,
    report: bool = True,
    verbose: int = 0,
) -> Reproduction:
    """Run the paper's experiments on a copy of GTZAN, or go on with them.

    Every holdout of every row under every protocol is a unit: it runs in a process of its own, is
    written whole when it is done, and is never run again. Stopped at any moment, by whatever, the
    same call goes on; several processes, also on several machines that share the folder, work on
    one reproduction at once. The seed of a unit comes from its name, so on one machine the same
    call gives the same numbers, bit for bit, in whatever order and however often it was stopped.

    Parameters
    ----------
    root : str or path-like
        A copy of GTZAN in any usual form; audio is enough.
    results : str or path-like
        Folder of the results; made if it does not exist.
    rows : iterable of str, optional
        Which systems, see :func:`musigenre.paper.get_rows`; all by default.
    protocols : iterable of str, optional
        Some of ``paper``, ``track``, ``artist`` and ``fault-filtered``; by default those that what
        is known of the tracks allows.
    holdouts : int, default=10
        Holdouts of each protocol; ``fault-filtered`` is one. More can be asked for later.
    settings : Settings, optional
        The set-up, the paper's by default.
    metadata : str or path-like, optional
        Who plays, and the fault-filtered split, where that is not a ``tracks.csv`` beside the data.
    n_jobs : int, default=-1
        Units at a time, in joblib's terms; -1 is one a core.
    threads : int, default=1
        Threads of each unit. The last digits of the numbers may depend on it.
    report : bool, default=True
        Whether to write the report at the end, see :func:`musigenre.paper.write_report`.
    verbose : int, default=0
        With 1 progress is shown: a bar on a terminal, or else a line a unit.

    Returns
    -------
    Reproduction

    Raises
    ------
    ValueError
        If the folder holds a reproduction of other data or with other settings, or something else.

    See Also
    --------
    musigenre.paper.write_report : The report alone.
    musigenre.evaluate : Judge any estimator under these protocols.

    Examples
    --------
    >>> from musigenre.paper import reproduce
    >>> reproduce("gtzan", "results", rows=["table-one"], holdouts=3)  # doctest: +SKIP
    """
    settings = settings or Settings()
    if holdouts < 1:
        raise ValueError(f"holdouts must be 1 or more, got {holdouts}")
    if threads < 1:
        raise ValueError(f"threads must be 1 or more, got {threads}")
    chosen = get_rows(rows)
    wanted = None if protocols is None else _checked_protocols(protocols)
    folder = Path(results).resolve()
    jobs = effective_n_jobs(n_jobs)

    check_manifest(folder, settings)
    sources = find_sources(root, settings, metadata)
    write_manifest(folder, settings, sources.fingerprint())
    kinds = list(dict.fromkeys(kind for row in chosen for kind in row.kinds))
    dataset = prepare(folder / "data", sources, settings, kinds, n_jobs=jobs, verbose=verbose)
    impossible: dict[str, str] = {}
    possible = possible_protocols(dataset.tracks)
    for name in wanted or MEANINGS:
        if name not in possible:
            impossible[name] = "what it needs to know of the tracks is not known (see metadata)"
    if wanted is not None and impossible:
        (name, why), *_ = impossible.items()
        raise ValueError(f"the protocol {name!r} cannot be followed: {why}")
    able = []
    for row in chosen:
        lacking = [kind for kind in row.kinds if not dataset.has(kind)]
        if lacking:
            impossible[row.key] = f"there is no audio to compute {', '.join(lacking)} from"
        else:
            able.append(row)
    units = plan_units(able, [name for name in wanted or possible if name in possible], holdouts)

    note_call(folder, chosen, wanted or possible, holdouts, jobs, threads, impossible)
    progress = Progress(folder, units, jobs, verbose)
    try:
        failed = Runner(folder, settings, jobs, threads, progress.tell).run(units)
    finally:
        progress.close()
    done = Reproduction(folder, units, failed, impossible)
    if report and len(failed) < len(units):
        write_report(folder)
    return done


def _checked_protocols(protocols: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(protocols))
    for name in names:
        if name not in MEANINGS:
            raise ValueError(f"unknown protocol {name!r}; choose from {', '.join(MEANINGS)}")
    if not names:
        raise ValueError("no protocol is named; leave protocols out for all that are possible")
    return names
