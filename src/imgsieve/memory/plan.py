"""The memory plan of a run: what it is forecast to take, and how much the gates may let in.

Some memory is known before a picture is read: what the process takes already, the working memory of its threads, the
arrays and tables of each stage. What a budget leaves beyond that goes to two gates, one for downloaded bytes and one
for decoded pixels. They seldom fill: the forecast counts what the sizes of the files let expect, the gates make sure
that the budget is kept where pictures turn out larger.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from imgsieve.errors import MemoryBudgetError
from imgsieve.memory.stages import extraction_bytes, grouping_bytes, search_bytes
from imgsieve.memory.text import megabytes

__all__ = ["MemoryPlan", "least_budget_bytes", "plan_memory", "reserve_for_pairs"]

MIB = 1024**2

EXTRACTION_WORKER_BYTES = 6 * MIB
"""Working memory of a thread that describes: small pictures, the buffers of compiled code, its heap's slack."""

GROUPING_WORKER_BYTES = 12 * MIB
"""Working memory of a thread that compares: two pictures at working size, keypoints, descriptors; both at the closer
size, laid over each other."""

CONNECTION_BYTES = 512 * 1024
"""A connection to a store: its thread, its buffers, what its encryption holds."""

LEAST_GATE_BYTES = 24 * MIB
"""With less room for pixels than this, ordinary photographs could not be decoded."""


@dataclass(frozen=True, kw_only=True)
class MemoryPlan:
    """Where the bytes of a budget go."""

    budget_bytes: int
    base_bytes: int
    """What the process takes with nothing done, libraries and compiled code loaded."""
    images: int
    workers: int
    connections_bytes: int
    fetch_bytes: int
    """Room for downloaded files."""
    decode_bytes: int
    """Room for decoded pixels."""
    pictures_bytes: int
    """What files and pixels are expected to take of both rooms, at one time."""
    pairs: int = 0
    """Pairs that stage 3 left undecided; 0 while that is not known."""
    connected: int = 0
    """The most of them that are worked on together."""

    @property
    def held_by_stage(self) -> dict[str, int]:
        """Bytes above the process's own that each part of the run is sure to hold, without pictures."""
        return _held(self.images, self.workers, self.connections_bytes, self.pairs, self.connected)

    @property
    def projected_by_stage(self) -> dict[str, int]:
        """The peak that is forecast for each part of the run."""
        return {
            name: self.base_bytes + held + (self.pictures_bytes if name in _WITH_PICTURES else 0)
            for name, held in self.held_by_stage.items()
        }

    @property
    def projected_bytes(self) -> int:
        """The peak that is forecast for the run; never above the budget."""
        return max(self.projected_by_stage.values())


_WITH_PICTURES = ("extraction", "grouping")
"""Parts of a run in which pictures are read."""


def _held(images: int, workers: int, connections_bytes: int, pairs: int = 0, connected: int = 0) -> dict[str, int]:
    """Return what each part of a run holds beside pictures."""
    return {
        "extraction": extraction_bytes(images) + workers * EXTRACTION_WORKER_BYTES + connections_bytes,
        "search": search_bytes(images, workers),
        "grouping": grouping_bytes(images, pairs, connected) + workers * GROUPING_WORKER_BYTES + connections_bytes,
    }


def plan_memory(
    budget_bytes: int,
    *,
    base_bytes: int,
    images: int,
    workers: int,
    connections: int = 0,
    pictures_bytes: int = 0,
) -> MemoryPlan:
    """Divide a budget.

    Parameters
    ----------
    budget_bytes
        Ceiling of the resident memory of the process.
    base_bytes
        What the process takes already.
    images
        Number of images of the run.
    workers
        Number of threads.
    connections
        Connections to stores at most; 0 when all is on this machine.
    pictures_bytes
        What files and their pixels are expected to take at one time.

    Raises
    ------
    MemoryBudgetError
        The budget is too small; the message says what is needed.
    """
    connections_bytes = connections * CONNECTION_BYTES
    held = _held(images, workers, connections_bytes)
    if budget_bytes < base_bytes + _least(held):
        raise MemoryBudgetError(_refusal(budget_bytes, base_bytes, images, workers, held))
    room = budget_bytes - base_bytes - max(held[name] for name in _WITH_PICTURES)
    return MemoryPlan(
        budget_bytes=budget_bytes,
        base_bytes=base_bytes,
        images=images,
        workers=workers,
        connections_bytes=connections_bytes,
        fetch_bytes=room // 4,
        decode_bytes=room - room // 4,
        pictures_bytes=min(pictures_bytes, room),
    )


def least_budget_bytes(*, base_bytes: int, images: int, workers: int, connections: int = 0) -> int:
    """Return the smallest budget that `plan_memory` accepts; parameters are the same."""
    return base_bytes + _least(_held(images, workers, connections * CONNECTION_BYTES))


def _least(held: dict[str, int]) -> int:
    """Return what a run needs above the process's own, with the least room for pixels."""
    return max(_with_least_gate(held).values())


def _with_least_gate(held: dict[str, int]) -> dict[str, int]:
    """Add the least room for pixels to the parts in which pictures are read."""
    return {name: size + (LEAST_GATE_BYTES if name in _WITH_PICTURES else 0) for name, size in held.items()}


def _refusal(budget_bytes: int, base_bytes: int, images: int, workers: int, held: dict[str, int]) -> str:
    """Say what a budget that is too small would have to be."""
    parts = ", ".join(f"{name} {megabytes(size)}" for name, size in _with_least_gate(held).items())
    return (
        f"--memory {megabytes(budget_bytes)} cannot be kept: {images:,} images with {workers} workers need "
        f"{megabytes(base_bytes + _least(held))} (the process itself {megabytes(base_bytes)}, and the largest of: "
        f"{parts}; {megabytes(LEAST_GATE_BYTES)} of it for pixels where pictures are read)"
    )


def reserve_for_pairs(plan: MemoryPlan, pairs: int, connected: int) -> MemoryPlan:
    """Return the plan of stages 4 and 5, once it is known how many pairs they begin with.

    Parameters
    ----------
    pairs
        Pairs that stage 3 left undecided.
    connected
        The most of them that are worked on together, as they connect the same images or fill a batch.

    Raises
    ------
    MemoryBudgetError
        They do not fit; the message has the numbers and says how to go on.
    """
    told = replace(plan, pairs=pairs, connected=connected)
    held = told.held_by_stage["grouping"]
    room = plan.budget_bytes - plan.base_bytes - held
    if room < LEAST_GATE_BYTES:
        needed = plan.base_bytes + held + LEAST_GATE_BYTES
        raise MemoryBudgetError(
            f"--memory {megabytes(plan.budget_bytes)} cannot be kept any longer: stage 3 left {pairs:,} pairs, "
            f"{connected:,} of which are worked on together, and grouping {plan.images:,} images needs "
            f"{megabytes(needed)} with them (the process itself {megabytes(plan.base_bytes)}, images, pairs and "
            f"workers {megabytes(held)}, pixels {megabytes(LEAST_GATE_BYTES)}); what is done so far is kept: the "
            "same command with a larger --memory goes on from here"
        )
    room = min(room, plan.fetch_bytes + plan.decode_bytes)
    return replace(
        told,
        fetch_bytes=room // 4,
        decode_bytes=room - room // 4,
        pictures_bytes=min(plan.pictures_bytes, room),
    )
