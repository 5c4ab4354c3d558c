"""The paper's conclusions, each put to the test holdout by holdout."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from musigenre.paper.comparison import compare, holm
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
        What is compared.
    one_cycle : bool, default=False
        Whether its networks are this library's, trained by one cycle, in place of the paper's.
    """

    text: str
    better: str
    worse: str
    gain: bool = True
    score: str = "test_accuracy"
    one_cycle: bool = False


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
            one_cycle=True,
        )
        for conclusion in conclusions
    )


CONCLUSIONS = (
    *_and_one_cycle(
        Conclusion("MFCC are better than Mel for a CNN", "cnn-mfcc-3s", "cnn-mel-3s"),
        Conclusion("Mel is better than STFT for a CNN", "cnn-mel-3s", "cnn-stft-3s"),
        Conclusion("MFCC are better than STFT for a CNN", "cnn-mfcc-3s", "cnn-stft-3s"),
    ),
    # The paper's choice rather than its conclusion, and on it hangs how good MFCC are.
    Conclusion(
        "MFCC after CMVN are better than as they are, for a CNN (one cycle)",
        "cnn-mfcc-3s-cycle",
        "gessle-cnn",
        one_cycle=True,
    ),
    Conclusion(
        "MFCC as they are, without CMVN, are better than Mel for a CNN (one cycle)",
        "gessle-cnn",
        "cnn-mel-3s-cycle",
        one_cycle=True,
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
        Probability of a difference as large by chance, by the corrected resampled t-test; of no
        gain, that of one as far below `MARGIN`, or as far above zero. It is below `ALPHA` where the
        verdict is that it holds or does not.
    verdict : {"holds", "does not hold", "undecided", "not measured"}
    same_draws : bool, default=True
        Whether a holdout divides the tracks alike for both rows. Under ``paper`` clips and whole
        tracks are drawn apart, and clips alone are on both sides.
    p_holm : float, default=NaN
        The same probability, corrected by `holm` for all that was tested under the protocol.
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
    p_holm: float = float("nan")


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
    found = compare(results, conclusion.better, conclusion.worse, protocol, conclusion.score)
    verdict: Verdict = "undecided" if len(found.differences) else "not measured"
    p = found.p()
    if conclusion.gain:
        if p < ALPHA:
            verdict = "holds" if found.mean > 0 else "does not hold"
    elif not np.isnan(p):
        # Two one-sided tests, that the gain is no less than the margin and that it is none, each at
        # half of ALPHA; so p is twice the smaller probability.
        none = found.p(MARGIN) if found.mean < MARGIN else 1.0
        some = p if found.mean > 0 else 1.0
        p = min(none, some)
        if p < ALPHA:
            verdict = "holds" if none < ALPHA else "does not hold"
    return Finding(
        conclusion,
        protocol,
        len(found.differences),
        found.mean,
        *found.interval,
        p,
        verdict,
        found.same_draws,
    )


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
    findings = [
        judge(results, conclusion, protocol)
        for conclusion in CONCLUSIONS
        for protocol in results.protocols
        if conclusion.score != "test_track_accuracy" or protocol != "paper"
    ]
    corrected: dict[int, float] = {}
    for protocol in results.protocols:
        places = [i for i, found in enumerate(findings) if found.protocol == protocol]
        probabilities = holm([findings[i].p for i in places])
        corrected.update(zip(places, probabilities, strict=True))
    return [replace(found, p_holm=corrected[i]) for i, found in enumerate(findings)]
