"""musigenre reproduce: units, claims, protocols, and that nothing is lost when it is stopped."""

import ast
import dataclasses
import graphlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import musigenre.paper
from musigenre import make_tracks
from musigenre.datasets import KINDS
from musigenre.paper import ROWS, Settings, Unit, get_rows, reproduce
from musigenre.paper.claims import Claim
from musigenre.paper.dataset import Dataset
from musigenre.paper.fitting import run_unit
from musigenre.paper.holdouts import draw_holdout, possible_protocols
from musigenre.paper.manifest import check_manifest, read_calls, read_manifest, write_manifest
from musigenre.paper.planning import plan_units
from musigenre.paper.results import Results
from musigenre.paper.runner import Runner, _environment
from musigenre.paper.sources import Sources, find_sources

SETTINGS = Settings(epochs=2, short_epochs=1, n_trials=2)
GENRES = ("blues", "jazz", "metal")
N_TRACKS, N_ARTISTS = 12, 4


@pytest.fixture(scope="session")
def small_gtzan(tmp_path_factory) -> Path:
    """A folder like GTZAN of synthetic music: three genres, two clips a track, artists, parts."""
    root = tmp_path_factory.mktemp("gtzan")
    rows = []
    for kind, genre in zip(KINDS, GENRES, strict=False):
        made = make_tracks(
            root / "made", N_TRACKS, kinds=[kind], duration=6.2, n_artists=N_ARTISTS, random_state=0
        )
        (root / "audio" / genre).mkdir(parents=True)
        parts = dict(zip(sorted(set(made.groups["artist"])), ("test", "validation"), strict=False))
        for number, (path, artist) in enumerate(zip(made.data, made.groups["artist"], strict=True)):
            Path(path).rename(root / "audio" / genre / f"{genre}.{number:05d}.wav")
            rows.append((f"{genre}.{number:05d}", artist, parts.get(artist, "train")))
    columns = ["track", "artist", "fault_filtered_part"]
    pd.DataFrame(rows, columns=columns).to_csv(root / "tracks.csv", index=False)
    return root


@pytest.fixture(scope="session")
def finished(small_gtzan, tmp_path_factory) -> Path:
    """An undisturbed run of two rows under two protocols."""
    results = tmp_path_factory.mktemp("undisturbed") / "results"
    done = reproduce(small_gtzan, results, **ASKED, n_jobs=2)
    assert done.failed == []
    return results


ASKED = {
    "rows": ["reva-knn", "tzanetakis-knn"],
    "protocols": ["paper", "artist"],
    "holdouts": 2,
    "settings": SETTINGS,
    "report": False,
}


def outcome(results: Path) -> dict[str, object]:
    """Everything of the units that may not depend on chance: scores and predictions."""
    found: dict[str, object] = {}
    for path in sorted((results / "units").rglob("*.json")):
        record = json.loads(path.read_text())
        for changing in ("seconds", "began", "peak_mib"):
            del record[changing]
        name = path.relative_to(results).as_posix()
        found[name] = record
        with np.load(path.with_suffix(".npz")) as arrays:
            found |= {f"{name}/{key}": arrays[key].tolist() for key in arrays.files}
    return found


# ---- Modules ----


def test_imports_of_the_paper_go_downwards_only():
    package = Path(musigenre.paper.__file__).parent
    modules = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).with_suffix("").parts
        modules[".".join(("musigenre.paper", *parts)).removesuffix(".__init__")] = path
    del modules["musigenre.paper"]  # the face of all of them
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):  # late ones as well: they only hide a cycle
                for alias in node.names:
                    module = f"{node.module}.{alias.name}"  # or a name in a module
                    found.add(module if module in modules else node.module)
        graph[name] = found & set(modules)
    assert len(graph) > 20
    assert list(graphlib.TopologicalSorter(graph).static_order())  # or CycleError names the cycle


# ---- Rows ----


def test_table_one_has_the_rows_of_the_paper():
    rows = get_rows(["table-one"])
    accuracies = [row.reported["test_accuracy"] for row in rows]
    assert accuracies == [
        0.641,
        0.879,
        0.675,
        0.864,
        0.496,
        0.679,
        0.405,
        0.705,
        0.724,
        0.789,
        0.863,
    ]
    assert not any(row.ours or row.prior for row in rows)


