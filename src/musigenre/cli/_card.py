"""The command ``card``."""

import json
import shutil
import textwrap
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from musigenre.console import for_people, say

# Narrower than that, words of the table of genres would be broken.
_WIDTH = (60, 100)


def card(
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Say how far to believe the model that comes with musigenre.

    On what it was trained, how often it is right, by protocol and by genre, and what it cannot do.
    """
    with for_people():
        from musigenre import pretrained

        found = pretrained.card()
        if as_json:
            say(json.dumps(found, indent=1, ensure_ascii=False))
            return
        columns = shutil.get_terminal_size((88, 24)).columns
        for line in _lines(found, min(max(columns, _WIDTH[0]), _WIDTH[1])):
            say(line)


def what_to_expect(found: dict[str, Any]) -> str:
    """Give in a line what somebody should know who sees predictions of the model."""
    artist = found["protocols"]["artist"]
    surest = artist["at_probability"]["0.7"]
    return (
        f"{artist['accuracy']:.0%} of GTZAN's tracks by artists it never heard are told right, "
        f"{surest['accuracy']:.0%} of those with a probability of 0.7 and more; other music may "
        "differ. What else to know: musigenre card"
    )


def _lines(found: dict[str, Any], width: int) -> Iterator[str]:
    data, protocols = found["data"], found["protocols"]
    yield from textwrap.wrap(f"{found['name']}: {found['about']}", width)
    yield from textwrap.wrap(
        f"Trained on {data['tracks']} tracks by {data['artists']} artists of {data['name']}; left "
        f"out are {data['left_out']}.",
        width,
    )
    yield ""
    yield "How often it is right, and how often where the best genre has 0.7 and more:"
    yield ""
    names = max(map(len, protocols))
    indent = f"{'':{names + 17}}"
    for name, each in protocols.items():
        surest = each["at_probability"]["0.7"]
        figures = f"{name:{names}}  {each['accuracy']:5.1%}  {surest['accuracy']:5.1%}  "
        yield from textwrap.wrap(
            f"{figures} {each['meaning']}", width, subsequent_indent=indent, drop_whitespace=True
        )
    yield ""
    yield "By genre, under artist: of its tracks so many are told right (recall), and so many of"
    yield "those that are called so are it (precision):"
    yield ""
    artist = protocols["artist"]
    genres = max(len("genre"), *map(len, found["genres"]))
    yield f"{'genre':{genres}}  tracks  artists  recall  precision"
    for i, genre in enumerate(found["genres"]):
        yield (
            f"{genre:{genres}}  {data['tracks_of_genre'][genre]:6}  "
            f"{data['artists_of_genre'][genre]:7}  {artist['recall'][i]:6.0%}  "
            f"{artist['precision'][i]:9.0%}"
        )
    yield ""
    yield "Limits:"
    yield ""
    for limit in found["limits"]:
        yield from textwrap.wrap(limit, width, initial_indent="- ", subsequent_indent="  ")
    yield ""
    yield from textwrap.wrap(found["licence"], width)
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    yield from textwrap.wrap(f"Made with {versions}. sha256 {found['sha256']}", width)
