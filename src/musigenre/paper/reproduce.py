"""reproduce: run the paper's experiments, or go on with them."""

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from joblib import effective_n_jobs

from musigenre.paper.holdouts import MEANINGS, refusals
from musigenre.paper.manifest import check_data, check_manifest, note_call, write_manifest
from musigenre.paper.planning import plan_units
from musigenre.paper.preparation import prepare
from musigenre.paper.progress import Progress
from musigenre.paper.report import write_report
from musigenre.paper.rows import get_rows
from musigenre.paper.runner import Runner
from musigenre.paper.settings import Settings
from musigenre.paper.sources import Sources, find_sources
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
        It may be given later, to a folder that was begun without.
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
        If a parameter is out of range; if the folder holds a reproduction of other data or with
        other settings, or something else; or if a protocol that is asked for, or every row, cannot
        be run on these data.

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
    if n_jobs == 0:
        raise ValueError("n_jobs must be 1 or more, or -1 for one a core; got 0")
    chosen = get_rows(rows)
    wanted = None if protocols is None else _checked_protocols(protocols)
    folder = Path(results).resolve()
    jobs = effective_n_jobs(n_jobs)

    check_manifest(folder, settings)
    sources = find_sources(root, settings, metadata)
    check_data(folder, sources)
    # All that can be refused is, before hours of work and before the folder is bound to these data.
    impossible = _impossible_protocols(wanted, sources, settings)
    followed = [name for name in wanted or MEANINGS if name not in impossible]
    able = []
    for row in chosen:
        lacking = [kind for kind in row.kinds if not sources.has(kind)]
        if lacking:
            impossible[row.key] = f"there is no audio to compute {', '.join(lacking)} from"
        else:
            able.append(row)
    if not able:
        raise ValueError(
            f"none of the rows can be run: for {chosen[0].key} {impossible[chosen[0].key]}; give a "
            "copy of GTZAN with audio, or rows that published data suffice for"
        )
    write_manifest(folder, settings, sources)
    kinds = list(dict.fromkeys(kind for row in able for kind in row.kinds))
    prepare(folder / "data", sources, settings, kinds, n_jobs=jobs, verbose=verbose)
    units = plan_units(able, followed, holdouts)

    note_call(folder, chosen, followed, holdouts, jobs, threads, impossible)
    progress = Progress(folder, units, jobs, verbose)
    try:
        failed = Runner(folder, settings, jobs, threads, progress.tell).run(units)
    finally:
        progress.close()
    done = Reproduction(folder, units, failed, impossible)
    if report and len(failed) < len(units):
        write_report(folder)
    return done


def _impossible_protocols(
    wanted: list[str] | None, sources: Sources, settings: Settings
) -> dict[str, str]:
    """Say which protocols cannot be followed, and why; refuse those that are asked for by name."""
    impossible = refusals(sources.tracks(), settings)
    for name in wanted or ():
        if name in impossible:
            raise ValueError(f"the protocol {name!r} cannot be followed: {impossible[name]}")
    return impossible if wanted is None else {}


def _checked_protocols(protocols: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(protocols))
    for name in names:
        if name not in MEANINGS:
            raise ValueError(f"unknown protocol {name!r}; choose from {', '.join(MEANINGS)}")
    if not names:
        raise ValueError("no protocol is named; leave protocols out for all that are possible")
    return names