@pytest.mark.parametrize("key", ROWS)
def test_every_row_makes_a_classifier_that_can_be_seeded(key):
    from sklearn.base import clone, is_classifier

    from musigenre.paper.fitting import seeded

    estimator = clone(seeded(ROWS[key].make(SETTINGS), 7))
    assert is_classifier(estimator)
    seeds = [value for name, value in estimator.get_params().items() if "random_state" in name]
    assert set(seeds) <= {7}


def test_the_paper_s_plan_reaches_its_networks():
    parameters = ROWS["cnn-mfcc-3s"].make(Settings()).get_params()
    assert parameters["classifier__epochs"] == 100
    assert parameters["classifier__batch_size"] == 128
    assert parameters["classifier__early_stopping"] is True


def test_unknown_rows_are_named():
    with pytest.raises(ValueError, match="unknown row 'mlp'; choose from table-one"):
        get_rows(["mlp"])


# ---- Units ----


def test_the_first_holdout_of_everything_comes_first():
    units = plan_units(get_rows(), ["paper", "track", "artist", "fault-filtered"], 3)
    assert len(set(units)) == len(units)
    holdouts = [unit.holdout for unit in units]
    assert holdouts == sorted(holdouts)
    assert [unit.holdout for unit in units if unit.protocol == "fault-filtered"] == [0] * len(ROWS)
    # A row of whole tracks is drawn over tracks anyway: one unit serves two protocols.
    assert not any(unit.protocol == "paper" and unit.row == "mlp-30s" for unit in units)


def test_a_seed_belongs_to_a_unit():
    names = [("mlp-3s", "paper", 0), ("mlp-3s", "paper", 1), ("mmnn", "paper", 0)]
    seeds = {Settings().seed(*name) for name in names}
    assert len(seeds) == 3
    assert Settings(random_state=1).seed(*names[0]) not in seeds


# ---- Holdouts ----


def test_systems_are_tested_on_the_same_tracks_whatever_they_hear(finished):
    dataset = Dataset(finished / "data")
    clips, tracks = dataset.tracks, dataset.tracks
    clips = pd.concat([tracks, tracks], ignore_index=True)
    for protocol in possible_protocols(tracks)[1:]:
        drawn = draw_holdout(tracks, tracks, protocol, 0, SETTINGS)
        of_clips = draw_holdout(clips, tracks, protocol, 0, SETTINGS)
        tested = set(tracks["track"].iloc[drawn.test])
        assert tested == set(clips["track"].iloc[of_clips.test])
        assert not tested & set(clips["track"].iloc[of_clips.train])
        if protocol == "artist":
            artists = tracks["artist"]
            assert not set(artists.iloc[drawn.test]) & set(artists.iloc[drawn.train])


def test_a_holdout_does_not_depend_on_how_many_there_are(finished):
    dataset = Dataset(finished / "data")
    third = draw_holdout(dataset.tracks, dataset.tracks, "artist", 2, SETTINGS)
    again = draw_holdout(dataset.tracks, dataset.tracks, "artist", 2, SETTINGS)
    first = draw_holdout(dataset.tracks, dataset.tracks, "artist", 0, SETTINGS)
    np.testing.assert_array_equal(third.test, again.test)
    assert third.test.tolist() != first.test.tolist()


def test_the_fault_filtered_split_is_the_published_one(finished):
    tracks = Dataset(finished / "data").tracks
    holdout = draw_holdout(tracks, tracks, "fault-filtered", 0, SETTINGS)
    assert set(tracks["fault_filtered_part"].iloc[holdout.test]) == {"test"}
    assert set(tracks["fault_filtered_part"].iloc[holdout.train]) == {"train", "validation"}


def test_without_artists_their_protocols_cannot_be_followed(finished):
    tracks = Dataset(finished / "data").tracks.assign(artist=np.nan, fault_filtered_part=np.nan)
    assert possible_protocols(tracks) == ["paper", "track"]
    with pytest.raises(ValueError, match=r"'artist' needs to know the artist .* tracks\.csv"):
        draw_holdout(tracks, tracks, "artist", 0, SETTINGS)


@pytest.fixture(scope="session")
def unlabelled(small_gtzan, tmp_path_factory) -> Path:
    """The same music without artists and parts."""
    root = tmp_path_factory.mktemp("unlabelled") / "gtzan"
    shutil.copytree(small_gtzan / "audio", root / "audio")
    return root


