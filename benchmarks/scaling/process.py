"""What the system says of this process."""

from __future__ import annotations

import resource
import sys
from pathlib import Path


def peak_bytes() -> int:
    """Return the largest resident memory that the system has seen of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def forget_peak() -> bool:
    """Have `recent_peak_bytes` count from now on; False where the system cannot."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def recent_peak_bytes() -> int:
    """Return the largest resident memory since `forget_peak`, or of all times."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return peak_bytes()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
