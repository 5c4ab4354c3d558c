"""The report of a reproduction: its numbers, its page, and that a browser shows it."""

import html
import json
import math
import os
import re
import shutil
import subprocess
from dataclasses import asdict
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from musigenre.evaluation import corrected_interval, corrected_t_test
from musigenre.evaluation.metrics import genre_scores
from musigenre.evaluation.voting import vote
from musigenre.features.gtzan57 import FEATURE_NAMES
from musigenre.paper import ROWS, Settings, Unit, get_rows, write_report
from musigenre.paper.comparison import holm
from musigenre.paper.conclusions import CONCLUSIONS, MARGIN, Conclusion, judge, judge_all
from musigenre.paper.planning import plan_units
from musigenre.paper.progress import in_words
from musigenre.paper.report.figures import feature_maps
from musigenre.paper.report.findings import count_verdicts
from musigenre.paper.report.making import costs, made
from musigenre.paper.report.outcome import highest, in_short
from musigenre.paper.report.page import confused
from musigenre.paper.report.tables import as_latex, as_markdown, cell, signed
from musigenre.paper.report.write import render
from musigenre.paper.results import Results
from musigenre.paper.rows import ROW_GROUPS

GENRES = np.array(
    ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock"],
    dtype=str,
)
N_TRACKS, N_CLIPS, N_HOLDOUTS = 100, 3, 3
PROTOCOLS = ["paper", "track", "artist", "fault-filtered"]

# How far a system of these invented results sees the genre through its noise.
SKILL = {"paper": 2.5, "track": 1.5, "artist": 0.8, "fault-filtered": 0.8}


