"""The page about the Python interface is made from the docstrings, and nothing public is undocumented."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import imgsieve

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "api.md"


def test_the_page_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, "tools/generate_api_docs.py", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0, "docs/api.md is stale: run make docs"


def test_every_public_name_is_told_with_all_it_takes() -> None:
    page = PAGE.read_text("utf-8")
    for name in imgsieve.__all__:
        found = getattr(imgsieve, name)
        assert inspect.getdoc(found), name
        told = page.partition(f"### `imgsieve.{name}`\n")[2].partition("\n### ")[0]
        assert told, name
        for parameter in inspect.signature(found).parameters:
            assert re.search(rf"\b{parameter}\b", told), f"{name}: {parameter}"


def test_links_lead_somewhere() -> None:
    page = PAGE.read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = re.findall(r"\]\(#([^)]+)\)", page)
    assert links
    assert set(links) <= anchors


def test_importing_the_package_loads_nothing_large() -> None:
    code = "import sys, imgsieve; dir(imgsieve); print([n for n in ('numpy', 'pyarrow', 'cv2') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
