"""The report as files: whole, complete, deterministic, and safe against what tables hold."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from report_runs import group_sizes, make_run, summary

from imgsieve import schema
from imgsieve.errors import RunFolderError
from imgsieve.report import write_report
from imgsieve.report.texts import plain

SIZES = group_sizes(3000, 700)


class Outline(HTMLParser):
    """What a page holds: links, ids, headings, groups, cards and pictures."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.tags: Counter[str] = Counter()
        self.lang = self.policy = ""
        self.groups: list[int] = []
        self.cards: Counter[int] = Counter()
        self.keepers: Counter[int] = Counter()
        self.rows = 0
        self.images: list[dict[str, str]] = []
        self.attributes: set[str] = set()
        self.names: list[str] = []
        self._in_name = False
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags[tag] += 1
        if tag == "bdi":
            self.names.append("")
            self._in_name = True
        self.attributes |= given.keys()
        self.ids += [given["id"]] if "id" in given else []
        self.lang = given.get("lang", self.lang)
        if tag == "a":
            self.links.append(given["href"])
        elif re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        elif tag == "img":
            self.images.append(given)
        elif given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]
        elif tag == "section" and "group" in given.get("class", "").split():
            self.groups.append(int(given["id"].removeprefix("group-")))
        elif tag == "li" and "card" in given.get("class", "").split():
            self.cards[self.groups[-1]] += 1
            self.keepers[self.groups[-1]] += "keeper" in given["class"]
        elif given.get("scope") == "row":
            self.rows += 1

    def handle_endtag(self, tag: str) -> None:
        self._in_name = self._in_name and tag != "bdi"

    def handle_data(self, data: str) -> None:
        if self._in_name:
            self.names[-1] += data


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_run(tmp_path_factory.mktemp("report") / "run", SIZES, alone=500, failed=700)
    assert write_report(folder) == folder / "report" / "index.html"
    return folder


@pytest.fixture(scope="module")
def outlines(run: Path) -> dict[Path, Outline]:
    return {path: Outline(path) for path in sorted((run / "report").rglob("*.html"))}


def pages(outlines: dict[Path, Outline], folder: str) -> list[Outline]:
    return [page for path, page in outlines.items() if path.parent.name == folder and path.name.startswith("page")]


def test_every_group_and_member_is_shown_once(outlines: dict[Path, Outline]) -> None:
    cards: Counter[int] = Counter()
    keepers: Counter[int] = Counter()
    for page in pages(outlines, "groups"):
        cards.update(page.cards)
        keepers.update(page.keepers)
    assert cards == dict(enumerate(SIZES))
    assert set(keepers.values()) == {1}


@pytest.mark.parametrize(("folder", "column"), [("groups", "group"), ("failed", "error_kind")])
def test_every_name_is_shown_once(run: Path, outlines: dict[Path, Outline], folder: str, column: str) -> None:
    table = pq.read_table(run / "groups.parquet")
    files = table["file"].filter(table[column].is_valid()).to_pylist()
    names = [name for page in pages(outlines, folder) for name in page.names]
    shown = Counter(re.sub(r"\[(U\+\w+|\\\w)\]", r"\1", plain(file)) for file in files)
    assert Counter(names) == shown


def test_groups_come_once_but_for_the_one_that_continues(outlines: dict[Path, Outline]) -> None:
    shown = Counter(group for page in pages(outlines, "groups") for group in page.groups)
    assert {group for group, times in shown.items() if times > 1} == {0}


def test_groups_are_in_the_order_of_the_space_that_they_free(run: Path, outlines: dict[Path, Outline]) -> None:
    table = pq.read_table(run / "groups.parquet", columns=["group", "size", "keep"])
    freed: Counter[int] = Counter()
    for row in table.to_pylist():
        if row["group"] is not None:
            freed[row["group"]] += row["size"] * (1 - row["keep"])
    shown = dict.fromkeys(group for page in pages(outlines, "groups") for group in page.groups)
    assert list(shown) == sorted(freed, key=lambda group: (-freed[group], group))


def test_every_failed_image_is_shown_once(outlines: dict[Path, Outline]) -> None:
    assert [page.rows for page in pages(outlines, "failed")] == [250, 250, 200]


def test_pages_are_bounded(outlines: dict[Path, Outline]) -> None:
    for page in pages(outlines, "groups"):
        assert len(page.groups) <= 50
        assert page.cards.total() <= 240
    assert max(len(page.links) for page in outlines.values()) < 150


def test_all_links_resolve_and_all_pages_are_reached(run: Path, outlines: dict[Path, Outline]) -> None:
    by_uri = {path.as_uri(): page for path, page in outlines.items()}
    start = (run / "report" / "index.html").as_uri()
    reached, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        for link in by_uri[here].links:
            there, fragment = urldefrag(urljoin(here, link))
            assert there in by_uri, (here, link)
            assert not fragment or fragment in by_uri[there].ids, (here, link)
            if there not in reached:
                reached.add(there)
                waiting.append(there)
    assert reached == set(by_uri)


