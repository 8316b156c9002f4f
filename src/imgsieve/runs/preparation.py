"""What a run does before anything else: libraries held, inner loops loaded, memory measured and planned."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from imgsieve.config import RunConfig
from imgsieve.errors import MemoryBudgetError
from imgsieve.memory import MemoryPlan, expected_pixel_bytes, plan_memory, resident_bytes
from imgsieve.runs.libraries import hold_libraries
from imgsieve.runs.manifest import Manifest
from imgsieve.runs.prefetch import IMAGES_A_THREAD
from imgsieve.runs.warming import warm_up

__all__ = ["Preparation", "prepare", "share_of", "usable_cores"]

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
_UNLIMITED = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """A process that is ready to work."""

    budget_bytes: int
    base_bytes: int
    """What it takes with nothing done."""
    workers: int
    connections: int
    """Connections to stores at most; 0 when all is on this machine."""
    chosen: bool = False
    """Whether the number of workers was chosen here, and may be lowered."""

    def fitted(self, manifest: Manifest | None) -> Preparation:
        """Return this with as many workers as the memory budget has room for, where they are not given.

        Parameters
        ----------
        manifest
            As for `plan`.

        Raises
        ------
        MemoryBudgetError
            The budget cannot be kept by a single worker either, or not by the number that was asked for.
        """
        try:
            self.plan(manifest)
        except MemoryBudgetError:
            if not self.chosen or self.workers == 1:
                raise
            return replace(self, workers=self.workers - 1).fitted(manifest)
        return self

    def plan(self, manifest: Manifest | None) -> MemoryPlan:
        """Plan the memory of a run.

        Parameters
        ----------
        manifest
            What the run is about; None while it is not listed, for the least that any run takes.

        Raises
        ------
        MemoryBudgetError
            The budget cannot be kept.
        """
        reading = self.workers + self.connections * IMAGES_A_THREAD
        largest = [] if manifest is None else manifest.largest_files(reading)
        return plan_memory(
            self.budget_bytes,
            base_bytes=self.base_bytes,
            images=0 if manifest is None else manifest.rows,
            workers=self.workers,
            connections=self.connections,
            pictures_bytes=sum(largest) + expected_pixel_bytes(largest[: self.workers]),
        )


def prepare(config: RunConfig, *, remote: bool) -> Preparation:
    """Make this process ready for a run.

    Parameters
    ----------
    remote
        Whether pictures come from a store.

    Raises
    ------
    MemoryBudgetError
        The budget is too small for any run; but for the lock, nothing was written yet.
    """
    # On a cluster the number of workers is that of other processes.
    chosen = not config.execution.workers or config.execution.executor != "threads"
    workers = usable_cores() if chosen else config.execution.workers
    hold_libraries(workers)
    warm_up()
    return Preparation(
        budget_bytes=config.execution.memory_bytes,
        base_bytes=resident_bytes(),
        workers=workers,
        connections=config.network.max_concurrency if remote else 0,
        chosen=chosen,
    ).fitted(None)


def usable_cores() -> int:
    """Return how many processors this process may use: those it is bound to, and no more than its share of their time.

    A container is often given the time of a few processors of a large machine.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(bound, share_of(_QUOTA)))


def share_of(quota: Path) -> int:
    """Return how many processors' time a control group allows, rounded up; very many where it sets no limit."""
    try:
        allowed, period = quota.read_text("ascii").split()
        return -(-int(allowed) // int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return _UNLIMITED
