import numpy as np
import pandas as pd
import pytest

from musigenre.evaluation import Report, corrected_interval
from musigenre.evaluation.report import SCORE_COLUMNS
from musigenre.model_selection import PROTOCOLS

CLASSES = np.array(["jazz", "rock", "<b>metal"])


def make_report(n_holdouts=4, protocols=("paper", "artist"), estimator="GaussianNB"):
    rng = np.random.default_rng(0)
    rows = []
    for protocol in protocols:
        for holdout in range(n_holdouts):
            scores = {
                f"{part}_{score}": rng.uniform(0.5, 0.9)
                for part in ("train", "test")
                for score in ("accuracy", "auroc", "auprc")
            }
            vote = np.nan if protocol == "paper" else rng.uniform(0.5, 0.9)
            rows.append(
                {"protocol": protocol, "holdout": holdout, **scores, "test_track_accuracy": vote}
                | {"n_train": 80 + holdout, "n_test": 20 - holdout, "fit_seconds": 0.1}
            )
    confusions = {
        protocol: np.array([[3, 1, 0], [2, 6, 0], [0, 0, 0]]) * (1 + number)
        for number, protocol in enumerate(protocols)
    }
    return Report(pd.DataFrame(rows), confusions, CLASSES, estimator)


def test_summary_equals_the_holdouts():
    report = make_report()
    summary = report.summary()
    assert summary.index.names == ["protocol", "score"]
    for protocol, part in report.holdouts.groupby("protocol"):
        row = summary.loc[(protocol, "test_auroc")]
        assert row["mean"] == pytest.approx(np.mean(part["test_auroc"]))
        assert row["std"] == pytest.approx(np.std(part["test_auroc"], ddof=1))
        expected = corrected_interval(part["test_auroc"], 81.5, 18.5)
        assert (row["low"], row["high"]) == pytest.approx(expected)
    assert summary.loc[("paper", "test_track_accuracy")].isna().all()
    assert summary.loc[("artist", "test_track_accuracy")].notna().all()


def test_no_interval_for_training_scores_and_a_wider_one_for_more_confidence():
    report = make_report()
    train = report.summary().loc[("paper", "train_accuracy")]
    assert train[["mean", "std"]].notna().all()
    assert train[["low", "high"]].isna().all()
    wide, narrow = (report.summary(c).loc[("paper", "test_accuracy")] for c in (0.99, 0.5))
    assert wide["low"] < narrow["low"] < narrow["mean"] < narrow["high"] < wide["high"]


def test_one_holdout_has_a_mean_only():
    report = make_report(n_holdouts=1)
    row = report.summary().loc[("paper", "test_accuracy")]
    assert row["mean"] == report.holdouts["test_accuracy"].iloc[0]
    assert row[["std", "low", "high"]].isna().all()
    assert "1 holdout," in str(report)
    assert "nan" not in str(report).lower()
    assert "nan" not in report._repr_html_().lower()


def test_confusion_matrix():
    report = make_report()
    counts = report.confusion_matrix("artist")
    assert counts.loc["jazz"].tolist() == [6, 2, 0]
    assert (counts.index.name, counts.columns.name) == ("true", "predicted")
    assert counts.attrs["protocol"] == "artist"
    shares = report.confusion_matrix("artist", normalize="true")
    assert shares.to_numpy().tolist() == [[0.75, 0.25, 0], [0.25, 0.75, 0], [0, 0, 0]]
    assert make_report(protocols=["track"]).confusion_matrix().attrs["protocol"] == "track"


@pytest.mark.parametrize("protocol", [None, "track"])
def test_confusion_matrix_of_no_protocol(protocol):
    with pytest.raises(ValueError, match=r"must be one of \['paper', 'artist'\]"):
        make_report().confusion_matrix(protocol)


def test_confusion_matrix_normalised_otherwise():
    with pytest.raises(ValueError, match="normalize='pred' must be None or 'true'"):
        make_report().confusion_matrix("paper", normalize="pred")


def test_a_matrix_handed_out_is_a_copy():
    report = make_report()
    matrix = report.confusion_matrix("paper")
    matrix.iloc[0, 0] = 99
    assert report.confusion_matrix("paper").iloc[0, 0] == 3


def test_to_frame_is_tidy_and_complete():
    report = make_report()
    tidy = report.to_frame()
    assert tidy.columns.tolist() == ["estimator", "protocol", "holdout", "score", "value"]
    assert (tidy["estimator"] == "GaussianNB").all()
    assert len(tidy) == 4 * 6 + 4 * 7
    back = tidy.pivot(index=["protocol", "holdout"], columns="score", values="value")
    expected = report.holdouts.set_index(["protocol", "holdout"])
    assert back.loc[("artist", 2), "test_auprc"] == expected.loc[("artist", 2), "test_auprc"]


def test_every_figure_is_printed_with_its_protocol():
    text = str(make_report())
    head, table, meanings = text.split("\n\n")
    assert head.startswith("GaussianNB: mean ± standard deviation over 4 holdouts")
    lines = table.splitlines()
    assert lines[0].split() == ["protocol", "score", "train", "test", "95", "%", "interval"]
    assert [line.split()[0] for line in lines[1:]] == ["paper"] * 3 + ["artist"] * 4
    assert meanings.splitlines() == [
        f"{name}: {PROTOCOLS[name].meaning}." for name in ("paper", "artist")
    ]
    assert repr(make_report()) == text


def test_printed_figures_are_those_of_the_summary():
    report = make_report(protocols=["artist"])
    row = report.summary().loc[("artist", "test_auroc")]
    line = next(line for line in str(report).splitlines() if " AUROC " in line)
    assert f"{row['mean']:.3f} ± {row['std']:.3f}  {row['low']:.3f} to {row['high']:.3f}" in line


def test_html_names_the_protocol_in_each_row_and_escapes():
    page = make_report(estimator="<i>Sly</i>")._repr_html_()
    assert page.count("<td>paper</td>") == 3
    assert page.count("<td>artist</td>") == 4
    assert "&lt;i&gt;Sly" in page
    assert "<i>" not in page
    assert PROTOCOLS["artist"].meaning in page


def test_an_interval_stays_within_the_range_of_scores():
    scores = {name: [1.0, 0.8] for name in SCORE_COLUMNS}
    holdouts = pd.DataFrame(
        {"protocol": "paper", "holdout": [0, 1], "n_train": 80, "n_test": 20, **scores}
    )
    report = Report(holdouts, {"paper": np.zeros((2, 2), int)}, np.array(["a", "b"]))
    bounds = report.summary().loc[("paper", "test_accuracy"), ["low", "high"]]
    assert bounds["high"] == 1
    assert 0 <= bounds["low"] < 0.9
