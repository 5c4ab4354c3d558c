import os
import signal
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from joblib import parallel_config
from sklearn.utils import Bunch
from typer.testing import CliRunner

from musigenre import AudioError, AudioFeatures, AudioWarning, audio, clip_table
from musigenre.cli import app
from musigenre.features import tracks
from musigenre.features.extract import extract, extract_dataset, extract_to_store
from musigenre.features.gtzan57 import FEATURE_NAMES
from musigenre.features.tracks import decoded_blocks

# The package gives the function of this name, not the module.
extraction = import_module("musigenre.features.extract")

SR = 22050


def write_track(path, seed, seconds, rate=SR):
    noise = np.random.default_rng(seed).normal(scale=0.1, size=round(seconds * rate))
    soundfile.write(path, noise, rate)
    return str(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audio")
    return [write_track(folder / f"{i}.wav", i, seconds) for i, seconds in enumerate((7, 4, 1))]


@pytest.fixture
def bad(tmp_path):
    path = tmp_path / "bad.mp3"
    path.write_bytes(b"nothing")
    return str(path)


def test_clips_and_their_features(files):
    table = extract(files)
    clips = clip_table(files)
    assert list(table.columns) == ["path", "start", "duration", "track", *FEATURE_NAMES]
    pd.testing.assert_frame_equal(table[list(clips.columns)], clips)
    np.testing.assert_array_equal(table[list(FEATURE_NAMES)], AudioFeatures().fit_transform(clips))


@pytest.mark.parametrize(
    "options",
    [
        {"clip_duration": None},
        {"clip_duration": 2.0, "hop": 0.7, "partial": "overlap", "dtype": "float64"},
        {"clip_duration": 3.0, "partial": "keep", "short": "drop"},
    ],
)
def test_options_are_those_of_clip_table_and_audio_features(files, options):
    table = extract(files, **options)
    dtype, duration = options.pop("dtype", "float32"), options.pop("clip_duration")
    clips = clip_table(files, duration, **options)
    pd.testing.assert_frame_equal(table[list(clips.columns)], clips)
    np.testing.assert_allclose(
        table[list(FEATURE_NAMES)], AudioFeatures(dtype=dtype).fit_transform(clips), rtol=1e-5
    )


@pytest.mark.parametrize("rate", [8000, 44100])
def test_blocks_are_what_load_gives(tmp_path, rate):
    path = write_track(tmp_path / "a.flac", 0, 5.0, rate)
    np.testing.assert_array_equal(np.concatenate([*decoded_blocks(path, SR)]), audio.load(path))


def test_each_file_is_decoded_once(files, monkeypatch):
    decoded = []
    decode = tracks.decoded_blocks
    monkeypatch.setattr(
        tracks, "decoded_blocks", lambda path, rate: decoded.append(path) or decode(path, rate)
    )
    monkeypatch.setattr(audio, "count_samples", None)
    monkeypatch.setattr(audio, "load", None)
    extract(files)
    assert decoded == files


def test_ids_and_repeated_paths(files):
    table = extract([files[2], files[1], files[2]], tracks=["x", "y", "z"])
    assert table["track"].tolist() == ["x", "y", "z"]
    with pytest.raises(ValueError, match="1 ids for 3 paths"):
        extract(files, tracks=["x"])


def test_unreadable_files(files, bad, tmp_path):
    empty = write_track(tmp_path / "empty.wav", 0, 0)
    asked = [bad, files[1], empty]
    with pytest.raises(AudioError, match=r"bad\.mp3"):
        extract(asked)
    with pytest.warns(AudioWarning, match="2 of 3 files"):
        table = extract(asked, on_error="warn")
    assert table["path"].unique().tolist() == [files[1]]
    assert [error["path"] for error in table.attrs["errors"]] == [bad, empty]
    assert table.attrs["errors"][1]["remedy"] == "leave it out"
    pd.testing.assert_frame_equal(extract(asked, on_error="skip"), table)
    assert extract([bad], on_error="skip").shape == (0, 61)


def test_a_clip_that_cannot_be_read_leaves_no_half_track(tmp_path):
    path = tmp_path / "nan.wav"
    samples = np.zeros(7 * SR, np.float32)
    samples[-1] = np.nan
    soundfile.write(path, samples, SR, subtype="FLOAT")
    table = extract([path], on_error="skip")
    assert table.empty
    assert "NaN" in table.attrs["errors"][0]["cause"]


@pytest.fixture
def cut_short(tmp_path):
    path = write_track(tmp_path / "cut.wav", 3, 8)
    data = Path(path).read_bytes()
    Path(path).write_bytes(data[: len(data) // 2])
    return path


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_damaged_files_are_told_of(files, cut_short, tmp_path, n_jobs):
    asked = [files[0], cut_short, files[1]]
    with pytest.warns(AudioWarning, match=r"1 of 3 files are damaged.*cut\.wav.*cut short") as told:
        table = extract(asked, n_jobs=n_jobs)
    assert len(told) == 1
    assert [file["path"] for file in table.attrs["damage"]] == [cut_short]
    assert (table["path"] == cut_short).sum() == 1
    options = {"store": tmp_path / "store", "n_jobs": n_jobs, "on_error": "skip"}
    for _ in range(2):  # the second time it is read from the store
        stored = extract_to_store([*asked, cut_short], **options)
        assert [file["path"] for file in stored.damage] == [cut_short] * 2
        assert "4.00 s of the 8.00 s" in stored.damage[0]["what"]
        assert stored.to_frame().attrs["damage"] == stored.damage
    copy = tmp_path / "copy.wav"
    copy.write_bytes(Path(cut_short).read_bytes())
    for path in (cut_short, str(copy)):  # known by its content, told of by its name
        found = extract_to_store([path], tmp_path / "by content", by_content=True, on_error="skip")
        assert [file["path"] for file in found.damage] == [path]
    for transform in (
        clip_table,
        lambda paths, **options: AudioFeatures(**options).transform(paths),
    ):
        with pytest.warns(AudioWarning, match="1 of 3 files are damaged"):
            transform(asked, n_jobs=n_jobs)
    with pytest.warns(AudioWarning, match=r"^'.*cut\.wav' is cut short"):
        clip_table([cut_short])


def test_the_command_tells_of_damage(cut_short, tmp_path):
    output = tmp_path / "table.csv"
    result = CliRunner().invoke(app, ["extract", cut_short, "-o", str(output)])
    assert result.exit_code == 0
    assert "cut short" in result.output


def crash_on_ones(clips):
    if (clips == 1).all():
        os._exit(1)
    return np.zeros((len(clips), 57))


class CrashingRecipe(tracks.Recipe):
    @property
    def features(self):
        return replace(super().features, compute=crash_on_ones)


def test_a_file_that_ends_its_worker_stops_nothing(files, tmp_path, monkeypatch):
    monkeypatch.setattr(extraction, "Recipe", CrashingRecipe)
    bad = str(tmp_path / "bad.wav")
    soundfile.write(bad, np.ones(7 * SR, np.float32), SR, subtype="FLOAT")
    asked = [files[0], bad, *files[1:]]
    table = extract(asked, n_jobs=2, on_error="skip", store=tmp_path / "store")
    assert table["path"].unique().tolist() == files
    (error,) = table.attrs["errors"]
    assert error["path"] == bad
    assert "process that read it ended" in error["cause"]


def test_a_track_too_long_to_be_whole(files, monkeypatch):
    monkeypatch.setattr(tracks, "LONGEST_CLIP", 5)
    with pytest.raises(AudioError, match="too long to be described as a whole; cut it into clips"):
        extract(files, None)
    assert len(extract(files)) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"feature_set": "mfcc"}, "feature_set must be one of gtzan57"),
        ({"dtype": "float16"}, "dtype must be one of float32, float64; got 'float16'"),
        ({"clip_duration": 0}, "duration must be a positive"),
        ({"partial": "pad"}, "partial must be one of"),
        ({"on_error": "ignore"}, "on_error must be one of"),
    ],
)
def test_bad_options_are_refused_before_anything_is_read(options, message):
    with pytest.raises(ValueError, match=message):
        extract(["missing.wav"], **options)


