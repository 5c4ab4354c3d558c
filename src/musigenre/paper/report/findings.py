"""The paper's conclusions as the page shows them."""

import math
from collections import Counter
from typing import Any

from musigenre.paper.conclusions import Verdict, judge_all
from musigenre.paper.report.tables import number, signed
from musigenre.paper.results import Results

# In words: of one, and of several.
_COUNTED: dict[Verdict, tuple[str, str]] = {
    "holds": ("holds", "hold"),
    "does not hold": ("does not hold", "do not hold"),
    "undecided": ("is undecided", "are undecided"),
}


def count_verdicts(results: Results) -> dict[str, str]:
    """Say for each protocol how many conclusions hold; a single split decides none."""
    counted = {}
    findings = judge_all(results)
    for protocol in results.protocols:
        counts = Counter(
            finding.verdict
            for finding in findings
            if finding.protocol == protocol and finding.n_holdouts > 1
        )
        if counts:
            counted[protocol] = ", ".join(
                f"{counts[verdict]} {words[counts[verdict] > 1]}"
                for verdict, words in _COUNTED.items()
                if counts[verdict]
            )
    return counted


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
            interval = (
                f"{signed(finding.low)} to {signed(finding.high)}, p {_probability(finding.p)}"
            )
        line["cells"][finding.protocol] = {
            "verdict": finding.verdict,
            "css": finding.verdict.replace(" ", "-"),
            "difference": signed(finding.difference),
            "interval": interval,
            "n": finding.n_holdouts,
            "same_draws": finding.same_draws,
        }
    lines = []
    for line in found.values():
        cells = [line["cells"].get(name) for name in results.protocols]
        measured = any(each and each["n"] for each in cells)
        lines.append({"text": line["text"], "cells": cells, "measured": measured})
    return lines


def _probability(p: float) -> str:
    return "< .001" if p < 0.001 else f"= {number(p)}"
