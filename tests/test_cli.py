"""The command, end to end, as a process would run it."""

import json
import os
import subprocess
import sys

import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import soundfile
from typer.testing import CliRunner

import musigenre
from musigenre import GenrePipeline, make_tracks
from musigenre.cli import app
from musigenre.features.gtzan57 import FEATURE_NAMES

SR = 22050
KINDS = ["synthetic-drone", "synthetic-metal"]


@pytest.fixture
def run(monkeypatch):
    # The command replaces Python's way of showing warnings, for its own process.
    import warnings

    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)

    def run(*args, code=0):
        result = CliRunner().invoke(app, [str(arg) for arg in args])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture(scope="module")
def music(tmp_path_factory):
    """Two kinds of synthetic music, and beside them files that are none."""
    folder = tmp_path_factory.mktemp("music")
    make_tracks(folder, 6, duration=3.2, n_artists=3, kinds=KINDS, random_state=0)
    drone = folder / "synthetic-drone"
    (drone / "text.wav").write_text("not audio")
    (drone / "empty.mp3").write_bytes(b"")
    (drone / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    soundfile.write(drone / "nan.wav", np.full(SR, np.nan), SR, subtype="FLOAT")
    return folder


@pytest.fixture(scope="module")
def model(music, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.musigenre"
    args = ["train", music, "-o", path, "--clip-duration", 1, "--jobs", 1]
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    assert result.exit_code == 1, result.output
    assert "trained on 12 tracks of 2 genres" in result.stdout
    for name in ("text.wav", "empty.mp3", "nan.wav"):
        assert name in result.stderr
    assert "3 files could not be read; the others are done" in result.stderr
    return path


def test_train_writes_a_model_that_knows_the_kinds(model, music):
    pipeline = GenrePipeline.load(model)
    assert pipeline.classes_.tolist() == KINDS
    files = sorted(music.glob("*/synthetic-*.wav"))
    assert pipeline.score(files, [file.parent.name for file in files]) == 1


def test_predict_prints_a_line_a_track(run, model, music):
    file = music / KINDS[0] / f"{KINDS[0]}.00000.wav"
    result = run("predict", file, "-m", model)
    genre, probability, other, rest, path = result.stdout.split()
    assert (genre, other, path) == (*KINDS, str(file))
    assert 0.5 < float(probability) <= 1
    assert float(probability) + float(rest) == pytest.approx(1, abs=0.011)


def test_predict_goes_through_folders_and_reports_bad_files_at_the_end(run, model, music, tmp_path):
    csv = tmp_path / "genres.csv"
    result = run("predict", music, "-m", model, "--csv", csv, code=1)
    table = pd.read_csv(csv)
    columns = [f"p_{kind}" for kind in KINDS]
    best = ["track", "genre", "probability", "genre_2", "probability_2", "unsure", "note"]
    assert list(table.columns) == [*best, *columns]
    assert len(table) == 12
    np.testing.assert_allclose(table[columns].sum(axis=1), 1)
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["genres.csv", "genres.csv.journal"]
    assert result.stderr.count("cannot read") == 3


def test_predict_json_and_clips(run, model, music):
    file = music / KINDS[1] / f"{KINDS[1]}.00000.wav"
    lines = run("predict", file, "-m", model, "--json", "--clips").stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["start"] for row in rows] == [0, 1, 2]
    assert all(row["genre"] in KINDS and row["track"] == str(file) for row in rows)
    text = run("predict", file, "-m", model, "--clips").stdout.splitlines()
    assert " 0:01.0 " in text[1]


def test_predict_never_touches_a_file_before_it_has_something_to_write(run, model, tmp_path):
    song, kept = tmp_path / "song.wav", tmp_path / "kept.csv"
    for file in (song, kept):
        file.write_text("precious")
    run("predict", song, "-m", tmp_path / "missing", "--csv", kept, code=2)
    result = run("predict", song, "-m", model, "--csv", song, code=2)
    assert "must end in .csv" in result.stderr
    run("predict", song, "-m", model, "--csv", kept, code=2)
    assert song.read_text() == kept.read_text() == "precious"


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX only")
def test_file_names_that_are_not_utf8(run, model, music, tmp_path):
    source = music / KINDS[0] / f"{KINDS[0]}.00000.wav"
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.wav")).write_bytes(source.read_bytes())
    except OSError:
        pytest.skip("the file system wants UTF-8")
    assert "caf\\xe9.wav" in run("predict", tmp_path, "-m", model).stdout
    for output in (tmp_path / "a.csv", tmp_path / "a.parquet"):
        run("extract", tmp_path, "-o", output)
    assert pd.read_parquet(tmp_path / "a.parquet")["path"].str.endswith("caf\\xe9.wav").all()


def test_a_genre_may_be_called_like_a_column(run, music, tmp_path):
    for kind, genre in zip(KINDS, ("track", "genre"), strict=True):
        (tmp_path / genre).mkdir()
        for file in sorted((music / kind).glob("synthetic-*.wav"))[:3]:
            (tmp_path / genre / file.name).write_bytes(file.read_bytes())
    run("train", tmp_path, "-o", tmp_path / "model", "--clip-duration", 1)
    result = run("predict", tmp_path / "track", "-m", tmp_path / "model", "--clips", "--json")
    assert {"p_track", "p_genre", "track", "genre"} <= set(json.loads(result.stdout.split("\n")[0]))


def test_many_files_are_written_chunk_by_chunk(run, model, music, tmp_path, monkeypatch):
    monkeypatch.setattr("musigenre.collection.predictions.CHUNK", 5)
    monkeypatch.setattr("musigenre.cli._predictor._PIECE", 4)
    csv = tmp_path / "genres.csv"
    run("predict", music, "-m", model, "--csv", csv, "--jobs", 1, code=1)
    assert len(pd.read_csv(csv)) == 12


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_extract(run, music, tmp_path, suffix):
    output = tmp_path / f"features{suffix}"
    result = run("extract", music, "-o", output, "--clip-duration", 1, "--jobs", 1, code=1)
    table = pd.read_parquet(output) if suffix == ".parquet" else pd.read_csv(output)
    assert list(table.columns) == ["path", "start", "duration", "track", *FEATURE_NAMES]
    assert len(table) == 36
    assert "36 clips of 12 tracks" in result.stdout
    assert "nan.wav" in result.stderr


def test_evaluate_on_audio(run, music, tmp_path):
    picture, csv = tmp_path / "a.png", tmp_path / "a.csv"
    options = ("--clip-duration", 1, "--holdouts", 2, "--jobs", 1, "--plot", picture, "--csv", csv)
    result = run("evaluate", music, *options, code=1)
    assert "paper" in result.stdout
    assert "track" in result.stdout
    assert len(pd.read_csv(csv)) == 4
    assert matplotlib.image.imread(picture).shape[2] == 4


def test_evaluate_leaves_copies_out(run, music, tmp_path):
    for kind in KINDS:
        (tmp_path / kind).mkdir()
        for i, file in enumerate(sorted((music / kind).glob("synthetic-*.wav"))[:4]):
            for copy in range(2):
                (tmp_path / kind / f"{i}-{copy}.wav").write_bytes(file.read_bytes())
    options = ("--protocol", "track", "--holdouts", 2, "--clip-duration", 0, "--jobs", 1)
    result = run("evaluate", tmp_path, *options)
    assert "about 6 training and 2 test rows" in result.stdout
    assert "8 duplicate; the first" in result.stderr


def test_evaluate_on_a_published_table(run, real_data):
    folder = real_data("gtzan/features_30_sec.csv").parent
    options = ("--features", "30s", "--protocol", "artist", "--holdouts", 2, "--jobs", 1)
    result = run("evaluate", folder, *options)
    assert "artist" in result.stdout
    assert "11 duplicate" in result.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["predict", "missing.wav", "-m", "missing.musigenre"], "missing"),
        (["train", "missing", "-o", "model"], "missing"),
        (["train", ".", "-o", "no/such/folder/model"], "there is no folder 'no/such/folder'"),
        (["extract", ".", "-o", "table.xls"], "must end in .parquet or .csv"),
        (["evaluate", "missing"], "missing"),
        (["evaluate", "missing", "--plot", "a.xyz"], "must end in .png or .svg or .pdf"),
        (["evaluate", "missing", "--protocol", "album"], "unknown protocol 'album'"),
        (["extract", "", "-o", "a.csv"], "a path is empty"),
    ],
)
def test_errors_are_one_line_for_people(run, tmp_path, monkeypatch, args, message):
    monkeypatch.chdir(tmp_path)
    result = run(*args, code=2)
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert len(result.stderr.strip().splitlines()) == 1