def test_pages_have_the_bones_of_a_document(outlines: dict[Path, Outline]) -> None:
    for path, page in outlines.items():
        assert page.lang == "en"
        assert page.tags["title"] >= 1
        assert page.tags["main"] == page.headings.count(1) == 1
        assert page.headings[0] == 1
        assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:], strict=False)), path
        assert len(page.ids) == len(set(page.ids))
        assert all(image["alt"] for image in page.images)


def test_pages_hold_no_script_no_inline_style_and_a_strict_policy(outlines: dict[Path, Outline]) -> None:
    for page in outlines.values():
        assert not page.tags.keys() & {"script", "link", "iframe", "object", "base", "form"}
        assert page.tags["style"] == 1
        assert "style" not in page.attributes
        assert not [name for name in page.attributes if name.startswith("on")]
        assert page.policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
        assert all(image["src"].startswith("data:image/jpeg;base64,") for image in page.images)


def test_credentials_do_not_reach_the_pages(run: Path) -> None:
    assert "SECRET" not in (run / "report" / "index.html").read_text()


def test_the_same_tables_make_the_same_bytes(run: Path) -> None:
    files = {path: path.read_bytes() for path in (run / "report").rglob("*.html")}
    write_report(run)
    assert {path: path.read_bytes() for path in (run / "report").rglob("*.html")} == files


def test_headline_counts_come_from_the_table(run: Path) -> None:
    text = (run / "report" / "index.html").read_text()
    figures = dict(re.findall(r"<dt>([a-z -]+)</dt><dd>([^<]+)</dd>", text))
    table = pq.read_table(run / "groups.parquet")
    assert figures["pictures"] == f"{table.num_rows:,}"
    assert figures["groups"] == "3,000"
    assert figures["failed"] == "700"
    assert figures["kept"] == f"{3000 + 500:,}"


def test_nothing_but_the_report_is_left_behind(run: Path) -> None:
    assert {path.name for path in run.iterdir()} == {
        "groups.csv",
        "groups.parquet",
        "report",
        "summary.json",
        "thumbs",
    }


@pytest.mark.parametrize("broken", ["groups.parquet", "summary.json"])
def test_a_failed_report_leaves_the_earlier_one(tmp_path: Path, broken: str) -> None:
    run = make_run(tmp_path / "run", [2, 3], alone=1, failed=1)
    before = write_report(run).read_bytes()
    (run / broken).write_bytes(b"no table")
    with pytest.raises(RunFolderError, match=broken):
        write_report(run)
    assert (run / "report" / "index.html").read_bytes() == before
    assert not (run / ".report-in-progress").exists()


def test_what_a_stopped_report_left_is_removed(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [2, 3])
    (run / ".report-in-progress" / "pages").mkdir(parents=True)
    (run / ".report-in-progress" / "pages" / "index.html").write_text("half a page")
    assert "half a page" not in write_report(run).read_text()
    assert not (run / ".report-in-progress").exists()


def test_a_new_report_replaces_all_pages_of_the_earlier_one(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [2, 3])
    write_report(run)
    (run / "report" / "groups" / "page-000002.html").write_text("stale")
    write_report(run)
    assert not (run / "report" / "groups" / "page-000002.html").exists()


def test_a_run_without_thumbnails_says_so(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [3, 2], thumbnails=False)
    write_report(run)
    text = (run / "report" / "groups" / "page-000001.html").read_text()
    assert text.count("no thumbnail") == 5
    assert "<img" not in text


@pytest.mark.parametrize("images", [0, 5])
def test_a_run_without_groups_and_failures(tmp_path: Path, images: int) -> None:
    run = make_run(tmp_path / "run", [], alone=images, failed=0)
    text = write_report(run).read_text()
    assert "No duplicates were found" in text
    assert {path.name for path in (run / "report").iterdir()} == {"index.html"}


def test_a_summary_may_be_nearly_empty(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [2])
    (run / "summary.json").write_text(json.dumps({"version": "1", "seconds": None, "stages": [{"name": "color"}]}))
    assert "Color" in write_report(run).read_text()


def test_several_sources_are_told_apart(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [2], failed=1)
    (run / "summary.json").write_text(json.dumps(summary() | {"sources": ["az://photos", "az://more"]}))
    write_report(run)
    for page in ("groups", "failed"):
        assert "az://photos/" in (run / "report" / page / "page-000001.html").read_text()


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="is not a folder"):
        write_report(tmp_path / "nowhere")
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(RunFolderError, match=r"groups\.parquet does not exist"):
        write_report(tmp_path)


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("{}")
    pq.write_table(pa.table({"image_id": [1]}), tmp_path / "groups.parquet")
    with pytest.raises(RunFolderError, match="lacks the columns"):
        write_report(tmp_path)


def test_a_group_with_two_keepers_shows_both(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", [4], alone=0, failed=0)
    rows = pq.read_table(run / "groups.parquet").to_pylist()
    rows[-1] |= {"keep": 1, "status": schema.KEPT, "relation": None}
    pq.write_table(pa.Table.from_pylist(rows, schema.GROUPS), run / "groups.parquet")
    write_report(run)
    page = Outline(run / "report" / "groups" / "page-000001.html")
    assert page.cards == {0: 4}
    assert page.keepers == {0: 2}
