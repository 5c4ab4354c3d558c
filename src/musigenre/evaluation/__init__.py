"""Evaluation over holdouts: scores, votes, the report and its displays."""

from musigenre.evaluation.displays import AccuracyDisplay, ConfusionDisplay, TimelineDisplay
from musigenre.evaluation.evaluate import evaluate
from musigenre.evaluation.metrics import corrected_interval, corrected_t_test, genre_scores
from musigenre.evaluation.report import Report
from musigenre.evaluation.voting import vote

__all__ = [
    "AccuracyDisplay",
    "ConfusionDisplay",
    "Report",
    "TimelineDisplay",
    "corrected_interval",
    "corrected_t_test",
    "evaluate",
    "genre_scores",
    "vote",
]
