import numpy as np
import pytest
from scipy import stats

from musigenre.selection import MicTest, characteristic_matrix, mic_test


@pytest.mark.parametrize("statistic", ["tic", "mic"])
@pytest.mark.parametrize("levels", [3, 10**6])
def test_p_values_are_uniform_under_independence(statistic, levels):
    """At most: ties make them larger."""
    rng = np.random.default_rng(0)
    pvalues = []
    for seed in range(400):
        x, y = rng.normal(size=20), rng.integers(0, levels, size=20)
        result = mic_test(x, y, statistic=statistic, n_permutations=19, random_state=seed)
        pvalues.append(result.pvalue)
    for level in (0.05, 0.1, 0.25, 0.5, 0.75):
        found = np.count_nonzero(np.array(pvalues) <= level + 1e-9)
        assert stats.binom.sf(found - 1, 400, level) > 1e-3
        if levels > 20:
            assert stats.binom.cdf(found, 400, level) > 1e-3


@pytest.mark.parametrize("statistic", ["tic", "mic"])
@pytest.mark.parametrize("estimator", ["mic_e", "mic_approx"])
def test_statistics_are_those_of_shuffled_samples(rng, statistic, estimator):
    x, y = rng.normal(size=60), rng.integers(0, 9, size=60)
    result = mic_test(
        x, y, statistic=statistic, estimator=estimator, n_permutations=300, random_state=1
    )
    assert isinstance(result, MicTest)
    assert result.null.shape == (300,)
    matrix = characteristic_matrix(x, y, estimator)
    assert result.statistic == pytest.approx(getattr(matrix, statistic))
    assert result.pvalue == (1 + np.sum(result.null >= result.statistic - 1e-12)) / 301
    by_hand = [
        getattr(characteristic_matrix(x, rng.permutation(y), estimator), statistic)
        for _ in range(300)
    ]
    assert stats.ks_2samp(by_hand, result.null).pvalue > 0.01


def test_relations_of_any_form_are_found(rng):
    x = rng.uniform(-1, 1, size=150)
    for y in (x, x**2, np.sin(9 * x)):
        y = y + rng.normal(scale=0.3, size=150)
        assert mic_test(x, y, n_permutations=99, random_state=0).pvalue == 0.01


def test_seeds(rng):
    x, y = rng.normal(size=(2, 50))
    first, again, other = (
        mic_test(x, y, n_permutations=50, random_state=seed, n_jobs=n_jobs)
        for seed, n_jobs in ((3, None), (3, 2), (4, None))
    )
    np.testing.assert_array_equal(first.null, again.null)
    assert (first.null != other.null).any()
    drawn = mic_test(x, y, n_permutations=50, random_state=np.random.RandomState(3))
    np.testing.assert_array_equal(drawn.null, first.null)


def test_a_constant_proves_nothing():
    assert mic_test(np.zeros(30), np.arange(30), n_permutations=20, random_state=0)[:2] == (0, 1)


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        ([1, np.nan, 3], {}, "x has no number in row 1"),
        ([1, 2], {}, "inconsistent numbers of samples"),
        ([1, 2, 3], {"statistic": "mas"}, "'statistic' parameter"),
        ([1, 2, 3], {"n_permutations": 0}, "'n_permutations' parameter"),
    ],
)
def test_bad_input(x, options, message):
    with pytest.raises(ValueError, match=message):
        mic_test(x, [1, 2, 3], **options)
