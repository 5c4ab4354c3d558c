"""`musigenre predict` on a collection: what goes in, what comes out, what a stop leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import soundfile
from typer.testing import CliRunner

from musigenre import AudioError, audio
from musigenre.cli import app

SR = 22050
GENRES = ["loud", "middling", "soft"]


class LevelPipeline:
    """A stand-in for a trained pipeline that is quick: it tells genres by their level."""

    classes_ = np.array(GENRES)
    clip_duration_ = 1.0
    pipeline_ = None  # not one that begins with AudioFeatures
    n_calls = 0
    refused = ""

    def predict_clips(self, table):
        type(self).n_calls += 1
        rows = []
        for clip in table.itertuples():
            if self.refused and self.refused in clip.path:
                raise AudioError(clip.path, "it is not what the model takes", "leave it out")
            y = audio.load(clip.path, start=clip.start, duration=clip.duration)
            distance = np.abs(np.log10(np.sqrt(np.mean(y**2)) + 1e-9) - np.array([-0.5, -1, -1.5]))
            share = np.exp(-5 * distance)
            rows.append(share / share.sum())
        table = table[["track", "start", "duration"]].reset_index(drop=True)
        return table.join(pd.DataFrame(rows, columns=[f"p_{genre}" for genre in GENRES]))

    def save(self, path):
        Path(path).write_bytes(b"level")


@pytest.fixture(autouse=True)
def pipeline(monkeypatch):
    monkeypatch.setattr("musigenre.cli._predict.resolve_model", lambda model: LevelPipeline())
    monkeypatch.setattr("musigenre.collection.predictions.CHUNK", 3)
    monkeypatch.setattr(LevelPipeline, "n_calls", 0)
    return LevelPipeline


@pytest.fixture
def run(monkeypatch):
    # The command replaces Python's way of showing warnings, for its own process.
    import warnings

    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)

    def run(*args, code=0):
        result = CliRunner().invoke(app, ["predict", *map(str, args), "--jobs", "1"])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return run


def melody(rng, seconds=3.25):
    """Notes that change: neither noise nor a tone, and no voice."""
    t = np.arange(int(0.25 * SR)) / SR
    notes = [np.sin(2 * np.pi * f * t) for f in rng.uniform(200, 2000, int(4 * seconds))]
    return np.concatenate(notes) / 2**0.5


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Eight melodies, two of each level and two between two levels."""
    folder = tmp_path_factory.mktemp("music")
    rng = np.random.default_rng(0)
    for i, level in enumerate([-0.5, -0.5, -1, -1, -1.5, -1.5, -0.75, -1.25]):
        soundfile.write(folder / f"{i}.wav", melody(rng) * 2 * 10**level, SR, subtype="FLOAT")
    return folder


def read(path):
    return {
        ".csv": lambda: pd.read_csv(path, keep_default_na=False),
        ".json": lambda: pd.DataFrame(json.loads(path.read_text())),
        ".jsonl": lambda: pd.read_json(path, lines=True),
        ".parquet": lambda: pd.read_parquet(path),
    }[path.suffix]()


@pytest.mark.parametrize("clips", [False, True])
def test_all_endings_hold_the_same_table(run, music, tmp_path, clips):
    tables = []
    for ending in (".csv", ".json", ".jsonl", ".parquet"):
        output = tmp_path / f"out{ending}"
        result = run(music, "-o", output, *["--clips"] * clips)
        assert result.stdout.startswith(f"{output}: 8 tracks, 2 of them unsure")
        tables.append(read(output))
    first = ["track", "start", "duration"] if clips else ["track"]
    best = ["genre", "probability", "genre_2", "probability_2", "unsure", "note"]
    assert list(tables[0].columns) == [*first, *best, "p_loud", "p_middling", "p_soft"]
    assert len(tables[0]) == (24 if clips else 8)
    for table in tables[1:]:
        pd.testing.assert_frame_equal(tables[0], table, check_dtype=False, rtol=1e-12)


