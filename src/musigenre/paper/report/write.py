"""Write the report of a folder of results."""

from os import PathLike
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from musigenre.files import written_whole
from musigenre.paper.report.page import page_content
from musigenre.paper.report.tables import as_csv, as_latex, as_markdown
from musigenre.paper.results import Results

# What the page takes as it is: pictures that are drawn here. Everything else is escaped.
_PICTURES = ("diagram", "bars", "protocol_bars", "curves")


def write_report(results: str | PathLike[str], *, maps: bool = True) -> Path:
    """Write the report of what is done so far.

    Parameters
    ----------
    results : str or path-like
        As :func:`musigenre.paper.reproduce` made it; need not be complete.
    maps : bool, default=True
        Whether to draw the maps of features (Fig. 2), which takes some thirty seconds.

    Returns
    -------
    Path
        ``report.html``, one page that needs nothing from outside. ``table.md``, ``table.csv`` and
        ``table.tex`` stand beside it.

    Raises
    ------
    ValueError
        If the folder holds no reproduction, or no unit is done.

    Examples
    --------
    >>> from musigenre.paper import write_report
    >>> write_report("results")  # doctest: +SKIP
    """
    found = Results(results)
    if not found.records:
        raise ValueError(f"'{results}' holds no unit that is done: there is nothing to report")
    texts = {
        "table.md": as_markdown(found),
        "table.csv": as_csv(found),
        "table.tex": as_latex(found),
        "report.html": render(found, maps=maps),
    }
    for name, text in texts.items():
        with written_whole(found.folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return found.folder / "report.html"


def render(results: Results, *, maps: bool = True) -> str:
    """Lay the page out."""
    environment = Environment(
        loader=PackageLoader("musigenre.paper.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    content = page_content(results, maps=maps)
    for name in _PICTURES:
        content[name] = None if content[name] is None else Markup(content[name])  # noqa: S704 - drawn here
    if content["maps"]:
        content["maps"]["pictures"] = [Markup(each) for each in content["maps"]["pictures"]]  # noqa: S704 - drawn here
    for each in content["confusions"]:
        each["picture"] = Markup(each["picture"])  # noqa: S704 - drawn here
    return environment.get_template("report.html").render(content)
