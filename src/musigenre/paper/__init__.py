"""The paper's experiments: Table I, the systems it builds on, and our own, under every protocol."""

from musigenre.paper.report import write_report
from musigenre.paper.reproduce import Reproduction, reproduce
from musigenre.paper.row import Row
from musigenre.paper.rows import ROW_GROUPS, ROWS, get_rows
from musigenre.paper.settings import Settings
from musigenre.paper.unit import Unit

__all__ = [
    "ROWS",
    "ROW_GROUPS",
    "Reproduction",
    "Row",
    "Settings",
    "Unit",
    "get_rows",
    "reproduce",
    "write_report",
]
