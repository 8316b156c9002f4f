"""Content types, endings, counts of kinds, and the crew."""

import threading
import time
from pathlib import Path

import pytest

from imgsieve.actions import survey
from imgsieve.actions.content_types import content_type_of
from imgsieve.actions.crew import Crew
from imgsieve.actions.survey import OTHER, Survey, ending_of
from imgsieve.config import SourceConfig
from imgsieve.storage import Entry


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a/b.JPG", "image/jpeg"),
        ("b.jpeg", "image/jpeg"),
        ("b.png", "image/png"),
        ("b.webp", "image/webp"),
        ("b.heic", "image/heic"),
        ("b.avif", "image/avif"),
        ("b.jxl", "image/jxl"),
        ("b.tif", "image/tiff"),
        ("b.jpg.txt", "text/plain"),
        ("x.jpg/b", "application/octet-stream"),
        (".jpg", "application/octet-stream"),
        ("b.", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_content_types_go_by_the_ending(name: str, told: str) -> None:
    assert content_type_of(name) == told


@pytest.mark.parametrize(
    ("name", "ending"),
    [("a.JPG", ".jpg"), ("a.tar.gz", ".gz"), (".hidden", "(none)"), ("a.b/c", "(none)"), ("a." + "x" * 40, OTHER)],
)
def test_endings(name: str, ending: str) -> None:
    assert ending_of(name) == ending


def test_no_number_of_kinds_fills_the_memory() -> None:
    found = Survey(sources=[])
    for number in range(10_000):
        found.add(Entry(uri=f"file:///{number}", file=f"a.{number}", size=1, etag=""))
    assert len(found.kinds) <= 4097
    assert sum(tally.files for tally in found.kinds.values()) == found.total.files == 10_000
    assert (found.oldest, found.as_dict()["newest"]) == (None, None)


def test_a_survey_tells_how_far_it_is(tmp_path: Path) -> None:
    for number in range(600):
        (tmp_path / f"{number}.png").write_bytes(b"")
    events = []
    assert survey([str(tmp_path)], SourceConfig(), listener=events.append).pictures.files == 600
    assert [(event.done, event.finished) for event in events] == [(500, False), (600, True)]


def test_a_crew_does_all_and_holds_little() -> None:
    given, most, taken = 0, 0, []

    def work(number: int) -> int:
        time.sleep(0.001)
        return number

    def take(number: int) -> None:
        nonlocal most
        taken.append(number)
        most = max(most, given - len(taken))

    with Crew(work, take, 3) as crew:
        for number in range(200):
            given += 1
            crew.give(number)
        crew.finish()
    assert sorted(taken) == list(range(200))
    assert most <= 12


def test_after_an_error_what_was_done_is_taken_and_the_rest_left() -> None:
    begun, taken = threading.Event(), []

    def work(number: int) -> int:
        if number == 0:
            begun.wait(10)
            raise ValueError("no")
        begun.set()
        time.sleep(0.01)
        return number

    with pytest.raises(ValueError, match="no"), Crew(work, taken.append, 2) as crew:
        for number in range(100):
            crew.give(number)
        crew.finish()
    assert 1 in taken
    assert len(taken) < 99
    assert len(taken) == len(set(taken))
