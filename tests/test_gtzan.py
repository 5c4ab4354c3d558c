import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from musigenre.datasets import DatasetWarning, load_gtzan
from musigenre.features.gtzan57 import FEATURE_NAMES

NAMES = ["blues.00000", "blues.00001", "jazz.00054", "rock.00099"]
PNG = b"\x89PNG\r\n\x1a\n" + b"%s" + b"\x00\x00\x00\x00IEND\xaeB`\x82"


def write_audio(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    extension = path.suffix[1:].upper()
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, 2205)
    soundfile.write(path, noise, 22050, format=extension)


def write_copy(folder, names=NAMES, extension="wav", flat=False):
    for seed, name in enumerate(names):
        genre = "" if flat else name.partition(".")[0]
        write_audio(folder / genre / f"{name}.{extension}", seed)


def write_images(folder, names=NAMES):
    for name in names:
        path = folder / name.partition(".")[0] / f"{name.replace('.', '')}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG % name.encode())


def make_table(names=NAMES, n_clips=None, seed=0):
    files = (
        [f"{name}.wav" for name in names]
        if n_clips is None
        else [f"{name}.{i}.wav" for name in names for i in range(n_clips)]
    )
    values = np.random.default_rng(seed).normal(size=(len(files), len(FEATURE_NAMES)))
    table = pd.DataFrame(values, columns=list(FEATURE_NAMES))
    table.insert(0, "length", 66149)
    table.insert(0, "filename", files)
    table["label"] = [file.partition(".")[0] for file in files]
    return table


def write_table(folder, table, name="features_30_sec.csv"):
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / name, index=False)
    return folder / name


def quiet(root, *args, **parameters):
    return load_gtzan(root, *args, on_problem="ignore", **parameters)


def found(bunch, without=("missing",)):
    rows = bunch.problems[~bunch.problems["kind"].isin(without)]
    return {(Path(row.path).name, row.kind) for row in rows.itertuples()}


LAYOUTS = [
    ("genres", "wav", False, "."),
    ("genres", "au", False, "genres"),
    ("genres_original", "mp3", False, "."),
    ("Data/genres_original", "wav", False, "."),
    ("archive/Data/genres_original", "wav", False, "archive"),
    ("archive/Data/genres_original", "wav", False, "."),
    ("audio", "ogg", False, "audio/jazz/../.."),
    ("flat", "flac", True, "."),
    (".", "wav", True, "."),
]


@pytest.mark.parametrize(("folder", "extension", "flat", "root"), LAYOUTS)
def test_audio_in_every_layout(tmp_path, folder, extension, flat, root):
    write_copy(tmp_path / folder, extension=extension, flat=flat)
    bunch = quiet(tmp_path / root)
    assert [Path(path).name for path in bunch.data] == [f"{name}.{extension}" for name in NAMES]
    assert all(type(path) is str and Path(path).is_file() for path in bunch.data)
    assert bunch.target.tolist() == ["blues", "blues", "jazz", "rock"]
    assert bunch.target_names == ["blues", "jazz", "rock"]
    assert bunch.groups["track"].tolist() == NAMES
    assert bunch.groups["artist"].isna().all()
    assert bunch.metadata is None
    assert "no licence" in bunch.DESCR
    assert found(bunch) == set()
    assert len(bunch.problems) == 1000 - len(NAMES)


def test_one_warning_counts_the_kinds(tmp_path):
    write_copy(tmp_path / "genres")
    (tmp_path / "genres" / "rock" / "rock.00001.wav").touch()
    with pytest.warns(DatasetWarning, match="996 problems: 995 missing, 1 empty") as caught:
        load_gtzan(tmp_path)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.raises(ValueError, match="996 problems: 995 missing, 1 empty"):
        load_gtzan(tmp_path, on_problem="raise")


def test_a_genre_folder_alone_is_enough(tmp_path):
    write_copy(tmp_path / "genres")
    assert quiet(tmp_path / "genres" / "blues").groups["track"].tolist() == NAMES[:2]


def test_the_copy_with_the_most_tracks_is_taken(tmp_path):
    write_copy(tmp_path / "excerpt", NAMES[:1], flat=True)
    write_copy(tmp_path / "genres")
    bunch = quiet(tmp_path)
    assert len(bunch.data) == len(NAMES)
    assert all("genres" in path for path in bunch.data)


