"""Which features are worth keeping."""

from musigenre.selection.boruta_selector import BorutaSelector
from musigenre.selection.correlation_selector import CorrelationSelector

__all__ = ["BorutaSelector", "CorrelationSelector"]
