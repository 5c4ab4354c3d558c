"""The report of a reproduction: one page, and its table as Markdown, CSV and LaTeX."""

from musigenre.paper.report.write import write_report

__all__ = ["write_report"]
