"""p-values from a sample of the null distribution."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Below so many values as large, a count says little.
_FEW = 10


def upper_tail(observed: Floats, null: Floats) -> Floats:
    """Estimate how probable values as large as the observed ones are.

    If at least ten of the values under the null hypothesis are as large as the observed one, the
    p-value is their share, counting the observed one among them [1]_. Otherwise it is extrapolated:
    the largest twentieth of the values are taken to lie above the rest by an exponentially
    distributed amount.

    Parameters
    ----------
    observed : ndarray of shape (n,)
        Statistics.
    null : ndarray of shape (n_null,)
        Statistics under the null hypothesis, at least a hundred.

    Returns
    -------
    pvalue : ndarray of shape (n,)
        From above 0 to 1; the larger the statistic, the smaller or equal.

    Notes
    -----
    Without extrapolation no p-value could be smaller than 1 / (n_null + 1), so that one feature
    that matters would be lost among a thousand that do not, once p-values are corrected for their
    number. Exponential tails are those of mutual information; where the true tail falls off
    faster, the estimate is too large, which errs on the safe side. Knijnenburg et al. [2]_ treat
    other tails.

    References
    ----------
    .. [1] B. Phipson, G. K. Smyth, "Permutation p-values should never be zero", Statistical
       Applications in Genetics and Molecular Biology 9(1), 2010.
    .. [2] T. A. Knijnenburg, L. F. A. Wessels, M. J. T. Reinders, I. Shmulevich, "Fewer
       permutations, more accurate P-values", Bioinformatics 25(12), 2009.

    Examples
    --------
    >>> import numpy as np
    >>> from musigenre.selection.upper_tail import upper_tail
    >>> null = np.random.default_rng(0).exponential(size=1000)
    >>> [f"{p:.1g}" for p in upper_tail(np.array([0.0, 2.0, 12.0]), null)]  # exactly 1, 0.1, 6e-6
    ['1', '0.1', '7e-06']
    """
    ordered = np.sort(null)
    n_null = len(ordered)
    # What is equal may differ in the last digits.
    as_large = n_null - np.searchsorted(ordered, observed - 1e-12)
    counted = (1 + as_large) / (1 + n_null)
    n_tail = n_null // 20
    threshold = ordered[-n_tail - 1]
    scale = np.mean(ordered[-n_tail:] - threshold)
    if scale <= 0:  # a null hypothesis of few values: there is nothing to extrapolate
        return counted
    excess = np.maximum(observed - threshold, 0)
    tiny = np.finfo(np.float64).tiny
    extrapolated = np.maximum(n_tail / n_null * np.exp(-excess / scale), tiny)
    return np.where(as_large >= _FEW, counted, np.minimum(counted, extrapolated))
