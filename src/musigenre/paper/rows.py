"""All rows: Table I, the systems that the paper builds on, and our own."""

from collections.abc import Iterable

from musigenre.paper.ours import OURS
from musigenre.paper.prior import PRIOR
from musigenre.paper.row import Row
from musigenre.paper.table_one import TABLE_ONE

#: All rows by key, in the order of the tables.
ROWS: dict[str, Row] = {row.key: row for row in (*TABLE_ONE, *PRIOR, *OURS)}

#: Names that stand for several rows.
ROW_GROUPS: dict[str, tuple[str, ...]] = {
    "table-one": tuple(row.key for row in TABLE_ONE),
    "prior": tuple(row.key for row in PRIOR),
    "ours": tuple(row.key for row in OURS),
    "all": tuple(ROWS),
}


def get_rows(names: Iterable[str] | None = None) -> list[Row]:
    """Give the rows of the given names.

    Parameters
    ----------
    names : iterable of str, optional
        Keys of rows, or ``table-one``, ``prior``, ``ours`` or ``all``; all rows by default.

    Returns
    -------
    list of Row
        Each once, in the order of the tables.

    Raises
    ------
    ValueError
        If a name is unknown or there is none.

    Examples
    --------
    >>> from musigenre.paper import get_rows
    >>> [row.key for row in get_rows(["mmnn", "mlp-3s"])]
    ['mlp-3s', 'mmnn']
    """
    if names is None:
        return list(ROWS.values())
    wanted: set[str] = set()
    for name in names:
        if name not in ROWS and name not in ROW_GROUPS:
            known = ", ".join([*ROW_GROUPS, *ROWS])
            raise ValueError(f"unknown row {name!r}; choose from {known}")
        wanted.update(ROW_GROUPS.get(name, (name,)))
    if not wanted:
        raise ValueError("no row is named; leave rows out for all of them")
    return [row for key, row in ROWS.items() if key in wanted]
