"""Pictures that stand in the page itself: SVG without outside resources, or PNG as text."""

import base64
import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_IDS = re.compile(r'(\bid="|url\(#|xlink:href="#)')


@contextmanager
def drawn() -> Iterator[Any]:
    """Give pyplot with the looks of the report, and close what was drawn."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    looks: Any = {
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and copied
        "svg.hashsalt": "musigenre",
        "figure.dpi": 100,
    }
    backend = mpl.get_backend()
    before = set(plt.get_fignums())
    plt.switch_backend("agg")
    try:
        with mpl.rc_context(looks):
            yield plt
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)
        plt.switch_backend(backend)


def as_svg(figure: "Figure", name: str, description: str) -> str:
    """Give a figure as an SVG element.

    Parameters
    ----------
    figure : matplotlib Figure
    name : str
        Goes before every id, since ids must differ in a page.
    description : str
        What it shows, for those who do not see it.

    Returns
    -------
    str
        HTML.
    """
    out = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(out, format="svg", metadata=nothing)
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = _IDS.sub(rf"\g<1>{name}-", svg)
    label = html.escape(description, quote=True)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def as_png(figure: "Figure", description: str, dpi: int = 110) -> str:
    """Give a figure as an image element; for those of thousands of points."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=dpi)
    text = base64.b64encode(out.getvalue()).decode("ascii")
    label = html.escape(description, quote=True)
    return f'<img alt="{label}" src="data:image/png;base64,{text}">'
