"""The protocol of executors, and how maps are made so that they run on any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

__all__ = ["Executor", "Held", "Shared", "Titled", "gathered_map", "title_of"]

Task = TypeVar("Task")
Result = TypeVar("Result")
Rest = TypeVar("Rest")
Value = TypeVar("Value")
Value_co = TypeVar("Value_co", covariant=True)


class Shared(Protocol[Value_co]):
    """A value that several tasks need, and that is brought to where they are carried out once."""

    @property
    def value(self) -> Value_co:
        """The value; arrays of other processes may not be written."""
        ...


@dataclass(frozen=True)
class Held(Generic[Value]):
    """A value in the memory of this process."""

    value: Value


class Executor(Protocol):
    """Carries out independent tasks, a bounded number of them at a time."""

    workers: int
    elsewhere: bool
    """Whether tasks are carried out by other processes. Functions, tasks and results are pickled then, and what a
    function changes beside its result is lost."""

    @property
    def nearby(self) -> Executor:
        """An executor of threads of this process, for work on memory that its tasks share."""
        ...

    def share(self, value: Value) -> Shared[Value]:
        """Return a value as a part of tasks, for as long as it is referred to here or by a task."""
        ...

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield the results of ``function`` on ``tasks``, in the order of the tasks.

        Tasks are taken from the iterable only as room becomes free. The first error ends the map, once the tasks that
        had started are over.
        """
        ...


@dataclass(frozen=True)
class Titled(Generic[Task, Result]):
    """A function with a title, by which people know its tasks."""

    title: str
    function: Callable[[Task], Result]

    def __call__(self, task: Task) -> Result:
        """Carry the function out."""
        return self.function(task)


def title_of(function: Callable[[Task], Result], task: Task, number: int) -> str:
    """Return what people call a task.

    Parameters
    ----------
    function
        Has a method ``title_of(task)``, an attribute ``title``, or only a name.
    number
        Of the task within its map, for functions that cannot tell their tasks apart.
    """
    told = getattr(function, "title_of", None)
    if told is not None:
        return str(told(task))
    return f"{getattr(function, 'title', getattr(function, '__name__', type(function).__name__))} {number}"


def gathered_map(
    executor: Executor,
    gather: Callable[[Task], Rest],
    work: Callable[[Rest], Result],
    tasks: Iterable[Task],
) -> Iterator[Result]:
    """Map over tasks whose data this process holds.

    Parameters
    ----------
    gather
        Brings together what a task needs: on the worker where it shares the memory of this process, and else here.
    work
        Does the work on that; to be pickled.
    """
    if executor.elsewhere:
        return executor.map(work, map(gather, tasks))
    return executor.map(lambda task: work(gather(task)), tasks)
