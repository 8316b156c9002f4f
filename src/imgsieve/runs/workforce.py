"""Who does the work of a run: threads of this process, or a cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib.metadata import version
from socket import gethostname
from typing import Protocol

from imgsieve.config import RunConfig
from imgsieve.errors import ConfigError
from imgsieve.executors import Executor, MeasuredExecutor, ThreadExecutor, ThreadFigures
from imgsieve.runs.libraries import hold_libraries
from imgsieve.runs.warming import warm_up
from imgsieve.storage import NamedImages

__all__ = ["RAY", "Workforce", "check_places", "open_workforce", "own_threads"]

RAY = "ray"


class Workforce(Executor, Protocol):
    """An executor that measures its work."""

    @property
    def figures(self) -> ThreadFigures:
        """What its tasks took so far."""
        ...

    def with_threads(self, threads: MeasuredExecutor, /) -> Workforce:
        """Return what works as this does, with other threads of this process."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def check_places(sources: Sequence[str] | NamedImages, out: str, config: RunConfig) -> None:
    """Refuse places that the processes of a cluster cannot reach by their names alone.

    Raises
    ------
    ConfigError
        There is one.
    """
    if config.execution.executor != RAY:
        return
    if isinstance(sources, NamedImages):
        raise ConfigError("images named one by one are read by this process alone; leave out the executor 'ray'")
    for place in (*sources, out):
        scheme, found, rest = place.partition("://")
        if found and scheme == "memory":
            raise ConfigError(f"memory://{rest} is in this process alone; leave out the executor 'ray'")
        if found and scheme != "file" and "?" in rest:
            raise ConfigError(
                f"{scheme}://{rest.partition('?')[0]}: a SAS in a URL would have to travel with the tasks; set "
                "AZURE_STORAGE_SAS_TOKEN in the environment of all nodes and leave it out of the URL"
            )


def own_threads(threads: int, on_error: Callable[[], None]) -> MeasuredExecutor:
    """Return so many threads of this process; for ``on_error`` see `imgsieve.executors.ThreadExecutor`."""
    return MeasuredExecutor(ThreadExecutor(threads, on_error=on_error))


def open_workforce(config: RunConfig, own: MeasuredExecutor) -> Workforce:
    """Return the executor that the options name.

    Parameters
    ----------
    own
        Threads of this process.

    Raises
    ------
    ConfigError
        Ray is not installed.
    ExecutorError
        There is no such cluster, or no node for any task.
    MemoryBudgetError
        No node has the memory for a task.
    """
    if config.execution.executor != RAY:
        return own
    try:
        from imgsieve.executors.ray import RayExecutor  # noqa: PLC0415 - Ray may not be installed
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != RAY:
            raise
        raise ConfigError("--executor ray needs Ray; install it with: pip install 'imgsieve[ray]'") from None
    execution = config.execution
    return RayExecutor(
        address=execution.ray_address,
        workers=execution.workers,
        task_bytes=execution.memory_bytes,
        prepare=partial(_prepare, version("imgsieve")),
        nearby=own,
    )


@cache
def _prepare(expected: str) -> None:
    """Make a process of a cluster ready for its first task.

    Raises
    ------
    ConfigError
        It has another version of this package than the process that asks.
    """
    if version("imgsieve") != expected:
        raise ConfigError(f"imgsieve is {version('imgsieve')} on {gethostname()} and {expected} here; install the same")
    hold_libraries(1)
    warm_up()
