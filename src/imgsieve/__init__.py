"""Finds duplicate and near-duplicate images among millions."""

import os

# Arrow chooses its allocator when it is loaded, which may be by any of our modules: `imgsieve.memory.settle_allocator`
# tells why this one.
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
