"""The paper's conclusions as the page shows them."""

import math
from collections import Counter
from typing import Any

from musigenre.paper.conclusions import ALPHA, Finding, Verdict, judge_all
from musigenre.paper.report.tables import number, signed
from musigenre.paper.results import Results

# In words: of one, and of several.
_COUNTED: dict[Verdict, tuple[str, str]] = {
    "holds": ("holds", "hold"),
    "does not hold": ("does not hold", "do not hold"),
    "undecided": ("is undecided", "are undecided"),
}


def count_verdicts(results: Results) -> dict[str, dict[str, str]]:
    """Say how many conclusions hold, protocol by protocol, where two holdouts or more tell.

    Parameters
    ----------
    results : Results

    Returns
    -------
    dict of str to dict of str to str
        Of each protocol under which something could be tested: ``plan``, those of the paper's own
        plan whose systems are tested on the same tracks; ``one_cycle``, the same with this
        library's training; ``apart``, those whose systems are not; ``corrected``, how many verdicts
        stand when their number is allowed for. Empty where there are none.
    """
    counted = {}
    findings = judge_all(results)
    for protocol in results.protocols:
        here = [finding for finding in findings if finding.protocol == protocol]
        tested = [finding for finding in here if not math.isnan(finding.p)]
        if not tested:
            continue
        same = [finding for finding in here if finding.same_draws]
        groups = {
            "plan": [finding for finding in same if not finding.conclusion.one_cycle],
            "one_cycle": [finding for finding in same if finding.conclusion.one_cycle],
            "apart": [finding for finding in here if not finding.same_draws],
        }
        counted[protocol] = {name: _counts(group) for name, group in groups.items()}
        decided = [finding.p_holm for finding in tested if finding.p < ALPHA]
        stand = sum(p < ALPHA for p in decided)
        counted[protocol]["corrected"] = (
            f"{stand} of the {len(decided)} decided stand" if decided else ""
        )
    return counted


def _counts(findings: list[Finding]) -> str:
    tested = [finding for finding in findings if not math.isnan(finding.p)]
    counts = Counter(finding.verdict for finding in tested)
    parts = [
        f"{counts[verdict]} {words[counts[verdict] > 1]}"
        for verdict, words in _COUNTED.items()
        if counts[verdict]
    ]
    untested = len(findings) - len(tested)
    if tested and untested:
        parts.append(f"{untested} could not be tested")
    return ", ".join(parts)


def finding_lines(results: Results) -> list[dict[str, Any]]:
    """Give the findings, conclusion by conclusion, a cell a protocol, unmeasured ones as well.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of dict
        ``text``, ``cells`` (None where it says nothing of a protocol) and ``measured``.
    """
    found: dict[Any, dict[str, Any]] = {}
    for finding in judge_all(results):
        line = found.setdefault(finding.conclusion, {"text": finding.conclusion.text, "cells": {}})
        interval = ""
        if not math.isnan(finding.low):
            interval = f"{signed(finding.low)} to {signed(finding.high)}, {_probability(finding.p)}"
        line["cells"][finding.protocol] = {
            "verdict": finding.verdict,
            "css": finding.verdict.replace(" ", "-"),
            "difference": signed(finding.difference),
            "interval": interval,
            "n": finding.n_holdouts,
            "same_draws": finding.same_draws,
            "holm": "" if math.isnan(finding.p_holm) else _probability(finding.p_holm),
            "stands": finding.p_holm < ALPHA,
        }
    lines = []
    for line in found.values():
        cells = [line["cells"].get(name) for name in results.protocols]
        measured = any(each and each["n"] for each in cells)
        lines.append({"text": line["text"], "cells": cells, "measured": measured})
    return lines


def _probability(p: float) -> str:
    return "p < .001" if p < 0.001 else f"p = {number(p)}"
