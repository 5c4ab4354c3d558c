"""What the features say: maps of their space, clusters, and which of them a model uses."""

from musigenre.inspection.displays import (
    BorutaDisplay,
    CorrelationDisplay,
    FeatureMapDisplay,
    GroupImportanceDisplay,
)
from musigenre.inspection.feature_groups import feature_groups
from musigenre.inspection.feature_map import FeatureMap, feature_map
from musigenre.inspection.group_importance import GroupImportance, group_importance
from musigenre.inspection.kmeans_scores import kmeans_scores

__all__ = [
    "BorutaDisplay",
    "CorrelationDisplay",
    "FeatureMap",
    "FeatureMapDisplay",
    "GroupImportance",
    "GroupImportanceDisplay",
    "feature_groups",
    "feature_map",
    "group_importance",
    "kmeans_scores",
]
