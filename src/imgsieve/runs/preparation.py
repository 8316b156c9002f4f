"""What a run does before anything else: libraries held, inner loops loaded, memory measured and planned."""

from __future__ import annotations

import os
from dataclasses import dataclass

from imgsieve.config import RunConfig
from imgsieve.memory import MemoryPlan, expected_pixel_bytes, plan_memory, resident_bytes
from imgsieve.runs.libraries import hold_libraries
from imgsieve.runs.manifest import Manifest
from imgsieve.runs.prefetch import IMAGES_A_THREAD
from imgsieve.runs.warming import warm_up

__all__ = ["Preparation", "prepare"]


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """A process that is ready to work."""

    budget_bytes: int
    base_bytes: int
    """What it takes with nothing done."""
    workers: int
    connections: int
    """Connections to stores at most; 0 when all is on this machine."""

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
    workers = config.execution.workers or os.cpu_count() or 1
    hold_libraries(workers)
    warm_up()
    ready = Preparation(
        budget_bytes=config.execution.memory_bytes,
        base_bytes=resident_bytes(),
        workers=workers,
        connections=config.network.max_concurrency if remote else 0,
    )
    ready.plan(None)
    return ready
