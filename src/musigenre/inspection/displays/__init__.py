"""Plots of what the features say. matplotlib is loaded when one is drawn."""

from musigenre.inspection.displays.boruta_display import BorutaDisplay
from musigenre.inspection.displays.correlation_display import CorrelationDisplay
from musigenre.inspection.displays.feature_map_display import FeatureMapDisplay
from musigenre.inspection.displays.group_importance_display import GroupImportanceDisplay

__all__ = ["BorutaDisplay", "CorrelationDisplay", "FeatureMapDisplay", "GroupImportanceDisplay"]
