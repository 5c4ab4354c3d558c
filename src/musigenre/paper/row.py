"""Row: one system of the tables, and what its source says of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from musigenre.paper.settings import Settings


@dataclass(frozen=True)
class Row:
    """One system: what it hears, how it is made, and what its source reports.

    Parameters
    ----------
    key : str
        Short name, as in ``--rows``.
    title : str
        As tables show it.
    kinds : tuple of str
        Arrays that it is given, side by side; see `musigenre.paper.kinds`.
    make : callable
        Makes the unfitted estimator for given :class:`Settings`; it is seeded later.
    source : str
        Who described the system; of our own rows, what they build on.
    reported : mapping of str to float
        Figures to compare with, by names such as ``test_accuracy``: those of the source, or of the
        paper where our own row is a variant of one of its.
    reported_protocol : str, default="paper"
        Protocol under which they come closest to what is measured here.
    clip_duration : float or None, default=3.0
        Length of a clip in seconds; None for whole tracks.
    ours : bool, default=False
        Whether the system is this library's own.
    table_one : bool, default=False
        Whether it is a row of the paper's Table I.
    cost : float, default=10.0
        Seconds of one core that a holdout of GTZAN takes, roughly: for the order of the work, and
        for the estimate of its time before anything is measured.
    note : str, default=""
        What the source leaves open, and how it was filled.
    version : int, default=1
        Raised when the library changes what the row is, with parameters that say the same. Units of
        several versions do not belong together, and the report says so.

    Examples
    --------
    >>> from musigenre.paper import ROWS
    >>> row = ROWS["mlp-3s"]
    >>> row.title, row.reported["test_accuracy"]
    ('Fixed MLP 3s', 0.879)
    """

    key: str
    title: str
    kinds: tuple[str, ...]
    make: Callable[[Settings], Any]
    source: str
    reported: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    reported_protocol: str = "paper"
    clip_duration: float | None = 3.0
    ours: bool = False
    table_one: bool = False
    cost: float = 10.0
    note: str = ""
    version: int = 1

    @property
    def prior(self) -> bool:
        """Whether it is a system that the paper builds on."""
        return not (self.ours or self.table_one)
