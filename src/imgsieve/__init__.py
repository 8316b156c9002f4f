"""Finds duplicate and near-duplicate images among millions."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

# Arrow chooses its allocator when it is loaded, which may be by any of our modules: `imgsieve.memory.settle_allocator`
# tells why this one.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

# Programs that embed this one decide what becomes of its log; without this, warnings would go to standard error.
logging.getLogger("imgsieve").addHandler(logging.NullHandler())

if TYPE_CHECKING:
    from imgsieve.deduplicator.cache import BoundedFeatureCache
    from imgsieve.deduplicator.hierarchical import HierarchicalDeduplicator
    from imgsieve.deduplicator.loader import get_memory_efficient_loader
    from imgsieve.deduplicator.memory_efficient import (
        MemoryEfficientDeduplicator,
        create_memory_efficient_deduplicator,
    )
    from imgsieve.deduplicator.multi_threaded import MultiThreadedDeduplicator
    from imgsieve.finished import Run, iter_groups, open_run

__all__ = [
    "BoundedFeatureCache",
    "HierarchicalDeduplicator",
    "MemoryEfficientDeduplicator",
    "MultiThreadedDeduplicator",
    "Run",
    "create_memory_efficient_deduplicator",
    "get_memory_efficient_loader",
    "iter_groups",
    "open_run",
]

_PLACES = {
    "BoundedFeatureCache": "deduplicator.cache",
    "HierarchicalDeduplicator": "deduplicator.hierarchical",
    "MemoryEfficientDeduplicator": "deduplicator.memory_efficient",
    "MultiThreadedDeduplicator": "deduplicator.multi_threaded",
    "Run": "finished",
    "create_memory_efficient_deduplicator": "deduplicator.memory_efficient",
    "get_memory_efficient_loader": "deduplicator.loader",
    "iter_groups": "finished",
    "open_run": "finished",
}
"""Public names by the module of this package that they are loaded from when they are first asked for."""


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for, so that importing the package stays quick."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - only where it is needed

    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names as well as those that are loaded."""
    return sorted({*globals(), *__all__})
