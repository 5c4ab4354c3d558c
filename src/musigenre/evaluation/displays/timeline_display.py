"""Which genre when: the probabilities of a track's clips over time, as a heat map."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import pandas as pd

from musigenre.clips import SAMPLE_RATE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARK_COLOUR = "#D55E00"  # vermilion of Okabe and Ito, seen on white and on dark blue


class TimelineDisplay:
    """Heat map of genre probabilities over the time of one track.

    Genres stand in the order of their mean over the track, which the axis tells; the most probable
    genre of each clip is underlined. `from_estimator` and `from_predictions` make and draw one.

    Parameters
    ----------
    timeline : DataFrame
        A row a clip: ``start`` and ``duration`` in seconds, and ``p_<genre>`` for each genre, as
        :meth:`musigenre.GenrePipeline.predict_clips` gives them.
    title : str, default=""
        What the track is called.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes of the last plot.
    figure_ : matplotlib Figure
        Its figure.

    See Also
    --------
    musigenre.GenrePipeline.predict_clips : Gives the timelines.

    Examples
    --------
    >>> import pandas as pd
    >>> from musigenre.evaluation import TimelineDisplay
    >>> timeline = pd.DataFrame(
    ...     {
    ...         "track": ["a.mp3"] * 3,
    ...         "start": [0.0, 3.0, 6.0],
    ...         "duration": [3.0] * 3,
    ...         "p_jazz": [0.8, 0.6, 0.3],
    ...         "p_rock": [0.2, 0.4, 0.7],
    ...     }
    ... )
    >>> display = TimelineDisplay.from_predictions(timeline)
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['jazz  .57', 'rock  .43']
    """

    #: Most genres that are shown; the others are added up in a row of their own.
    N_GENRES: ClassVar[int] = 10

    def __init__(self, timeline: pd.DataFrame, title: str = "") -> None:
        self.timeline = timeline
        self.title = title

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, track: Any = None, ax: Axes | None = None
    ) -> Self:
        """Predict the clips of tracks and draw the timeline of one.

        Parameters
        ----------
        estimator : GenrePipeline
            Fitted.
        X : paths, waveforms or a clip table
            What the estimator takes.
        track : object, optional
            Which track to draw, as ``predict_clips`` calls it; may be left out if there is one.
        ax : matplotlib Axes, optional
            Axes to draw on; a new figure if None.

        Returns
        -------
        display : TimelineDisplay
        """
        return cls.from_predictions(estimator.predict_clips(X), track=track, ax=ax)

    @classmethod
    def from_predictions(
        cls, timeline: pd.DataFrame, *, track: Any = None, ax: Axes | None = None
    ) -> Self:
        """Draw the timeline of one track.

        Parameters
        ----------
        timeline : DataFrame
            What ``predict_clips`` gave, of any number of tracks.
        track : object, optional
            Which of them to draw; may be left out if there is one.
        ax : matplotlib Axes, optional
            Axes to draw on; a new figure if None.

        Returns
        -------
        display : TimelineDisplay

        Raises
        ------
        ValueError
            If there is no such track, or there are several and none is named.
        """
        if not {"track", "start", "duration"} <= set(timeline.columns):
            raise ValueError(
                "timeline needs the columns track, start, duration and p_<genre>, as predict_clips "
                f"gives them; it has {', '.join(map(str, timeline.columns))}"
            )
        tracks = timeline["track"].drop_duplicates().tolist()
        if track is None and len(tracks) == 1:
            track = tracks[0]
        if track not in tracks:
            some = ", ".join(map(repr, tracks[:3])) + (", ..." if len(tracks) > 3 else "")
            raise ValueError(
                f"track must be one of {some or 'none: there is no clip'}; got {track!r}"
            )
        return cls(timeline[timeline["track"] == track], str(track)).plot(ax)

    def plot(self, ax: Axes | None = None) -> Self:
        """Draw the heat map.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Axes to draw on; a new figure if None.

        Returns
        -------
        self : TimelineDisplay
            With `ax_` and `figure_`.
        """
        import matplotlib.pyplot as plt
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        timeline = self.timeline.sort_values("start")
        shares, best = self._rows(timeline)
        if ax is None:
            _, ax = plt.subplots(figsize=(9, 1.2 + 0.28 * len(shares)), layout="constrained")
        start = timeline["start"].to_numpy(float)
        end = start + timeline["duration"].to_numpy(float)
        # A clip ends a sample before the next begins.
        end[:-1] = np.where(start[1:] - end[:-1] < 2 / SAMPLE_RATE, start[1:], end[:-1])
        heights = np.arange(len(shares) + 1) - 0.5
        mesh = None
        for first, last in _stretches(start, end):
            mesh = ax.pcolormesh(
                np.append(start[first:last], end[last - 1]),
                heights,
                shares.to_numpy()[:, first:last],
                cmap="Blues",  # told apart by lightness alone, so by any kind of colour vision
                vmin=0,
                vmax=1,
                rasterized=True,
            )
        ax.hlines(best + 0.42, start, end, color=MARK_COLOUR, linewidth=2)
        means = shares.mean(axis=1)
        ax.set_yticks(
            np.arange(len(shares)),
            [f"{name}  {_digits(mean)}" for name, mean in means.items()],
        )
        ax.set_ylim(len(shares) - 0.5, -0.5)
        ax.set_xlim(start[0], end[-1])
        ax.xaxis.set_major_locator(MaxNLocator(8, steps=_steps(end[-1] - start[0]), integer=True))
        ax.xaxis.set_major_formatter(FuncFormatter(_clock))
        ax.set_xlabel("time [min:s]")
        ax.set_title(_shortened(self.title), loc="left", fontsize=10)
        ax.tick_params(axis="y", length=0)
        ax.spines[:].set_visible(False)
        figure: Any = ax.figure
        figure.colorbar(mesh, ax=ax, label="probability", ticks=[0, 0.5, 1], pad=0.01)
        self.ax_, self.figure_ = ax, figure
        return self

    def _rows(self, timeline: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
        """Give a row a genre, the most probable first, and in which row each clip's best is."""
        columns = [name for name in timeline.columns if str(name).startswith("p_")]
        shares = timeline[columns].T
        shares.index = pd.Index([name.removeprefix("p_") for name in columns])
        shares = shares.loc[shares.mean(axis=1).sort_values(ascending=False, kind="stable").index]
        best = shares.to_numpy().argmax(axis=0)
        if len(shares) > self.N_GENRES:
            n_own = self.N_GENRES - 1
            others = shares.iloc[n_own:].sum().to_frame(f"{len(shares) - n_own} others").T
            shares = pd.concat([shares.iloc[:n_own], others])
        return shares, np.minimum(best, len(shares) - 1)


def _stretches(start: np.ndarray, end: np.ndarray) -> list[tuple[int, int]]:
    """Give the clips that follow each other without a gap, as slices."""
    breaks = np.flatnonzero(start[1:] > end[:-1]) + 1
    edges = [0, *breaks.tolist(), len(start)]
    return list(pairwise(edges))


def _digits(share: float) -> str:
    return f"{share:.2f}".removeprefix("0")


def _steps(seconds: float) -> list[float]:
    # Ticks at round times: minutes are no decimal numbers.
    return [1, 1.5, 3, 6, 10] if seconds > 60 else [1, 2, 5, 10]


def _clock(seconds: float, _: int) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def _shortened(title: str, length: int = 80) -> str:
    # The end of a path tells more than its beginning. A dollar would begin a formula.
    text = title if len(title) <= length else f"...{title[-length + 3 :]}"
    return text.replace("$", r"\$")
