"""The command ``similar``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from musigenre.cli._options import Audio, Jobs, worth_jobs
from musigenre.console import (
    check_any,
    check_output,
    for_people,
    named,
    note_left_out,
    printable,
    report_errors,
    say,
)


def similar(
    track: Annotated[str, typer.Argument(help="The audio file to compare with.")],
    collection: Audio,
    k: Annotated[int, typer.Option("-k", help="How many tracks to name.", min=1)] = 10,
    m3u: Annotated[Path | None, typer.Option(help="Write them to a playlist (.m3u8).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, a line a track.")] = False,
    feature_set: Annotated[
        str, typer.Option(help="texture (the first 30 s), gtzan57 or tzanetakis.")
    ] = "texture",
    store: Annotated[
        Path | None,
        typer.Option(help="Folder that keeps the features; default: one for all, in the cache."),
    ] = None,
    jobs: Jobs = -1,
) -> None:
    """Name the tracks of a collection that sound most like one.

    The first call computes the features of the whole collection, and can be stopped and repeated;
    later ones only compute files that are new or have changed. No model is needed.
    """
    with for_people():
        from platformdirs import user_cache_path

        from musigenre import SimilarTracks
        from musigenre.datasets import find_tracks, write_playlist
        from musigenre.features.tracks import Recipe

        if m3u is not None:
            check_output(m3u, ".m3u8", ".m3u")
        Recipe(feature_set)  # an unknown name is refused before anything is looked for
        (track,) = named([track])
        if not Path(track).is_file():
            raise ValueError(f"there is no file '{track}' to compare with")
        store = store or user_cache_path("musigenre") / "features"
        found = find_tracks(named(collection))
        note_left_out(found.left_out)
        check_any([*found.data, *found.errors], found.errors)
        tracks = SimilarTracks(
            feature_set,
            store=store,
            on_error="skip",
            n_jobs=worth_jobs(jobs, found.data),
            verbose=1,
        )
        try:
            nearest = tracks.fit(found.data).similar(track, k)
        except KeyboardInterrupt:
            say(f"stopped; the same command goes on with what is in '{store}'", err=True)
            raise typer.Exit(130) from None
        if m3u is not None:
            write_playlist(m3u, nearest["track"])
        for row in nearest.to_dict("records"):
            row["track"] = printable(row["track"])
            if as_json:
                say(json.dumps(row, ensure_ascii=False))
            else:
                say(f"{row['distance']:5.2f}  {row['track']}")
        report_errors(found.errors + tracks.errors_)
