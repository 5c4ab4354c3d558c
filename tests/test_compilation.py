"""How kernels are compiled, and what happens where numba cannot write its cache."""

import importlib
import logging
import sys
import types

import numpy as np
import pytest
from numba import types as numba_types
from numba.core.caching import IndexDataCacheFile

from musigenre.compilation import Compiler, read_only

SMALL_KERNELS = """
from numba import types
from musigenre.compilation import Compiler

compiled = Compiler("about 10 s")

@compiled((types.float32,), (types.float64,))
def double(x):
    return 2 * x

@compiled((types.float32,), (types.float64,))
def half(x):
    return x / 2
"""


@pytest.fixture
def define(tmp_path, monkeypatch):
    """Give a function that defines two small kernels anew, their cache in a folder of its own."""
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "small_kernels.py").write_text(SMALL_KERNELS)

    def import_anew():
        monkeypatch.delitem(sys.modules, "small_kernels", raising=False)
        return importlib.import_module("small_kernels")

    return import_anew


def assert_work(small):
    assert (small.double(3.0), small.half(3.0)) == (6.0, 1.5)


def test_compilation_is_announced_once_and_never_again(define, caplog):
    with caplog.at_level(logging.WARNING, logger="musigenre"):
        assert_work(define())
        assert [r.getMessage() for r in caplog.records] == [
            "musigenre: compiling kernels, once (about 10 s)"
        ]
        caplog.clear()
        assert_work(define())
        assert not caplog.records


def test_without_a_place_for_the_cache_kernels_work_and_one_warning_says_so():
    small = types.ModuleType("small_kernels")
    with pytest.warns(UserWarning, match="NUMBA_CACHE_DIR") as caught:
        exec(SMALL_KERNELS, vars(small))  # noqa: S102 - code without a file has no cache
    assert_work(small)
    assert len(caught) == 1


def test_a_full_disk(define, monkeypatch):
    def save(self, key, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(IndexDataCacheFile, "save", save)
    with pytest.warns(UserWarning, match="No space left on device") as caught:
        assert_work(define())
    assert len(caught) == 1


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("left", [0, 40])
def test_a_broken_cache(define, tmp_path, suffix, left):
    assert_work(define())
    for path in (tmp_path / "cache").rglob(f"*.{suffix}"):
        path.write_bytes(path.read_bytes()[:left])
    with pytest.warns(UserWarning, match="to an empty folder") as caught:
        assert_work(define())
    assert len(caught) == 1


def test_read_only_takes_locked_arrays_and_others():
    def total(x):
        return x.sum()

    compiler = Compiler("no time")
    compiler.cache = False
    kernel = compiler((read_only(numba_types.float64, 1),))(total)
    x = np.arange(3.0)
    assert kernel(x) == 3
    x.flags.writeable = False
    assert kernel(x) == 3