def test_what_cannot_be_done_is_refused_before_anything_is(
    unlabelled, small_gtzan, finished, tmp_path
):
    results = tmp_path / "results"
    with pytest.raises(ValueError, match=r"'artist' cannot be followed: .* \(see metadata\)"):
        reproduce(unlabelled, results, **ASKED)
    lone = pd.read_csv(small_gtzan / "tracks.csv").assign(artist="one")
    lone.to_csv(tmp_path / "lone.csv", index=False)
    with pytest.raises(ValueError, match="'artist' cannot be followed: no group can be held out"):
        reproduce(unlabelled, results, **ASKED, metadata=tmp_path / "lone.csv")
    published_alone(finished, tmp_path / "copy")
    asked = {"rows": ["tzanetakis-knn"], "settings": Settings("published", epochs=2)}
    with pytest.raises(ValueError, match=r"none of the rows .* no audio to compute tzanetakis"):
        reproduce(tmp_path / "copy", results, **asked)
    assert not results.exists()


def test_protocols_are_left_out_that_nobody_asked_for_by_name(unlabelled, tmp_path):
    asked = {"rows": ["reva-knn"], "holdouts": 1, "settings": SETTINGS, "report": False}
    done = reproduce(unlabelled, tmp_path / "results", **asked, n_jobs=1)
    assert set(done.impossible) == {"artist", "fault-filtered"}
    assert done.units == [Unit("reva-knn", "track", 0)]
    assert done.failed == []
    assert read_calls(done.results)[0]["protocols"] == ["paper", "track"]


# ---- Running ----


def test_a_unit_keeps_what_reports_need(finished):
    unit = Unit("reva-knn", "artist", 1)
    record = unit.read(finished)
    assert record["seed"] == SETTINGS.seed("reva-knn", "artist", 1)
    assert set(record["scores"]["train"]) == {"accuracy", "auroc", "auprc"}
    assert record["parameters"]["classifier__n_neighbors"] == 5
    assert record["versions"]["scikit-learn"]
    predictions = unit.predictions(finished)
    table = Dataset(finished / "data").table("features_30s")
    np.testing.assert_array_equal(
        table["track"].to_numpy()[predictions["rows"]], predictions["tracks"]
    )
    truth = predictions["classes"][predictions["genres"]]
    np.testing.assert_array_equal(table["genre"].to_numpy()[predictions["rows"]], truth)
    right = predictions["proba"].argmax(axis=1) == predictions["genres"]
    assert right.mean() == pytest.approx(record["scores"]["test"]["accuracy"])


@pytest.mark.parametrize("key", ["tuned-mlp-no-mfcc-30s", "mmnn-blended"])
def test_networks_tell_how_they_were_trained(key, small_gtzan, finished):
    from musigenre.paper.preparation import prepare

    prepare(finished / "data", find_sources(small_gtzan, SETTINGS), SETTINGS, ROWS[key].kinds)
    unit = Unit(key, "track", 0)
    scores = []
    for _ in range(2):
        run_unit(finished, unit, SETTINGS, threads=1)
        record = unit.read(finished)
        scores.append((record["scores"], unit.predictions(finished)["proba"].tolist()))
    assert scores[0] == scores[1]  # bit for bit
    learned = record["learned"]
    assert len(learned["history"]["loss"]) >= 1
    if key.startswith("tuned"):
        assert len(learned["trials"]) == SETTINGS.n_trials
        assert not any("mfcc" in name for name in learned["dropped_features"])
    else:
        assert set(learned["blending"])
    for path in (unit.path(finished), unit.path(finished).with_suffix(".npz")):
        path.unlink()


def test_what_is_done_is_not_done_again(small_gtzan, finished):
    unit = Unit("reva-knn", "artist", 0)
    before = unit.path(finished).stat().st_mtime_ns
    reproduce(small_gtzan, finished, **ASKED)
    assert unit.path(finished).stat().st_mtime_ns == before
    assert [call["holdouts"] for call in read_calls(finished)][:2] == [2, 2]


