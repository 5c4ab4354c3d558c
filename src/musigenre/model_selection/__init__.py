"""Holdouts, and the named protocols that say what an accuracy measures."""

from musigenre.model_selection.protocols import (
    PROTOCOLS,
    Protocol,
    get_protocols,
    resolve_groups,
    resolve_tracks,
)
from musigenre.model_selection.stratified_monte_carlo_split import StratifiedMonteCarloSplit

__all__ = [
    "PROTOCOLS",
    "Protocol",
    "StratifiedMonteCarloSplit",
    "get_protocols",
    "resolve_groups",
    "resolve_tracks",
]
