"""Plots of an evaluation. matplotlib is loaded when one is drawn."""

from musigenre.evaluation.displays.accuracy_display import AccuracyDisplay
from musigenre.evaluation.displays.confusion_display import ConfusionDisplay
from musigenre.evaluation.displays.timeline_display import TimelineDisplay

__all__ = ["AccuracyDisplay", "ConfusionDisplay", "TimelineDisplay"]
