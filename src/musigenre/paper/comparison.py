"""Two rows, holdout by holdout."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from musigenre.evaluation.metrics import corrected_interval, corrected_t_test
from musigenre.paper.results import Results


@dataclass(frozen=True)
class Comparison:
    """Scores of one row less those of another, over the holdouts that both have.

    Parameters
    ----------
    differences : ndarray of shape (n_holdouts,)
    n_test : float
        Rows in the test part, for each in the training part.
    same_draws : bool
        Whether a holdout divides the tracks alike for both rows.

    Examples
    --------
    >>> import numpy as np
    >>> better = Comparison(np.array([0.03, 0.04, 0.05]), n_test=0.25, same_draws=True)
    >>> round(better.mean, 3), round(better.p(), 3), round(better.p(0.04), 3)
    (0.04, 0.035, 1.0)
    """

    differences: NDArray[np.float64]
    n_test: float
    same_draws: bool

    @property
    def mean(self) -> float:
        """Mean difference; NaN without a common holdout."""
        return float(self.differences.mean()) if len(self.differences) else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Its 95 % interval, corrected for overlap; NaN for fewer than two holdouts."""
        return corrected_interval(self.differences, 1.0, self.n_test)

    def p(self, expected: float = 0.0) -> float:
        """Give the probability of a mean as far from an expected one by chance.

        By the corrected resampled t-test, on both sides; NaN for fewer than two holdouts.
        """
        return corrected_t_test(self.differences - expected, 1.0, self.n_test)[1]


def compare(results: Results, first: str, second: str, protocol: str, score: str) -> Comparison:
    """Compare two rows under a protocol.

    Parameters
    ----------
    results : Results
    first, second : str
        Keys of rows.
    protocol : str
    score : str
        One of `musigenre.paper.results.SCORES`.

    Returns
    -------
    Comparison
    """
    one, other = results.of(first, protocol), results.of(second, protocol)
    common = one.index.intersection(other.index)
    one, other = one.loc[common], other.loc[common]
    differences = (one[score] - other[score]).dropna().to_numpy(dtype=float)
    n_test = float(one["n_test"].mean() / one["n_train"].mean()) if len(common) else 1.0
    return Comparison(differences, n_test, results.same_draws(first, second, protocol))


def holm(p: Sequence[float]) -> list[float]:
    """Correct the probabilities of several tests for their number.

    With them, the probability that any of the tests finds what is not there stays below the level
    that they are held to, however the tests depend on each other.

    Parameters
    ----------
    p : sequence of float
        Probabilities; NaN are no tests, and stay.

    Returns
    -------
    list of float

    References
    ----------
    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6 (1979), pages 65 to 70.

    Examples
    --------
    >>> holm([0.01, 0.04, float("nan"), 0.03])
    [0.03, 0.06, nan, 0.06]
    """
    values = np.array(p, dtype=float)
    order = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]  # NaN come last
    factors = np.arange(len(order), 0, -1)
    values[order] = np.minimum(np.maximum.accumulate(values[order] * factors), 1)
    return [float(value) for value in values]
