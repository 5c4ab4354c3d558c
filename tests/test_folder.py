import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from musigenre.datasets import DatasetWarning, find_audio, load_folder


def write(path, seed=0, seconds=0.05):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, round(22050 * seconds))
    soundfile.write(path, noise, 22050)
    return path


@pytest.fixture
def collection(tmp_path):
    for seed, name in enumerate(
        (
            "rock/b.wav",
            "rock/a.flac",
            "rock/Queen/live/c.ogg",
            "jazz/Nina Simone/d.WAV",
            "jazz/e.wav",
            "jazz/.hidden.wav",
            "jazz/__MACOSX/f.wav",
            ".cache/g.wav",
        )
    ):
        write(tmp_path / name, seed)
    (tmp_path / "readme.txt").write_text("about")
    (tmp_path / "rock" / "cover.jpg").write_bytes(b"picture")
    return tmp_path


def kinds(bunch):
    return bunch.problems["kind"].value_counts().to_dict()


def test_layout_gives_genre_artist_and_track(collection, recwarn):
    bunch = load_folder(collection)
    names = ["jazz/Nina Simone/d.WAV", "jazz/e.wav", "rock/Queen/live/c.ogg"]
    names += ["rock/a.flac", "rock/b.wav"]
    assert bunch.data.tolist() == [str(collection / name) for name in names]
    assert all(type(path) is str for path in bunch.data)
    assert bunch.target.tolist() == ["jazz", "jazz", "rock", "rock", "rock"]
    assert bunch.target_names == ["jazz", "rock"]
    assert bunch.groups["track"].tolist() == [name.rpartition(".")[0] for name in names]
    assert bunch.groups["artist"].dropna().to_dict() == {0: "Nina Simone", 2: "Queen"}
    assert bunch.problems.empty
    assert list(bunch.problems.columns) == ["path", "kind", "detail"]
    assert not recwarn


def test_extensions_with_or_without_dot(collection):
    bunch = load_folder(collection, extensions=["WAV"], on_problem="ignore")
    assert [Path(path).name for path in bunch.data] == ["d.WAV", "e.wav", "b.wav"]
    assert kinds(bunch) == {"not audio": 2}  # a.flac and c.ogg are no audio now


def test_broken_files_are_left_out_and_listed(collection):
    (collection / "rock" / "empty.wav").touch()
    (collection / "rock" / "broken.wav").write_bytes(b"no audio at all" * 9)
    (collection / "rock" / "dangling.wav").symlink_to(collection / "nowhere.wav")
    (collection / "rock" / "video.xyz").write_bytes(b"?")
    with pytest.warns(
        DatasetWarning, match="4 problems: 2 corrupt, 1 empty, 1 not audio"
    ) as caught:
        bunch = load_folder(collection)
    assert caught[0].filename == __file__
    assert len(bunch.data) == 5
    listed = {Path(row.path).name: row for row in bunch.problems.itertuples()}
    assert set(listed) == {"empty.wav", "broken.wav", "dangling.wav", "video.xyz"}
    assert listed["empty.wav"].kind == "empty"
    assert "No such file" in listed["dangling.wav"].detail


def test_the_same_content_is_a_duplicate_and_stays(collection):
    shutil.copy(collection / "jazz" / "e.wav", collection / "rock" / "z.wav")
    same_size = bytearray((collection / "jazz" / "e.wav").read_bytes())
    same_size[-1] ^= 1
    (collection / "rock" / "other.wav").write_bytes(same_size)
    bunch = load_folder(collection, on_problem="ignore")
    (problem,) = bunch.problems.itertuples()
    assert problem.path == str(collection / "rock" / "z.wav")
    assert problem.kind == "duplicate"
    assert str(collection / "jazz" / "e.wav") in problem.detail
    assert problem.path in bunch.data


def test_files_are_compared_to_their_end(tmp_path):
    # Alike in size and in more than the first 64 KiB.
    long = np.random.default_rng(0).uniform(-0.5, 0.5, 50000)
    for name, last in (("a", 0.1), ("b", 0.2), ("c", 0.1)):
        long[-1] = last
        (tmp_path / "g").mkdir(exist_ok=True)
        soundfile.write(tmp_path / "g" / f"{name}.wav", long, 22050)
    bunch = load_folder(tmp_path, on_problem="ignore")
    assert [Path(path).name for path in bunch.problems["path"]] == ["c.wav"]


def test_ids_stay_unique_where_only_the_extension_differs(collection):
    write(collection / "rock" / "b.flac", seed=9)
    bunch = load_folder(collection, on_problem="ignore")
    assert bunch.groups["track"].is_unique
    assert {"rock/b.wav", "rock/b.flac"} <= set(bunch.groups["track"])
    assert kinds(bunch) == {"duplicate": 1}
    assert "same name as" in bunch.problems["detail"][0]