def test_the_mean_over_clips_decides_and_doubt_is_told(run, music, tmp_path):
    run(music, "-o", tmp_path / "tracks.parquet", "--top", "9")
    run(music, "-o", tmp_path / "clips.parquet", "--clips")
    tracks, clips = read(tmp_path / "tracks.parquet"), read(tmp_path / "clips.parquet")
    shares = [f"p_{genre}" for genre in GENRES]
    means = clips.groupby("track")[shares].mean()
    np.testing.assert_allclose(tracks[shares], means)
    assert tracks["genre"].tolist()[:6] == ["loud"] * 2 + ["middling"] * 2 + ["soft"] * 2
    assert tracks["unsure"].tolist() == [False] * 6 + [True] * 2
    named = tracks[["probability", "probability_2", "probability_3"]].to_numpy()
    np.testing.assert_allclose(named, -np.sort(-means.to_numpy(), axis=1))
    np.testing.assert_array_equal(
        tracks["genre_3"], np.array(GENRES)[means.to_numpy().argmin(axis=1)]
    )


@pytest.mark.parametrize(("threshold", "n_unsure"), [(0, 0), (0.5, 2), (1, 8)])
def test_the_threshold(run, music, threshold, n_unsure):
    lines = run(music, "--json", "--threshold", threshold).stdout.splitlines()
    assert sum(json.loads(line)["unsure"] for line in lines) == n_unsure


def test_what_is_no_music_is_unsure_however_sure_the_model_is(run, tmp_path):
    rng = np.random.default_rng(0)
    sounds = {"silence": np.zeros(3 * SR), "noise": 0.1 * rng.normal(size=3 * SR)}
    sounds["tone"] = 0.14 * np.sin(np.arange(3 * SR) / 8)
    sounds[""] = 0.14 * melody(rng)
    for note, y in sounds.items():
        soundfile.write(tmp_path / f"{note or 'music'}.wav", y, SR, subtype="FLOAT")
    rows = [json.loads(line) for line in run(tmp_path, "--json").stdout.splitlines()]
    assert {row["note"] for row in rows} == set(sounds)
    for row in rows:
        assert Path(row["track"]).stem == (row["note"] or "music")
        assert row["unsure"] == bool(row["note"])
        assert row["probability"] > 0.5
    result = run(tmp_path, "-o", tmp_path / "out.csv")
    assert "4 tracks, 3 of them unsure (1 noise, 1 silence, 1 tone)" in result.stdout


def test_rows_for_people_are_aligned(run, music):
    lines = run(music, "--top", "3").stdout.splitlines()
    assert len({line.index(str(music)) for line in lines}) == 1
    assert lines[0].split()[:4:2] == ["loud", "middling"]
    assert "unsure" in lines[6]
    timeline = run(music / "0.wav", "--clips").stdout.splitlines()
    assert [line.split()[4] for line in timeline] == ["0:00.0", "0:01.0", "0:02.0"]


def test_a_terminal_gets_a_header(run, music, monkeypatch):
    monkeypatch.setattr("musigenre.cli._predictor.sys", FakeTerminal)
    header, *rows = run(music, "--clips", "--top", "3").stdout.splitlines()
    assert len(rows) == 24
    for name, where in (("genre", 0), ("runner-up", 1), ("3.", 2), ("track", 3)):
        column = [rows[0].index(rows[0].split()[2 * where]) if where < 3 else rows[0].index("/")]
        assert header.index(name) == column[0]


class FakeTerminal:
    class stdout:
        isatty = staticmethod(lambda: True)


def test_files_folders_and_playlists_together(run, music, tmp_path):
    playlist = tmp_path / "list.m3u"
    playlist.write_text(f"{music}/3.wav\nhttp://example.org/x.mp3\n{music}/0.wav\ngone.mp3\n")
    result = run(music / "0.wav", playlist, "--json", code=1)
    tracks = [Path(json.loads(line)["track"]).name for line in result.stdout.splitlines()]
    assert tracks == ["0.wav", "3.wav"]
    assert "1 addresses in playlists are left out; the first: http://example.org" in result.stderr
    assert "gone.mp3': there is no such file (line 4 of 'list.m3u')" in result.stderr


