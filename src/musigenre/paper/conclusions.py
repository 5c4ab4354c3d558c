"""The paper's conclusions, each put to the test holdout by holdout."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from musigenre.evaluation.metrics import corrected_interval, corrected_t_test
from musigenre.paper.results import Results
from musigenre.paper.rows import ROWS

#: A gain in accuracy below this does not matter.
MARGIN = 0.02

#: Probability below which a difference does not count as chance.
ALPHA = 0.05

Verdict = Literal["holds", "does not hold", "undecided", "not measured"]


@dataclass(frozen=True)
class Conclusion:
    """A conclusion of the paper, as a comparison of two rows.

    Parameters
    ----------
    text : str
        What the paper concludes.
    better, worse : str
        Keys of rows. Of one of no gain, `better` is the one that is said to bring none.
    gain : bool, default=True
        Whether it says that `better` is better, or that it is no better.
    score : str, default="test_accuracy"
        What is compared of `better`; of `worse` it is the same, or the accuracy of tracks.
    """

    text: str
    better: str
    worse: str
    gain: bool = True
    score: str = "test_accuracy"


def _and_one_cycle(*conclusions: Conclusion) -> tuple[Conclusion, ...]:
    """Give conclusions, and then the same of the networks that are trained by one cycle."""

    def one_cycle(key: str) -> str:
        return f"{key}-cycle" if f"{key}-cycle" in ROWS else key

    return conclusions + tuple(
        replace(
            conclusion,
            text=f"{conclusion.text} (one cycle)",
            better=one_cycle(conclusion.better),
            worse=one_cycle(conclusion.worse),
        )
        for conclusion in conclusions
    )


CONCLUSIONS = (
    *_and_one_cycle(
        Conclusion("MFCC are better than Mel for a CNN", "cnn-mfcc-3s", "cnn-mel-3s"),
        Conclusion("Mel is better than STFT for a CNN", "cnn-mel-3s", "cnn-stft-3s"),
        Conclusion("MFCC are better than STFT for a CNN", "cnn-mfcc-3s", "cnn-stft-3s"),
    ),
    *_and_one_cycle(
        Conclusion("An MLP on features is better than a CNN on MFCC", "mlp-3s", "cnn-mfcc-3s")
    ),
    Conclusion(
        "Features with MFCC are better than without (3 s)", "tuned-mlp-3s", "tuned-mlp-no-mfcc-3s"
    ),
    Conclusion("Tuning brings no gain (3 s)", "tuned-mlp-3s", "mlp-3s", gain=False),
    Conclusion("Tuning brings no gain (30 s)", "tuned-mlp-30s", "mlp-30s", gain=False),
    *_and_one_cycle(
        Conclusion(
            "Both modalities bring no gain over an MLP on features", "mmnn", "mlp-3s", gain=False
        )
    ),
    Conclusion("Clips of 3 s serve better than tracks of 30 s: fixed MLP", "mlp-3s", "mlp-30s"),
    Conclusion(
        "Clips of 3 s serve better than tracks of 30 s: tuned MLP", "tuned-mlp-3s", "tuned-mlp-30s"
    ),
    *_and_one_cycle(
        Conclusion(
            "Clips of 3 s serve better than tracks of 30 s: CNN on Mel", "cnn-mel-3s", "cnn-mel-30s"
        )
    ),
    Conclusion(
        "Clips of 3 s that vote serve better than tracks of 30 s: fixed MLP",
        "mlp-3s",
        "mlp-30s",
        score="test_track_accuracy",
    ),
    *_and_one_cycle(
        Conclusion(
            "Clips of 3 s that vote serve better than tracks of 30 s: CNN on Mel",
            "cnn-mel-3s",
            "cnn-mel-30s",
            score="test_track_accuracy",
        )
    ),
)


@dataclass(frozen=True)
class Finding:
    """What the holdouts say of a conclusion under a protocol.

    Parameters
    ----------
    conclusion : Conclusion
    protocol : str
    n_holdouts : int
        Holdouts that both rows have.
    difference : float
        Mean difference of the scores; NaN if there is no common holdout.
    low, high : float
        Its corrected 95 % interval; NaN for fewer than two holdouts.
    p : float
        Probability of a difference as large by chance, by the corrected resampled t-test.
    verdict : {"holds", "does not hold", "undecided", "not measured"}
    same_draws : bool, default=True
        Whether a holdout divides the tracks alike for both rows. Under ``paper`` clips and whole
        tracks are drawn apart, and clips alone are on both sides.
    """

    conclusion: Conclusion
    protocol: str
    n_holdouts: int
    difference: float
    low: float
    high: float
    p: float
    verdict: Verdict
    same_draws: bool = True


def judge(results: Results, conclusion: Conclusion, protocol: str) -> Finding:
    """Put a conclusion to the test under a protocol.

    That one row is better holds if it is, with a probability of chance below `ALPHA`, and does not
    if the other is. That it brings no gain holds if the whole interval of the gain lies below
    `MARGIN`, and does not if it lies above zero. Otherwise more holdouts must decide.

    Parameters
    ----------
    results : Results
    conclusion : Conclusion
    protocol : str

    Returns
    -------
    Finding
    """
    first, second = results.of(conclusion.better, protocol), results.of(conclusion.worse, protocol)
    common = first.index.intersection(second.index)
    first, second = first.loc[common], second.loc[common]
    differences = (
        (first[conclusion.score] - second[conclusion.score]).dropna().to_numpy(dtype=float)
    )
    nan = float("nan")
    if not len(differences):
        return Finding(conclusion, protocol, 0, nan, nan, nan, nan, "not measured")
    n_test = float(first["n_test"].mean() / first["n_train"].mean())
    low, high = corrected_interval(differences, 1.0, n_test)
    _, p = corrected_t_test(differences, 1.0, n_test)
    mean = float(differences.mean())
    verdict: Verdict = "undecided"
    if not np.isnan(p):
        if conclusion.gain and p < ALPHA:
            verdict = "holds" if mean > 0 else "does not hold"
        elif not conclusion.gain and high < MARGIN:
            verdict = "holds"
        elif not conclusion.gain and low > 0:
            verdict = "does not hold"
    same = results.same_draws(conclusion.better, conclusion.worse, protocol)
    return Finding(conclusion, protocol, len(differences), mean, low, high, p, verdict, same)


def judge_all(results: Results) -> list[Finding]:
    """Put every conclusion to the test under every protocol of the results.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of Finding
        Conclusion by conclusion. Votes are not compared under ``paper``, where there are none.
    """
    return [
        judge(results, conclusion, protocol)
        for conclusion in CONCLUSIONS
        for protocol in results.protocols
        if conclusion.score != "test_track_accuracy" or protocol != "paper"
    ]