def test_extract_dataset(files):
    music = Bunch(
        data=np.array(files, dtype=object),
        target=np.array(["rock", "jazz", "rock"]),
        groups=pd.DataFrame({"track": ["t0", "t1", "t2"], "artist": ["x", "y", None]}),
    )
    clips = extract_dataset(music)
    assert clips.target.tolist() == ["rock", "rock", "jazz", "rock"]
    assert clips.groups["track"].tolist() == ["t0", "t0", "t1", "t2"]
    assert clips.groups["artist"].iloc[:3].tolist() == ["x", "x", "y"]
    assert clips.clips["track"].tolist() == clips.groups["track"].tolist()
    assert list(clips.data.columns) == list(FEATURE_NAMES)


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_every_backend_gives_the_same(files, tmp_path, backend):
    with parallel_config(backend, n_jobs=2):
        table = extract(files, 1.0)
        stored = extract(files, 1.0, store=tmp_path)
    pd.testing.assert_frame_equal(table, extract(files, 1.0), check_exact=True)
    pd.testing.assert_frame_equal(stored, table, check_exact=True)


DASK = """
import os
import sys
from pathlib import Path

from dask.distributed import Client, LocalCluster
from joblib import parallel_config

from musigenre.features.extract import extract
from musigenre.parallel import run_jobs

def process():
    import time
    time.sleep(0.2)
    return os.getpid()

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    files = sorted(map(str, folder.glob("*.wav")))
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
        local_directory=str(folder),
    )
    with cluster, Client(cluster), parallel_config("dask"):
        processes = set(run_jobs(process, (() for _ in range(8))))
        assert len(processes) == 2 and os.getpid() not in processes, processes
        table = extract(files, 1.0, store=folder / "store")
    table.to_parquet(folder / "dask.parquet")
"""


