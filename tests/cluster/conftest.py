"""A Ray cluster of three nodes on this machine, for all tests of this folder; they are skipped where Ray is not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "integration"))

from clusters import nodes  # noqa: E402 - what whole runs are held to is shared with the tests on threads


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests of this folder where Ray is not installed."""
    if find_spec("ray") is None:
        for item in items:
            if item.path.is_relative_to(HERE):
                item.add_marker(pytest.mark.skip("Ray is not installed; the extra [ray] has it"))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """Run a cluster, and join it."""
    with nodes(3) as made:
        yield made