def test_other_settings_or_data_are_refused(small_gtzan, unlabelled, finished, tmp_path):
    with pytest.raises(ValueError, match="epochs was 2 and is now 3"):
        reproduce(small_gtzan, finished, **ASKED | {"settings": Settings(epochs=3, n_trials=2)})
    labels = pd.read_csv(small_gtzan / "tracks.csv")
    labels["artist"] += " and others"
    labels.to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(ValueError, match="with other artists of the tracks; give the same"):
        reproduce(small_gtzan, finished, **ASKED, metadata=tmp_path / "other.csv")
    labels.assign(artist="one").to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(ValueError, match="was made with other artists"):  # and not: too few artists
        reproduce(small_gtzan, finished, **ASKED, metadata=tmp_path / "other.csv")
    with pytest.raises(ValueError, match="with artists of the tracks, and none are known now"):
        reproduce(unlabelled, finished, **ASKED)
    shutil.copytree(small_gtzan / "audio", tmp_path / "fewer")
    (tmp_path / "fewer" / "jazz" / "jazz.00003.wav").unlink()
    with pytest.raises(ValueError, match="was made from other data: tracks, genres or files"):
        reproduce(tmp_path / "fewer", finished, **ASKED, metadata=small_gtzan / "tracks.csv")
    with pytest.raises(ValueError, match="is a file; give a folder"):
        reproduce(small_gtzan, tmp_path / "other.csv", **ASKED)
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(ValueError, match="holds other things"):
        reproduce(small_gtzan, tmp_path, **ASKED)


def in_the_first_form(results: Path, sources: Sources) -> None:
    """Write manifest and tables.json with one fingerprint of everything, as was done at first."""
    for path, name in ((results / "manifest.json", "data"), (results / "data/tables.json", None)):
        about = json.loads(path.read_text())
        del about["labels"]
        if name is None:
            del about["data"]
        path.write_text(json.dumps(about | {name or "fingerprint": sources.fingerprint()}))


@pytest.mark.parametrize("first_form", [False, True])
@pytest.mark.parametrize("published", [False, True])
def test_artists_may_be_added_to_a_folder_that_was_begun_without(
    first_form, published, unlabelled, small_gtzan, finished, tmp_path
):
    root, results, metadata = unlabelled, tmp_path / "results", small_gtzan / "tracks.csv"
    asked = ASKED | {"rows": ["reva-knn"], "holdouts": 1}
    if published:
        root = tmp_path / "copy"
        published_alone(finished, root)
        asked["settings"] = Settings("published", epochs=2)
    done = reproduce(root, results, **asked | {"protocols": ["track"]})
    before = done.units[0].read(results), (results / "data/features_30s.json").read_bytes()
    if first_form:
        in_the_first_form(results, find_sources(root, asked["settings"]))
    done = reproduce(root, results, **asked, metadata=metadata)
    assert done.failed == []
    by_artist = Unit("reva-knn", "artist", 0)
    assert by_artist.read(results)["scores"] == by_artist.read(finished)["scores"]
    # What was done without them stands.
    unit = Unit("reva-knn", "track", 0)
    assert (unit.read(results), (results / "data/features_30s.json").read_bytes()) == before
    with pytest.raises(ValueError, match="none are known now"):
        reproduce(root, results, **asked | {"protocols": ["track"]})
    labels = pd.read_csv(metadata, dtype=object)
    labels["fault_filtered_part"] = labels["fault_filtered_part"].iloc[::-1].to_numpy()
    labels.to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(ValueError, match="other fault-filtered parts"):
        reproduce(root, results, **asked, metadata=tmp_path / "other.csv")


def test_a_folder_of_the_first_form_stays_as_it_is(small_gtzan, unlabelled, finished, tmp_path):
    results = tmp_path / "results"
    shutil.copytree(finished, results)
    in_the_first_form(results, find_sources(small_gtzan, SETTINGS))
    files = [results / "manifest.json", *sorted((results / "data").iterdir())]
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in files]
    done = reproduce(small_gtzan, results, **ASKED)
    assert done.failed == []
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in files] == before
    with pytest.raises(ValueError, match="was made from other data: tracks, labels or files"):
        reproduce(unlabelled, results, **ASKED)


def test_a_failed_unit_is_recorded_and_the_rest_goes_on(small_gtzan, finished, tmp_path):
    results = tmp_path / "results"
    reproduce(small_gtzan, results, **ASKED | {"rows": ["reva-knn"], "holdouts": 1})
    array = results / "data" / "features_30s.npy"
    whole = array.read_bytes()
    array.write_bytes(whole[:200])
    asked = ASKED | {"protocols": ["artist"]}
    done = reproduce(small_gtzan, results, **asked)
    assert done.failed == [Unit("reva-knn", "artist", 1)]
    error = done.failed[0].read_error(results)
    assert "ValueError" in error["error"]
    assert "array" in error["traceback"]
    assert Unit("tzanetakis-knn", "artist", 1).is_done(results)
    array.write_bytes(whole)
    assert reproduce(small_gtzan, results, **asked).failed == []
    assert done.failed[0].read_error(results) is None