def start(script, *args):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, *script, *map(str, args)],
        env=environment,
        start_new_session=True,
        stderr=subprocess.PIPE,
    )


def test_a_dask_cluster_of_two_processes_gives_the_same(files, tmp_path):
    pytest.importorskip("distributed", reason="the extra musigenre[dask] is not installed")
    for path in files:
        (tmp_path / Path(path).name).write_bytes(Path(path).read_bytes())
    script = tmp_path / "run.py"
    script.write_text(DASK)
    process = start([script], tmp_path)
    message = process.communicate(timeout=120)[1]
    assert process.returncode == 0, message.decode()
    copies = [str(tmp_path / Path(path).name) for path in files]
    expected = extract(copies, 1.0).astype({"path": str, "track": str})
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "dask.parquet"), expected, check_exact=True
    )


def test_memory_is_flat(tmp_path, monkeypatch):
    features = replace(tracks.Recipe().features, compute=lambda clips: np.ones((len(clips), 57)))
    monkeypatch.setattr(tracks.Recipe, "features", features)
    monkeypatch.setattr("musigenre.features.store._MOST_BYTES", 2**20)
    monkeypatch.setattr("musigenre.features.stored_features._BATCH_BYTES", 2**20)
    # Two seconds in clips of 0.01 s: 90 kB of features a track.
    paths = [write_track(tmp_path / f"{i:03d}.wav", i, 2) for i in range(200)]
    peaks = []
    for n in (50, 200):
        tracemalloc.start()
        stored = extract_to_store(paths[:n], tmp_path / f"store{n}", 0.01)
        stored.write(tmp_path / "a.parquet")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert stored.n_clips == 40_000  # 18 MB
    assert peaks[1] < 1.2 * peaks[0] < 6e6


INTERRUPTED = """
import signal

from musigenre.cli import app
from musigenre.features import store

# A shell gives what it starts in the background a deaf ear to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
store._MOST_TRACKS = 1
app()
"""


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("how", ["Ctrl-C", "kill -9"])
def test_a_stopped_command_keeps_what_is_done_and_leaves_no_process(files, tmp_path, how):
    music = tmp_path / "music"
    music.mkdir()
    for i in range(600):
        (music / f"{i}.wav").hardlink_to(files[0])
    output = tmp_path / "features.parquet"
    process = start(["-c", INTERRUPTED], "extract", music, "-o", output, "--jobs", 2)
    until(lambda: list(tmp_path.glob("features.parquet.store/*/*.parquet")))
    if how == "Ctrl-C":  # a terminal sends it to all processes
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.kill()
    message = process.communicate(timeout=120)[1]
    assert process.returncode == (130 if how == "Ctrl-C" else -signal.SIGKILL)
    assert (b"the same command goes on" in message) == (how == "Ctrl-C")
    until(lambda: not processes_of(process.pid))
    assert not output.exists()
    shards = list(tmp_path.glob("features.parquet.store/*/*.parquet"))
    assert 0 < sum(len(pd.read_parquet(shard)) for shard in shards) < 600


def test_the_command_has_every_set_and_any_store(files, tmp_path):
    for _ in range(2):
        result = CliRunner().invoke(
            app,
            [
                *("extract", files[1], "-o", str(tmp_path / "table.csv")),
                *("--feature-set", "tzanetakis", "--store", str(tmp_path / "store")),
            ],
        )
        assert result.exit_code == 0, result.output
    assert pd.read_csv(tmp_path / "table.csv").shape == (1, 34)
    assert len(list(tmp_path.glob("store/tzanetakis-*/*.parquet"))) == 1


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def processes_of(session):
    """List the processes of a session that run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue  # it has just ended
        if int(its_session) == session and state != "Z":
            found.append(stat.parent.name)
    return found


def test_a_dataset_of_which_nothing_can_be_read(tmp_path):
    (tmp_path / "a.wav").write_text("no")
    tracks = Bunch(
        data=np.array([str(tmp_path / "a.wav")], dtype=object),
        target=np.array(["rock"]),
        groups=pd.DataFrame({"track": ["a"], "artist": [None]}),
    )
    clips = extract_dataset(tracks, on_error="skip")
    assert len(clips.data) == len(clips.target) == 0
    assert len(clips.errors) == 1
