"""A Ray cluster of two nodes on this machine, for all tests of this folder; they are skipped where Ray is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from clusters import nodes

pytest.importorskip("ray", reason="Ray is not installed; the extra [ray] has it")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """Run a cluster, and join it."""
    with nodes(2) as made:
        yield made
