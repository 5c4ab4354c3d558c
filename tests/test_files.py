import json

import pytest

from musigenre.files import write_json, written_whole


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("old")
    with written_whole(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.parent == tmp_path
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("old")

    def write_half():
        with written_whole(path) as temporary:
            temporary.write_text("new")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_json_holds_names_that_are_no_text(tmp_path):
    path = tmp_path / "names.json"
    content = {"names": ["Motörhead", "caf\udce9.mp3"]}
    write_json(path, content)
    assert json.loads(path.read_bytes().decode("ascii")) == content