def test_what_the_model_refuses_stops_nothing(run, music, pipeline, monkeypatch, tmp_path):
    monkeypatch.setattr(pipeline, "refused", "1.wav")
    result = run(music, "-o", tmp_path / "a.csv", code=1)
    assert len(pd.read_csv(tmp_path / "a.csv")) == 7
    assert "1.wav': it is not what the model takes" in result.stderr


def test_a_damaged_file_is_used_as_far_as_it_goes_and_told(run, music, tmp_path):
    whole = (music / "0.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: len(whole) // 2])
    result = run(tmp_path, "--json")
    assert json.loads(result.stdout)["genre"] == "loud"
    assert "cut.wav' is cut short" in result.stderr
    for _ in range(2):  # predicted, and known
        assert "cut.wav' is cut short" in run(tmp_path, "-o", tmp_path / "a.csv").stderr


def test_a_run_that_was_stopped_goes_on_and_ends_the_same(
    run, music, tmp_path, pipeline, monkeypatch
):
    whole = tmp_path / "whole.parquet"
    run(music, "-o", whole, "--clips")
    n_chunks = pipeline.n_calls
    assert n_chunks == 3

    predict = pipeline.predict_clips

    def stopped(self, table):
        if pipeline.n_calls == n_chunks + 2:
            raise KeyboardInterrupt
        return predict(self, table)

    output = tmp_path / "stopped.parquet"
    monkeypatch.setattr(pipeline, "predict_clips", stopped)
    result = run(music, "-o", output, "--clips", code=130)
    assert "the same command goes on" in result.stderr
    assert not output.exists()
    monkeypatch.setattr(pipeline, "predict_clips", predict)
    before = pipeline.n_calls
    run(music, "-o", output, "--clips")
    assert pipeline.n_calls == before + 1
    assert output.read_bytes() == whole.read_bytes()
    assert not list(tmp_path.glob("*.tmp")) + list(tmp_path.glob(".*"))


def test_only_what_is_new_or_changed_is_predicted(run, music, tmp_path, pipeline):
    folder = tmp_path / "music"
    folder.mkdir()
    for file in sorted(music.iterdir())[:3]:
        (folder / file.name).write_bytes(file.read_bytes())
    output = tmp_path / "out.csv"
    run(folder, "-o", output)
    first = output.read_bytes()
    run(folder, "-o", output)
    assert pipeline.n_calls == 1
    assert output.read_bytes() == first
    # A new one, one that is another now, one that is gone.
    (folder / "9.wav").write_bytes((music / "4.wav").read_bytes())
    (folder / "0.wav").write_bytes((music / "5.wav").read_bytes()[:-4])
    (folder / "1.wav").unlink()
    run(folder, "-o", output)
    assert pipeline.n_calls == 2
    table = pd.read_csv(output)
    assert [Path(track).name for track in table["track"]] == ["0.wav", "2.wav", "9.wav"]
    assert table["genre"].tolist() == ["soft", "middling", "soft"]


def test_another_model_never_sees_old_predictions(run, music, tmp_path, pipeline, monkeypatch):
    output = tmp_path / "out.csv"
    run(music / "0.wav", "-o", output)
    monkeypatch.setattr(pipeline, "save", lambda self, path: Path(path).write_bytes(b"other"))
    run(music / "0.wav", "-o", output)
    assert pipeline.n_calls == 2


def test_files_that_failed_are_tried_again(run, music, tmp_path, pipeline):
    file = tmp_path / "a.wav"
    file.write_text("no audio")
    other = music / "0.wav"
    output = tmp_path / "out.csv"
    run(file, other, "-o", output, code=1)
    assert len(pd.read_csv(output)) == 1
    run(file, other, "-o", output, code=1)
    file.write_bytes((music / "2.wav").read_bytes())
    run(file, other, "-o", output)
    assert pd.read_csv(output)["genre"].tolist() == ["middling", "loud"]
    assert pipeline.n_calls == 2


def test_a_file_that_is_too_long_stops_nothing(run, music, tmp_path, monkeypatch):
    monkeypatch.setattr("musigenre.collection.predictions.MAX_DURATION", 4.0)
    soundfile.write(tmp_path / "long.wav", melody(np.random.default_rng(0), 5), SR)
    (tmp_path / "short.wav").write_bytes((music / "0.wav").read_bytes())
    result = run(tmp_path, code=1)
    assert "short.wav" in result.stdout
    assert "long.wav': it is longer than max_duration=4 s" in result.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_process_leaves_what_it_did(run, music, tmp_path, kill):
    """The stand-in waits in its second chunk until it is killed."""
    output = tmp_path / "out.csv"
    code = (
        "import signal, sys, time, pathlib\n"
        # A shell gives what it starts in the background a deaf ear to Ctrl-C.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import test_predict_command as t\n"
        "from musigenre.cli import app, _predict\n"
        "import musigenre.collection.predictions as p\n"
        "p.CHUNK = 3\n"
        "class Slow(t.LevelPipeline):\n"
        "    def predict_clips(self, table):\n"
        "        if type(self).n_calls == 1:\n"
        f"            pathlib.Path({str(tmp_path / 'waits')!r}).touch()\n"
        "            time.sleep(600)\n"
        "        return super().predict_clips(table)\n"
        "_predict.resolve_model = lambda model: Slow()\n"
        f"sys.argv[1:] = ['predict', {str(music)!r}, '-o', {str(output)!r}, '-j', '1']\n"
        "app()\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "waits").exists():
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(kill)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    if kill == signal.SIGINT:
        assert process.returncode == 130
        assert "Traceback" not in errors
        assert "the same command goes on" in errors
    assert not output.exists()
    run(music, "-o", output)
    assert LevelPipeline.n_calls == 2
    whole = tmp_path / "whole.csv"
    run(music, "-o", whole)
    assert output.read_bytes() == whole.read_bytes()


def test_the_picture(run, music, tmp_path):
    picture = tmp_path / "when.png"
    run(music / "0.wav", music / "7.wav", "--plot", picture)
    assert matplotlib.image.imread(picture).std() > 0.05


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["-o", "a.txt"], "must end in .csv or .json or .jsonl or .parquet"),
        (["-o", "a.csv", "--json"], "exclude each other"),
        (["-o", "a.json", "--csv", "a.csv"], "exclude each other"),
        (["--csv", "a.json"], "must end in .csv"),
        (["--journal", "a"], "--journal belongs to --output"),
        (["--dry-run"], "belong to --write-tags"),
        (["--undo", "a.json"], "belong to --write-tags"),
        (["--plot", "a.gif"], "must end in .png"),
    ],
)
def test_options_that_do_not_go_together(run, music, args, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(music, *args, code=2)
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_too_many_or_too_long_for_a_picture(run, music, tmp_path, monkeypatch, pipeline):
    monkeypatch.setattr("musigenre.cli._predict._MOST_PANELS", 3)
    assert "up to 3 tracks" in run(music, "--plot", tmp_path / "a.png", code=2).stderr
    monkeypatch.setattr(pipeline, "clip_duration_", None)
    assert "whole tracks" in run(music, "--plot", tmp_path / "a.png", code=2).stderr


def test_a_foreign_journal_is_not_touched(run, music, tmp_path):
    journal = tmp_path / "notes"
    journal.write_text("precious" * 100)
    result = run(music, "-o", tmp_path / "a.csv", "--journal", journal, code=2)
    assert "the journal" in result.stderr
    assert journal.read_text() == "precious" * 100
    assert not (tmp_path / "a.csv").exists()
