"""The journal keeps predictions as they were, and nothing else passes for one."""

import sqlite3

import numpy as np
import pytest

from musigenre import AudioError
from musigenre.collection.journal import JournalError, PredictionJournal
from musigenre.collection.predictions import TrackPrediction
from musigenre.features.tracks import FileState

STATE = FileState("/music/é.mp3", 1000, 123456789)


def prediction(state=STATE, n_clips=3, seed=0, **options):
    rng = np.random.default_rng(seed)
    arrays = rng.random(n_clips), rng.random(n_clips), rng.random((n_clips, 2))
    return TrackPrediction(state.path, state, *arrays, **options)


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("path", "file", "starts", "durations", "probabilities", "note", "damage")
    )


def test_what_is_added_is_read_back_to_the_last_digit(tmp_path):
    other = FileState("/music/b.mp3", 1, 1)
    added = [prediction(note="noise", damage="cut"), prediction(other, 0)]
    with PredictionJournal(tmp_path / "j", "model", 2) as journal:
        journal.add(added)
    with PredictionJournal(tmp_path / "j", "model", 2) as journal:
        read = list(journal.read([other.path, STATE.path], [other, STATE]))
    assert same(read[0], added[1])
    assert same(read[1], added[0])


def test_a_file_is_known_in_its_state_and_by_its_model_only(tmp_path):
    with PredictionJournal(tmp_path / "j", "model", 2) as journal:
        journal.add([prediction()])
        assert journal.knows(STATE)
        for state in (
            FileState(STATE.path, 1001, STATE.mtime_ns),
            FileState(STATE.path, 1000, STATE.mtime_ns + 1),
            FileState("/music/e.mp3", 1000, STATE.mtime_ns),
        ):
            assert not journal.knows(state)
    with PredictionJournal(tmp_path / "j", "other", 2) as journal:
        assert not journal.knows(STATE)
        journal.add([prediction(seed=1)])
    with PredictionJournal(tmp_path / "j", "model", 2) as journal:
        assert same(next(journal.read([STATE.path], [STATE])), prediction())


def test_failures_are_kept_but_not_known(tmp_path):
    error = AudioError(STATE.path, "it is empty", "get it anew")
    with PredictionJournal(tmp_path / "j", "model", 2) as journal:
        journal.add([prediction(n_clips=0, error=error)])
        assert not journal.knows(STATE)
        assert journal.failed(STATE)
        assert not journal.failed(FileState(STATE.path, 5, 5))
        (read,) = journal.read(["as asked"], [STATE])
    assert read.error.as_dict() == error.as_dict() | {"path": "as asked"}


def test_a_file_whose_tags_changed_stays_known(tmp_path):
    new = FileState(STATE.path, 1001, STATE.mtime_ns + 1)
    with PredictionJournal(tmp_path / "j", "model", 2) as journal:
        journal.add([prediction()])
        journal.changed(STATE, new)
        assert journal.knows(new)
        assert not journal.knows(STATE)


def test_a_chunk_is_added_as_a_whole_or_not_at_all(tmp_path):
    def chunk():
        yield prediction()
        raise RuntimeError("stopped")

    with PredictionJournal(tmp_path / "j", "model", 2) as journal:
        with pytest.raises(RuntimeError):
            journal.add(chunk())
        assert not journal.knows(STATE)


def test_an_empty_file_becomes_a_journal(tmp_path):
    (tmp_path / "j").touch()  # so a process leaves it that is killed at once
    with PredictionJournal(tmp_path / "j", "model", 2) as journal:
        assert not journal.knows(STATE)


def test_other_files_are_refused_and_left_alone(tmp_path):
    text, foreign = tmp_path / "text", tmp_path / "foreign"
    text.write_text("no database at all" * 100)
    with sqlite3.connect(foreign) as database:
        database.execute("CREATE TABLE notes (a)")
    database.close()
    for path in (text, foreign):
        before = path.read_bytes()
        with pytest.raises(JournalError, match="name another file"):
            PredictionJournal(path, "model", 2)
        assert path.read_bytes() == before
    with pytest.raises(JournalError, match="check the folder"):
        PredictionJournal(tmp_path / "no" / "folder", "model", 2)


def test_a_later_version_is_refused(tmp_path):
    PredictionJournal(tmp_path / "j", "model", 2).close()
    database = sqlite3.connect(tmp_path / "j")
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(JournalError, match=r"version 99.*upgrade musigenre"):
        PredictionJournal(tmp_path / "j", "model", 2)


def test_damage_is_found(tmp_path):
    with PredictionJournal(tmp_path / "j", "model", 2) as journal:
        journal.add([prediction()])
    database = sqlite3.connect(tmp_path / "j")
    database.execute("UPDATE tracks SET starts = x'00'")
    database.commit()
    database.close()
    with (
        PredictionJournal(tmp_path / "j", "model", 2) as journal,
        pytest.raises(JournalError, match="damaged"),
    ):
        list(journal.read([STATE.path], [STATE]))


def test_two_processes_do_not_disturb_each_other(tmp_path):
    with PredictionJournal(tmp_path / "j", "model", 2) as journal:
        other = sqlite3.connect(tmp_path / "j", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        journal._database.execute("PRAGMA busy_timeout = 10")
        with pytest.raises(JournalError, match="in use by another process"):
            journal.add([prediction()])
        other.execute("COMMIT")
        other.close()
        journal.add([prediction()])
        assert journal.knows(STATE)
