"""The report in Chromium, opened from a folder: nothing runs, nothing is fetched, everything is seen."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chromium import browser, visit  # noqa: F401 - browser is a fixture
from playwright.sync_api import Browser
from report_runs import HOSTILE, group_sizes, make_run, summary

from imgsieve.report import write_report

NAMES = "nodes => nodes.map(node => node.textContent)"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = make_run(tmp_path_factory.mktemp("browser") / "run", group_sizes(150, 300), alone=0, failed=300)
    return write_report(run).parent


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a report in which all hostile names are in groups, and the summary is hostile as well."""
    run = make_run(tmp_path_factory.mktemp("hostile") / "run", [2] * 10, alone=0, failed=0)
    evil = '</style><script>document.title="run"</script>'
    config = {
        "config": {evil: evil},
        "sources": [evil],
        "version": evil,
        "finished": evil,
        "fingerprint": evil,
    }
    (run / "summary.json").write_text(json.dumps(summary() | config))
    return write_report(run).parent


def pages(report: Path) -> list[Path]:
    return sorted(report.rglob("*.html"))


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [1280, 400])
def test_pages_open_from_a_folder_without_a_complaint(
    browser: Browser,  # noqa: F811
    report: Path,
    width: int,
    dark: bool,
) -> None:
    with visit(browser, width=width, dark=dark) as seen:
        for path in pages(report):
            seen.open(path)
            wide = seen.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path.name} is {wide} pixels wide"
        assert seen.problems == []
        assert seen.foreign_requests() == []


def test_all_pictures_are_decoded(browser: Browser, report: Path) -> None:  # noqa: F811
    with visit(browser) as seen:
        for path in pages(report / "groups"):
            seen.open(path)
            widths = seen.page.eval_on_selector_all("img", "nodes => nodes.map(node => node.naturalWidth)")
            assert all(width == 128 for width in widths)


def test_the_style_sheet_is_applied(browser: Browser, report: Path) -> None:  # noqa: F811
    colors = set()
    for dark in (False, True):
        with visit(browser, dark=dark) as seen:
            seen.open(report / "index.html")
            colors.add(seen.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(colors) == 2


def test_hostile_names_are_text(browser: Browser, hostile: Path) -> None:  # noqa: F811
    with visit(browser) as seen:
        seen.open(hostile / "groups" / "page-000001.html")
        names = seen.page.eval_on_selector_all(".name bdi", NAMES)
        marks = seen.page.eval_on_selector_all(".unseen", NAMES)
        alts = seen.page.eval_on_selector_all("img", "nodes => nodes.map(node => node.alt)")
        seen.open(hostile / "index.html")
        assert "imgsieve" in seen.page.title()
        assert seen.problems == []
        assert seen.foreign_requests() == []
    assert {name for name in HOSTILE if name.isascii() and name.isprintable()} <= set(names)
    assert "new\\nline\\tand tab.jpg" in names
    assert "invoiceU+202Egpj.exe" in names
    assert {"\\n", "\\t", "U+202E", "U+200B", "U+FEFF", "U+0007", "U+001B"} <= set(marks)
    assert "invoice[U+202E]gpj.exe" in alts
    assert not {"\u202e", "\n", "\x07"} & set("".join(names + alts))


def test_a_long_name_stays_in_its_card(browser: Browser, hostile: Path) -> None:  # noqa: F811
    inside = "nodes => nodes.every(node => node.scrollWidth <= node.clientWidth + 1)"
    with visit(browser, width=400) as seen:
        seen.open(hostile / "groups" / "page-000001.html")
        assert seen.page.eval_on_selector_all(".card", inside)


def test_pages_are_turned_by_keyboard(browser: Browser, report: Path) -> None:  # noqa: F811
    with visit(browser) as seen:
        seen.open(report / "groups" / "page-000001.html")
        seen.page.keyboard.press("Tab")
        assert seen.page.evaluate("document.activeElement.textContent") == "Skip to the content"
        seen.page.get_by_role("link", name="Next").first.press("Enter")
        seen.page.wait_for_url("**/page-000002.html")
        seen.page.get_by_role("link", name="The group begins on an earlier page").click()
        seen.page.wait_for_url("**/page-000001.html#group-0")
        assert seen.problems == []


def test_the_way_from_the_first_page(browser: Browser, report: Path) -> None:  # noqa: F811
    with visit(browser) as seen:
        seen.open(report / "index.html")
        seen.page.get_by_role("link", name="Group 0").click()
        assert seen.page.locator("#group-0 .keeper").count() == 1
        seen.page.get_by_role("link", name="imgsieve").click()
        seen.page.get_by_role("link", name="See what failed").click()
        assert seen.page.locator("tbody tr").count() == 250
        assert seen.problems == []


@pytest.mark.parametrize(
    "smuggled",
    ["<img src='https://example.com/a.png'>", "<p style='color:red'>", "<style>p{color:red}</style>"],
)
def test_the_policy_is_in_force(browser: Browser, report: Path, smuggled: str) -> None:  # noqa: F811
    with visit(browser) as seen:
        seen.open(report / "index.html")
        seen.page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", smuggled)
        seen.page.wait_for_timeout(100)
        assert seen.problems
        assert all("Content Security Policy" in problem for problem in seen.problems)
