"""How Sphinx builds the documentation: `make docs` writes it to docs/_build/html.

Nothing is fetched during the build: links into other libraries are made by rule, the examples run
on synthetic music, and every warning is an error.
"""

import os
import re
from inspect import ismodule
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.nodes import make_refnode
from sphinx_gallery.sorting import ExplicitOrder

import musigenre
from musigenre.networks import architectures

# No threads beside each other for the small work of the examples, and no messages of TensorFlow.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

project = "musigenre"
author = "The musigenre developers"
copyright = author
version = release = musigenre.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "examples", "generated"]
templates_path = ["_templates"]
nitpicky = True
suppress_warnings = [
    # The gallery hands a function to Sphinx's configuration.
    "config.cache",
]

html_theme = "furo"
html_title = f"musigenre {version}"
html_static_path = ["_static"]
html_css_files = ["musigenre.css"]
html_show_sphinx = False
html_show_sourcelink = html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0072B2", "color-brand-content": "#0072B2"},
    "dark_css_variables": {"color-brand-primary": "#56B4E9", "color-brand-content": "#56B4E9"},
}
pygments_style, pygments_dark_style = "default", "github-dark"

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

# Docstrings mark code by single backticks.
default_role = "literal"
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc's sections tell the types in words
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_attributes_as_param_list = True

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "auto_examples",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("musigenre",),
    "within_subsection_order": ExplicitOrder(
        [
            "plot_genres_of_tracks.py",
            "plot_your_collection.py",
            "plot_protocols.py",
            "plot_spectrograms.py",
            "plot_feature_map.py",
            "plot_selection.py",
            "plot_learning_curves.py",
            "plot_tuning.py",
            "plot_modalities.py",
            "*",
        ]
    ),
    "abort_on_example_error": True,
    "capture_repr": ("_repr_html_", "__repr__"),
    "ignore_repr_types": r"matplotlib|musigenre\..*Display",
    "image_srcset": ["2x"],
    "remove_config_comments": True,
    "show_signature": False,
    "write_computation_times": False,
    "log_level": {"backreference_missing": "info"},
}


def _documented_names() -> dict[str, str]:
    """Give the full name under which the reference documents each public name."""
    public = {name: getattr(musigenre, name) for name in musigenre.__all__}
    packages = [each for each in public.values() if ismodule(each)]
    names = {
        name: f"{package.__name__}.{name}"
        for package in [*packages, architectures]
        for name in getattr(package, "__all__", ())
    }
    return names | {
        name: f"musigenre.{name}" for name, each in public.items() if not ismodule(each)
    }


NAMES = _documented_names()

# Names that are also common words, commands or methods: alone, they are no link.
AMBIGUOUS = {name for name in NAMES if name.islower() and "_" not in name} - set(musigenre.__all__)

# Where other libraries describe a name.
ELSEWHERE = {
    "joblib": "https://joblib.readthedocs.io/en/stable/generated/{}.html",
    "numpy": "https://numpy.org/doc/stable/reference/generated/{}.html",
    "pandas": "https://pandas.pydata.org/docs/reference/api/{}.html",
    "sklearn": "https://scikit-learn.org/stable/modules/generated/{}.html",
}

# Pages read on their own link to files of the repository; here some of these files are pages.
REPOSITORY_LINKS = {
    "](../benchmarks/README.md": "](benchmarks.md",
    "](../docs/": "](",
    "](../CHANGELOG.md": "](changelog.md",
    "](../README.md": "](index.md",
    "](examples/)": "](auto_examples/index.rst)",
}


class LinkPublicNames(SphinxTransform):
    """Make a link of each public name that is marked as code."""

    default_priority = 500

    def apply(self) -> None:
        for literal in list(self.document.findall(nodes.literal)):
            called = literal.astext().partition("(")[0]
            name = called.rpartition(".")[2]
            if called not in (name, NAMES.get(name)) or (called == name and name in AMBIGUOUS):
                continue
            own_page = self.env.docname == f"api/generated/{NAMES.get(name)}"
            if name in NAMES and not own_page and isinstance(literal.parent, _MAY_HOLD_LINKS):
                link = addnodes.pending_xref(
                    "",
                    refdomain="py",
                    reftype="obj",
                    reftarget=NAMES[name],
                    refdoc=self.env.docname,
                )
                literal.replace_self(link)
                link += literal


_MAY_HOLD_LINKS = (nodes.paragraph, nodes.entry, nodes.term, nodes.definition, nodes.strong)


def resolve_names(app: Sphinx, env, node, contnode):
    """Link to a public name, however it is reached, and into other libraries by rule."""
    target = node.get("reftarget", "")
    package, _, rest = target.partition(".")
    name = target.rpartition(".")[2]
    if name in NAMES and (not rest or package == "musigenre"):
        entry = env.domains["py"].objects.get(NAMES[name])
        if entry is not None:
            return make_refnode(
                app.builder, node["refdoc"], entry.docname, entry.node_id, contnode, NAMES[name]
            )
    if rest and package in ELSEWHERE:
        return nodes.reference(
            "", "", contnode, internal=False, refuri=ELSEWHERE[package].format(target)
        )
    return None


def only_own_members(app: Sphinx, what, name, obj, skip, options):
    """Leave out what classes inherit from scikit-learn and Python."""
    function = getattr(obj, "fget", None) or getattr(obj, "__func__", obj)
    module = getattr(function, "__module__", None) or ""
    if what == "class" and callable(function) and not module.startswith("musigenre"):
        return True
    return None


def escape_names(app: Sphinx, what, name, obj, options, lines):
    """Keep a name that ends in an underscore from being a reference where a type is told."""
    lines[:] = [line.replace("(n_features_in_,)", r"(n_features_in\_,)") for line in lines]


def link_pages(app: Sphinx, docname, content):
    """Turn links to files of the repository into links to pages."""
    if docname.startswith(("api/", "auto_examples/")):
        return
    for link, page in REPOSITORY_LINKS.items():
        content[0] = content[0].replace(link, page)
    content[0] = re.sub(r"\]\(examples/(plot_\w+)\.py\)", r"](auto_examples/\1.rst)", content[0])


def link_included_pages(app: Sphinx, path: Path, docname, content):
    """Do the same in files that a page includes."""
    link_pages(app, docname, content)


def write_commands(app: Sphinx) -> None:
    """Write the help of each command to a page."""
    from typer.main import get_command
    from typer.testing import CliRunner

    from musigenre.cli import app as commands

    parts = []
    for name in get_command(commands).commands:
        run = CliRunner(env={"COLUMNS": "78", "NO_COLOR": "1", "TERM": "dumb"})
        text = run.invoke(commands, [name, "--help"], prog_name="musigenre").output
        lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
        parts.append(f"## musigenre {name}\n\n```text\n{lines}\n```\n")
    page = Path(app.srcdir) / "generated" / "commands.md"
    page.parent.mkdir(exist_ok=True)
    page.write_text("\n".join(parts), encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Connect the functions above."""
    app.connect("builder-inited", write_commands)
    app.add_transform(LinkPublicNames)
    app.connect("missing-reference", resolve_names)
    app.connect("autodoc-skip-member", only_own_members)
    app.connect("autodoc-process-docstring", escape_names, priority=400)  # before numpydoc
    app.connect("source-read", link_pages)
    app.connect("include-read", link_included_pages)
