"""Which features are worth keeping."""

from musigenre.selection.correlation_selector import CorrelationSelector

__all__ = ["CorrelationSelector"]