def test_the_search_ends_four_folders_down(tmp_path):
    write_copy(tmp_path / "a" / "b" / "c", NAMES[:1])
    write_copy(tmp_path / "a" / "b" / "c" / "d")
    assert len(quiet(tmp_path).data) == 1
    assert len(quiet(tmp_path / "a").data) == len(NAMES)


def test_missing_tracks_are_named(tmp_path):
    names = [f"{genre}.{i:05d}" for genre in ("blues", "rock") for i in range(100)]
    write_table(tmp_path, make_table([name for name in names if name != "rock.00007"]))
    missing = quiet(tmp_path, "30s").problems.query("kind == 'missing'")["path"]
    assert "rock.00007" in set(missing)
    assert len(missing) == 801
    assert not set(missing) & (set(names) - {"rock.00007"})


def test_faults_of_audio_files(tmp_path):
    folder = tmp_path / "genres"
    write_copy(folder, ["blues.00000", "jazz.00001", "rock.00000"])
    (folder / "jazz" / "jazz.00054.wav").write_bytes(b"RIFFnot a sound" * 4)
    (folder / "jazz" / "jazz.00055.wav").touch()
    shutil.copy(folder / "rock" / "rock.00000.wav", folder / "rock" / "rock.00001.wav")
    write_audio(folder / "rock" / "metal.00003.wav", 11)
    write_audio(folder / "rock" / "my song.wav", 12)
    write_audio(folder / "blues" / "blues.00000.flac", 13)
    bunch = quiet(tmp_path)
    assert found(bunch) == {
        ("jazz.00054.wav", "corrupt"),
        ("jazz.00055.wav", "empty"),
        ("rock.00001.wav", "duplicate"),
        ("metal.00003.wav", "mislabelled"),
        ("my song.wav", "unexpected"),
        ("blues.00000.wav", "duplicate"),  # blues.00000.flac comes first
    }
    names = [Path(path).name for path in bunch.data]
    assert names == ["blues.00000.flac", "jazz.00001.wav"] + [
        f"{name}.wav" for name in ("metal.00003", "rock.00000", "rock.00001")
    ]
    assert bunch.target[2] == "rock"  # the label, not the name
    missing = set(bunch.problems.query("kind == 'missing'")["path"])
    assert not {"jazz.00054", "jazz.00055"} & missing  # there, though of no use
    assert ("jazz.00054.wav", "corrupt") not in found(quiet(tmp_path, check=None))


def test_the_famous_corrupt_file(tmp_path, real_data):
    corrupt = real_data("odd_audio/gtzan_corrupt__jazz.00054.wav")
    write_copy(tmp_path / "genres_original", ["jazz.00053", "jazz.00055"])
    shutil.copy(corrupt, tmp_path / "genres_original" / "jazz" / "jazz.00054.wav")
    for check in ("quick", "full"):
        bunch = quiet(tmp_path, check=check)
        assert bunch.groups["track"].tolist() == ["jazz.00053", "jazz.00055"]
        assert found(bunch) == {("jazz.00054.wav", "corrupt")}


def test_images(tmp_path):
    folder = tmp_path / "Data" / "images_original"
    write_images(folder)
    write_copy(tmp_path / "Data" / "genres_original", NAMES[:2])
    (folder / "pop").mkdir()
    (folder / "pop" / "pop00000.png").write_bytes(b"")
    (folder / "pop" / "pop00001.png").write_bytes(b"GIF89a")
    (folder / "pop" / "pop00002.png").write_bytes((PNG % b"pop")[:-4])
    (folder / "pop" / "pop00003.png").symlink_to(folder / "nowhere.png")
    (folder / "rock" / "rock00005.png").write_bytes(PNG % b"rock.00099")
    bunch = quiet(tmp_path, "images")
    assert sorted(bunch.groups["track"]) == sorted([*NAMES, "rock.00005"])
    assert all(path.endswith(".png") for path in bunch.data)
    assert found(bunch) == {
        ("pop00000.png", "empty"),
        ("pop00001.png", "corrupt"),
        ("pop00002.png", "corrupt"),
        ("pop00003.png", "corrupt"),
        ("rock00099.png", "duplicate"),
    }


@pytest.mark.parametrize("root", [".", "Data", "Data/features_30_sec.csv"])
def test_table_of_tracks(tmp_path, root):
    table = make_table()
    write_table(tmp_path / "Data", table)
    bunch = quiet(tmp_path / root, "30s")
    assert list(bunch.data.columns) == list(FEATURE_NAMES)
    assert bunch.data.index.tolist() == [f"{name}.wav" for name in NAMES]
    np.testing.assert_array_equal(bunch.data.to_numpy(), table[list(FEATURE_NAMES)].to_numpy())
    assert bunch.target.tolist() == ["blues", "blues", "jazz", "rock"]
    assert bunch.groups["track"].tolist() == NAMES
    assert found(bunch) == set()