@pytest.mark.skipif(os.name != "posix", reason="Windows knows no signals")
@pytest.mark.parametrize(
    ("signal_name", "n_jobs", "error"),
    [
        (
            "KILL",
            2,
            "the process was ended by signal 9 (SIGKILL), most likely because memory ran out: "
            "run fewer than 2 units at a time (--jobs, n_jobs)",
        ),
        (
            "KILL",
            1,
            "the process was ended by signal 9 (SIGKILL), most likely because memory ran out: "
            "free some, or take a machine with more",
        ),
        ("TERM", 2, "the process was ended by signal 15 (SIGTERM)"),
    ],
)
def test_a_killed_process_is_told_with_its_likely_cause(
    signal_name, n_jobs, error, tmp_path, monkeypatch
):
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\necho before the end\nkill -{signal_name} $$\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    unit = Unit("reva-knn", "track", 0)
    runner = Runner(tmp_path / "results", SETTINGS, n_jobs, 1, lambda *told: None)
    assert runner.run([unit]) == [unit]
    told = unit.read_error(tmp_path / "results")
    assert told == {"error": error, "traceback": "before the end\n"}


def test_killed_twice_it_ends_as_if_it_had_not_been(small_gtzan, finished, tmp_path):
    results = tmp_path / "results"
    # Where the tests run in the background, interrupts are ignored, by what they start as well.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from musigenre.cli import app; app()"
    )
    command = [sys.executable, "-c", program, "reproduce", str(small_gtzan)]
    command += ["-o", str(results), "--rows", ",".join(ASKED["rows"])]
    command += ["--protocols", ",".join(ASKED["protocols"]), "--holdouts", "2", "--jobs", "2"]
    command += ["--epochs", "2", "--short-epochs", "1", "--trials", "2"]

    def n_done() -> int:
        return len(list(results.rglob("units/*/*/*.json")))

    def stop_after_one_more(how: signal.Signals) -> int:
        n_before = n_done()
        process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        deadline = time.monotonic() + 120
        while n_done() <= n_before:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(how)
        process.communicate()
        return process.returncode

    if os.name == "posix":
        assert stop_after_one_more(signal.SIGKILL) == -signal.SIGKILL
        time.sleep(2.0)  # for processes of units to see that they are alone, and end
        assert stop_after_one_more(signal.SIGINT) == 130
        assert not list(results.rglob("*.error.json"))
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "8 of 8 units are done" in result.stdout
    assert outcome(results) == outcome(finished)
    assert read_manifest(results)["data"] == read_manifest(finished)["data"]


