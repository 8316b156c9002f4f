"""Sizes, foreign text, messages of errors, and lines of progress."""

import errno
import io
import os

import pytest

from imgsieve.cli.failures import explain
from imgsieve.cli.progress import PlainLines
from imgsieve.cli.texts import parse_size, visible
from imgsieve.errors import ConfigError, Interrupted, MemoryBudgetError, RunFolderError, SourceError
from imgsieve.runs.progress import Event


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("600MB", 600_000_000),
        ("2GB", 2_000_000_000),
        ("2 gb", 2_000_000_000),
        ("1.5GiB", 3 << 29),
        ("2G", 2_000_000_000),
        ("512MiB", 512 << 20),
        ("1073741824", 1 << 30),
        ("1000B", 1000),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size("--memory", text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "2XB", "1,5GB", "0", "nan", "1e9", "5i", "2GBB", "٣GB٣"])
def test_other_text_is_no_size(text: str) -> None:
    with pytest.raises(ConfigError, match="--memory"):
        parse_size("--memory", text)


def test_visible_text_has_no_control_characters() -> None:
    assert visible("plain ä 日本") == "plain ä 日本"
    assert visible("a\x1b[0m\r\n\u202eb\udcff\x9b") == "a\\x1b[0m\\r\\n\\u202eb\\udcff\\x9b"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ConfigError("wrong"), 2, "wrong"),
        (SourceError("gone"), 1, "gone"),
        (RunFolderError("foreign"), 1, "foreign"),
        (MemoryBudgetError("too small"), 1, "too small"),
        (Interrupted("stopped"), 130, "stopped"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "run/part"), 1, "run/part: No space left on device: free"),
        (OSError("[Errno 28] Error writing bytes. Detail: No space left on device"), 1, "free some space"),
        (PermissionError(errno.EACCES, "Permission denied", "run"), 1, "run: Permission denied"),
        (MemoryError(), 1, "--memory"),
        (BrokenPipeError(), 1, ""),
        (ValueError("odd"), 1, "ValueError: odd (this is a fault of imgsieve; set IMGSIEVE_TRACEBACK=1"),
    ],
)
def test_errors_have_words_and_codes(error: Exception, code: int, said: str) -> None:
    message, found = explain(error)
    assert found == code
    assert said in message


def event(done: int, total: int | None = 1000, *, finished: bool = False, stage: str = "extract") -> Event:
    return Event(stage=stage, title="Reading pictures", done=done, total=total, finished=finished)


def test_plain_lines_are_few_and_tell_pace_and_time_left() -> None:
    now, stream = 0.0, io.StringIO()
    lines = PlainLines(stream, lambda: now)
    for second in range(1000):
        now = float(second)
        lines(event(second))
    lines(event(1000, finished=True))
    written = stream.getvalue().splitlines()
    assert written[0] == "Reading pictures: 10 of 1,000 (1 %), 1.0 a second, 0:16:30 left"
    assert written[-1] == "Reading pictures: 1,000 in 0:16:39"
    assert len(written) <= 8


def test_the_pace_of_a_resumed_stage_counts_new_work_only() -> None:
    now, stream = 0.0, io.StringIO()
    lines = PlainLines(stream, lambda: now)
    lines(event(900))
    now = 10.0
    lines(event(950))
    assert stream.getvalue() == "Reading pictures: 950 of 1,000 (95 %), 5.0 a second, 10.0 s left\n"


def test_a_stream_that_is_gone_does_not_stop_the_run() -> None:
    class Gone(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    lines = PlainLines(Gone(), lambda: 0.0)
    lines(event(1, finished=True))
    lines(event(2, finished=True, stage="local"))