def test_table_of_clips(tmp_path):
    table = make_table(n_clips=10).drop(index=[3, 17])
    write_table(tmp_path, table, "features_3_sec.csv")
    bunch = quiet(tmp_path, "3s")
    assert bunch.data.shape == (38, 57)
    assert bunch.data.index[0] == "blues.00000.0.wav"
    assert bunch.groups["track"].value_counts().to_dict() == dict(
        zip(NAMES, (9, 9, 10, 10), strict=True)
    )
    assert found(bunch) == {("blues.00000", "clip count"), ("blues.00001", "clip count")}


def test_columns_in_another_order_are_put_right(tmp_path):
    table = make_table()
    write_table(tmp_path, table[table.columns[::-1]])
    data = quiet(tmp_path, "30s").data
    np.testing.assert_array_equal(data.to_numpy(), table[list(FEATURE_NAMES)].to_numpy())


def test_faults_of_a_table(tmp_path):
    names = [f"pop.{i:05d}" for i in range(8)]
    table = make_table(names)
    table["mood"] = "sad"
    table.loc[1, "tempo"] = np.nan
    table.loc[2, "mfcc3_var"] = np.inf
    table.loc[3, "label"] = "rock"
    table.loc[4, FEATURE_NAMES] = table.loc[0, FEATURE_NAMES].to_numpy()
    table.loc[5, "filename"] = "pop.00000.wav"
    table.loc[6, "filename"] = "hello.wav"
    table.loc[7, "label"] = np.nan
    write_table(tmp_path, table)
    bunch = quiet(tmp_path, "30s")
    assert found(bunch) == {
        ("features_30_sec.csv", "unknown column"),
        ("pop.00001.wav", "missing value"),
        ("pop.00002.wav", "missing value"),
        ("pop.00003.wav", "mislabelled"),
        ("pop.00004.wav", "duplicate"),
        ("pop.00000.wav", "duplicate"),
        ("hello.wav", "unexpected"),
        ("pop.00007.wav", "missing value"),
    }
    assert bunch.data.index.tolist() == ["pop.00000.wav", "pop.00003.wav", "pop.00004.wav"]
    assert bunch.target.tolist() == ["pop", "rock", "pop"]
    assert np.isfinite(bunch.data.to_numpy()).all()
    detail = bunch.problems.set_index("path")["detail"]
    assert detail["pop.00001.wav"] == "line 3 has a gap; left out"
    assert detail["pop.00004.wav"] == "same numbers as pop.00000.wav"


def spoil_column(table):
    return table.rename(columns={"tempo": "bpm"})


