"""The protocol of executors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

__all__ = ["Executor"]

Task = TypeVar("Task")
Result = TypeVar("Result")


class Executor(Protocol):
    """Carries out independent tasks, a bounded number of them at a time."""

    workers: int

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield the results of ``function`` on ``tasks``, in the order of the tasks.

        Tasks are taken from the iterable only as room becomes free. The first error ends the map, once the tasks that
        had started are over.
        """
        ...
