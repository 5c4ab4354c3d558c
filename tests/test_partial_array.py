"""Arrays in the making: nothing is lost with a process, and two that write spoil nothing."""

import json

import numpy as np
import pytest

from musigenre.paper.partial_array import PartialArray, TakenOver

ROWS = np.arange(60, dtype=np.float32).reshape(10, 3, 2)
RECIPE = {"kind": "mel", "version": "mel 2"}


def begun(path, token, n_rows, recipe=RECIPE):
    array = PartialArray(path, recipe, token)
    if n_rows > array.n_done:
        array.write(ROWS[array.n_done : n_rows], len(ROWS))
    return array


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_parts_come_to_the_whole(tmp_path):
    array = begun(tmp_path / "mel.npy", "a", 4)
    assert names(tmp_path) == ["mel.a.partial", "mel.a.progress"]
    for first in (4, 7):
        array.write(ROWS[first : first + 3], len(ROWS))
    array.finish()
    assert names(tmp_path) == ["mel.npy"]
    np.testing.assert_array_equal(np.load(tmp_path / "mel.npy"), ROWS)


def test_the_work_of_the_dead_goes_on_where_it_got_furthest(tmp_path):
    path = tmp_path / "mel.npy"
    begun(path, "a", 4)
    # One that died before it could note what it had done, and work on another array.
    (tmp_path / "mel.c.partial").write_bytes(b"")
    other = begun(tmp_path / "mel_picture.npy", "a", 9)
    array = begun(path, "b", 0)
    assert array.n_done == 4
    assert names(tmp_path)[:2] == ["mel.b.partial", "mel.b.progress"]
    assert not list(tmp_path.glob("mel.[ac].*"))
    array.write(ROWS[4:], len(ROWS))
    array.finish()
    np.testing.assert_array_equal(np.load(path), ROWS)
    other.write(ROWS[9:], len(ROWS))
    other.finish()
    np.testing.assert_array_equal(np.load(other.path), ROWS)


def test_work_without_a_token_goes_on(tmp_path):
    path = tmp_path / "mel.npy"
    begun(path, "a", 4)
    for ending in ("partial", "progress"):
        (tmp_path / f"mel.a.{ending}").rename(tmp_path / f"mel.{ending}")
    array = begun(path, "b", 10)
    array.finish()
    np.testing.assert_array_equal(np.load(path), ROWS)
    assert names(tmp_path) == ["mel.npy"]


@pytest.mark.parametrize("damage", ["recipe", "progress", "array"])
def test_other_or_damaged_work_is_begun_anew(damage, tmp_path):
    path = tmp_path / "mel.npy"
    begun(path, "a", 4, RECIPE | {"version": "mel 1"} if damage == "recipe" else RECIPE)
    if damage == "progress":
        (tmp_path / "mel.a.progress").write_text("{")
    if damage == "array":
        (tmp_path / "mel.a.partial").write_bytes(b"x")
    array = begun(path, "b", 0)
    assert array.n_done == 0
    assert names(tmp_path) == []


@pytest.mark.parametrize("n_taken", [0, 4])
def test_two_that_believe_it_theirs_do_not_spoil_it(n_taken, tmp_path):
    """Who seemed dead, and wakes up while another goes on, learns so and changes nothing."""
    path = tmp_path / "mel.npy"
    sleeper = begun(path, "a", n_taken)
    other = begun(path, "b", 7)
    if n_taken:
        with pytest.raises(TakenOver):
            sleeper.write(np.full_like(ROWS[4:], -1), len(ROWS))
        with pytest.raises(TakenOver):
            sleeper.finish()
    else:  # it had nothing that could be taken
        sleeper.write(ROWS[:4], len(ROWS))
    about = json.loads((tmp_path / "mel.b.progress").read_text())
    assert about == RECIPE | {"rows": 7}
    other.write(ROWS[7:], len(ROWS))
    other.finish()
    np.testing.assert_array_equal(np.load(path), ROWS)
    with pytest.raises(TakenOver):
        sleeper.write(np.full_like(ROWS[4:], -1), len(ROWS))
    np.testing.assert_array_equal(np.load(path), ROWS)
    assert names(tmp_path) == ["mel.npy"]
