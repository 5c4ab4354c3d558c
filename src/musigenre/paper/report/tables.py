"""The tables of the report: measured beside reported."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from musigenre.paper.results import SCORES, Results
from musigenre.paper.row import Row

MINUS = "\N{MINUS SIGN}"

#: Scores as tables head them, in their order: on a phone the first are seen at once.
TITLES = {
    "test_accuracy": "test accuracy",
    "test_track_accuracy": "accuracy of tracks",
    "test_auroc": "test AUROC",
    "test_auprc": "test AUPRC",
    "train_accuracy": "train accuracy",
    "train_auroc": "train AUROC",
    "train_auprc": "train AUPRC",
}


@dataclass(frozen=True)
class Cell:
    """One score of one row under one protocol.

    Parameters
    ----------
    mean, std : float
        Over holdouts; NaN if there is none, or no spread.
    n : int
        Holdouts.
    reported : float or None
        What the source reports, if it does.
    """

    mean: float
    std: float
    n: int
    reported: float | None = None

    @property
    def text(self) -> str:
        """Mean and spread."""
        if math.isnan(self.mean):
            return ""
        return number(self.mean) + ("" if math.isnan(self.std) else f" ± {number(self.std)}")

    @property
    def difference(self) -> float | None:
        """Measured minus reported, if both are known."""
        if self.reported is None or math.isnan(self.mean):
            return None
        return self.mean - self.reported

    @property
    def difference_text(self) -> str:
        """The difference with its sign."""
        return "" if self.difference is None else signed(self.difference)

    @property
    def reported_text(self) -> str:
        """The reported figure, if both are known: alone it would look measured."""
        if self.reported is None or self.difference is None:
            return ""
        return number(self.reported)

    @property
    def comparison(self) -> str:
        """The reported figure and the difference, if both figures are known."""
        return f"{self.reported_text}, {self.difference_text}" if self.reported_text else ""


def number(value: float) -> str:
    """Give a share without its zero.

    Examples
    --------
    >>> number(0.8794), number(1.0), number(float("nan"))
    ('.879', '1.000', '')
    """
    if math.isnan(value):
        return ""
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def signed(value: float) -> str:
    """Give a difference with a sign.

    Examples
    --------
    >>> signed(0.0213), signed(-0.02), signed(0.0)
    ('+.021', '−.020', '±.000')
    """
    if math.isnan(value):
        return ""
    sign = "±" if round(value, 3) == 0 else "+" if value > 0 else MINUS
    return sign + number(abs(value))


def cell(results: Results, row: Row, protocol: str, score: str) -> Cell:
    """Give one score of one row, with what its source reports (under a protocol of its own)."""
    values = results.of(row.key, protocol)[score].dropna()
    std = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    mean = float(values.mean()) if len(values) else math.nan
    return Cell(mean, std, len(values), row.reported.get(score))


def long_table(results: Results, rows: Sequence[Row]) -> pd.DataFrame:
    """Give everything, one line a row, protocol and score, for a file.

    Parameters
    ----------
    results : Results
    rows : sequence of Row

    Returns
    -------
    DataFrame
        Columns ``row``, ``title``, ``source``, ``ours``, ``protocol``, ``score``, ``holdouts``,
        ``mean``, ``std``, ``reported``, ``reported_protocol`` and ``difference``.
    """
    lines = []
    for row in rows:
        for protocol in results.protocols:
            for score in SCORES:
                found = cell(results, row, protocol, score)
                if found.n:
                    lines.append(
                        {
                            "row": row.key,
                            "title": row.title,
                            "source": row.source,
                            "ours": row.ours,
                            "protocol": protocol,
                            "score": score,
                            "holdouts": found.n,
                            "mean": found.mean,
                            "std": found.std,
                            "reported": found.reported,
                            "reported_protocol": row.reported_protocol,
                            "difference": found.difference,
                        }
                    )
    columns = ["row", "title", "source", "ours", "protocol", "score", "holdouts"]
    compared = ["reported", "reported_protocol", "difference"]
    return pd.DataFrame(lines, columns=[*columns, "mean", "std", *compared])


def as_csv(results: Results) -> str:
    """Write the long table as CSV."""
    return long_table(results, results.rows).round(6).to_csv(index=False)


def as_markdown(results: Results) -> str:
    """Write a table for each protocol as Markdown, with the reported figures in brackets."""
    head = (
        "Mean ± standard deviation over holdouts; in brackets what the source reports, and the "
        "difference; * marks this library's own systems.\n"
    )
    blocks = [head]
    for protocol in results.protocols:
        header = ["system", "holdouts", *TITLES.values()]
        lines = [header, ["---"] * len(header)]
        for row in _measured(results, protocol):
            cells = [cell(results, row, protocol, score) for score in TITLES]
            texts = [
                f"{found.text} ({found.comparison})" if found.comparison else found.text
                for found in cells
            ]
            lines.append([row.title + r"\*" * row.ours, str(cells[0].n), *texts])
        body = "\n".join("| " + " | ".join(_escaped(line)) + " |" for line in lines)
        blocks.append(f"## Protocol: {protocol}\n\n{body}\n")
    return "\n".join(blocks)


def as_latex(results: Results) -> str:
    """Write a table for each protocol as LaTeX, with the reported figures below the measured."""
    names = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#"}

    def safe(text: str) -> str:
        for sign, instead in names.items():
            text = text.replace(sign, instead)
        return text.replace("±", r"$\pm$").replace(MINUS, "$-$")

    out = io.StringIO()
    out.write("% \\usepackage{booktabs} \\usepackage{graphicx}\n")
    for protocol in results.protocols:
        out.write("\\begin{table}\n\\centering\n")
        out.write(f"\\caption{{Protocol: {safe(protocol)}. Mean and standard deviation over ")
        out.write("holdouts; below, what the source reports and the difference; * marks this ")
        out.write("library's own systems.}\n\\resizebox{\\textwidth}{!}{%\n")
        out.write("\\begin{tabular}{l" + "r" * (len(TITLES) + 1) + "}\n\\toprule\n")
        out.write(" & ".join(["System", "Holdouts", *TITLES.values()]) + " \\\\\n\\midrule\n")
        for row in _measured(results, protocol):
            cells = [cell(results, row, protocol, score) for score in TITLES]
            lines = [[row.title + "*" * row.ours, str(cells[0].n), *(each.text for each in cells)]]
            if any(each.comparison for each in cells):
                lines.append(["", "", *(each.comparison for each in cells)])
            for line in lines:
                out.write(" & ".join(safe(text) for text in line) + " \\\\\n")
        out.write("\\bottomrule\n\\end{tabular}}\n\\end{table}\n\n")
    return out.getvalue()


def _measured(results: Results, protocol: str) -> list[Row]:
    return [row for row in results.rows if len(results.of(row.key, protocol))]


def main_score(row: Row) -> str:
    """Give the score that a row's source reports, the test accuracy if it reports none."""
    return "test_track_accuracy" if "test_track_accuracy" in row.reported else "test_accuracy"


def _escaped(line: Sequence[str]) -> list[str]:
    return [text.replace("|", r"\|") for text in line]
