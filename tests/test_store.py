import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import soundfile

from musigenre import AudioError, SpectrogramExtractor, clip_table
from musigenre.features import feature_sets, store, tracks
from musigenre.features.extract import extract, extract_to_store
from musigenre.features.shards import FeatureStoreError
from musigenre.features.store import FeatureStore
from musigenre.features.tracks import Recipe

# The package gives the function of this name, not the module.
extraction = import_module("musigenre.features.extract")

SR = 22050
CLIP = 0.1


def write_track(path, seed, seconds=0.25):
    noise = np.random.default_rng(seed).normal(scale=0.1, size=round(seconds * SR))
    soundfile.write(path, noise, SR)
    return str(path)


@pytest.fixture
def music(tmp_path):
    folder = tmp_path / "music"
    folder.mkdir()
    return [write_track(folder / f"{i}.wav", i) for i in range(6)]


@pytest.fixture
def decoded(monkeypatch):
    """List the files that are decoded from now on."""
    paths = []
    decode = tracks.decoded_blocks
    monkeypatch.setattr(
        tracks, "decoded_blocks", lambda path, rate: paths.append(path) or decode(path, rate)
    )
    return paths


def flip_a_byte_of_the_numbers(shard):
    group = pq.ParquetFile(shard).metadata.row_group(0)
    columns = [group.column(i) for i in range(group.num_columns)]
    (column,) = (c for c in columns if c.path_in_schema.startswith("values"))
    data = bytearray(shard.read_bytes())
    data[column.data_page_offset + column.total_compressed_size // 2] ^= 0xFF
    shard.write_bytes(data)


def shards_of(folder):
    return sorted(folder.glob("*/*.parquet"))


def test_a_second_run_reads(music, tmp_path, decoded):
    first = extract(music, CLIP, store=tmp_path / "store")
    assert sorted(decoded) == music
    second = extract(music, CLIP, store=tmp_path / "store")
    assert len(decoded) == len(music)
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(first, extract(music, CLIP))
    assert len(shards_of(tmp_path / "store")) == 1


def test_new_and_changed_files_alone_are_computed(music, tmp_path, decoded):
    extract(music[:4], CLIP, store=tmp_path / "store")
    decoded.clear()
    write_track(music[1], seed=99)
    os.utime(music[2], ns=(0, 0))
    table = extract(music, CLIP, store=tmp_path / "store")
    assert sorted(decoded) == [music[i] for i in (1, 2, 4, 5)]
    pd.testing.assert_frame_equal(table, extract(music, CLIP))


@pytest.mark.parametrize(
    "other",
    [
        {"clip_duration": 0.2},
        {"hop": 0.05},
        {"partial": "overlap"},
        {"short": "drop"},
        {"dtype": "float64"},
    ],
)
def test_another_recipe_is_computed_apart(music, tmp_path, decoded, other):
    options = {"clip_duration": CLIP, "store": tmp_path / "store"}
    extract(music[:1], **options)
    extract(music[:1], **options | other)
    assert len(decoded) == 2
    extract(music[:1], **options | other)
    extract(music[:1], **options, hop=CLIP)  # the default, spelled out
    assert len(decoded) == 2


def test_another_version_of_the_features_is_computed_anew(music, tmp_path, decoded, monkeypatch):
    extract(music[:1], CLIP, store=tmp_path / "store")
    newer = replace(feature_sets.FEATURE_SETS["gtzan57"], version=99)
    monkeypatch.setitem(feature_sets.FEATURE_SETS, "gtzan57", newer)
    extract(music[:1], CLIP, store=tmp_path / "store")
    assert len(decoded) == 2


def test_the_folder_says_what_is_in_it(music, tmp_path):
    extract(music[:1], CLIP, store=tmp_path / "store")
    (about,) = (tmp_path / "store").glob("*/recipe.json")
    recipe = json.loads(about.read_text())
    assert recipe["feature_set"] == "gtzan57"
    assert recipe["duration"] == recipe["hop"] == CLIP
    assert len(recipe["columns"]) == 57
    (row,) = pd.read_parquet(shards_of(tmp_path / "store")[0]).to_dict("records")
    status = Path(music[0]).stat()
    assert (row["path"], row["size"]) == (music[0], status.st_size)
    assert row["mtime_ns"] == status.st_mtime_ns


def test_by_content_a_moved_file_is_known(music, tmp_path, decoded):
    options = {"clip_duration": CLIP, "store": tmp_path / "store", "by_content": True}
    before = extract_to_store(music, **options).to_frame()
    moved = str(tmp_path / "moved.wav")
    Path(music[0]).rename(moved)
    write_track(music[1], seed=99)
    decoded.clear()
    after = extract_to_store([moved, music[1], moved], **options, on_error="skip").to_frame()
    assert decoded == [music[1]]
    assert after["path"].unique().tolist() == [moved, music[1]]
    np.testing.assert_array_equal(after.iloc[:2, 4:], before.iloc[:2, 4:])
    np.testing.assert_array_equal(after.iloc[4:6, 4:], before.iloc[:2, 4:])


def test_a_relative_path_is_the_same_file(music, tmp_path, decoded, monkeypatch):
    extract(music, CLIP, store=tmp_path / "store")
    decoded.clear()
    monkeypatch.chdir(tmp_path)
    table = extract(["music/../music/3.wav"], CLIP, store="store")
    assert decoded == []
    assert table["path"].unique().tolist() == ["music/../music/3.wav"]


def test_any_order_and_any_part_of_many_shards(music, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_MOST_TRACKS", 2)
    monkeypatch.setattr("musigenre.features.stored_features._BATCH_BYTES", 2000)
    extract(music, CLIP, store=tmp_path / "store")
    assert len(shards_of(tmp_path / "store")) == 3
    asked = [music[i] for i in (5, 0, 3, 3, 1)]
    features = extract_to_store(asked, tmp_path / "store", CLIP, tracks=list("abcde"))
    assert len(list(features.batches())) > 2
    table = features.to_frame()
    pd.testing.assert_frame_equal(table, extract(asked, CLIP, tracks=list("abcde")))
    assert table["track"].tolist() == list("aabbccddee")


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_the_written_table(music, tmp_path, suffix, monkeypatch):
    monkeypatch.setattr("musigenre.features.stored_features._BATCH_BYTES", 2000)
    features = extract_to_store(music, tmp_path / "store", CLIP)
    output = tmp_path / f"table{suffix}"
    features.write(output)
    table = pd.read_csv(output) if suffix == ".csv" else pd.read_parquet(output)
    pd.testing.assert_frame_equal(table, features.to_frame(), check_dtype=False)
    with pytest.raises(ValueError, match="must end in"):
        features.write(tmp_path / "table.xls")


def test_no_clip_at_all(music, tmp_path):
    features = extract_to_store(music, tmp_path / "store", 5.0, short="drop")
    assert (features.n_tracks, features.n_clips) == (0, 0)
    features.write(tmp_path / "table.parquet")
    table = pd.read_parquet(tmp_path / "table.parquet")
    assert table.shape == features.to_frame().shape == (0, 61)


def test_an_interrupted_write_leaves_the_old_table(music, tmp_path, monkeypatch):
    output = tmp_path / "table.parquet"
    features = extract_to_store(music, tmp_path / "store", CLIP)
    features.write(output)
    before = output.read_bytes()
    for shard in shards_of(tmp_path / "store"):
        shard.unlink()
    with pytest.raises(FeatureStoreError, match=r"is damaged: .*delete this file"):
        features.write(output)
    assert output.read_bytes() == before
    assert not list(tmp_path.glob(".*tmp"))


def test_errors_are_recorded_once_and_tried_again(music, tmp_path, decoded):
    bad, fixed = str(tmp_path / "bad.wav"), str(tmp_path / "fixed.wav")
    for path in (bad, fixed):
        Path(path).write_text("not audio")
    files = [bad, *music, fixed, str(tmp_path / "missing.wav"), bad]
    options = {"store": tmp_path / "store", "clip_duration": CLIP, "on_error": "skip"}
    table = extract(files, **options)
    assert [error["path"] for error in table.attrs["errors"]] == [bad, fixed, files[-2], bad]
    extract(files, **options)
    assert len(shards_of(tmp_path / "store")) == 1
    decoded.clear()
    write_track(fixed, seed=7)
    table = extract(files, **options)
    assert sorted(decoded) == sorted([bad, fixed, files[-2]])
    assert [error["path"] for error in table.attrs["errors"]] == [bad, files[-2], bad]
    assert fixed in set(table["path"])


def test_raise_keeps_what_was_computed(music, tmp_path, decoded):
    with pytest.raises(AudioError, match=r"no/such\.wav"):
        extract([*music, "no/such.wav"], CLIP, store=tmp_path / "store")
    decoded.clear()
    extract(music, CLIP, store=tmp_path / "store")
    assert decoded == []


def test_half_written_and_damaged_shards_are_not_used(music, tmp_path, decoded):
    folder = tmp_path / "store"
    expected = extract(music, CLIP, store=folder)
    (shard,) = shards_of(folder)
    whole = shard.read_bytes()
    shard.rename(shard.with_name(f".{shard.name}.0.tmp"))  # killed before it was renamed
    decoded.clear()
    pd.testing.assert_frame_equal(extract(music, CLIP, store=folder), expected)
    assert len(decoded) == len(music)

    (shard,) = shards_of(folder)
    shard.write_bytes(whole[: len(whole) // 2])  # a failing disk
    decoded.clear()
    with pytest.warns(UserWarning, match="is damaged.*delete this file"):
        pd.testing.assert_frame_equal(extract(music, CLIP, store=folder), expected)
    assert len(decoded) == len(music)


def test_a_flipped_byte_is_noticed(music, tmp_path):
    features = extract_to_store(music, tmp_path / "store", CLIP)
    flip_a_byte_of_the_numbers(*shards_of(tmp_path / "store"))
    with pytest.raises(FeatureStoreError, match="is damaged"):
        features.to_frame()


def test_left_overs_are_removed_when_they_are_old(music, tmp_path):
    extract(music[:1], CLIP, store=tmp_path / "store")
    folder = shards_of(tmp_path / "store")[0].parent
    for name, age in (("old", 2 * 24 * 3600), ("new", 60)):
        left = folder / f".{name}.parquet.0.tmp"
        left.write_bytes(b"half")
        os.utime(left, (time.time() - age, time.time() - age))
    extract(music[:1], CLIP, store=tmp_path / "store")
    assert [path.name for path in folder.glob(".*")] == [".new.parquet.0.tmp"]


def test_a_foreign_folder_is_left_alone(music, tmp_path):
    with pytest.raises(FeatureStoreError, match="other things in it; give a new or empty folder"):
        FeatureStore(tmp_path / "music", Recipe())
    with pytest.raises(FeatureStoreError, match="is a file"):
        FeatureStore(music[0], Recipe())
    FeatureStore(tmp_path / "store", Recipe())
    manifest = tmp_path / "store" / "store.json"
    manifest.write_text(manifest.read_text().replace('version": 2', 'version": 3'))
    with pytest.raises(FeatureStoreError, match=r"format version 3.* upgrade musigenre"):
        FeatureStore(tmp_path / "store", Recipe())
    manifest.write_text(manifest.read_text().replace('version": 3', 'version": 1'))
    with pytest.raises(FeatureStoreError, match=r"version 1, which .* no longer reads"):
        FeatureStore(tmp_path / "store", Recipe())
    manifest.write_text("[]")
    with pytest.raises(FeatureStoreError, match="not one of musigenre"):
        FeatureStore(tmp_path / "store", Recipe())


def test_two_writers_at_once(music, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_MOST_TRACKS", 1)
    runs = [
        threading.Thread(target=extract, args=(music, CLIP), kwargs={"store": tmp_path / "store"})
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    table = extract(music, CLIP, store=tmp_path / "store")
    pd.testing.assert_frame_equal(table, extract(music, CLIP))


def test_shards_are_written_by_number_size_and_time(music, tmp_path, monkeypatch):
    for name, value in (("_MOST_TRACKS", 1), ("_MOST_BYTES", 1), ("_MOST_SECONDS", 0.0)):
        with monkeypatch.context() as patch:
            patch.setattr(store, name, value)
            extract(music[:3], CLIP, store=tmp_path / name)
        assert len(shards_of(tmp_path / name)) == 3


def test_a_file_name_that_is_no_unicode_is_kept_too(music, tmp_path, monkeypatch):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.wav")
    try:
        Path(music[0]).rename(path)
    except OSError:
        pytest.skip("the file system wants UTF-8")
    first = extract([path, music[1]], CLIP, store=tmp_path / "store")
    assert set(first["path"]) == {path, music[1]}
    monkeypatch.setattr("musigenre.features.tracks.open_audio", None)
    again = extract([path, music[1]], CLIP, store=tmp_path / "store")
    pd.testing.assert_frame_equal(again, first)
    features = extract_to_store([path, music[1]], tmp_path / "store", CLIP)
    features.write(tmp_path / "table.parquet")
    assert pd.read_parquet(tmp_path / "table.parquet")["path"].iloc[0].endswith("\\xff.wav")


def test_spectrograms_are_kept_too(music, tmp_path, monkeypatch):
    extractor = SpectrogramExtractor(("mel", "mfcc"))
    stored = extract_to_store(music[:3], tmp_path / "store", CLIP, feature_set=extractor)
    monkeypatch.setattr("musigenre.features.stored_features._BATCH_BYTES", 1)
    pieces = list(stored.arrays())
    assert len(pieces) == 3
    table = clip_table(music[:3], CLIP)
    expected = extractor.fit_transform(table)
    values = np.concatenate([values for _, values in pieces])
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-3)
    clips = pd.concat([clips for clips, _ in pieces], ignore_index=True)
    pd.testing.assert_frame_equal(clips, table[list(clips.columns)])
    monkeypatch.setattr("musigenre.features.tracks.open_audio", None)
    again = extract_to_store(music[:3], tmp_path / "store", CLIP, feature_set=extractor)
    assert sum(len(values) for _, values in again.arrays()) == len(table)
    assert again.to_frame().shape == (len(table), 4 + values[0].size)
    # Another window is another recipe, beside the first.
    assert list((tmp_path / "store").glob("spectrogram-*"))
    wider = SpectrogramExtractor(("mel", "mfcc"), n_fft=1024)
    with pytest.raises(TypeError):
        extract_to_store(music[:3], tmp_path / "store", CLIP, feature_set=wider)


MEL = SpectrogramExtractor("mel", n_mels=16)


@pytest.fixture
def small_records(monkeypatch):
    """Keep records to three clips of `CLIP` seconds, 16 x 5 numbers each."""
    monkeypatch.setattr(tracks, "_MOST_BYTES", 3 * 4 * 16 * 5)


def mel_of(paths, folder, **options):
    stored = extract_to_store(paths, folder, CLIP, feature_set=MEL, **options)
    return np.concatenate([values for _, values in stored.arrays()])


def test_a_long_track_comes_in_several_records(music, tmp_path, monkeypatch, small_records):
    long = write_track(tmp_path / "long.wav", 9, 1.05)  # ten clips
    paths = [music[0], long, music[1]]
    expected = MEL.fit_transform(clip_table(paths, CLIP))
    for n_jobs in (1, 2):
        found = mel_of(paths, tmp_path / f"store{n_jobs}", n_jobs=n_jobs)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)
    (shard,) = shards_of(tmp_path / "store1")
    rows = pd.read_parquet(shard)
    rows = rows[rows["path"] == long]
    assert rows["n_clips"].tolist() == [3, 3, 3, 1]
    assert rows["first_clip"].tolist() == [0, 3, 6, 9]
    assert rows["complete"].tolist() == [False, False, False, True]
    stored = extract_to_store(paths, tmp_path / "store1", CLIP, feature_set=MEL)
    assert (stored.n_tracks, stored.n_clips) == (3, 14)
    monkeypatch.setattr("musigenre.features.stored_features._BATCH_BYTES", 1)
    assert [len(values) for _, values in stored.arrays()] == [2, 3, 3, 3, 1, 2]
    np.testing.assert_array_equal(stored.to_frame().iloc[:, 4:], found.reshape(14, -1))


@pytest.fixture
def described(monkeypatch):
    """List the first clip of each job from now on."""
    jobs = []
    describe = tracks.describe_track

    def note(*job):
        result = describe(*job)
        jobs.append(result[1].first_clip if result[1].error is None else job[4])
        return result

    monkeypatch.setattr(extraction, "describe_track", note)
    return jobs


def stopped_after(n, described, *args, **options):
    """Extract, but be interrupted when n jobs are done."""
    describe = extraction.describe_track
    n += len(described)

    def stop(*job):
        if len(described) == n:
            raise KeyboardInterrupt
        return describe(*job)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(extraction, "describe_track", stop)
        with pytest.raises(KeyboardInterrupt):
            mel_of(*args, **options)


def test_a_stopped_run_goes_on_within_a_track(tmp_path, small_records, described):
    long = write_track(tmp_path / "long.wav", 9, 1.05)
    whole = mel_of([long], tmp_path / "undisturbed")
    described.clear()
    stopped_after(2, described, [long], tmp_path / "store")
    assert described == [0, 3]
    described.clear()
    np.testing.assert_array_equal(mel_of([long], tmp_path / "store"), whole)
    np.testing.assert_array_equal(mel_of([long], tmp_path / "store"), whole)
    assert described == [6, 9]


def one_second_pieces(blocks):
    samples = np.concatenate(list(blocks))
    return (samples[i : i + SR] for i in range(0, len(samples), SR))


def test_an_error_in_a_later_record_leaves_no_half_track(
    music, tmp_path, monkeypatch, small_records, described
):
    # Only what is decoded a minute at a time has clips before the bad place.
    monkeypatch.setattr("musigenre.clips._long_pieces", lambda blocks: blocks)
    path = str(tmp_path / "nan.wav")
    samples = np.random.default_rng(0).normal(scale=0.1, size=2 * SR).astype(np.float32)
    samples[-1] = np.nan
    soundfile.write(path, samples, SR, subtype="FLOAT")
    monkeypatch.setattr(tracks, "decoded_blocks", blocks_with_error_at_nan)
    asked, folder = [music[0], path], tmp_path / "store"
    starts = [[0, 0, 3, 6, 9], [9], [9]]
    for expected in starts:
        stored = extract_to_store(asked, folder, CLIP, feature_set=MEL, on_error="skip")
        assert (stored.n_tracks, stored.n_clips) == (1, 2)
        assert [error["path"] for error in stored.errors] == [path]
        assert sum(len(clips) for clips, _ in stored.arrays()) == 2
        assert described == expected
        described.clear()
    with pytest.raises(AudioError, match="NaN"):
        mel_of(asked, folder)
    n_rows = sum(len(pd.read_parquet(shard)) for shard in shards_of(folder))
    assert n_rows == 5  # nothing is kept twice
    write_track(path, 5, 1.05)
    assert len(mel_of(asked, folder)) == 12


def blocks_with_error_at_nan(path, rate):
    samples = soundfile.read(path, dtype="float32")[0]
    for i in range(0, len(samples), SR):
        if np.isnan(samples[i : i + SR]).any():
            raise AudioError(path, "a sample is NaN", "export it anew")
        yield samples[i : i + SR]


def test_a_file_that_changes_between_its_records(tmp_path, monkeypatch, small_records, described):
    path = write_track(tmp_path / "long.wav", 9, 1.05)
    describe = extraction.describe_track

    def change_before_the_third(*job):
        if len(described) == 2:
            write_track(path, 10, 0.85)
        return describe(*job)

    monkeypatch.setattr(extraction, "describe_track", change_before_the_third)
    found = mel_of([path], tmp_path / "store")
    np.testing.assert_array_equal(found, mel_of([path], tmp_path / "other"))
    assert len(found) == 8
    assert described[:5] == [0, 3, 0, 3, 6]


def test_a_lost_record_of_several_is_computed_anew(tmp_path, monkeypatch, small_records):
    long = write_track(tmp_path / "long.wav", 9, 1.05)
    monkeypatch.setattr(store, "_MOST_TRACKS", 1)
    whole = mel_of([long], tmp_path / "store")
    shards = shards_of(tmp_path / "store")
    assert len(shards) == 4
    for lost in (1, 0, 3):
        shards_of(tmp_path / "store")[lost].unlink()
        np.testing.assert_array_equal(mel_of([long], tmp_path / "store"), whole)


def test_lost_and_stopped_and_run_again(tmp_path, monkeypatch, small_records, described):
    long = write_track(tmp_path / "long.wav", 9, 1.05)
    monkeypatch.setattr(store, "_MOST_TRACKS", 1)
    whole = mel_of([long], tmp_path / "store")
    shards_of(tmp_path / "store")[1].unlink()
    described.clear()
    stopped_after(1, described, [long], tmp_path / "store")
    assert described == [3]
    np.testing.assert_array_equal(mel_of([long], tmp_path / "store"), whole)
    names = shards_of(tmp_path / "store")
    names[0].rename(names[0].with_name("99999999999999999999-0.parquet"))  # a clock that is wrong
    np.testing.assert_array_equal(mel_of([long], tmp_path / "store"), whole)
    np.testing.assert_array_equal(mel_of([long], tmp_path / "store"), whole)


def test_spectrograms_are_in_single_precision(music, tmp_path):
    with pytest.raises(ValueError, match="leave out dtype='float64'"):
        extract_to_store(music, tmp_path / "store", CLIP, feature_set=MEL, dtype="float64")


def test_arrays_of_features(music, tmp_path):
    stored = extract_to_store(music[:2], tmp_path / "store", CLIP)
    ((clips, values),) = stored.arrays()
    frame = stored.to_frame()
    np.testing.assert_array_equal(values, frame.iloc[:, 4:])
    pd.testing.assert_frame_equal(clips, frame.iloc[:, :4], check_like=True)


@pytest.mark.parametrize(
    ("extractor", "duration", "message"),
    [
        (SpectrogramExtractor("mel_picture"), 3.0, "keeps no 'mel_picture'"),
        (SpectrogramExtractor("mel"), None, "give a clip duration"),
        (SpectrogramExtractor("mel", sample_rate=8000), 3.0, "leave sample_rate as it is"),
    ],
)
def test_spectrograms_that_a_store_does_not_keep(music, tmp_path, extractor, duration, message):
    with pytest.raises(ValueError, match=message):
        extract_to_store(music, tmp_path / "store", duration, feature_set=extractor)


# Processes that are killed. Their features are cheap: it is not the numbers that matter here.


def cheap(clips):
    return np.cumsum(np.tile(clips.std(axis=1, keepdims=True), 57), axis=1, dtype=float)


RUN = """
import os, signal, sys
from musigenre.features import shards, store
from musigenre.features.extract import extract_to_store
from test_store import CLIP, make_cheap

moment, folder, output = sys.argv[1:]
make_cheap(setattr)
store._MOST_TRACKS = 2
write, calls = shards.pq.write_table, 0

def die(*args):
    os.kill(os.getpid(), signal.SIGKILL)

def write_and_die(table, path, **options):
    global calls
    calls += 1
    if moment == "before the first shard":
        die()
    write(table, path, **options)
    if moment == "half written":
        os.truncate(path, 1000)
    if moment in ("half written", "not renamed") or (moment == "second shard" and calls == 2):
        die()

shards.pq.write_table = write_and_die
files = sorted(entry.path for entry in os.scandir(folder))
features = extract_to_store(files, output + ".store", CLIP)
if moment == "while the table is written":
    os.fsync = die
features.write(output)
"""


def make_cheap(set_attribute):
    features = replace(feature_sets.FEATURE_SETS["gtzan57"], compute=cheap)
    set_attribute(tracks.Recipe, "features", features)


def test_killed_at_any_moment_it_goes_on(music, tmp_path, decoded, monkeypatch):
    make_cheap(monkeypatch.setattr)
    undisturbed, output = tmp_path / "undisturbed.parquet", tmp_path / "table.parquet"
    extract_to_store(music, tmp_path / "other", CLIP).write(undisturbed)
    n_shards = []
    for moment in (
        "before the first shard",
        "half written",
        "not renamed",
        "second shard",
        "while the table is written",
    ):  # each goes on where the one before was killed
        args = [sys.executable, "-c", RUN, moment, str(tmp_path / "music"), str(output)]
        path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        killed = subprocess.run(args, env={**os.environ, "PYTHONPATH": path}, check=False)
        assert killed.returncode == -signal.SIGKILL
        assert not output.exists()
        n_shards.append(len(shards_of(tmp_path / "table.parquet.store")))
    assert n_shards == [0, 0, 0, 1, 3]
    decoded.clear()
    extract_to_store(music, tmp_path / "table.parquet.store", CLIP).write(output)
    assert decoded == []
    assert output.read_bytes() == undisturbed.read_bytes()


def test_damaged_numbers_are_set_aside_and_computed_anew(music, tmp_path):
    expected = extract(music[:2], CLIP, store=tmp_path / "store")
    flip_a_byte_of_the_numbers(*shards_of(tmp_path / "store"))
    with pytest.raises(FeatureStoreError, match="run again, and its tracks are computed anew"):
        extract(music[:2], CLIP, store=tmp_path / "store")
    again = extract(music[:2], CLIP, store=tmp_path / "store")
    pd.testing.assert_frame_equal(again, expected)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"scale": "dB"}, "'scale' parameter"),
        ({"hop_length": 0}, "'hop_length' parameter"),
        ({"duration": 5.0}, "leave out duration=5"),
    ],
)
def test_the_extractor_of_a_store_is_validated(music, tmp_path, params, message):
    with pytest.raises(ValueError, match=message):
        extract_to_store(
            music, tmp_path / "store", CLIP, feature_set=SpectrogramExtractor("mel", **params)
        )
