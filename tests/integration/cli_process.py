"""The real command as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

COMMAND = (sys.executable, "-m", "imgsieve")


def environment(**more: str) -> dict[str, str]:
    """Return the environment of the command: that of the tests, at a fixed width."""
    return {**os.environ, "COLUMNS": "80", "TERM": "dumb", **more}


def imgsieve(
    *arguments: object, variables: Mapping[str, str] | None = None, **more: object
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, and demand that it shows no traceback."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        env=environment(**(variables or {})),
        **more,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def start(*arguments: object, variables: Mapping[str, str] | None = None, **more: object) -> subprocess.Popen[str]:
    """Start the command and let it run."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**(variables or {})),
        **more,
    )


def tree(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
