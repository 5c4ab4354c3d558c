"""Classifiers that are no networks, and what can be put around any classifier."""

from musigenre.classifiers.augmented_classifier import AugmentedClassifier
from musigenre.classifiers.coupled_svc import CoupledSVC

__all__ = ["AugmentedClassifier", "CoupledSVC"]