def test_one_genre_is_refused_before_anything_is_read(run, music, tmp_path, monkeypatch):
    (tmp_path / "only").mkdir()
    source = music / KINDS[0] / f"{KINDS[0]}.00000.wav"
    (tmp_path / "only" / "a.wav").write_bytes(source.read_bytes())
    monkeypatch.setattr("musigenre.audio.load", None)
    for command in (("train", "-o", tmp_path / "model"), ("evaluate",)):
        result = run(command[0], tmp_path, *command[1:], code=2)
        assert "one genre only ('only')" in result.stderr


def test_control_characters_do_not_reach_the_terminal(run, model, music, tmp_path):
    try:
        name = tmp_path / "red\x1b[31m\n.wav"
        name.write_bytes((music / KINDS[0] / f"{KINDS[0]}.00000.wav").read_bytes())
    except OSError:
        pytest.skip("the file system refuses the name")
    stdout = run("predict", name, "-m", model).stdout
    assert r"red\x1b[31m\x0a.wav" in stdout
    assert len(stdout.splitlines()) == 1


@pytest.mark.skipif(os.name != "posix", reason="pipes")
def test_a_closed_pipe_ends_quietly(model, music):
    command = f"{sys.executable} -m musigenre predict {music} -m {model} -j 1 --json | head -n 1"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(  # noqa: S602 - the pipe is what is tested
        command, shell=True, env=environment, capture_output=True, text=True, check=False
    )
    assert result.stdout.count("\n") == 1
    assert "Broken pipe" not in result.stderr


