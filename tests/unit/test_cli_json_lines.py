"""Lines of JSON for programs that watch a run."""

from __future__ import annotations

import io
import json
import logging

from imgsieve.cli.json_lines import JsonLines, open_json_lines
from imgsieve.runs import Event


def lines_of(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def event(done, *, stage="extract", finished=False, **more):
    return Event(stage=stage, title="Reading", done=done, total=9, finished=finished, **more)


def test_progress_now_and_then_and_every_end():
    stream, now = io.StringIO(), [0.0]
    lines = JsonLines(stream, lambda: now[0])
    for done in range(9):
        lines(event(done))
        now[0] += 0.3
    lines(event(9, finished=True))
    lines(event(0, stage="global", groups=2, groups_total=5))
    told = lines_of(stream)
    assert [(line["kind"], line["done"]) for line in told] == [
        ("progress", 0), ("progress", 4), ("progress", 8), ("stage-end", 9), ("progress", 0),
    ]  # fmt: skip
    assert told[3]["seconds"] == 2.7
    assert told[3]["stage"] == "extract"
    assert (told[4]["groups"], told[4]["groups_total"]) == (2, 5)
    assert "groups" not in told[0]
    assert all(line["time"].endswith("+00:00") for line in told)


def test_warnings_of_the_engine_are_lines_while_it_is_open():
    stream, log = io.StringIO(), logging.getLogger("imgsieve")
    with open_json_lines(stream) as lines:
        log.warning("images that failed: %d", 3)
        log.info("nothing of interest")
        lines.fail('odd "text"\nwith ends of lines')
    log.warning("nobody hears this")
    kinds = [(line["kind"], line["message"]) for line in lines_of(stream)]
    assert kinds == [("warning", "images that failed: 3"), ("error", 'odd "text"\nwith ends of lines')]
    assert stream.getvalue().isascii()


def test_a_reader_that_has_gone_does_not_end_the_run():
    class Gone(io.StringIO):
        def write(self, _text):
            raise BrokenPipeError

    lines = JsonLines(Gone())
    lines(event(1))
    lines.warn("still here")
