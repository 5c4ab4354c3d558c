"""A random set of groups whose class counts come close to the wanted ones."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Distance = Callable[[Counts], NDArray[np.float64]]


def draw_groups(counts: Counts, n_test: int, rng: np.random.RandomState) -> NDArray[np.bool_]:
    """Draw groups for a test part of about `n_test` rows with the class shares of the whole.

    Groups are taken in random order as long as they fit. Swaps of single groups then bring every
    class near its wanted count. Both leave a class half the size of the group that one of its rows
    meets on average, for aiming closer would give a class of few groups the same best set in every
    holdout. Groups are added or left out last, where that alone brings the counts closer.

    Groups with equal counts are exchangeable, so the search decides only how many of each kind are
    drawn, and chance says which. That keeps it fast for thousands of groups.

    Parameters
    ----------
    counts : ndarray of shape (n_groups, n_classes)
        Rows of each class in each group. No group is empty, and no class.
    n_test : int
        Wanted number of rows.
    rng : RandomState
        Source of chance.

    Returns
    -------
    is_drawn : ndarray of bool of shape (n_groups,)
        The groups of the test part. Every class keeps a row outside it.

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.array([[5, 0], [3, 0], [2, 0], [0, 5], [0, 3], [0, 2]])
    >>> is_drawn = draw_groups(counts, n_test=10, rng=np.random.RandomState(0))
    >>> counts[is_drawn].sum(axis=0)
    array([5, 5])
    """
    n_groups = len(counts)
    counts = np.column_stack([counts, counts.sum(axis=1)])  # the whole is one more class to match
    total = counts.sum(axis=0)
    wanted = total * (n_test / total[-1])
    slack = (counts**2).sum(axis=0) / total / 2
    order = rng.permutation(n_groups)  # equally good kinds take turns
    _, first, kind_of = np.unique(counts[order], axis=0, return_index=True, return_inverse=True)

    # Kind 0 is nobody, never in short supply: to swap with nobody is to add or to leave out.
    kinds = np.vstack([np.zeros_like(total), counts[order[first]]])
    supply = np.append(2 * n_groups + 1, np.bincount(kind_of))
    drawn = np.zeros_like(supply)
    drawn[0] = n_groups
    held = np.zeros_like(total)
    for kind in 1 + kind_of:
        if (held + kinds[kind] <= wanted + slack).all() and held[-1] < n_test:
            held += kinds[kind]
            drawn[kind] += 1
    _improve(drawn, kinds, supply, _distance(counts, wanted, slack), rng, swaps=True)
    _improve(drawn, kinds, supply, _distance(counts, wanted, slack=0.0), rng, swaps=False)

    is_drawn = np.zeros(n_groups, dtype=bool)
    for kind, number in enumerate(drawn[1:]):
        is_drawn[rng.choice(order[kind_of == kind], number, replace=False)] = True
    return is_drawn


def _distance(
    counts: Counts, wanted: NDArray[np.float64], slack: NDArray[np.float64] | float
) -> Distance:
    """Return the distance of class counts from the wanted ones, where `slack` rows are free.

    It is a weighted sum of squares: a row more or less counts in inverse proportion to the wanted
    number, so rare classes are matched as well as common ones, and the whole as the rarest class.
    A missing class outweighs any such sum. One missing from the rest outweighs all that are
    missing from the draw.
    """
    total = counts.sum(axis=0)
    weight = wanted.min() / wanted
    weight[-1] = 1.0
    splittable = (counts > 0).sum(axis=0) > 1
    missing = 1.0 + total**2 @ weight

    def distance(held: Counts) -> NDArray[np.float64]:
        off = np.maximum(np.abs(held - wanted) - slack, 0.0)
        undrawn = ((held == 0) & splittable).sum(axis=-1)
        used_up = (held == total).sum(axis=-1)
        return off**2 @ weight + missing * (undrawn + len(total) * used_up)

    return distance


def _improve(
    drawn: Counts,
    kinds: Counts,
    supply: Counts,
    distance: Distance,
    rng: np.random.RandomState,
    *,
    swaps: bool,
) -> None:
    """Exchange one group at a time, in place, until no exchange lowers the distance.

    Without `swaps`, one of the two is nobody: a group is added or left out.
    """
    held = drawn @ kinds
    least = distance(held)
    improved = True
    while improved:
        improved = False
        for leaving in rng.permutation(np.flatnonzero(drawn)):
            if drawn[leaving] == 0:  # the last of its kind left earlier in this round
                continue
            can_enter = drawn < supply
            if not swaps and leaving != 0:
                can_enter[1:] = False
            entering = np.flatnonzero(can_enter)
            outcome = distance(held - kinds[leaving] + kinds[entering])
            best = np.argmin(outcome)
            if outcome[best] < least:
                least = outcome[best]
                held = held - kinds[leaving] + kinds[entering[best]]
                drawn[leaving] -= 1
                drawn[entering[best]] += 1
                improved = True
