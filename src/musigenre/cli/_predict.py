"""The command ``predict``."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from musigenre.cli._options import Audio, Jobs, worth_jobs
from musigenre.console import (
    check_any,
    check_output,
    for_people,
    named,
    printable,
    report_errors,
    say,
    written_whole,
)

if TYPE_CHECKING:
    import pandas as pd

# Files predicted before their rows are written out.
_CHUNK = 64


def predict(
    paths: Audio,
    model: Annotated[Path, typer.Option("--model", "-m", help="A file that train wrote.")],
    clips: Annotated[bool, typer.Option("--clips", help="A row a clip: which genre when.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, a line a row.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write a CSV file instead.")] = None,
    jobs: Jobs = -1,
) -> None:
    """Tell the genre of audio files."""
    with for_people():
        from joblib import parallel_config

        from musigenre import GenrePipeline
        from musigenre.datasets import find_audio

        if csv is not None:
            check_output(csv, ".csv")
        pipeline = GenrePipeline.load(model)
        files = find_audio(named(paths))
        errors: list[dict[str, str]] = []
        with parallel_config(n_jobs=worth_jobs(jobs, files)), written_whole(csv) as part:
            for i, rows in enumerate(_predictions(pipeline, files, clips, errors)):
                if part is not None:
                    rows.to_csv(part, mode="a", index=False, header=i == 0)
                elif as_json:
                    for row in rows.to_dict("records"):
                        say(json.dumps(row))
                else:
                    _print_rows(rows)
            check_any(files, errors)
        if csv is not None:
            say(f"{csv}: {len(files) - len(errors)} tracks")
        report_errors(errors)


def _predictions(
    pipeline, files: list[str], clips: bool, errors: list[dict[str, str]]
) -> Iterator["pd.DataFrame"]:
    """Give the predictions of one chunk of files after another; errors are added to the list."""
    import pandas as pd
    from tqdm.auto import tqdm

    from musigenre import clip_table
    from musigenre.evaluation import vote

    progress = tqdm(total=len(files), desc="predicting", unit="track", disable=None)
    with progress:
        for first in range(0, len(files), _CHUNK):
            chunk = files[first : first + _CHUNK]
            table = clip_table(chunk, pipeline.clip_duration, on_error="skip")
            errors += table.attrs["errors"]
            if not table.empty:
                rows = pipeline.predict_clips(table)
                if not clips:
                    names = [f"p_{genre}" for genre in pipeline.classes_]
                    tracks, probability = vote(rows[names].to_numpy(), rows["track"])
                    best = pipeline.classes_[probability.argmax(axis=1)]
                    rows = pd.DataFrame({"track": map(printable, tracks), "genre": best})
                    rows = rows.join(pd.DataFrame(probability, columns=names))
                rows["track"] = rows["track"].map(printable)
                yield rows
            progress.update(len(chunk))


def _print_rows(rows: "pd.DataFrame") -> None:
    """Print genre, its probability, the time in the track, the track."""
    for row in rows.to_dict("records"):
        when = f"{row['start']:8.1f} s" if "start" in row else ""
        say(f"{row['genre']:<16}{row['p_' + str(row['genre'])]:5.2f}{when}  {row['track']}")