def spoil_cell(table):
    table["mfcc1_mean"] = table["mfcc1_mean"].astype(object)
    table.loc[2, "mfcc1_mean"] = "loud"
    return table


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_column, r"features_30_sec\.csv' lacks 1 of its columns: tempo; .*Rename"),
        (spoil_cell, r"csv', line 4, column 'mfcc1_mean': 'loud' is no number\. Correct"),
        (lambda table: table.drop(columns="label"), "lacks 1 of its columns: label"),
        (lambda table: table[:0], "has a header but no rows"),
        (lambda table: table.assign(tempo=np.nan), r"nothing in .* can be used: 4 files or rows"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path, spoil, message):
    write_table(tmp_path, spoil(make_table()))
    with pytest.raises(ValueError, match=message):
        load_gtzan(tmp_path, "30s")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no table with commas"),
        (b"a,b\n1,2\n1,2,3\n", r"is no table with commas .* line 3.*Fetch it anew"),
        (b"\xff\xfe\x00\x81,\x9d\n", "is no table with commas"),
        (b"version https://git-lfs.github.com/spec/v1\n", "lacks 59 of its columns: filename, "),
    ],
)
def test_files_that_are_no_tables(tmp_path, content, message):
    (tmp_path / "features_3_sec.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_gtzan(tmp_path, "3s")


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        load_gtzan(tmp_path / "nowhere")
    with pytest.raises(
        ValueError, match=r"holds no audio of GTZAN: no file named like blues\.0000"
    ):
        load_gtzan(tmp_path)
    with pytest.raises(ValueError, match="holds no images of GTZAN"):
        load_gtzan(tmp_path, "images")
    with pytest.raises(FileNotFoundError, match=r"holds no features_3_sec\.csv"):
        load_gtzan(tmp_path, "3s")
    with pytest.raises(ValueError, match="'features' parameter of load_gtzan"):
        load_gtzan(tmp_path, "10s")


@pytest.fixture
def artists():
    return pd.DataFrame(
        {
            "track": [*NAMES, "pop.00009"],
            "artist": ["hooker", "hooker", None, "007", "x"],
            "duplicate_of": [None, "blues.00000", "pop.00009", None, None],
        }
    )


@pytest.mark.parametrize("root", [".", "audio"])
def test_artists_beside_the_data(tmp_path, artists, root):
    write_copy(tmp_path / "audio")
    artists.to_csv(tmp_path / "tracks.csv", index=False)
    bunch = quiet(tmp_path / root)
    assert bunch.groups["artist"].dropna().to_dict() == {0: "hooker", 1: "hooker", 3: "007"}
    assert bunch.metadata.loc["blues.00001", "duplicate_of"] == "blues.00000"
    # pop.00009 is not in this copy, so jazz.00054 is no duplicate in it.
    assert found(bunch) == {("blues.00001.wav", "duplicate")}


def test_artists_from_elsewhere(tmp_path, artists):
    write_table(tmp_path / "data", make_table(n_clips=10), "features_3_sec.csv")
    artists.to_csv(tmp_path / "who.csv", index=False)
    assert quiet(tmp_path / "data", "3s").groups["artist"].isna().all()
    bunch = quiet(tmp_path / "data", "3s", metadata=tmp_path / "who.csv")
    assert bunch.groups["artist"].notna().sum() == 30
    assert len(found(bunch)) == 10


def test_artists_with_numbers_for_names(tmp_path):
    write_copy(tmp_path, flat=True)
    who = pd.DataFrame({"track": NAMES, "artist": ["007", "010", "1", "2"]})
    who.to_csv(tmp_path / "tracks.csv", index=False)
    assert quiet(tmp_path).groups["artist"].tolist() == ["007", "010", "1", "2"]


def test_metadata_that_cannot_be_used(tmp_path, artists):
    write_copy(tmp_path / "genres")
    path = tmp_path / "who.csv"
    with pytest.raises(FileNotFoundError, match=r"no file .*who\.csv'. Check `metadata`"):
        load_gtzan(tmp_path, metadata=path)
    artists.drop(columns="artist").to_csv(path, index=False)
    with pytest.raises(ValueError, match="lacks 1 of its columns: artist"):
        load_gtzan(tmp_path, metadata=path)
    pd.concat([artists, artists[:1]]).to_csv(path, index=False)
    with pytest.raises(ValueError, match=r"line 7: track 'blues\.00000' is there already"):
        load_gtzan(tmp_path, metadata=path)


def test_another_tracks_csv_is_not_ours(tmp_path):
    write_copy(tmp_path / "genres")
    (tmp_path / "tracks.csv").write_text("id,length\n1,2\n")
    assert quiet(tmp_path).metadata is None


def test_the_real_copy(real_data):
    root = real_data("gtzan")
    shapes = {"audio": (721,), "30s": (850, 57), "3s": (8252, 57), "images": (120,)}
    for features, shape in shapes.items():
        bunch = quiet(root, features)
        assert bunch.data.shape == shape
        assert len(bunch.target) == len(bunch.groups) == shape[0]
        assert len(bunch.target_names) == 10
        assert bunch.groups.notna().all(axis=None)
        assert not {"corrupt", "mislabelled", "unexpected"} & set(bunch.problems["kind"])
        track = bunch.groups["track"].str.partition(".")[0]
        assert (track.to_numpy() == bunch.target).all()


def test_the_real_tables(real_data):
    root = real_data("gtzan")
    tracks, clips = quiet(root, "30s"), quiet(root, "3s")
    duplicates = tracks.problems.query("kind == 'duplicate'")["path"]
    assert "rock.00016.wav" in set(duplicates)  # a recording that is metal.00058 too
    assert len(duplicates) == 11
    assert tracks.problems["kind"].value_counts()["missing"] == 150
    assert clips.problems["kind"].value_counts()["clip count"] == 122
    assert set(clips.groups["track"]) == set(tracks.groups["track"])
    assert tracks.groups["artist"].nunique() == 241
    assert tracks.data["tempo"].iloc[0] == 123.046875
