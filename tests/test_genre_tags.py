"""Genre tags: read, changed without harm to the file, and put back."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from musigenre.cli import app
from musigenre.collection import genre_tags
from musigenre.collection.genre_tags import (
    Genre,
    TagError,
    audio_digest,
    change_genre,
    check_writable,
    read_genre,
)
from musigenre.collection.retagging import (
    Change,
    UndoFileError,
    apply_changes,
    plan_changes,
    read_undo_file,
    undo_changes,
    write_undo_file,
)

mutagen = pytest.importorskip("mutagen")
SR = 22050
ENDINGS = ["wav", "flac", "ogg", "mp3", "aiff", "opus", "m4a"]


def make(path, seconds=1.0, seed=0):
    """Write noise in the format that the name says."""
    y = 0.1 * np.random.default_rng(seed).normal(size=int(seconds * SR))
    ending = path.suffix[1:]
    if ending == "m4a":
        av = pytest.importorskip("av")
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=44100, layout="mono")
            frame = av.AudioFrame.from_ndarray(y.astype(np.float32)[None], "fltp", "mono")
            frame.rate = 44100
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                container.mux(packet)
    elif ending == "opus":
        soundfile.write(path, y, 48000, format="OGG", subtype="OPUS")
    else:
        soundfile.write(path, y, SR, format={"aiff": "AIFF"}.get(ending))
    return path


def files_below(folder):
    return {
        file.relative_to(folder): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(params=ENDINGS)
def song(request, tmp_path):
    return make(tmp_path / f"song.{request.param}")


def test_a_genre_comes_and_goes_and_the_audio_stays(song):
    audio = audio_digest(str(song))
    before = read_genre(str(song))
    assert before.values is None
    state = change_genre(str(song), Genre(("post-punk é",)), audio)
    assert state.size == song.stat().st_size
    assert read_genre(str(song)) == Genre(("post-punk é",))
    assert audio_digest(str(song)) == audio
    # A program of its own kind reads it, too.
    assert "post-punk é" in str(mutagen.File(song, easy=True).pprint())
    change_genre(str(song), before, audio)
    assert read_genre(str(song)).values is None
    assert audio_digest(str(song)) == audio
    assert [file.name for file in song.parent.iterdir()] == [song.name]


@pytest.mark.parametrize("ending", ["mp3", "wav", "aiff"])
def test_tags_of_a_file_that_had_none_go_as_a_whole(tmp_path, ending):
    song = make(tmp_path / f"song.{ending}")
    before = read_genre(str(song))
    assert not before.tagged
    audio = audio_digest(str(song))
    change_genre(str(song), Genre(("jazz",)), audio)
    change_genre(str(song), before, audio)
    assert mutagen.File(song).tags is None


def test_other_tags_stay_as_they_are(tmp_path):
    song = make(tmp_path / "song.flac")
    tags = mutagen.File(song)
    tags["title"], tags["genre"], tags["custom"] = "A title", ["Rock", "Pop"], ["1", "2"]
    tags.save()
    assert read_genre(str(song)).values == ("Rock", "Pop")
    change_genre(str(song), Genre(("jazz",)), audio_digest(str(song)))
    tags = mutagen.File(song)
    assert (tags["title"], tags["genre"], tags["custom"]) == (["A title"], ["jazz"], ["1", "2"])


@pytest.mark.parametrize("version", [3, 4])
def test_id3_keeps_its_version_and_all_its_frames(tmp_path, version):
    from mutagen.id3 import ID3, TCON, TIT2, TXXX, TYER

    song = make(tmp_path / "song.mp3")
    tags = ID3()
    tags.add(TIT2(encoding=1, text="A title"))
    tags.add(TCON(encoding=1, text=["(17)"]))
    tags.add(TXXX(encoding=1, desc="mood", text=["blue", "grey"]))
    if version == 3:
        tags.add(TYER(encoding=0, text="1959"))
    tags.save(song, v2_version=version, v23_sep=None)
    before = read_genre(str(song))
    assert before.values == ("(17)",)
    frames = ID3(song, translate=False)
    change_genre(str(song), Genre(("jazz",)), audio_digest(str(song)))
    after = ID3(song, translate=False)
    assert after.version == (2, version, 0)
    assert after.keys() == frames.keys()
    for key in frames.keys() - {"TCON"}:
        assert after[key] == frames[key]
    assert after["TCON"].text == ["jazz"]
    change_genre(str(song), before, audio_digest(str(song)))
    assert ID3(song, translate=False)["TCON"].text == ["(17)"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_permissions_stay_and_the_time_is_new(song):
    song.chmod(0o640)
    os.utime(song, (1, 1))
    change_genre(str(song), Genre(("jazz",)), audio_digest(str(song)))
    status = song.stat()
    assert status.st_mode & 0o777 == 0o640
    assert status.st_mtime > 1e9


def test_links_are_followed(tmp_path):
    song = make(tmp_path / "song.flac")
    link = tmp_path / "link.flac"
    try:
        link.symlink_to(song)
    except OSError:
        pytest.skip("no links here")
    change_genre(str(link), Genre(("jazz",)), audio_digest(str(song)))
    assert link.is_symlink()
    assert read_genre(str(song)).values == ("jazz",)


def test_what_must_not_be_written_is_not(song):
    song.chmod(0o444)
    before = song.read_bytes()
    with pytest.raises(TagError, match="read-only"):
        check_writable(str(song))
    with pytest.raises(TagError, match="read-only"):
        change_genre(str(song), Genre(("jazz",)), audio_digest(str(song)))
    assert song.read_bytes() == before


def test_kinds_without_tags_and_files_that_are_none(tmp_path):
    au, text = tmp_path / "a.au", tmp_path / "a.mp3"
    soundfile.write(au, np.zeros(SR), SR)
    text.write_text("no audio at all")
    for path in (au, text, tmp_path / "gone.mp3"):
        with pytest.raises(TagError):
            read_genre(str(path))


def test_damaged_files_are_left_alone(tmp_path):
    song = make(tmp_path / "song.flac", seconds=5)
    song.write_bytes(song.read_bytes()[:-20000])
    (plan,) = plan_changes([(str(song), "jazz")])
    assert isinstance(plan, TagError)


@pytest.mark.parametrize("step", ["_set", "_set odd", "audio_digest", "_genre"])
def test_a_copy_that_is_not_right_never_takes_the_place(song, monkeypatch, step):
    """Whatever goes wrong with the copy: an error, other audio, a tag that is not there."""
    audio, before = audio_digest(str(song)), song.read_bytes()

    def wrong(path, *_):
        if step == "_set":
            raise OSError(28, "No space left on device")
        if step == "_set odd":
            raise KeyError("what mutagen did not expect")
        return "other" if step == "audio_digest" else Genre(("something else",))

    monkeypatch.setattr(genre_tags, step.split()[0], wrong)
    with pytest.raises(TagError):
        change_genre(str(song), Genre(("jazz",)), audio)
    assert files_below(song.parent) == {Path(song.name): before}


def test_a_file_that_changes_meanwhile_is_not_overwritten(tmp_path, monkeypatch):
    song = make(tmp_path / "song.flac")
    audio = audio_digest(str(song))

    def digest(path):
        song.write_bytes(b"someone else wrote this")
        return audio

    monkeypatch.setattr(genre_tags, "audio_digest", digest)
    with pytest.raises(TagError, match="being changed by another"):
        change_genre(str(song), Genre(("jazz",)), audio)
    assert song.read_bytes() == b"someone else wrote this"


def test_odd_files_come_to_no_harm(real_data, tmp_path):
    """Files that break programs are tagged without a change of their audio, or left alone."""
    for file in real_data("odd_audio/LISTING.csv").parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    before = files_below(tmp_path)
    plans = list(plan_changes([(str(tmp_path / name), "jazz") for name in before]))
    changes = [plan for plan in plans if isinstance(plan, Change)]
    assert len(changes) > len(plans) / 2
    changed = set()
    for change, result in apply_changes(changes):
        if not isinstance(result, TagError):
            changed.add(Path(change.path).name)
            assert read_genre(change.path).values == ("jazz",)
            assert audio_digest(change.path) == change.audio
    assert len(changed) > len(plans) / 2
    after = files_below(tmp_path)
    assert {name for name in before if before[name] != after.get(name)} == set(map(Path, changed))
    assert before.keys() == after.keys()


@pytest.fixture
def collection(tmp_path):
    """Five files, one with a genre, one that is read-only, one without tags of its kind."""
    folder = tmp_path / "music"
    folder.mkdir()
    for i, ending in enumerate(["flac", "mp3", "ogg", "wav"]):
        make(folder / f"{i}.{ending}", seed=i)
    tags = mutagen.File(folder / "0.flac")
    tags["genre"] = "Rock"
    tags.save()
    (folder / "3.wav").chmod(0o444)
    soundfile.write(folder / "4.au", np.zeros(SR), SR)
    return folder


def genres(folder):
    return [(str(file), "jazz") for file in sorted(folder.iterdir())]


def test_plan_write_down_apply_undo(collection, tmp_path):
    start = {file: read_genre(str(file)) for file in sorted(collection.iterdir())[:4]}
    plans = list(plan_changes(genres(collection)))
    assert [type(plan) for plan in plans] == [Change] * 3 + [TagError] * 2
    changes = plans[:3]
    undo = tmp_path / "undo.json"
    write_undo_file(undo, changes)
    assert [change.path for change in read_undo_file(undo)] == [each.path for each in changes]
    results = list(apply_changes(changes))
    assert len(results) == 3
    for change, state in results:
        assert state.size == Path(change.path).stat().st_size
        assert read_genre(change.path).values == ("jazz",)
    # What has the genre is not planned again.
    assert list(plan_changes(genres(collection)))[:3] == [None] * 3
    assert [done for _, done in undo_changes(read_undo_file(undo))] == [True] * 3
    assert {file: read_genre(str(file)).values for file in start} == {
        file: genre.values for file, genre in start.items()
    }
    assert [done for _, done in undo_changes(read_undo_file(undo))] == [False] * 3


def test_only_missing_genres(collection):
    plans = list(plan_changes(genres(collection), only_missing=True))
    assert plans[0] is None
    assert isinstance(plans[1], Change)


def test_a_file_that_changed_after_the_plan_is_left_alone(collection):
    plan, *_ = plan_changes(genres(collection))
    os.utime(plan.path, (1, 1))
    ((_, result),) = apply_changes([plan])
    assert isinstance(result, TagError)
    assert read_genre(plan.path).values == ("Rock",)


def test_undo_does_not_overwrite_later_changes_unless_forced(collection):
    changes = [plan for plan in plan_changes(genres(collection)) if isinstance(plan, Change)][:2]
    assert all(not isinstance(result, TagError) for _, result in apply_changes(changes))
    retagged, replaced = changes
    change_genre(retagged.path, Genre(("blues",)), retagged.audio)
    make(Path(replaced.path), seed=9)
    change_genre(replaced.path, Genre(("jazz",)), audio_digest(replaced.path))
    messages = [str(result) for _, result in undo_changes(changes)]
    assert "its genre is blues by now" in messages[0]
    assert "its audio is another" in messages[1]
    assert read_genre(retagged.path).values == ("blues",)
    assert [done for _, done in undo_changes(changes, force=True)] == [True, True]
    assert read_genre(retagged.path).values == ("Rock",)
    assert read_genre(replaced.path).values is None


def test_an_undo_file_is_never_overwritten(collection, tmp_path):
    (tmp_path / "undo.json").write_text("precious")
    with pytest.raises(FileExistsError):
        write_undo_file(tmp_path / "undo.json", [])
    assert (tmp_path / "undo.json").read_text() == "precious"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "no undo file"),
        ("{", "no undo file"),
        ('{"format": "musigenre-tag-undo", "format_version": 9, "files": []}', "version 9"),
        ('{"format": "musigenre-tag-undo", "format_version": 1}', "damaged"),
        ('{"format": "musigenre-tag-undo", "format_version": 1, "files": [{}]}', "damaged"),
        (
            '{"format": "musigenre-tag-undo", "format_version": 1, "files": [{"path": 1, "old":'
            ' null, "tagged": true, "new": "x", "audio": "x", "size": 1, "mtime_ns": 1}]}',
            "damaged",
        ),
    ],
)
def test_undo_files_that_are_none(tmp_path, content, message):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(UndoFileError, match=message):
        read_undo_file(tmp_path / "a.json")


def test_names_that_are_no_text_survive_the_undo_file(tmp_path):
    name = os.fsdecode(b"/music/caf\xe9.mp3") if os.name == "posix" else "C:\\é.mp3"
    change = Change(name, Genre(("é",)), "jazz", "0", genre_tags.FileState(name, 1, 2))
    write_undo_file(tmp_path / "undo.json", [change])
    (read,) = read_undo_file(tmp_path / "undo.json")
    assert (read.path, read.old, read.new) == (name, Genre(("é",)), "jazz")


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("moment", ["copy", "verify", "replace"])
def test_killed_in_the_middle(collection, tmp_path, moment):
    """At the second file the process kills itself: before, while and after the copy is there."""
    undo = tmp_path / "undo.json"
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from musigenre.collection import genre_tags, retagging\n"
        f"changes = [c for c in retagging.plan_changes({genres(collection)!r})\n"
        "           if isinstance(c, retagging.Change)]\n"
        f"retagging.write_undo_file({str(undo)!r}, changes)\n"
        "n = 0\n"
        "def killing(function):\n"
        "    def call(*args, **options):\n"
        "        global n\n"
        "        n += 1\n"
        "        if n == 2: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return function(*args, **options)\n"
        "    return call\n"
        f"moment = {moment!r}\n"
        "if moment == 'copy': genre_tags.shutil.copy2 = killing(genre_tags.shutil.copy2)\n"
        "if moment == 'verify': genre_tags.audio_digest = killing(genre_tags.audio_digest)\n"
        "if moment == 'replace': Path.replace = killing(Path.replace)\n"
        "list(retagging.apply_changes(changes))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    digests = {path: audio_digest(path) for path, _ in genres(collection)}
    result = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert result.returncode == -signal.SIGKILL
    changes = read_undo_file(undo)
    assert {path: audio_digest(path) for path in digests} == digests
    tagged = [read_genre(change.path).values for change in changes]
    assert tagged == [("jazz",), None, None]
    left_behind = list(collection.glob(".*.tmp"))
    assert len(left_behind) == (0 if moment == "copy" else 1)
    # Going on and going back both end well, and leave nothing behind.
    rest = [plan for plan in plan_changes(genres(collection)) if isinstance(plan, Change)]
    assert len(rest) == 2
    assert all(not isinstance(result, TagError) for _, result in apply_changes(rest))
    assert not list(collection.glob(".*"))
    assert [done for _, done in undo_changes(changes)] == [True] * 3
    assert read_genre(changes[0].path).values == ("Rock",)
    assert {path: audio_digest(path) for path in digests} == digests


class JazzPipeline:
    """A stand-in: everything is jazz, but of one file it is not sure."""

    classes_ = np.array(["jazz", "rock"])
    clip_duration_ = 1.0
    pipeline_ = None  # not one that begins with AudioFeatures

    def predict_clips(self, table):
        table = table[["track", "start", "duration", "path"]].reset_index(drop=True)
        table["p_jazz"] = np.where(
            table["path"].map(lambda path: "2" in Path(path).name), 0.55, 0.9
        )
        table["p_rock"] = 1 - table["p_jazz"]
        return table

    def save(self, path):
        Path(path).write_bytes(b"jazz")


@pytest.fixture
def run(monkeypatch, tmp_path):
    import warnings

    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr("musigenre.cli._predict.resolve_model", lambda model: JazzPipeline())
    # The files hold noise, which nobody would tag.
    monkeypatch.setattr("musigenre.features.sound_check.SoundMeasures.note", "")
    monkeypatch.chdir(tmp_path)

    def run(*args, code=0):
        result = CliRunner().invoke(app, [*map(str, args), "--jobs", "1"])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return run


TAG = ("--write-tags", "--threshold", "0.6")


def test_nothing_is_tagged_unless_asked_for(run, collection):
    before = files_below(collection)
    run("predict", collection)
    result = run("predict", collection, *TAG, "--dry-run", code=1)
    assert files_below(collection) == before
    assert f"Rock -> jazz  {collection}/0.flac" in result.stdout
    assert f"(none) -> jazz  {collection}/1.mp3" in result.stdout
    assert "2.ogg" not in result.stdout
    assert "2 files would change" in result.stdout
    assert "cannot tag" in result.stderr
    assert not list(Path().glob("*.json"))


def test_tag_and_undo(run, collection):
    result = run("predict", collection, *TAG, code=1)
    assert "tags: 2 files changed" in result.stdout
    assert "3.wav': it is read-only" in result.stderr
    assert "4.au': files of its kind have no tags" in result.stderr
    assert "2 files could not be tagged, and are as they were" in result.stderr
    values = [read_genre(path).values for path, _ in genres(collection)[:3]]
    assert values == [("jazz",), ("jazz",), None]
    (undo,) = Path().glob("musigenre-undo-*.json")
    assert str(undo) in result.stderr
    shown = run("undo-tags", undo, "--dry-run").stdout
    assert "jazz -> Rock" in shown
    assert "2 files changed back" in run("undo-tags", undo).stdout
    values = [read_genre(path).values for path, _ in genres(collection)[:3]]
    assert values == [("Rock",), None, None]


def test_unsure_tracks_and_kept_genres(run, collection):
    options = ("--tag-unsure", "--only-missing", "--undo", "undo.json")
    run("predict", collection, *TAG, *options, code=1)
    values = [read_genre(path).values for path, _ in genres(collection)[:3]]
    assert values == [("Rock",), ("jazz",), ("jazz",)]
    before = files_below(collection)
    result = run("predict", collection, *TAG, "--undo", "undo.json", code=2)
    assert "may still be wanted" in result.stderr
    assert files_below(collection) == before


def test_tagged_files_are_not_predicted_again(run, collection, monkeypatch):
    output = ("-o", "genres.csv")
    run("predict", collection, *output, *TAG, code=1)
    first = Path("genres.csv").read_bytes()
    monkeypatch.setattr(JazzPipeline, "predict_clips", None)
    result = run("predict", collection, *output, *TAG, code=1)
    assert "tags: 0 files changed, 2 left as they were" in result.stdout
    assert Path("genres.csv").read_bytes() == first


def test_without_mutagen(run, collection, monkeypatch):
    monkeypatch.setitem(sys.modules, "mutagen", None)
    monkeypatch.setattr(JazzPipeline, "predict_clips", None)  # it is found out before
    result = run("predict", collection, *TAG, code=2)
    assert "pip install 'musigenre[tags]'" in result.stderr


def test_undo_of_something_else(run, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"a": 1}))
    assert "is no undo file" in run("undo-tags", "a.json", code=2).stderr