def test_another_machine_may_have_the_data_elsewhere(small_gtzan, finished, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    shutil.copytree(small_gtzan, here, ignore=shutil.ignore_patterns("made"))
    asked = ASKED | {"protocols": ["artist"], "holdouts": 1}
    reproduce(here, tmp_path / "results", **asked | {"rows": ["reva-knn"]})
    here.rename(there)
    done = reproduce(there, tmp_path / "results", **asked)  # computes an array from there
    assert done.failed == []
    for unit in done.units:
        assert unit.read(done.results)["scores"] == unit.read(finished)["scores"]


def test_what_a_crash_leaves_behind_is_no_other_thing(small_gtzan, tmp_path):
    results = tmp_path / "results"
    results.mkdir()
    (results / ".manifest.json.0a1b2c3d.tmp").touch()
    check_manifest(results, SETTINGS)
    sources = find_sources(small_gtzan, SETTINGS)
    write_manifest(results, SETTINGS, sources)
    write_manifest(results, SETTINGS, sources)
    # Of two processes that start at once with different settings, the second is refused.
    with pytest.raises(ValueError, match="epochs was 2 and is now 3"):
        write_manifest(results, Settings(epochs=3, short_epochs=1, n_trials=2), sources)


def test_stray_files_and_rows_of_other_versions_do_not_spoil_results(finished, tmp_path):
    results = tmp_path / "results"
    shutil.copytree(finished, results)
    unit = Unit("reva-knn", "artist", 0)
    path = unit.path(results)
    shutil.copy(path, path.with_name("0 (copy).json"))
    shutil.copytree(path.parent, path.parent.with_name("of-the-future"))
    with (results / "calls.jsonl").open("a") as file:
        call = {"rows": ["of-the-future"], "protocols": ["artist"], "holdouts": 9, "impossible": {}}
        file.write(json.dumps(call) + "\n")
    found = Results(results)
    assert found.missing == []
    assert {unit.row for unit in found.records} == set(ASKED["rows"])
    path.with_suffix(".npz").unlink()
    with pytest.raises(ValueError, match=r"0\.npz' is damaged or missing: delete .*0\.json'"):
        unit.predictions(results)


def test_the_command_says_what_it_lacks(tmp_path, monkeypatch):
    import warnings

    from typer.testing import CliRunner

    from musigenre.cli import app

    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    for arguments, message in [
        ([], "name a folder of GTZAN"),
        (["--report-only"], "holds no reproduction"),
        ([str(tmp_path), "--rows", "mlp"], "unknown row 'mlp'"),
        ([str(tmp_path), "--protocols", "papers"], "unknown protocol 'papers'"),
        ([str(tmp_path)], "holds no audio of GTZAN"),
        (
            [str(tmp_path), "--jobs", "0"],
            "'--jobs' / '-j': 0 jobs do no work; give 1 or more, or -1",
        ),
        ([str(tmp_path), "--seed", "-1"], "'--seed': -1 is no seed; give one of 0 to 4294967295"),
        ([str(tmp_path), "--seed", str(2**32)], "'--seed': 4294967296 is no seed"),
        ([str(tmp_path), "--report-only"], "--report-only takes no DIR"),
        (["--report-only", "--rows", "mlp-3s"], "--report-only takes no --rows"),
        (
            ["--report-only", "--short-epochs", "12", "-j", "1"],
            "--report-only takes no --short-epochs, --jobs",
        ),
    ]:
        command = ["reproduce", "-o", str(tmp_path / "results"), *arguments]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 2, result.output
        # A narrow terminal breaks lines, and puts a box around some errors.
        said = " ".join(result.output.replace("│", " ").split())
        assert message in said
        assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("parameter", ["n_jobs", "threads", "holdouts"])
def test_numbers_out_of_range_are_named(parameter, small_gtzan, tmp_path):
    with pytest.raises(ValueError, match=f"{parameter} must be 1 or more.* got 0"):
        reproduce(small_gtzan, tmp_path / "results", **ASKED | {parameter: 0})
    assert not (tmp_path / "results").exists()


# ---- Arrays ----


def test_arrays_from_elsewhere_are_taken_over_if_they_are_the_same(small_gtzan, finished, tmp_path):
    name = "features_30s.npy"
    (tmp_path / "results" / "data").mkdir(parents=True)
    copied = tmp_path / "results" / "data" / name
    copied.write_bytes((finished / "data" / name).read_bytes())
    asked = ASKED | {"rows": ["reva-knn"], "protocols": ["artist"], "holdouts": 1}
    done = reproduce(small_gtzan, tmp_path / "results", **asked)
    about = json.loads(copied.with_suffix(".json").read_text())
    assert about["origin"].startswith("found")
    unit = done.units[0]
    assert unit.read(done.results)["scores"] == unit.read(finished)["scores"]


def test_arrays_of_something_else_are_refused(small_gtzan, finished, tmp_path):
    name = "features_30s.npy"
    (tmp_path / "results" / "data").mkdir(parents=True)
    values = np.load(finished / "data" / name)
    np.save(tmp_path / "results" / "data" / name, values[::-1])
    asked = ASKED | {"rows": ["reva-knn"]}
    with pytest.raises(
        ValueError, match=r"does not hold gtzan57 .* of track 'blues\.00000': delete"
    ):
        reproduce(small_gtzan, tmp_path / "results", **asked)


def published_alone(finished: Path, folder: Path) -> None:
    """Make a copy of GTZAN that holds a published table and no audio."""
    from musigenre.features.gtzan57 import FEATURE_NAMES

    table = Dataset(finished / "data").table("features_30s")
    values = Dataset(finished / "data").array("features_30s").astype(float)
    published = pd.DataFrame(values, columns=FEATURE_NAMES)
    published.insert(0, "filename", table["track"] + ".wav")
    published["label"] = table["genre"]
    folder.mkdir()
    published.to_csv(folder / "features_30_sec.csv", index=False)


def test_published_tables_are_used_when_asked(small_gtzan, finished, tmp_path):
    published_alone(finished, tmp_path / "copy")
    asked = ASKED | {"settings": Settings("published", epochs=2), "protocols": ["track"]}
    metadata = small_gtzan / "tracks.csv"
    done = reproduce(tmp_path / "copy", tmp_path / "results", **asked, metadata=metadata)
    assert done.impossible == {"tzanetakis-knn": "there is no audio to compute tzanetakis from"}
    record = Unit("reva-knn", "track", 0).read(done.results)
    assert record["scores"] == Unit("reva-knn", "track", 0).read(finished)["scores"]


# ---- Claims ----


def test_a_claim_of_a_dead_or_silent_process_is_taken_over(tmp_path):
    path = tmp_path / "claim"
    mine, other = Claim(path), Claim(path)
    assert mine.take()
    assert not other.take()
    about = json.loads(path.read_text())
    # A process of that number cannot live: the largest there can be is smaller.
    path.write_text(json.dumps(about | {"process": 2**30}))
    if os.name == "posix":
        assert other.take()
    path.write_text(json.dumps(about))
    assert not other.take()
    os.utime(path, (time.time() - 3600,) * 2)
    assert other.take()
    mine.release()  # no longer its own
    assert path.exists()
    other.release()
    assert not path.exists()


@pytest.mark.parametrize("form", ["of a clone", "of the first form", "damaged"])
def test_another_machine_of_the_same_name_loses_its_claim_by_silence_alone(form, tmp_path):
    path = tmp_path / "claim"
    mine, other = Claim(path), Claim(path)
    assert mine.take()
    # Its processes are not seen here, so none of its numbers is alive.
    about = json.loads(path.read_text()) | {"process": 2**30, "machine": "another"}
    if form == "of the first form":
        del about["machine"]
    path.write_text("[]" if form == "damaged" else json.dumps(about))
    assert not other.take()
    os.utime(path, (time.time() - 3600,) * 2)
    assert other.take()
    assert other.is_ours()


def test_who_lost_a_claim_does_not_renew_it(tmp_path):
    path = tmp_path / "claim"
    mine, other = Claim(path), Claim(path)
    assert mine.take()
    long_ago = time.time() - 3600
    os.utime(path, (long_ago,) * 2)
    assert other.take()
    os.utime(path, (long_ago,) * 2)
    mine.renew()
    assert not mine.is_ours()
    assert path.stat().st_mtime == pytest.approx(long_ago)
    other.renew()
    assert path.stat().st_mtime > time.time() - 60


def test_one_that_seemed_dead_waits_for_the_other_that_took_over(small_gtzan, tmp_path):
    """Asleep in the midst of an array, it loses its claim; awake, it takes what the other made."""
    from musigenre.paper import preparation

    sources, results = find_sources(small_gtzan, SETTINGS), tmp_path / "data"
    kind, calls = preparation.KINDS["features_30s"], []

    def compute(table, n_jobs, seed):
        calls.append(len(table))
        if len(calls) == 2:  # the first part is on the disk
            os.utime(results / ".claim", (time.time() - 3600,) * 2)
            preparation.prepare(results, sources, SETTINGS, ["features_30s"])
        return np.array([[float(track[-2:])] for track in table["track"]])

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(preparation.KINDS, kind.name, dataclasses.replace(kind, compute=compute))
        dataset = preparation.prepare(results, sources, SETTINGS, ["features_30s"])
    assert calls == [20, 16, 16]  # the other went on behind the first part
    tracks = dataset.table("features_30s")["track"]
    np.testing.assert_array_equal(
        dataset.array("features_30s")[:, 0], tracks.str[-2:].astype(np.float32)
    )
    assert not list(results.glob("*partial")) + list(results.glob("*progress"))


@pytest.mark.parametrize(
    ("threads", "beside", "within"), [(1, 1, 1), (2, 2, 1), (3, 2, 1), (4, 2, 2)]
)
def test_tensorflow_gets_no_more_threads_than_asked_for(threads, beside, within):
    environment = _environment(Settings(), threads)
    assert environment["TF_NUM_INTEROP_THREADS"] == str(beside)
    assert environment["TF_NUM_INTRAOP_THREADS"] == str(within)
    assert environment["OMP_NUM_THREADS"] == str(threads)
