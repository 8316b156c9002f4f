"""A Ray cluster that is joined, or started on this machine."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import ray

from imgsieve.errors import ExecutorError, MemoryBudgetError
from imgsieve.memory.text import megabytes

__all__ = ["first_line", "join", "usable_processors"]

_CONNECT_SECONDS = 10


def join(address: str, workers: int) -> None:
    """Join a cluster, or start one on this machine."""
    processors = {"num_cpus": workers} if address == "local" and workers else {}
    host, _, port = address.rpartition(":")
    try:
        if host and "://" not in address:
            # Ray itself asks for minutes.
            socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
        with _own_signals():
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **processors)
    except (OSError, ValueError, RuntimeError) as error:
        raise ExecutorError(f"there is no Ray cluster at {address}: {first_line(error)}") from error


def usable_processors(task_bytes: int) -> int:
    """Return how many processors a cluster has; refuse one on which tasks of so much memory would wait for ever."""
    processors = int(ray.cluster_resources().get("CPU", 0))
    if not processors:
        raise ExecutorError("the Ray cluster has no processors for tasks; add a worker node")
    most = max(int(node["Resources"].get("memory", 0)) for node in ray.nodes() if node["Alive"])
    if most < task_bytes:
        raise MemoryBudgetError(
            f"--memory {megabytes(task_bytes)} is what each worker may take, and the largest node of the Ray cluster "
            f"offers {megabytes(most)} to tasks; give a smaller --memory, or start Ray with a larger --memory"
        )
    return processors


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep the handlers of signals that this program chose; Ray brings its own."""
    chosen = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in chosen.items():
            if callable(handler) and threading.current_thread() is threading.main_thread():
                signal.signal(number, handler)


def first_line(error: Exception) -> str:
    """Return what an error says, without the lines of its traceback."""
    return next(iter(str(error).splitlines()), type(error).__name__)
