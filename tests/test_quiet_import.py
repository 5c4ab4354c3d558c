import subprocess
import sys

import pytest

from musigenre.networks.quiet_import import import_quietly

MODULE = r"""
import os
os.write(2, b"I0000 00:00:1 port.cc:153] oneDNN custom operations are on.\n")
os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called are ...\n")
os.write(2, b"a real warning\n")
{rest}
"""


def run(tmp_path, rest="", before="pass"):
    (tmp_path / "chatty.py").write_text(MODULE.format(rest=rest))
    code = (
        f"import os, sys; sys.path[:0] = {sys.path!r} + [{str(tmp_path)!r}]\n"
        "from musigenre.networks.quiet_import import import_quietly\n"
        f"{before}\n"
        "import_quietly('chatty'); os.write(1, b'done'); os.write(2, b'after\\n')"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_notes_are_dropped_and_all_else_is_kept(tmp_path):
    result = run(tmp_path)
    assert result.stdout == "done"
    assert result.stderr.splitlines()[-2:] == ["a real warning", "after"]
    assert "oneDNN" not in result.stderr


def test_an_error_on_import_comes_through(tmp_path):
    result = run(tmp_path, rest="raise RuntimeError('broken')")
    assert "RuntimeError: broken" in result.stderr
    assert "a real warning" in result.stderr


def test_a_closed_stderr_is_no_obstacle(tmp_path):
    (tmp_path / "silent.py").write_text("import os; os.write(1, b'imported')")
    before = "os.close(2); import_quietly('silent'); sys.exit()"
    assert run(tmp_path, before=before).stdout == "imported"


def test_a_loaded_module_is_given_as_it_is():
    assert import_quietly("sys") is sys


def test_a_missing_module():
    with pytest.raises(ModuleNotFoundError):
        import_quietly("no_such_module")
