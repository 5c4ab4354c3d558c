"""The best grids, against the definitions in plain Python and values of another program."""

import itertools
import json
import math
import subprocess
import sys
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import musigenre.selection.mic_kernels as kernels
from musigenre.selection import CharacteristicMatrix, characteristic_matrix
from musigenre.selection.ranked_columns import RankedColumns

ESTIMATORS = ["mic_approx", "mic_e"]
SUPERCLUMPS = {"mic_approx": 15, "mic_e": 5}


# ---- The definitions, in plain Python ----


def equipartition(sizes, n_parts):
    """Part of each group, as in the supplement of Reshef et al. 2011."""
    parts, part, inside, done, left = [], 0, 0, 0, sum(sizes)
    share = left / n_parts
    for size in sizes:
        if inside and abs(inside + size - share) >= abs(inside - share):
            part, inside = part + 1, 0
            share = (left - done) / (n_parts - part)
        parts.append(part)
        inside += size
        done += size
    return parts


def groups_of(values):
    """Samples with equal values, by value."""
    groups = {}
    for sample, value in enumerate(values):
        groups.setdefault(value, []).append(sample)
    return [groups[value] for value in sorted(groups)]


def rows_of(y, n_rows):
    groups = groups_of(y)
    rows = {}
    for group, row in zip(groups, equipartition([len(g) for g in groups], n_rows), strict=True):
        rows.update(dict.fromkeys(group, row))
    return rows


def clumps_of(x, rows, limit):
    clumps, before = [], None
    for group in groups_of(x):
        row = {rows[sample] for sample in group}
        if len(row) == 1 and row == before:
            clumps[-1] = clumps[-1] + group
        else:
            clumps.append(group)
        before = row if len(row) == 1 else None
    if len(clumps) <= limit:
        return clumps
    joined = {}
    for clump, part in zip(clumps, equipartition([len(c) for c in clumps], limit), strict=True):
        joined[part] = joined.get(part, []) + clump
    return list(joined.values())


def mutual_information(columns, rows):
    n = sum(map(len, columns))
    cells = Counter((c, rows[sample]) for c, column in enumerate(columns) for sample in column)
    in_row = Counter(rows.values())
    return sum(
        count / n * math.log(count * n / (len(columns[c]) * in_row[row]))
        for (c, row), count in cells.items()
    )


def best_columns(clumps, rows, n_columns):
    """Try every way to cut the clumps into at most so many columns."""
    best = 0.0
    for n_cuts in range(n_columns):
        for cuts in itertools.combinations(range(1, len(clumps)), n_cuts):
            ends = [0, *cuts, len(clumps)]
            columns = [list(itertools.chain(*clumps[a:b])) for a, b in itertools.pairwise(ends)]
            best = max(best, mutual_information(columns, rows))
    return best


