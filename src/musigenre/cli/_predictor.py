"""What ``predict`` does with a model: show, keep, write and draw predictions."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import typer
from tqdm.auto import tqdm

from musigenre.collection.journal import PredictionJournal, model_identity
from musigenre.collection.predictions import TrackPrediction, predict_tracks
from musigenre.collection.tables import json_lines, prediction_table, write_table
from musigenre.console import check_any, printable, say
from musigenre.features.tracks import FileState
from musigenre.pipeline import GenrePipeline

# Tracks in a piece of a written table.
_PIECE = 1024


class Predictor:
    """Predict tracks and take note of what came of each.

    Parameters
    ----------
    pipeline : GenrePipeline
    clips, top, threshold
        See `prediction_table`.
    keep : bool
        Whether to keep the predictions, for `draw`.
    """

    def __init__(
        self, pipeline: GenrePipeline, *, clips: bool, top: int, threshold: float, keep: bool
    ) -> None:
        self.pipeline, self.clips, self.top, self.threshold = pipeline, clips, top, threshold
        self.errors: list[dict[str, str]] = []
        self.damage: list[dict[str, str]] = []
        self._kept: list[TrackPrediction] | None = [] if keep else None
        self._genres: list[tuple[str, str, bool]] = []
        self._notes: Counter[str] = Counter()

    def journal(self, path: Path) -> PredictionJournal:
        """Open the journal of this model."""
        return PredictionJournal(path, model_identity(self.pipeline), len(self.pipeline.classes_))

    def show(self, files: list[str], *, as_json: bool, is_shown: bool) -> None:
        """Predict files and print a row for each track, or clip, as soon as it is known."""
        header = sys.stdout.isatty() and not as_json
        with _progress(len(files)) as progress, self._predict(files) as chunks:
            for chunk in chunks:
                table = self._table(chunk)
                with tqdm.external_write_mode():
                    if as_json:
                        for line in json_lines(table):
                            say(line)
                    elif is_shown:
                        for line in self._lines(table, header):
                            say(line)
                        header = header and table.empty
                self._take(chunk)
                progress.update(len(chunk))

    def fill(self, journal: PredictionJournal, files: list[str]) -> None:
        """Predict what the journal does not know, and write it there."""
        unknown: list[str] = []
        failed: list[str] = []
        for file in files:
            state = _state(file)
            if not journal.knows(state):
                (failed if journal.failed(state) else unknown).append(file)
        with _progress(len(files), len(unknown) + len(failed)) as progress:
            # Files that failed are tried again by themselves, so that the others come in the
            # chunks of a run that nothing disturbed: sums in other chunks might differ in the
            # last digit.
            for group in (failed, unknown):
                with self._predict(group) as chunks:
                    for chunk in chunks:
                        journal.add(chunk)
                        progress.update(len(chunk))

    def write(self, journal: PredictionJournal, files: list[str], output: Path) -> None:
        """Write what the journal knows to a table, which appears when it is complete."""

        def pieces() -> Iterator[pd.DataFrame]:
            for first in range(0, len(files), _PIECE):
                names = files[first : first + _PIECE]
                predictions = list(journal.read(names, [_state(name) for name in names]))
                self._take(predictions)
                yield self._table(predictions)
            check_any(files, self.errors)

        write_table(output, pieces())

    def draw(self, picture: Path) -> None:
        """Draw which genre when, a panel a track."""
        import matplotlib.pyplot as plt

        from musigenre.evaluation import TimelineDisplay

        timeline = prediction_table(self._kept or [], self.pipeline.classes_, clips=True)
        timeline["track"] = timeline["track"].map(printable)
        tracks = timeline["track"].drop_duplicates().tolist()
        n_rows = min(TimelineDisplay.N_GENRES, len(self.pipeline.classes_))
        figure, axes = plt.subplots(
            len(tracks),
            figsize=(9, len(tracks) * (1.2 + 0.28 * n_rows)),
            squeeze=False,
            layout="constrained",
        )
        for track, ax in zip(tracks, axes.ravel(), strict=True):
            TimelineDisplay.from_predictions(timeline, track=track, ax=ax)
        figure.savefig(picture, dpi=150)
        plt.close(figure)

    def genres(self, *, with_unsure: bool) -> list[tuple[str, str]]:
        """Give the path and the genre of each track."""
        return [(path, genre) for path, genre, unsure in self._genres if with_unsure or not unsure]

    def summary(self) -> str:
        """Say how many tracks there were, and how many are unsure."""
        n_unsure = sum(unsure for *_, unsure in self._genres)
        parts = [f"{len(self._genres)} tracks"]
        if n_unsure:
            kinds = ", ".join(f"{n} {note}" for note, n in self._notes.most_common())
            parts.append(f"{n_unsure} of them unsure" + (f" ({kinds})" if kinds else ""))
        return ", ".join(parts)

    def _predict(self, files: list[str]) -> closing:
        """Give the chunks of predictions, whose workers stop where the context ends."""
        return closing(predict_tracks(self.pipeline, files))

    def _take(self, predictions: Iterable[TrackPrediction]) -> None:
        predictions = list(predictions)
        for each in predictions:
            if each.error is not None:
                error = {"cause": each.error.cause, "remedy": each.error.remedy}
                self.errors.append({"path": each.path, **error})
            elif each.damage is not None:
                self.damage.append({"path": each.path, "what": each.damage})
            if each.note:
                self._notes[each.note] += 1
        if self._kept is not None:
            self._kept += [each for each in predictions if each.error is None]
        table = prediction_table(
            predictions, self.pipeline.classes_, top=1, threshold=self.threshold
        )
        columns = (table[name].tolist() for name in ("track", "genre", "unsure"))
        self._genres += zip(*columns, strict=True)

    def _table(self, predictions: Iterable[TrackPrediction]) -> pd.DataFrame:
        table = prediction_table(
            predictions,
            self.pipeline.classes_,
            clips=self.clips,
            top=self.top,
            threshold=self.threshold,
        )
        table["track"] = table["track"].map(printable)
        return table

    def _lines(self, table: pd.DataFrame, header: bool) -> Iterator[str]:
        """Lay out rows in columns as wide as the genres of the model need."""
        genres = [str(genre) for genre in self.pipeline.classes_]
        width = max(len("runner-up"), *map(len, genres))
        ranks = [f"_{k + 1}" if k else "" for k in range(min(self.top, len(genres)))]
        if header:
            names = ["genre", "runner-up", *(f"{k + 1}." for k in range(2, len(ranks)))]
            cells = [f"{name:<{width}}  prob" for name in names[: len(ranks)]]
            cells.append(f"{'note':<11}")
            if self.clips:
                cells.append(f"{'time':>7}")
            yield typer.style("  ".join([*cells, "track"]), bold=True)
        for row in table.to_dict("records"):
            cells = [
                f"{row[f'genre{rank}']!s:<{width}}  {row[f'probability{rank}']:4.2f}"
                for rank in ranks
            ]
            cells.append(f"{row['note'] or ('unsure' if row['unsure'] else ''):<11}")
            if self.clips:
                minutes, seconds = divmod(row["start"], 60)
                cells.append(f"{minutes:2.0f}:{seconds:04.1f}")
            line = "  ".join([*cells, row["track"]])
            yield typer.style(line, dim=True) if row["unsure"] else line


def _progress(total: int, left: int | None = None) -> tqdm:
    initial = 0 if left is None else total - left
    return tqdm(
        desc="predicting",
        total=total,
        initial=initial,
        unit="track",
        smoothing=0.05,
        disable=None,
    )


def _state(path: str) -> FileState:
    return FileState.of(os.path.abspath(path))  # noqa: PTH100 - resolve() follows links
