"""Planning: which units rows, protocols and holdouts come to."""

from collections.abc import Sequence

from musigenre.paper.holdouts import drawn_as, n_holdouts
from musigenre.paper.row import Row
from musigenre.paper.unit import Unit


def plan_units(rows: Sequence[Row], protocols: Sequence[str], holdouts: int) -> list[Unit]:
    """List the units, in the order in which they are run.

    The first holdout of everything comes first, and cheap rows before dear ones, so that a run that
    is stopped has as many whole rows as can be.

    Parameters
    ----------
    rows : sequence of Row
    protocols : sequence of str
    holdouts : int

    Returns
    -------
    list of Unit

    Examples
    --------
    >>> from musigenre.paper import get_rows
    >>> units = plan_units(get_rows(["mlp-3s", "mlp-30s"]), ["paper", "track"], 1)
    >>> [str(unit) for unit in units]
    ['track/mlp-30s/0', 'paper/mlp-3s/0', 'track/mlp-3s/0']
    """
    units = []
    for holdout in range(holdouts):
        for row in sorted(rows, key=lambda row: row.cost):
            for protocol in protocols:
                if holdout < n_holdouts(protocol, holdouts):
                    drawn = drawn_as(protocol, row.clip_duration is None)
                    units.append(Unit(row.key, drawn, holdout))
    return list(dict.fromkeys(units))