def plain_matrix(x, y, estimator, alpha, c):
    n_cells = max(int(len(x) ** alpha), 4)
    matrix = {}
    for side, (a, b) in enumerate([(x, y), (y, x)]):
        for n_rows in range(2, n_cells // 2 + 1):
            rows = rows_of(b, n_rows)
            limit = max(int(c * (n_cells // n_rows)), 1)
            clumps = clumps_of(a, rows, limit)
            most = n_cells // n_rows
            if estimator == "mic_e":
                most = min(most, n_rows if side == 1 else n_rows - 1)
            actual = len(set(rows.values()))
            for n_columns in range(2, most + 1):
                smaller = min(n_columns, actual)
                information = best_columns(clumps, rows, n_columns)
                score = information / math.log(smaller) if smaller > 1 else 0.0
                cell = (n_rows, n_columns) if side == 1 else (n_columns, n_rows)
                matrix[cell] = max(matrix.get(cell, 0), score)
    return matrix


@st.composite
def small_samples(draw):
    n = draw(st.integers(1, 11))
    levels = draw(st.sampled_from([1, 2, 4, 50]))
    values = st.lists(st.integers(0, levels), min_size=n, max_size=n)
    return draw(values), draw(values)


@settings(deadline=None, derandomize=True, max_examples=150)
@given(
    samples=small_samples(),
    estimator=st.sampled_from(ESTIMATORS),
    alpha=st.sampled_from([0.6, 0.9, 1]),
    c=st.sampled_from([0.3, 1, 1.5, 15]),
)
def test_every_way_to_draw_the_grids_was_tried(samples, estimator, alpha, c):
    x, y = samples
    matrix = characteristic_matrix(x, y, estimator, alpha, c)
    expected = plain_matrix(x, y, estimator, alpha, c)
    assert matrix.n_grids == len(expected)
    for (columns, rows), score in expected.items():
        assert matrix.scores[columns - 2, rows - 2] == pytest.approx(score, abs=1e-12)


def best_of_many_columns(clumps, rows, most):
    """The same for many clumps, without the shortcuts: one column more at a time."""
    n = len(rows)
    n_rows = max(rows.values()) + 1
    inside = [np.bincount([rows[i] for i in clump], minlength=n_rows) for clump in clumps]
    counts = np.cumsum([np.zeros(n_rows, dtype=int), *inside], axis=0)

    def xlogx(m):
        return m * np.log(np.maximum(m, 1))

    within = np.maximum(counts[np.newaxis] - counts[:, np.newaxis], 0)
    costs = xlogx(within).sum(axis=2) - xlogx(within.sum(axis=2))
    costs[np.tri(len(counts), k=-1, dtype=bool)] = -np.inf
    entropy = math.log(n) - xlogx(counts[-1]).sum() / n
    best = costs[0]
    for _ in range(2, most + 1):
        best = np.max(best[:, np.newaxis] + costs, axis=0)
        yield entropy + best[-1] / n


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(
    ("n", "levels", "alpha", "c"),
    [
        (150, 1000, 0.9, 1.1),  # many columns of few superclumps each
        (321, 10**6, 0.75, 4),
        (400, 40, 0.75, 2),
        (600, 10**6, 0.6, 15),
        (97, 8, 1, 3),
    ],
)
def test_more_samples_and_their_superclumps(rng, estimator, n, levels, alpha, c):
    x = rng.integers(0, levels, n)
    y = (x % 97 + rng.integers(0, 60, n)) % levels
    matrix = characteristic_matrix(x, y, estimator, alpha, c)
    expected = np.full(matrix.scores.shape, np.nan)
    for side, (a, b) in enumerate([(x, y), (y, x)]):
        for n_rows in range(2, matrix.n_cells // 2 + 1):
            rows = rows_of(b.tolist(), n_rows)
            actual = max(rows.values()) + 1
            most = matrix.n_cells // n_rows
            clumps = clumps_of(a.tolist(), rows, int(c * most))
            if estimator == "mic_e":
                most = min(most, n_rows if side == 1 else n_rows - 1)
            for k, information in enumerate(best_of_many_columns(clumps, rows, most), start=2):
                cell = (n_rows - 2, k - 2) if side == 1 else (k - 2, n_rows - 2)
                score = information / math.log(min(k, actual)) if actual > 1 else 0
                expected[cell] = np.fmax(expected[cell], score)
    np.testing.assert_allclose(matrix.scores, expected, rtol=0, atol=1e-11)


# ---- Values of minepy 1.2.6 ----


@pytest.fixture(scope="module")
def reference(real_data):
    return json.loads(real_data("mic/reference.json").read_text())


def assert_equals_reference(x, y, expected):
    for estimator in ESTIMATORS:
        matrix = characteristic_matrix(x, y, estimator)
        for name in ("mic", "mas", "mev", "tic"):
            assert getattr(matrix, name) == pytest.approx(expected[estimator][name], abs=1e-9)


def test_synthetic_variables(reference, real_data):
    samples = np.load(real_data("mic/synthetic.npz"))
    assert len(reference["synthetic"]) > 30
    for case in reference["synthetic"]:
        name = case["name"]
        assert_equals_reference(samples[f"{name}_x"], samples[f"{name}_y"], case)


def test_the_published_table(reference, real_data):
    table = pd.read_csv(real_data("gtzan/features_30_sec.csv"))
    # As the values were computed: genres by their place in the alphabet.
    table["label"] = table["label"].astype("category").cat.codes
    assert len(reference["gtzan"]) > 60
    for case in reference["gtzan"]:
        assert_equals_reference(table[case["x"]], table[case["y"]], case)


# ---- What is true of any two variables ----


RELATIONS = {
    "independent": lambda x, noise: noise,
    "line": lambda x, noise: x + 0.3 * noise,
    "parabola": lambda x, noise: x**2 + 0.2 * noise,
    "ties": lambda x, noise: (3 * x + noise).round(),
    "classes": lambda x, noise: (x > 0.2).astype(int),
}


@pytest.fixture(params=RELATIONS)
def related(request, rng):
    x = rng.uniform(-1, 1, size=500)
    return x, RELATIONS[request.param](x, rng.normal(size=500))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_statistics_are_drawn_from_the_scores(related, estimator):
    matrix = characteristic_matrix(*related, estimator)
    cells = {}
    for i, row in enumerate(matrix.scores):
        for j, score in enumerate(row):
            assert np.isnan(score) == ((i + 2) * (j + 2) > matrix.n_cells)
            if not np.isnan(score):
                assert 0 <= score <= 1
                cells[i + 2, j + 2] = score
    assert matrix.n_cells == int(500**0.6)
    assert matrix.n_grids == len(cells)
    assert matrix.mic == max(cells.values())
    assert matrix.mas == max(abs(score - cells[k[::-1]]) for k, score in cells.items())
    assert matrix.mev == max(score for k, score in cells.items() if 2 in k)
    assert matrix.tic == pytest.approx(sum(cells.values()))
    for eps in (0, 0.2, 1 - matrix.mic, 1):
        enough = [k for k, score in cells.items() if score >= (1 - eps) * matrix.mic - 1e-9]
        assert matrix.mcn(eps) == pytest.approx(min(math.log2(k * m) for k, m in enough))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_only_the_order_counts(related, estimator):
    x, y = related
    expected = characteristic_matrix(x, y, estimator).scores
    curved = characteristic_matrix(np.exp(5 * x), np.cbrt(y - 7), estimator)
    np.testing.assert_array_equal(curved.scores, expected)
    infinite = np.where(y == y.max(), np.inf, y)
    np.testing.assert_array_equal(characteristic_matrix(x, infinite, estimator).scores, expected)
    shuffled = np.random.default_rng(1).permutation(len(x))
    again = characteristic_matrix(x[shuffled], y[shuffled], estimator)
    np.testing.assert_array_equal(again.scores, expected)


def test_x_and_y_may_change_places(related):
    x, y = related
    scores = characteristic_matrix(x, y).scores
    np.testing.assert_array_equal(characteristic_matrix(y, x).scores, scores.T)


def test_mic_e_is_symmetric_off_the_diagonal(related):
    x, y = related
    scores = characteristic_matrix(x, y, "mic_e").scores
    turned = characteristic_matrix(y, x, "mic_e").scores.T
    off = ~np.eye(len(scores), dtype=bool)
    np.testing.assert_array_equal(turned[off], scores[off])


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("function", [np.exp, np.negative, np.square, np.cos])
def test_a_function_without_noise(estimator, function, rng):
    x = rng.uniform(-3, 3, size=1000)
    matrix = characteristic_matrix(x, function(x), estimator)
    assert matrix.mic > 0.98
    assert matrix.mev == pytest.approx(matrix.mic, abs=0.02)
    monotone = function in (np.exp, np.negative)
    assert (matrix.mas < 0.01) == monotone
    if monotone:
        assert matrix.mic == 1
        assert matrix.mcn() == 2


def test_independence(rng):
    x, y = rng.normal(size=(2, 3000))
    assert characteristic_matrix(x, y).mic < 0.12
    assert characteristic_matrix(x, y, "mic_e").mic < 0.03


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_degenerate_samples(estimator, rng):
    x = rng.normal(size=60)
    for one, other in [(x, np.ones(60)), (np.zeros(60), x), (np.zeros(60), np.ones(60))]:
        assert characteristic_matrix(one, other, estimator).tic == 0
    assert characteristic_matrix([5], [7], estimator).mic == 0
    assert characteristic_matrix([1, 2], [9, 3], estimator).mic == 1
    assert characteristic_matrix([True, False] * 20, [3, 8] * 20, estimator).mic == 1


def test_integers_keep_all_their_digits():
    x = 2**60 + np.random.default_rng(0).permutation(100)
    assert characteristic_matrix(x, x).mic == 1
    assert characteristic_matrix(x, x.astype(float)).mic == 0


def test_more_superclumps_tell_no_less_of_these(related):
    x, y = related
    assert characteristic_matrix(x, y, c=1).mic <= characteristic_matrix(x, y, c=30).mic + 0.01


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        ([1, 2, np.nan], [1, 2, 3], {}, "x has no number in row 2"),
        ([1, 2, 3], [None, 2, 3], {}, "y has no number in row 0"),
        ([1, 2, 3], [1, 2], {}, r"inconsistent numbers of samples: \[3, 2\]"),
        ([[1, 2], [3, 4]], [1, 2], {}, r"x must be one row of numbers, got shape \(2, 2\)"),
        (["a", "b"], [1, 2], {}, "could not convert string to float|numeric"),
        ([1j, 2j], [1, 2], {}, "Complex data not supported"),
        ([], [], {}, "minimum of 1 is required"),
        ([1, 2], [1, 2], {"estimator": "mic"}, "'estimator' parameter"),
        ([1, 2], [1, 2], {"alpha": 0}, "'alpha' parameter"),
        ([1, 2], [1, 2], {"alpha": 1.5}, "'alpha' parameter"),
        ([1, 2], [1, 2], {"c": 0}, "'c' parameter"),
    ],
)
def test_bad_input(x, y, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        characteristic_matrix(x, y, **options)


def test_more_cells_than_can_be_searched():
    x = np.arange(200_000)
    with pytest.raises(ValueError, match="smaller alpha"):
        characteristic_matrix(x, x, alpha=1)


def test_bad_eps():
    with pytest.raises(ValueError, match="eps must lie between 0 and 1, got 2"):
        characteristic_matrix([1, 2], [1, 2]).mcn(2)


def test_it_says_how_it_came_to_be():
    matrix = characteristic_matrix(range(50), range(50), "mic_e", 0.5)
    assert isinstance(matrix, CharacteristicMatrix)
    assert (matrix.n_samples, matrix.n_cells, matrix.n_grids) == (50, 7, 3)
    assert (matrix.estimator, matrix.alpha, matrix.c) == ("mic_e", 0.5, 5)
    with pytest.raises(AttributeError):
        matrix.alpha = 1


# ---- Compiled code ----


def test_nothing_is_compiled_after_the_import(rng):
    for n in (3, 100):
        characteristic_matrix(rng.normal(size=n).astype(np.float32), np.arange(n))
    for kernel in (kernels.search, kernels.equipartitions):
        assert len(kernel.signatures) == 1
        with pytest.raises(TypeError):
            kernel("another type")


def test_locked_arrays_are_accepted(rng):
    x, y = rng.normal(size=(2, 40))
    ranked = RankedColumns.of([x, y], 4)
    for part in (x, y, *ranked):
        part.flags.writeable = False
    characteristic_matrix(x, y)
    assert ranked.take(np.array([0])).n_groups.tolist() == [40]


def test_numba_is_loaded_only_when_it_is_needed():
    code = "import sys, musigenre.selection as s; s.mic; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
