"""The documentation: what it names exists, what exists is named, and its programs compile."""

import ast
import re
from inspect import ismodule
from pathlib import Path

import pytest

import musigenre
from musigenre.networks import architectures

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "api" / "index.rst"
PAGES = sorted(DOCS.glob("*.md"))
EXAMPLES = sorted((DOCS / "examples").glob("plot_*.py"))
TOP = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md"]
TEXTS = [*PAGES, *TOP]

pytestmark = pytest.mark.skipif(not REFERENCE.exists(), reason="docs/ is not in this checkout")


def documented() -> set[str]:
    """Give the full names in the API reference: of its tables, and of single data."""
    names, module, in_table = set(), "", False
    for line in REFERENCE.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\.\. (?:current)?module:: (\S+)", line):
            module, in_table = found[1], False
        elif found := re.match(r"\.\. py:data:: (\S+)", line):
            names.add(f"{module}.{found[1]}")
            in_table = False
        elif line.startswith(".. autosummary::"):
            in_table = True
        elif line and not line.startswith(" "):
            in_table = False
        elif in_table and re.fullmatch(r"   [A-Za-z_]\w*", line):
            names.add(f"{module}.{line.strip()}")
    return names


def public() -> set[str]:
    """Give every public name once: of the package if it is there, or else of its subpackage."""
    top = {name: getattr(musigenre, name) for name in musigenre.__all__}
    names = {f"musigenre.{name}" for name, each in top.items() if not ismodule(each)}
    for package in [*filter(ismodule, top.values()), architectures]:
        names |= {
            f"{package.__name__}.{name}"
            for name in getattr(package, "__all__", ())
            if name not in top
        }
    return names


def without_code(text: str) -> str:
    return re.sub(r"^(`{3,}|:{3,}).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """Give the anchors of the headings of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", without_code(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_public_name_is_in_the_reference():
    assert public() - documented() == set()


def test_the_reference_names_what_exists():
    for name in documented():
        module, _, attribute = name.rpartition(".")
        module = __import__(module, fromlist=[attribute])
        assert hasattr(module, attribute), name


def test_every_page_is_in_the_table_of_contents():
    listed = set()
    for block in re.findall(
        r"^```\{toctree\}$(.*?)^```$", (DOCS / "index.md").read_text(), re.DOTALL | re.MULTILINE
    ):
        listed |= {line for line in block.splitlines() if line and not line.startswith(":")}
    assert {page.stem for page in PAGES} - {"index"} <= listed
    assert {name for name in listed if "/" not in name} <= {page.stem for page in PAGES}


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]*)\)", without_code(text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        if path.startswith(("auto_examples/", "api/")):
            continue  # made by the build, which fails where they are missing
        assert file.exists(), target
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_compiles(page):
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        compile(block, str(page), "exec")


@pytest.mark.parametrize("text", [*TEXTS, *EXAMPLES], ids=lambda text: str(text.relative_to(ROOT)))
def test_imports_of_this_package_exist(text):
    source = text.read_text(encoding="utf-8")
    blocks = [source]
    if text.suffix == ".md":
        blocks = re.findall(r"^```python\n(.*?)^```$", source, re.DOTALL | re.MULTILINE)
    for node in (node for block in blocks for node in ast.walk(ast.parse(block))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("musigenre"):
            module = __import__(node.module, fromlist=["x"])
            for name in node.names:
                assert hasattr(module, name.name), f"{node.module}.{name.name}"


def test_every_example_has_its_place():
    conf = (DOCS / "conf.py").read_text(encoding="utf-8")
    assert [example.name for example in EXAMPLES] == sorted(re.findall(r'"(plot_\w+\.py)"', conf))
