"""Playlists of any program, and what files, folders and playlists name together."""

import os
from pathlib import Path

import pytest

from musigenre.datasets import find_tracks, read_playlist, write_playlist

posix = pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX only")


@pytest.fixture
def music(tmp_path):
    """Some files, which need not be audio to be found."""
    for name in ("a.mp3", "b c.flac", "sub/d.OGG", "sub/deep/é.wav", ".hidden.mp3", "cover.jpg"):
        file = tmp_path / "music" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    return tmp_path / "music"


def playlist(folder, content, name="list.m3u8", encoding="utf-8"):
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return file


def names(found):
    return [Path(path).name for path in found.data]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_comments_marks_and_line_ends(music, end, mark):
    lines = ["#EXTM3U", "#EXTINF:1,A - B", "a.mp3", "", "# a.mp3", "  b c.flac\t"]
    file = playlist(music, mark + end.join(lines).encode())
    entries = read_playlist(file)
    assert [(entry.line, entry.path) for entry in entries] == [
        (3, str(music / "a.mp3")),
        (6, str(music / "b c.flac")),
    ]


def test_relative_absolute_and_windows_entries(music):
    lines = ["d.OGG", "../a.mp3", str(music / "a.mp3"), "deep\\é.wav", ".\\d.OGG"]
    found = find_tracks([playlist(music / "sub", "\n".join(lines))])
    assert names(found) == ["d.OGG", "a.mp3", "é.wav"]
    assert not found.errors


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("name", ["list.m3u", "list.m3u8", "LIST.M3U"])
def test_any_encoding_of_names(music, encoding, name):
    found = find_tracks([playlist(music, "sub/deep/é.wav\n", name, encoding)])
    assert names(found) == ["é.wav"]
    assert not found.errors


@posix
def test_names_that_are_no_text(music):
    raw = b"caf\xe9\xff.mp3"
    try:
        (music / os.fsdecode(raw)).write_bytes(b"x")
    except OSError:
        pytest.skip("the file system wants UTF-8")
    found = find_tracks([playlist(music, raw, "list.m3u")])
    assert [os.fsencode(name) for name in names(found)] == [raw]
    write_playlist(music / "own.m3u8", found.data)
    assert raw in (music / "own.m3u8").read_bytes()
    assert list(find_tracks([music / "own.m3u8"]).data) == list(found.data)


def test_file_addresses(music):
    (music / "50% #1?.mp3").write_bytes(b"x")
    odd = (music / "50% #1?.mp3").as_uri()
    plain = (music / "b c.flac").as_uri()
    local = (music / "a.mp3").as_uri().replace("file://", "FILE://localhost")
    unescaped = f"file://{music.as_posix()}/sub/d.OGG"
    found = find_tracks([playlist(music, "\n".join([odd, plain, local, unescaped]))])
    assert names(found) == ["50% #1?.mp3", "b c.flac", "a.mp3", "d.OGG"]


def test_what_lies_elsewhere_is_left_out_and_told(music):
    lines = ["http://example.org/a.mp3", "a.mp3", "rtsp://example.org/x", "file://server/a.mp3"]
    found = find_tracks([playlist(music, "\n".join(lines))])
    assert names(found) == ["a.mp3"]
    assert not found.errors
    elsewhere = [lines[0], lines[2]] + ([] if os.name == "nt" else [lines[3]])
    assert found.left_out == elsewhere


def test_missing_entries_are_errors_that_name_the_line(music):
    found = find_tracks([playlist(music, "#x\ngone.mp3\nC:\\Music\\x.mp3\na.mp3")])
    assert names(found) == ["a.mp3"]
    assert [error["cause"] for error in found.errors] == [
        f"there is no such file (line {line} of 'list.m3u8')" for line in (2, 3)
    ]
    assert found.errors[0]["path"] == str(music / "gone.mp3")


def test_playlists_in_circles(music):
    one = playlist(music, "one.m3u\ntwo.m3u\na.mp3", "one.m3u")
    playlist(music, "one.m3u\n./one.m3u\nsub\nb c.flac", "two.m3u")
    found = find_tracks([one, one])
    assert names(found) == ["d.OGG", "é.wav", "b c.flac", "a.mp3"]
    assert not found.errors


def test_everything_mixed_each_file_once_under_its_first_name(music, monkeypatch):
    monkeypatch.chdir(music.parent)
    file = playlist(music, f"sub/d.OGG\n{music / 'a.mp3'}\n./a.mp3")
    found = find_tracks(["music/a.mp3", file, music, "music/sub/../a.mp3"])
    assert found.data[0] == "music/a.mp3"
    assert sorted(names(found)) == ["a.mp3", "b c.flac", "d.OGG", "é.wav"]


@posix
def test_links_name_the_same_file(music):
    (music / "link.mp3").symlink_to(music / "a.mp3")
    (music / "way").symlink_to(music / "sub", target_is_directory=True)
    assert sorted(names(find_tracks([music]))) == ["a.mp3", "b c.flac", "d.OGG", "é.wav"]


def test_what_is_missing_or_empty_stops_nothing(music, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "binary.m3u").write_bytes(b"\x00\x01\xff" * 10)
    given = [tmp_path / "gone", tmp_path / "empty", tmp_path / "binary.m3u", music, "a\0b"]
    found = find_tracks(given)
    assert len(found.data) == 4
    causes = [error["cause"] for error in found.errors]
    assert causes == [
        "there is no such file",
        "there is no audio file in it",
        "it holds bytes that no text has",
        "there is no such file",
    ]


def test_playlists_in_folders_are_passed_over(music):
    playlist(music, "gone.mp3")
    assert not find_tracks([music]).errors


def test_written_playlists_are_read_back(music, tmp_path):
    odd = ["#1.mp3", " spaces .mp3", "ü.mp3"] + ([] if os.name == "nt" else ["http:x.mp3"])
    for name in odd:
        (music / name).write_bytes(b"x")
    tracks = [str(music / name) for name in odd] + [str(music / "sub" / "d.OGG")]
    for folder in (music, tmp_path / "music" / "sub"):
        file = folder / "out.m3u8"
        write_playlist(file, tracks)
        assert [entry.path and Path(entry.path).resolve() for entry in read_playlist(file)] == [
            Path(track) for track in tracks
        ]
    assert "sub" + os.sep + "d.OGG" in (music / "out.m3u8").read_text("utf-8").splitlines()
    moved = tmp_path / "elsewhere"
    music.rename(moved)
    assert len(find_tracks([moved / "out.m3u8"]).data) == len(tracks)


def test_names_no_playlist_can_hold_leave_the_old_one(tmp_path):
    file = tmp_path / "a.m3u8"
    file.write_text("kept")
    with pytest.raises(ValueError, match="line break"):
        write_playlist(file, ["a\nb.mp3"])
    assert file.read_text() == "kept"
