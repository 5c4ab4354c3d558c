"""All that the best grids say of two variables."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length
from sklearn.utils._param_validation import validate_params

from musigenre.selection.grids import CONSTRAINTS, DEFAULT_C, Floats, Grids
from musigenre.selection.ranked_columns import RankedColumns
from musigenre.selection.variables import check_variable


@dataclass(frozen=True, eq=False)
class CharacteristicMatrix:
    r"""Scores of the best grids of every size, and the statistics that are drawn from them.

    A grid of k columns and l rows is scored by the mutual information of the cells that it puts
    the samples into, over its largest possible value, :math:`I / \log \min(k, l)`: from 0 to 1.

    Attributes
    ----------
    scores : ndarray of shape (max_parts - 1, max_parts - 1)
        ``scores[i, j]`` is that of the best grid of i + 2 columns (parts of x) and j + 2 rows
        (parts of y); NaN for grids of more than `n_cells` cells.
    n_samples : int
        Number of samples.
    n_cells : int
        B(n), the most cells of a grid.
    estimator : str
        How grids were searched, "mic_approx" or "mic_e".
    alpha : float
        The exponent of B(n).
    c : float
        Superclumps a column.

    See Also
    --------
    characteristic_matrix : Compute one.

    References
    ----------
    .. [1] D. N. Reshef et al., "Detecting novel associations in large data sets", Science 334,
       2011, and its supporting online material.
    .. [2] Y. A. Reshef et al., "Measuring dependence powerfully and equitably", Journal of Machine
       Learning Research 17, 2016.
    """

    scores: Floats
    n_samples: int
    n_cells: int
    estimator: str
    alpha: float
    c: float

    @property
    def mic(self) -> float:
        """Maximal information coefficient: the largest score, from 0 to 1."""
        return float(np.nanmax(self.scores))

    @property
    def mas(self) -> float:
        """Maximum asymmetry score: how far the scores of k x l and l x k grids differ at most.

        Large for relations that are not monotone; at most `mic`.
        """
        return float(np.nanmax(np.abs(self.scores - self.scores.T)))

    @property
    def mev(self) -> float:
        """Maximum edge value: the largest score of grids with two columns or two rows.

        Near `mic` where one variable is a function of the other; at most `mic`.
        """
        return float(max(np.nanmax(self.scores[0]), np.nanmax(self.scores[:, 0])))

    @property
    def tic(self) -> float:
        """Total information coefficient: the sum of all scores.

        Its estimate by "mic_e" tests independence with more power than MIC (Reshef et al. 2016).
        It grows with the number of samples; `tic` / `n_grids` is from 0 to 1.
        """
        return float(np.nansum(self.scores))

    @property
    def n_grids(self) -> int:
        """Number of sizes of grids, the number of scores."""
        return int(np.count_nonzero(~np.isnan(self.scores)))

    def mcn(self, eps: float = 0.0) -> float:
        """Minimum cell number: how many cells, as a logarithm to base 2, a good grid needs.

        Parameters
        ----------
        eps : float, default=0.0
            A grid is good if its score is at least (1 - eps) times MIC, or less by rounding only
            (1e-9). The paper also uses ``eps = 1 - mic``.

        Returns
        -------
        mcn : float
            From 2 up, log2 of the fewest cells of a good grid.
        """
        if not 0 <= eps <= 1:
            raise ValueError(f"eps must lie between 0 and 1, got {eps}.")
        columns, rows = np.nonzero(self.scores >= (1 - eps) * self.mic - 1e-9)
        return float(np.log2(np.min((columns + 2) * (rows + 2))))


@validate_params(
    {"x": ["array-like"], "y": ["array-like"], **CONSTRAINTS}, prefer_skip_nested_validation=True
)
def characteristic_matrix(
    x: ArrayLike,
    y: ArrayLike,
    estimator: str = "mic_approx",
    alpha: float = 0.6,
    c: float | None = None,
) -> CharacteristicMatrix:
    """Find the best grids of every size for two variables.

    Parameters
    ----------
    x, y : array-like of shape (n_samples,)
        Numbers. Only their order counts, so infinite ones are as good as any; NaN is an error.
    estimator : {"mic_approx", "mic_e"}, default="mic_approx"
        "mic_approx" is the approximation of Reshef et al. 2011 (ApproxMaxMI), "mic_e" the
        estimator of Reshef et al. 2016 (the equicharacteristic matrix): consistent, less biased and
        much faster.
    alpha : float, default=0.6
        From above 0 to 1. Grids have at most B(n) = n ** alpha cells, but at least four.
    c : float, optional
        Columns begin and end where one of about c times as many stretches of samples (superclumps)
        does. More is slower and follows noise more closely. By default 15 for "mic_approx" and 5
        for "mic_e".

    Returns
    -------
    matrix : CharacteristicMatrix
        The scores, and mic, mas, mev, mcn and tic.

    Raises
    ------
    ValueError
        If x or y holds NaN, is not one row of numbers or differs in length from the other.

    Notes
    -----
    - Equal values stay in one part of a grid. Where that leaves fewer parts than were to be, a
      grid is scored as the smaller one that it is.
    - A constant goes with nothing: all scores are 0.
    - Of fewer than ten samples little can be said. Any two samples that differ in x and in y have
      MIC 1, as nothing fits better; a single one has 0.
    - x and y may change places: the matrix is transposed, but for the diagonal of "mic_e", which
      searches the parts of y.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.selection import characteristic_matrix
    >>> x = np.linspace(-1, 1, 400)
    >>> matrix = characteristic_matrix(x, x**2)
    >>> round(matrix.mic, 2), round(matrix.mas, 2), round(matrix.mev, 2), matrix.mcn()
    (1.0, 0.69, 1.0, 2.584962500721156)
    """
    numbers = check_variable(x, "x"), check_variable(y, "y")
    check_consistent_length(*numbers)
    grids = Grids(len(numbers[0]), estimator, alpha, c)
    entries = grids.entries(RankedColumns.of(numbers, grids.max_parts), np.array([[0, 1]]))
    return CharacteristicMatrix(
        scores=grids.matrix(entries[0]),
        n_samples=grids.n_samples,
        n_cells=grids.n_cells,
        estimator=estimator,
        alpha=alpha,
        c=DEFAULT_C[estimator] if c is None else c,
    )
