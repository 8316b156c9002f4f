"""Memory: forecast before a run, admitted by bytes during it, handed back as soon as it is free."""

from imgsieve.memory.gate import ByteGate
from imgsieve.memory.libraries import drop_library_pages, load_libraries
from imgsieve.memory.plan import MemoryPlan, least_budget_bytes, plan_memory, reserve_for_pairs
from imgsieve.memory.process import (
    peak_resident_bytes,
    resident_bytes,
    return_freed_memory,
    settle_allocator,
)
from imgsieve.memory.stages import expected_pixel_bytes

__all__ = [
    "ByteGate",
    "MemoryPlan",
    "drop_library_pages",
    "expected_pixel_bytes",
    "least_budget_bytes",
    "load_libraries",
    "peak_resident_bytes",
    "plan_memory",
    "reserve_for_pairs",
    "resident_bytes",
    "return_freed_memory",
    "settle_allocator",
]
