"""Nodes of a Ray cluster on this machine, and executors on them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from imgsieve.executors import ThreadExecutor

TASK_BYTES = 600 * 10**6
NODE = {"num_cpus": 1, "memory": 2 * TASK_BYTES, "object_store_memory": 80 * 1024**2}


@contextmanager
def nodes(count: int) -> Iterator[Any]:
    """Run a cluster of so many nodes, and join it."""
    import ray  # noqa: PLC0415 - where Ray is installed
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - likewise

    before = os.environ.get("PYTHONPATH")
    # What tests hand to workers is found by these as it is here; imgsieve itself may be a working copy.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    made = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    try:
        for _ in range(count - 1):
            made.add_node(**NODE)
        ray.init(made.address, log_to_driver=False, configure_logging=False)
        yield made
    finally:
        ray.shutdown()
        made.shutdown()
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def nothing() -> None:
    """Prepare nothing."""


def executor_on_ray(**options: Any) -> Any:
    """Return an executor on the cluster that was joined."""
    from imgsieve.executors.ray import RayExecutor  # noqa: PLC0415 - where Ray is installed

    given = {"address": "", "workers": 0, "task_bytes": TASK_BYTES, "prepare": nothing, "nearby": ThreadExecutor(1)}
    return RayExecutor(**given | options)