@pytest.fixture(scope="session")
def invented(tmp_path_factory) -> Path:
    """Results of the right form with invented numbers: drawing them takes no training."""
    folder = tmp_path_factory.mktemp("invented") / "results"
    rng = np.random.default_rng(0)
    genres = np.repeat(GENRES, N_TRACKS // len(GENRES))
    tracks = pd.DataFrame(
        {
            "path": "x",
            "start": 0.0,
            "duration": 30.0,
            "track": [f"{genre}.{i:05d}" for i, genre in enumerate(genres)],
            "genre": genres,
            "artist": [f"{genre} {i % 4}" for i, genre in enumerate(genres)],
            "fault_filtered_part": rng.choice(["train", "validation", "test"], N_TRACKS),
        }
    )
    clips = tracks.loc[np.repeat(tracks.index, N_CLIPS)].reset_index(drop=True)
    (folder / "data").mkdir(parents=True)
    tracks.to_csv(folder / "data" / "tracks.csv", index=False)
    clips.to_csv(folder / "data" / "clips.csv", index=False)
    values = rng.normal(size=(len(clips), len(FEATURE_NAMES)))
    values += 0.4 * np.searchsorted(GENRES, clips["genre"])[:, None] * rng.normal(size=57)
    np.save(folder / "data" / "features.npy", values.astype(np.float32))
    (folder / "data" / "features.json").write_text("{}")
    about = {
        "fingerprint": "0",
        "notes": ["1 duplicate, left out; the first: /home/me/gtzan/rock/rock.00001.wav"],
        "left_out": [{"path": "/home/me/gtzan/pop/pop.00002.wav", "cause": "it is empty"}],
    }
    (folder / "data" / "tables.json").write_text(json.dumps(about))
    manifest = {
        "format": "musigenre-reproduction",
        "format_version": 1,
        "settings": asdict(Settings()),
        "data": "0" * 64,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    call = {
        "rows": list(ROWS),
        "protocols": PROTOCOLS,
        "holdouts": N_HOLDOUTS,
        "jobs": 2,
        "impossible": {},
    }
    (folder / "calls.jsonl").write_text(json.dumps(call) + "\n")
    units = plan_units(get_rows(), PROTOCOLS, N_HOLDOUTS)
    for unit in units[:-2]:
        _invent(folder, unit, tracks if ROWS[unit.row].clip_duration is None else clips, rng)
    error = "MemoryError: <b>none left</b> for '/home/me/my results/data/stft.npy'"
    units[-1].write_error(folder, {"error": error, "traceback": ""})
    return folder


def _invent(folder: Path, unit: Unit, table: pd.DataFrame, rng: np.random.Generator) -> None:
    row = ROWS[unit.row]
    test = np.sort(rng.choice(len(table), len(table) // 2, replace=False))
    genres = table["genre"].to_numpy(dtype=str)[test]
    codes = np.searchsorted(GENRES, genres)
    skill = SKILL[unit.protocol] * (0.5 + row.reported.get("test_accuracy", 0.7))
    scores = rng.normal(size=(len(test), 10)) + skill * np.eye(10)[codes]
    proba = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    found = genre_scores(genres, proba, GENRES)
    tracks = table["track"].to_numpy(dtype=str)[test]
    ids, mean = vote(proba, tracks)
    voted = genre_scores([track.partition(".")[0] for track in ids], mean, GENRES)
    loss = np.exp(-np.arange(12) / 4)
    record = {
        "format_version": 1,
        "scores": {
            "train": {"accuracy": 0.99, "auroc": 1.0, "auprc": 1.0},
            "test": found,
            "track": None if unit.protocol == "paper" else voted,
        },
        "n_train": len(table) - len(test),
        "n_test": len(test),
        "learned": {
            "history": {
                "loss": loss.tolist(),
                "accuracy": (1 - loss / 1.2).tolist(),
                "val_loss": (loss + 0.2).tolist(),
                "val_accuracy": (0.8 - loss / 1.5).tolist(),
            }
            if row.cost > 6
            else {}
        },
        "versions": {"python": "3", "numpy": "2"},
        "machine": {"processor": "abacus", "cores": 2, "threads": 1, "system": "wood"},
        "peak_mib": 400,
        "began": "2026-01-01T00:00:00+00:00",
        "seconds": {
            "total": row.cost,
            "fit": row.cost,
            "fit_processor": row.cost,
            "process_processor": row.cost + 2,
        },
    }
    predictions = {
        "rows": test,
        "tracks": tracks,
        "genres": codes,
        "classes": GENRES,
        "proba": proba.astype(np.float32),
    }
    unit.write(folder, record, predictions)


@pytest.fixture(scope="session")
def page(invented) -> Path:
    return write_report(invented)


@pytest.fixture(scope="session")
def text(page) -> str:
    return page.read_text(encoding="utf-8")


# ---- Numbers ----


def test_the_table_holds_what_units_recorded(invented, page):
    table = pd.read_csv(invented / "table.csv").set_index(["row", "protocol", "score"])
    for row, protocol, score in [
        ("mlp-3s", "paper", "test_accuracy"),
        ("dong-cnn", "track", "test_track_accuracy"),
        ("mmnn", "artist", "test_auroc"),
    ]:
        part, _, name = score.partition("_")
        where = ("track", "accuracy") if "track" in name else (part, name)
        values = []
        for holdout in range(N_HOLDOUTS):
            record = Unit(row, protocol, holdout).read(invented)
            values.append(record["scores"][where[0]][where[1]])
        line = table.loc[(row, protocol, score)]
        assert line["mean"] == pytest.approx(np.mean(values), abs=1e-6)
        assert line["std"] == pytest.approx(np.std(values, ddof=1), abs=1e-6)
        assert line["holdouts"] == N_HOLDOUTS
    reported = table.loc[("mlp-3s", "paper", "test_accuracy")]
    assert reported["reported"] == 0.879
    assert reported["difference"] == pytest.approx(reported["mean"] - 0.879, abs=1e-6)
    assert reported["reported_protocol"] == "paper"
    assert math.isnan(table.loc[("best", "paper", "test_accuracy"), "reported"])


def test_whole_tracks_have_the_same_holdouts_under_paper_and_track(invented):
    results = Results(invented)
    paper, track = (results.of("mlp-30s", name)["test_accuracy"] for name in ("paper", "track"))
    pd.testing.assert_series_equal(paper, track)
    assert len(results.of("mlp-30s", "paper")) == N_HOLDOUTS


def test_confusions_count_every_tested_row_once(invented):
    results = Results(invented)
    counts = results.confusion(ROWS["mmnn"], "paper")
    assert counts.to_numpy().sum() == N_HOLDOUTS * (N_TRACKS * N_CLIPS // 2)
    accuracy = np.trace(counts.to_numpy()) / counts.to_numpy().sum()
    assert accuracy == pytest.approx(results.of("mmnn", "paper")["test_accuracy"].mean())


def test_markdown_and_latex_have_a_line_for_each_system(invented, page):
    markdown = (invented / "table.md").read_text(encoding="utf-8")
    latex = (invented / "table.tex").read_text(encoding="utf-8")
    for protocol in PROTOCOLS:
        assert f"## Protocol: {protocol}" in markdown
    assert markdown.count("| Fixed MLP 3s |") == len(PROTOCOLS)
    assert latex.count(r"\begin{tabular}") == len(PROTOCOLS)
    assert r"Tzanetakis \& Cook" in latex
    assert len({len(line.split(" & ")) for line in latex.splitlines() if " & " in line}) == 1


def test_reported_figures_stand_beside_every_score(invented, page):
    results = Results(invented)
    mean = results.of("mlp-3s", "paper")["train_auroc"].mean()
    comparison = f".999, {signed(mean - 0.999)}"
    line = next(
        line
        for line in (invented / "table.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| Fixed MLP 3s |")
    )
    assert line.count("(") == 6  # all but the vote, of which the paper says nothing
    assert f"({comparison})" in line
    assert comparison in (invented / "table.tex").read_text(encoding="utf-8")


def test_rows_that_were_not_run_under_a_protocol_have_no_line_there(invented):
    partly = Results(invented)
    partly.records = {
        unit: record
        for unit, record in partly.records.items()
        if (unit.row, unit.protocol) != ("mlp-3s", "artist")
    }
    assert as_markdown(partly).count("| Fixed MLP 3s |") == len(PROTOCOLS) - 1
    assert as_latex(partly).count("Fixed MLP 3s &") == len(PROTOCOLS) - 1


def test_the_whole_is_estimated_only_where_every_row_of_table_one_was_run(invented):
    seconds = [10 * (row.cost + 2) / 2 for row in get_rows(["table-one"])]
    assert costs(Results(invented))["estimate"] == in_words(sum(seconds))
    partly = Results(invented)
    partly.records = {
        unit: record
        for unit, record in partly.records.items()
        if (unit.row, unit.protocol) != ("mmnn", "paper")
    }
    found = costs(partly)
    assert found["estimate"] is None
    assert found["others"] == ["MMNN"]
    assert found["partly"] == in_words(sum(seconds) - seconds[-1])
    assert found["quick"] is not None  # there is a row for it that is trained by one cycle


def test_units_of_whole_tracks_are_counted_once_in_the_cost(invented):
    lines = {line["title"]: line for line in costs(Results(invented))["lines"]}
    assert lines["Fixed MLP 30s"]["n"] == 2 * N_HOLDOUTS + 1  # track, artist, fault-filtered
    assert lines["Fixed MLP 3s"]["n"] == 3 * N_HOLDOUTS + 1


# ---- Conclusions ----


def test_the_t_test_belongs_to_the_interval():
    differences = np.random.default_rng(1).normal(0.02, 0.01, size=10)
    _, p = corrected_t_test(differences, 80, 20)
    low, high = corrected_interval(differences, 80, 20, confidence=1 - p)
    assert min(abs(low), abs(high)) == pytest.approx(0, abs=1e-12)
    t, _ = corrected_t_test(differences, 80, 20)
    plain = differences.mean() / np.sqrt(differences.var(ddof=1) / 10)
    assert t == pytest.approx(plain / np.sqrt(1 + 10 * 20 / 80))
    assert corrected_t_test([0.0, 0.0], 4, 1) == (0.0, 1.0)
    assert corrected_t_test([0.1, 0.1], 4, 1) == (math.inf, 0.0)
    assert all(math.isnan(value) for value in corrected_t_test([0.1], 4, 1))


@pytest.mark.parametrize(
    ("gain", "differences", "verdict"),
    [
        (True, [0.05, 0.06, 0.055], "holds"),
        (True, [-0.05, -0.06, -0.055], "does not hold"),
        (True, [0.05, -0.06, 0.01], "undecided"),
        (True, [0.05], "undecided"),
        (False, [0.001, 0.002, 0.0], "holds"),
        (False, [-0.05, -0.06, -0.055], "holds"),
        (False, [0.05, 0.06, 0.055], "does not hold"),
        (False, [0.05, -0.06, 0.01], "undecided"),
        (True, [], "not measured"),
    ],
)
def test_verdicts(gain, differences, verdict):
    class Scored:
        def of(self, row, protocol):
            scores = [0.5 + d * (row == "a") for d in differences]
            return pd.DataFrame({"test_accuracy": scores, "n_train": 80, "n_test": 20})

        def same_draws(self, first, second, protocol):
            return True

    finding = judge(Scored(), Conclusion("a is better", "a", "b", gain), "paper")
    assert finding.verdict == verdict
    if differences:
        assert finding.difference == pytest.approx(np.mean(differences))


@pytest.mark.parametrize("gain", [True, False])
def test_what_is_decided_has_a_small_probability(gain):
    rng = np.random.default_rng(3)
    verdicts = []
    for mean in np.linspace(-0.03, 0.05, 60):
        differences = mean + rng.normal(0, 0.008, size=4)

        class Scored:
            def of(self, row, protocol):
                scores = 0.5 + differences * (row == "a")  # noqa: B023 - used within the turn
                return pd.DataFrame({"test_accuracy": scores, "n_train": 80, "n_test": 20})

            def same_draws(self, first, second, protocol):
                return True

        finding = judge(Scored(), Conclusion("a is better", "a", "b", gain), "paper")
        assert (finding.p < 0.05) == (finding.verdict != "undecided")
        low, high = corrected_interval(differences, 80, 20)
        assert (finding.low, finding.high) == pytest.approx((low, high))
        if gain:
            expected = "holds" if low > 0 else "does not hold" if high < 0 else "undecided"
        else:
            expected = "holds" if high < MARGIN else "does not hold" if low > 0 else "undecided"
        assert finding.verdict == expected
        verdicts.append(finding.verdict)
    assert set(verdicts) == {"holds", "does not hold", "undecided"}


def test_holm_rejects_step_by_step():
    p = np.random.default_rng(0).uniform(0, 0.05, size=12)
    corrected = np.array(holm(p))
    for level in (0.01, 0.05, 0.2, 0.5):
        rejected = np.zeros(12, dtype=bool)
        for step, place in enumerate(np.argsort(p)):  # the procedure as Holm gives it
            if p[place] > level / (12 - step):
                break
            rejected[place] = True
        np.testing.assert_array_equal(corrected <= level, rejected)
    assert holm([]) == []
    assert math.isnan(holm([float("nan"), 0.01])[0])
    assert holm([float("nan"), 0.01])[1] == 0.01


def test_probabilities_are_corrected_protocol_by_protocol(invented, text):
    findings = judge_all(Results(invented))
    for protocol in PROTOCOLS:
        here = [finding for finding in findings if finding.protocol == protocol]
        expected = holm([finding.p for finding in here])
        np.testing.assert_array_equal([finding.p_holm for finding in here], expected)
    tested = [name for name in PROTOCOLS if name != "fault-filtered"]  # that is a single split
    assert text.count(">Holm</th>") == len(tested)


def test_the_headline_counts_the_own_plan_on_the_same_tracks_alone(invented):
    results = Results(invented)
    counted = count_verdicts(results)
    assert list(counted) == ["paper", "track", "artist"]
    findings = judge_all(results)

    def total(words: str) -> int:
        return sum(int(number) for number in re.findall(r"\d+", words))

    for protocol, counts in counted.items():
        here = [finding for finding in findings if finding.protocol == protocol]
        same = [finding for finding in here if finding.same_draws]
        own = [finding for finding in same if not finding.conclusion.one_cycle]
        assert not any("one cycle" in finding.conclusion.text for finding in own)
        assert total(counts["plan"]) == len(own)
        assert total(counts["one_cycle"]) == len(same) - len(own)
        assert total(counts["apart"]) == len(here) - len(same)
        n_held = sum(finding.verdict == "holds" for finding in own)
        assert re.findall(r"(\d+) holds?\b", counts["plan"]) == [str(n_held)] * (n_held > 0)
    assert counted["paper"]["apart"]
    assert not counted["track"]["apart"]


def test_what_one_holdout_has_is_said_not_to_be_tested(invented):
    partly = Results(invented)
    partly.records = {
        unit: record
        for unit, record in partly.records.items()
        if (unit.row, unit.protocol) != ("mmnn", "paper") or unit.holdout == 0
    }
    assert "could not be tested" not in count_verdicts(Results(invented))["paper"]["plan"]
    assert "1 could not be tested" in count_verdicts(partly)["paper"]["plan"]


def test_clips_and_whole_tracks_are_drawn_apart_under_paper_alone(invented, text):
    results = Results(invented)
    assert not results.same_draws("mlp-3s", "mlp-30s", "paper")
    assert results.same_draws("mlp-3s", "mlp-30s", "artist")
    assert results.same_draws("mmnn", "cnn-mel-3s", "paper")
    line = text[text.index("Clips of 3 s serve better than tracks of 30 s: fixed MLP") :]
    assert line[: line.index("</tr>")].count("holdouts, drawn apart") == 1


def test_conclusions_compare_rows_that_there_are():
    for conclusion in CONCLUSIONS:
        assert conclusion.better in ROWS
        assert conclusion.worse in ROWS


# ---- The highest ----


class Measured:
    """Results of clips under one protocol, holdout by holdout."""

    def __init__(self, scores: dict[str, list[float]]) -> None:
        self.scores = scores
        self.rows = [ROWS[key] for key in scores]

    def of(self, row, protocol):
        found = self.scores[row]
        return pd.DataFrame({"test_track_accuracy": found, "n_train": 80, "n_test": 20})

    def same_draws(self, first, second, protocol):
        return "30s" not in first + second


def test_the_highest_is_named_with_those_that_cannot_be_told_from_it():
    close = [0.87, 0.88, 0.92]
    scores = {
        "mlp-3s": [0.60, 0.61, 0.60],
        "tuned-mlp-3s": close,
        "cnn-mel-3s": [0.90, 0.90, 0.91],
        "cnn-mfcc-3s": [0.95],
        "mlp-30s": [0.89, 0.90, 0.90],
    }
    found = highest(Measured(scores), "track")
    assert found["row"].startswith("CNN Mel Spectrogram 3s, .903")
    _, p = corrected_t_test(np.array(scores["cnn-mel-3s"]) - close, 80, 20)
    assert p >= 0.05
    assert found["alike"] == ["Tuned MLP 3s"]
    assert found["n_apart"] == 2  # a single holdout, and other draws
    assert highest(Measured({"cnn-mfcc-3s": [0.95], "mlp-3s": [0.9]}), "track") is None


def test_the_highest_row_stands_in_the_page(text, invented):
    outcome = text[text.index('id="outcome"') : text.index('id="protocols"')]
    assert "Highest under <em>paper</em>" in outcome
    assert "Highest under <em>fault-filtered</em>" not in outcome  # a single split
    alike = in_short(highest(Results(invented), "artist")["alike"])
    assert html.escape(alike) in outcome


# ---- The page ----


class Reader(HTMLParser):
    """Note every tag that is not closed in order, every id, and every address."""

    VOID = {"meta", "link", "img", "br", "hr", "input"}

    def __init__(self):
        super().__init__()
        self.open, self.wrong, self.ids, self.links = [], [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in {"src", "href", "xlink:href", "action", "data", "srcset"}:
                self.links.append(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_the_page_is_whole_and_needs_nothing_from_outside(text):
    reader = Reader()
    reader.feed(text)
    assert reader.wrong == []
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    for link in reader.links:
        assert link.startswith(("#", "data:image/png;base64,")), link
        if link.startswith("#"):
            assert link[1:] in reader.ids
    assert "<script" not in text
    assert not re.search(r"url\((?!#)", text)
    assert "@import" not in text
    assert 'name="viewport"' in text


def test_what_was_not_done_is_said(text):
    assert "This reproduction is not complete: 2 units" in text
    assert "MemoryError: &lt;b&gt;none left&lt;/b&gt; for &#39;stft.npy&#39;" in text


def test_no_folder_of_the_machine_is_shown(text, invented):
    assert "the first: rock.00001.wav" in text
    assert "left out: pop.00002.wav: it is empty" in text
    assert "/home/" not in text
    assert str(invented) not in text


def test_a_reported_figure_stands_only_beside_a_measured_one(text, invented):
    results = Results(invented)
    dong = ROWS["dong-cnn"]
    assert cell(results, dong, "paper", "test_track_accuracy").reported == 0.7
    assert cell(results, dong, "paper", "test_track_accuracy").reported_text == ""
    assert cell(results, dong, "track", "test_track_accuracy").reported_text == ".700"
    under = {
        protocol: text[text.index(f"<h3>Protocol: {protocol}</h3>") :].partition("</table>")[0]
        for protocol in ("paper", "track")
    }
    lines = {name: table.partition(">" + dong.title + "<")[2] for name, table in under.items()}
    assert ".700&nbsp;" not in lines["paper"].partition("</tr>")[0]
    assert ".700&nbsp;" in lines["track"].partition("</tr>")[0]
    assert "<td><small>" not in text


def test_confusions_are_of_the_first_row_that_was_run(invented, text):
    results = Results(invented)
    strict = ("artist", "track", "fault-filtered")
    keys = ("mlp-3s", "mlp-30s")
    assert confused(results, keys, ("paper",)) == (ROWS["mlp-3s"], "paper")
    assert confused(results, keys, strict) == (ROWS["mlp-3s"], "artist")
    assert confused(results, ("mlp-30s",), ("paper",)) is None  # as under track
    assert confused(results, ("mlp-30s", "mlp-3s"), ("paper",)) == (ROWS["mlp-3s"], "paper")
    results.records = {unit: r for unit, r in results.records.items() if unit.row != "mlp-3s"}
    assert confused(results, keys, strict) == (ROWS["mlp-30s"], "artist")
    assert confused(results, ("mlp-3s",), strict) is None
    for protocol in ("paper", "artist"):
        assert f"Confusion matrix of Fixed MLP 3s under the protocol {protocol}" in text


def test_other_data_than_the_sources_had_are_said_at_the_top(text):
    top = text[: text.index('id="protocols"')]
    assert "Data: 100 tracks of 10 genres" in top
    assert "their figures are of other data than those measured here" in top


def test_the_page_shows_tables_figures_and_conclusions(text):
    for protocol in PROTOCOLS:
        assert f"<h3>Protocol: {protocol}</h3>" in text
    for figure in ("Fig. 1.", "Fig. 2.", "Fig. 3."):
        assert figure in text
    for conclusion in CONCLUSIONS:
        assert conclusion.text in text
    assert ">.879&nbsp;<" in text
    assert "abacus" in text


def test_units_of_one_row_that_were_made_differently_are_named(invented):
    results = Results(invented)
    assert made(results)["mixed"] == []
    units = results.units(ROWS["mlp-3s"], "track")
    for i, unit in enumerate(units):
        seeded = {"classifier__random_state": i, "classifier__epochs": 100}
        results.records[unit] = results.records[unit] | {"parameters": seeded}
    results.records = {unit: r for unit, r in results.records.items() if unit.row != "mlp-3s"} | {
        unit: results.records[unit] for unit in units
    }
    assert made(results)["mixed"] == []  # seeds differ always
    results.records[units[0]]["parameters"]["classifier__epochs"] = 50
    assert made(results)["mixed"] == ["Fixed MLP 3s"]
    del results.records[units[0]]["parameters"]["classifier__epochs"]
    assert made(results)["mixed"] == []  # the parameter may have been added since
    results.records[units[0]]["row_version"] = 2
    assert made(results)["mixed"] == ["Fixed MLP 3s"]


def test_the_map_says_how_many_rows_lie_outside(invented, text):
    found = feature_maps(Results(invented), n_repeats=1)
    assert len(found["pictures"]) == 2
    assert found["n_rows"] == N_TRACKS * N_CLIPS
    for name, n in found["n_outside"].items():
        assert 0 < n < 0.1 * found["n_rows"]
        assert f"{n} ({name})" in text


def test_why_no_curve_of_a_validation_part_is_shown(invented, text):
    assert "The validation part of all is a part of the training part." in text
    results = Results(invented)
    for record in results.records.values():
        history = record["learned"]["history"]
        record["learned"]["history"] = {
            name: values for name, values in history.items() if not name.startswith("val_")
        }
    caption = render(results, maps=False).partition("Accuracy in training, epoch by epoch, in")[2]
    caption = caption.partition("</figcaption>")[0]
    assert "validation part" not in caption
    assert "nothing of it is set aside" in caption


def test_one_command_comes_before_what_was_asked_call_by_call(invented):
    results = Results(invented)
    assert made(results)["command"] == (
        "musigenre reproduce DIR -o RESULTS --protocols paper,track,artist,fault-filtered "
        f"--holdouts {N_HOLDOUTS}"
    )
    assert len(made(results)["commands"]) == 1
    call = results.calls[0]
    results.calls = [
        call | {"rows": [*ROW_GROUPS["prior"], "best"], "protocols": ["artist"], "holdouts": 2},
        call | {"rows": ["mmnn", *ROW_GROUPS["ours"]], "protocols": ["paper"], "holdouts": 1},
    ]
    found = made(results)
    reproduce = "musigenre reproduce DIR -o RESULTS"
    whole = f"{reproduce} --rows mmnn,prior,ours --protocols paper,artist --holdouts 2"
    assert found["command"] == whole
    assert found["commands"] == [
        f"{reproduce} --rows prior,best --protocols artist --holdouts 2",
        f"{reproduce} --rows mmnn,ours --protocols paper --holdouts 1",
    ]
    assert len(get_rows(["mmnn", "prior", "ours"])) == len(
        {key for call in results.calls for key in call["rows"]}
    )


def test_nothing_to_report_is_said(tmp_path):
    with pytest.raises(ValueError, match="holds no reproduction"):
        write_report(tmp_path)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_browser_shows_the_page(page, tmp_path, width):
    browser = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if browser is None:
        pytest.skip("there is no Chromium to open the page with")
    # The page tells how wide it is and what of it could not be loaded; it has no script itself.
    probe = """
    <script>
    addEventListener("load", () => {
      const root = document.documentElement;
      const boxes = [...document.querySelectorAll(".scroll, .picture")];
      const out = boxes.filter(b => b.getBoundingClientRect().right > innerWidth + 1).length;
      const images = [...document.images].filter(i => !i.naturalWidth).length;
      const small = [...document.querySelectorAll("svg")].filter(
        s => s.getBoundingClientRect().height < 40).length;
      const cut = [...document.querySelectorAll(".narrow .picture, .cards > .picture")].filter(
        b => b.scrollWidth > b.clientWidth).length;
      const sizes = [...document.querySelectorAll("figure svg text")].map(t => {
        const svg = t.ownerSVGElement;
        return parseFloat(getComputedStyle(t).fontSize)
          * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
      });
      const least = 10 * Math.min(...sizes);
      root.innerHTML = `<body>${[innerWidth, root.scrollWidth, boxes.length, out, images, small,
        cut, least]
        .map(Math.round).join(" ")}</body>`;
    });
    </script>"""
    copy = tmp_path / "probed.html"
    text = page.read_text(encoding="utf-8")
    policy = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
    assert policy.search(text)
    frame = tmp_path / "frame.html"
    copy.write_text(policy.sub("", text).replace("</body>", probe + "</body>"), encoding="utf-8")
    # Chromium's windows have a least width of some 500 pixels; a frame has none.
    frame.write_text(
        f'<body style="margin:0"><iframe src="probed.html" style="border:0;width:{width}px;'
        'height:2000px"></iframe><script>addEventListener("load", () => setTimeout(() => {'
        "document.title = frames[0].document.body.innerText;"
        "document.body.innerText = document.title}, 500))</script></body>",
        encoding="utf-8",
    )
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += ["--allow-file-access-from-files", f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--virtual-time-budget=10000", "--window-size=1400,2000", frame.as_uri()]
    shown = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"HOME": str(tmp_path)},
    )
    found = re.search(r"<body[^>]*>([\d ]+)</body>", shown.stdout)
    assert found, shown.stdout[-500:] + shown.stderr[-500:]
    inner, whole, n_boxes, n_outside, n_lost, n_small, n_cut, least = map(int, found[1].split())
    assert inner == width
    assert whole <= inner  # the page itself does not scroll sideways; tables do, in their boxes
    assert n_boxes > 10
    assert n_outside == n_lost == n_small == 0
    assert n_cut == 0  # Fig. 2 and 3 are shown whole
    assert least >= 90  # tenths of a pixel: what is written in figures can be read
