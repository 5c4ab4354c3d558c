"""What MIC needs of each column by itself: its order, its ties and its equal parts."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

Whole = NDArray[np.uint32]


class RankedColumns(NamedTuple):
    """Sorted columns, computed once however many pairs they take part in.

    Samples of one value form a *group*; groups are numbered by increasing value.

    Parameters
    ----------
    order : ndarray of shape (n_columns, n_samples)
        Samples, from the smallest to the largest value.
    group_of : ndarray of shape (n_columns, n_samples)
        The group of each sample.
    starts : ndarray of shape (n_columns, n_samples + 1)
        The place in `order` where each group starts; the rest is n_samples.
    n_groups : ndarray of shape (n_columns,)
        Number of groups.
    firsts : ndarray of shape (n_columns, n_boundaries)
        For equipartitions into 2, 3, ... parts, one after the other, the first group of each part.
    n_parts : ndarray of shape (n_columns, max_parts + 1)
        How many parts an equipartition really has: ties may leave fewer.
    """

    order: Whole
    group_of: Whole
    starts: Whole
    n_groups: NDArray[np.intp]
    firsts: Whole
    n_parts: NDArray[np.intp]

    @classmethod
    def of(cls, columns: Sequence[NDArray], max_parts: int) -> Self:
        """Rank arrays of shape (n_samples,), each in its own type."""
        order = np.array([np.argsort(column, kind="stable") for column in columns])
        ordered = [column[i] for column, i in zip(columns, order, strict=True)]
        rises = np.array([column[1:] != column[:-1] for column in ordered])
        return cls._from_order(order, rises, max_parts)

    @classmethod
    def without_ties(cls, order: NDArray, max_parts: int) -> Self:
        """Rank columns without ties, given the order of their samples."""
        return cls._from_order(order, np.ones(order[:, 1:].shape, dtype=bool), max_parts)

    @classmethod
    def _from_order(cls, order: NDArray, rises: NDArray[np.bool_], max_parts: int) -> Self:
        from musigenre.selection.mic_kernels import equipartitions

        n_columns, n_samples = order.shape
        order = order.astype(np.uint32)
        group_of = np.zeros(order.shape, dtype=np.uint32)
        starts = np.full((n_columns, n_samples + 1), n_samples, dtype=np.uint32)
        n_groups = 1 + np.count_nonzero(rises, axis=1)
        firsts = np.zeros((n_columns, (max_parts + 3) * max_parts // 2), dtype=np.uint32)
        n_parts = np.zeros((n_columns, max_parts + 1), dtype=np.intp)
        for i in range(n_columns):
            group_of[i, order[i]] = np.concatenate([[0], np.cumsum(rises[i])])
            starts[i, 0] = 0
            starts[i, 1 : n_groups[i]] = 1 + np.flatnonzero(rises[i])
            equipartitions(starts[i], n_groups[i], max_parts, firsts[i], n_parts[i])
        return cls(order, group_of, starts, n_groups, firsts, n_parts)

    def joined(self, other: Self) -> Self:
        """Give these columns and after them those of another."""
        parts: list[NDArray] = [np.concatenate(two) for two in zip(self, other, strict=True)]  # type: ignore[arg-type]
        return type(self)(*parts)

    def take(self, columns: NDArray[np.intp]) -> Self:
        """Give some of the columns."""
        parts: list[NDArray] = [part[columns] for part in self]
        return type(self)(*parts)

    def take_pairs(self, pairs: NDArray[np.intp]) -> tuple[Self, NDArray[np.intp]]:
        """Give the columns of some pairs, of shape (n_pairs, 2), and the pairs by their places."""
        columns, places = np.unique(pairs, return_inverse=True)
        return self.take(columns), places.reshape(pairs.shape)

    def permuted(self, permutations: NDArray[np.intp]) -> Self:
        """Give the only column once for each permutation: i takes the value of permutation[i]."""
        order = np.argsort(permutations, axis=1).take(self.order[0], axis=1).astype(np.uint32)
        rest: list[NDArray] = [np.repeat(part, len(permutations), axis=0) for part in self[2:]]
        return type(self)(order, self.group_of[0][permutations], *rest)
