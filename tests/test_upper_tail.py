import numpy as np
import pytest
from scipy import stats

from musigenre.selection.upper_tail import upper_tail


@pytest.mark.parametrize(
    "distribution", [stats.expon(), stats.chi2(9), stats.gumbel_r(), stats.norm()]
)
def test_small_p_values_are_about_right_or_too_large(distribution):
    for p, slack in [(0.2, 1.3), (0.01, 1.8), (1e-3, 3), (1e-5, 10)]:
        x = distribution.isf(p)
        nulls = distribution.rvs(size=(50, 1000), random_state=1)
        estimates = np.array([upper_tail(np.array([x]), null)[0] for null in nulls])
        assert np.median(estimates) > p / 1.5
        assert np.quantile(estimates, 0.1) > p / slack


def test_many_as_large_are_counted(rng):
    null = rng.normal(size=500)
    x = np.sort(null)[[0, 100, 400, -10]]
    np.testing.assert_allclose(upper_tail(x, null), np.array([501, 401, 101, 11]) / 501)


def test_the_larger_the_less_probable(rng):
    pvalues = upper_tail(np.linspace(-3, 40, 2000), rng.normal(size=400))
    assert (np.diff(pvalues) <= 0).all()
    assert (pvalues > 0).all()
    assert upper_tail(np.array([1e9]), rng.normal(size=400))[0] > 0


def test_never_more_than_the_share_that_is_as_large(rng):
    null = rng.normal(size=1000)
    x = np.sort(null)[-9:]
    assert (upper_tail(x, null) <= np.arange(10, 1, -1) / 1001 + 1e-15).all()


def test_a_null_hypothesis_of_few_values():
    null = np.repeat([0.0, 1.0], [500, 500])
    np.testing.assert_allclose(upper_tail(np.array([0.0, 1, 2]), null), [1, 501 / 1001, 1 / 1001])
