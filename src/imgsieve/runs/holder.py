"""Who works in a run folder: one process of one machine, told apart from all others."""

from __future__ import annotations

import json
import os
import socket
import uuid
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psutil

__all__ = ["Holder"]

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc/self/ns/pid")
_SAME_START_SECONDS = 5.0
"""The system tells the start of a process from a clock that may have been set meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """What a lock says of its owner. Times are by the owner's own clock, for people only."""

    owner: str
    """Different for every run."""
    host: str
    machine: str
    """Different for every start of every machine, and for containers that do not see each other's processes."""
    pid: int
    process_started: float
    """Seconds since 1970."""
    started: str
    seen: str

    @classmethod
    def here(cls) -> Holder:
        """Return this process, with a name of its own."""
        now = _now()
        return cls(
            owner=uuid.uuid4().hex,
            host=socket.gethostname(),
            machine=_machine(),
            pid=os.getpid(),
            process_started=psutil.Process().create_time(),
            started=now,
            seen=now,
        )

    @classmethod
    def of_bytes(cls, data: bytes) -> Holder | None:
        """Read what `as_bytes` wrote; None for anything else."""
        try:
            holder = cls(**json.loads(data))
        except (ValueError, TypeError):
            return None
        kinds = (str, str, str, int, float, str, str)
        fits = all(isinstance(value, kind) for value, kind in zip(asdict(holder).values(), kinds, strict=True))
        return holder if fits else None

    def as_bytes(self) -> bytes:
        """Return it as JSON."""
        return json.dumps(asdict(self), indent=2).encode() + b"\n"

    def seen_now(self) -> Holder:
        """Return the same holder at this moment."""
        return replace(self, seen=_now())

    def is_dead(self) -> bool:
        """Return whether this is a process of this very machine that has ended."""
        if self.machine != _machine() or self.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
            return abs(process.create_time() - self.process_started) > _SAME_START_SECONDS
        except psutil.NoSuchProcess:
            return True
        except psutil.Error:
            return False

    def said(self) -> str:
        """Say who it is."""
        return f"process {self.pid} on {self.host}, since {self.started}"


def _machine() -> str:
    """Return what is different after each start of a machine, and in each container."""
    try:
        boot = _BOOT_ID.read_text("ascii").strip()
        return f"{boot} {os.readlink(_PROCESSES)}"  # noqa: PTH115 - it leads to no path
    except OSError:
        return f"{uuid.getnode():x} {psutil.boot_time():.0f}"


def _now() -> str:
    """Return this moment, by this machine's clock."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
