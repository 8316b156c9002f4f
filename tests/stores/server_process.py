"""A server in a process of its own that says where it listens, and whose output is its access log."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60


@dataclass(frozen=True)
class Access:
    """One line of an access log."""

    method: str
    path: str
    """With its query."""
    status: int


class ServerProcess:
    """A running server.

    Parameters
    ----------
    command
        Starts it on a free port.
    listens
        Expression for what it prints when it is ready; its group is the URL.
    accessed
        Expression for a line of its access log; its groups are method, path and status.
    log
        Where its output goes.
    """

    def __init__(self, command: Sequence[str], listens: str, accessed: str, log: Path) -> None:
        self._log = log
        self._accessed = re.compile(accessed)
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=log.parent, env=plain()
            )
        self.url = self._wait(re.compile(listens))

    def _wait(self, listens: re.Pattern[str]) -> str:
        """Return the URL that the server prints."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            found = listens.search(self._log.read_text(errors="replace"))
            if found:
                return found[1]
            time.sleep(0.05)
        said = self._log.read_text(errors="replace")
        self.stop()
        raise RuntimeError(f"a server of the tests did not start:\n{said}")

    @property
    def position(self) -> int:
        """How much the log has now; for `accesses`."""
        return self._log.stat().st_size

    def accesses(self, since: int = 0) -> list[Access]:
        """Return the requests that were answered after a position of the log."""
        with self._log.open("rb") as log:
            log.seek(since)
            text = log.read().decode(errors="replace")
        return [Access(found[1], found[2], int(found[3])) for found in self._accessed.finditer(text)]

    def stop(self) -> None:
        """End the server."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def plain() -> dict[str, str]:
    """Return the environment without proxies, which are not for this machine's own servers."""
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