def test_nothing_readable(run, model, tmp_path):
    (tmp_path / "a.wav").write_text("no")
    result = run("predict", tmp_path, "-m", model, code=2)
    assert "none of the 1 files could be read" in result.stderr


def test_debug_shows_where_an_error_came_from(run, tmp_path, monkeypatch):
    monkeypatch.setenv("MUSIGENRE_DEBUG", "1")
    with pytest.raises(FileNotFoundError):
        run("train", tmp_path / "missing", "-o", tmp_path / "model")


def test_version_and_help(run):
    assert run("--version").stdout.strip() == f"musigenre {musigenre.__version__}"
    for command in (
        "demo",
        "extract",
        "train",
        "predict",
        "card",
        "undo-tags",
        "similar",
        "evaluate",
    ):
        assert "--help" in run(command, "--help").stdout


def test_demo(run, tmp_path, monkeypatch):
    monkeypatch.setattr("musigenre.demo._N_HOLDOUTS", 2)
    result = run("demo", "-o", tmp_path, "--tracks", 10, "--jobs", 1)
    assert "synthetic: the figures say nothing about real music" in result.stdout
    for protocol in ("paper", "artist"):
        assert f"\n{protocol}" in result.stdout
    for name in ("accuracy.png", "confusion.png"):
        assert matplotlib.image.imread(tmp_path / name).std() > 0.05
    assert GenrePipeline.load(tmp_path / "demo.musigenre").classes_.size == 10


def run_python(code):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


HEAVY = "('tensorflow', 'keras', 'librosa', 'numba', 'matplotlib', 'sklearn', 'pandas', 'numpy')"


def test_import_is_light():
    code = f"import sys, musigenre; print([m for m in {HEAVY} if m in sys.modules])"
    assert run_python(code) == "[]"


def test_every_public_name_can_be_had():
    code = "import musigenre; print(len([getattr(musigenre, n) for n in musigenre.__all__]))"
    assert int(run_python(code)) == len(musigenre.__all__) > 10


def test_help_is_light():
    code = (
        "import sys; from typer.testing import CliRunner; from musigenre.cli import app;"
        f"CliRunner().invoke(app, ['--help']); print([m for m in {HEAVY} if m in sys.modules])"
    )
    assert run_python(code) == "[]"