def test_check_decides_what_is_found(collection):
    content = (collection / "rock" / "a.flac").read_bytes()
    (collection / "rock" / "torn.flac").write_bytes(content[: len(content) // 2])
    (collection / "rock" / "copy.flac").write_bytes(content)
    (collection / "rock" / "text.wav").write_bytes(b"text")
    found = {
        check: kinds(load_folder(collection, check=check, on_problem="ignore"))
        for check in (None, "quick", "full")
    }
    assert found[None] == {}
    assert found["quick"] == {"corrupt": 1, "duplicate": 1}
    assert found["full"]["duplicate"] == 1
    assert sum(found["full"].values()) == 3  # the torn file too


def test_damaged_files_with_audio_in_them_stay(collection):
    path = write(collection / "rock" / "cut.wav", 30, seconds=2.0)
    path.write_bytes(path.read_bytes()[:30000])
    bunch = load_folder(collection, check="full", on_problem="ignore")
    assert kinds(bunch) == {"damaged": 1}
    assert str(path) in bunch.data


def test_problems_raise_if_asked(collection):
    (collection / "rock" / "empty.wav").touch()
    with pytest.raises(ValueError, match=r"1 problem: 1 empty.*empty\.wav.*on_problem='warn'"):
        load_folder(collection, on_problem="raise")


def test_links_to_folders_are_followed_but_not_in_circles(collection, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    write(elsewhere / "h.wav", 20)
    (collection / "blues").symlink_to(elsewhere, target_is_directory=True)
    (collection / "rock" / "loop").symlink_to(collection, target_is_directory=True)
    bunch = load_folder(collection, on_problem="ignore")
    assert bunch.target.tolist() == ["blues", "jazz", "jazz", "rock", "rock", "rock"]


def test_relative_root_and_str(collection, monkeypatch):
    monkeypatch.chdir(collection.parent)
    bunch = load_folder(collection.name)
    assert all(Path(path).is_file() and not Path(path).is_absolute() for path in bunch.data)
    assert bunch.groups.equals(load_folder(collection).groups)


def test_no_such_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder '.*nowhere'\. Check the path"):
        load_folder(tmp_path / "nowhere")
    with pytest.raises(NotADirectoryError, match=r"is a file\. Give the folder"):
        load_folder(write(tmp_path / "a.wav"))


def test_no_genre_folders(tmp_path):
    (tmp_path / "rock").mkdir()
    with pytest.raises(ValueError, match=r"no genre folder with audio.*root/<genre>/<file>"):
        load_folder(tmp_path)


def test_audio_in_the_root(collection):
    write(collection / "loose.wav")
    with pytest.raises(ValueError, match=r"holds audio itself \('loose.wav' and 0 more\)"):
        load_folder(collection)


def test_nothing_usable(tmp_path):
    (tmp_path / "rock").mkdir()
    (tmp_path / "rock" / "a.wav").touch()
    with pytest.raises(ValueError, match=r"nothing in .* can be used: 1 files .*a\.wav"):
        load_folder(tmp_path)


def test_bad_option(collection):
    with pytest.raises(ValueError, match="'check' parameter of load_folder must be"):
        load_folder(collection, check="slow")


def test_find_audio_takes_files_and_searches_folders(collection):
    single = str(collection / "readme.txt")
    found = find_audio([single, collection / "rock", collection / "rock" / "b.wav"])
    names = ["rock/Queen/live/c.ogg", "rock/a.flac", "rock/b.wav"]
    assert found == [single, *(str(collection / name) for name in names)]
    (collection / "void").mkdir()
    with pytest.raises(ValueError, match=r"no audio file in .*void'"):
        find_audio([collection / "void"])
    assert find_audio([collection / "void", single]) == [single]


def test_real_odd_files(real_data, tmp_path):
    odd = real_data("odd_audio")
    (tmp_path / "rock").mkdir()
    for file in odd.iterdir():
        if file.suffix == ".wav":
            shutil.copy(file, tmp_path / "rock")
    bunch = load_folder(tmp_path, on_problem="ignore")
    corrupt = bunch.problems.query("kind == 'corrupt'")
    names = {Path(path).name for path in corrupt["path"]}
    assert {"gtzan_corrupt__jazz.00054.wav", "lfs_pointer__country.00000.wav"} <= names
    pointer = corrupt["detail"][corrupt["path"].str.contains("lfs_pointer")].item()
    assert "git lfs pull" in pointer
    assert not set(corrupt["path"]) & set(bunch.data)
    assert len(bunch.data) > 30


@pytest.mark.skipif(os.name != "posix", reason="links to folders")
def test_links_in_a_circle_are_visited_once(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.wav").write_bytes(b"x")
    for name in ("a", "b", "c"):
        for other in ("a", "b", "c"):
            (tmp_path / name / f"to-{other}").symlink_to(tmp_path / other)
    found = find_audio([tmp_path])
    assert sorted(Path(path).name for path in found) == ["a.wav", "b.wav", "c.wav"]
