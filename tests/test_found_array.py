"""Arrays that are found: taken if they hold what would be computed, column by column."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from musigenre.paper.found_array import check_found

N_ROWS = 40
TABLE = pd.DataFrame({"track": [f"blues.{row // 4:05d}" for row in range(N_ROWS)]})

# Columns as those of features are: of all sizes, and all small beside their mean.
SIZES = np.array([1e-6, 1e-4, 1e-2, 1.0, 1e2, 1e6, *np.logspace(-5, 5, 34)])


@pytest.fixture(params=[(40,), (40, 7)], ids=["features", "spectrograms"])
def values(request) -> np.ndarray:
    rng = np.random.default_rng(0)
    drawn = rng.normal(3.0, 1.0, (N_ROWS, *request.param))
    return (drawn * SIZES.reshape(-1, *[1] * (drawn.ndim - 2))).astype(np.float32)


def check(path: Path, found: np.ndarray, wanted: np.ndarray, **options) -> None:
    np.save(path, found)
    check_found(path, TABLE, lambda part: wanted[part.index], "mel 2", **options)


@pytest.mark.parametrize("size", [0, 1e-6, 1e-3])
def test_small_differences_of_decoders_are_accepted(size, values, tmp_path):
    noise = np.random.default_rng(1).normal(0, size, values.shape)
    noise *= SIZES.reshape(-1, *[1] * (values.ndim - 2))
    check(tmp_path / "mel.npy", (values + noise).astype(np.float32), values)


@pytest.mark.parametrize("column", range(len(SIZES)))
def test_a_wrong_column_is_found_whatever_its_size(column, values, tmp_path):
    for wrong in (0 * values, 1.2 * values, np.roll(values, 1, axis=0), np.nan * values):
        found = values.copy()
        found[:, column] = wrong[:, column]
        with pytest.raises(ValueError, match=r"mel\.npy' does not hold mel 2.*: delete '"):
            check(tmp_path / "mel.npy", found, values)


def test_a_jump_of_one_clip_and_columns_that_jump_are_accepted(values, tmp_path):
    found = values.copy()
    found[3, 9] *= 2  # the tempo, taken for its double
    check(tmp_path / "mel.npy", found, values)
    wide, more = np.hstack([values] * 3), np.hstack([values] * 3)
    more[:, 5] *= 2
    check(tmp_path / "mel.npy", more, wide, jumping=0.01)
    with pytest.raises(ValueError, match=r"1 of 120 columns differ .*, the first is column 5"):
        check(tmp_path / "mel.npy", more, wide)
    more[:, 6] *= 2
    with pytest.raises(ValueError, match="2 of 120 columns differ"):
        check(tmp_path / "mel.npy", more, wide, jumping=0.01)


def test_constant_columns_are_compared_as_well(values, tmp_path):
    values[:, 2] = 5.0
    check(tmp_path / "mel.npy", values, values)
    found = values.copy()
    found[:, 2] = 5.001
    with pytest.raises(ValueError, match="does not hold mel 2"):
        check(tmp_path / "mel.npy", found, values)


def test_rows_and_shapes_must_fit(values, tmp_path):
    path = tmp_path / "mel.npy"
    with pytest.raises(ValueError, match="has 39 rows of float32, but 40 of float32 are needed"):
        check(path, values[1:], values)
    with pytest.raises(ValueError, match="has 40 rows of float64"):
        check(path, values.astype(np.float64), values)
    with pytest.raises(ValueError, match="has no columns"):
        check(path, np.zeros(N_ROWS, np.float32), values)
    with pytest.raises(ValueError, match=r"does not hold mel 2 of track 'blues\.00000'"):
        check(path, values[:, 1:], values)
