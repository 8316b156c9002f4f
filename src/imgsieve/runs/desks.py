"""Work on pictures, spread over threads that share one reader, or over processes that have one each.

A process opens the sources by their names when its first task comes, and keeps them open for the next ones. What opens
them is secret, and comes from its own environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Generic, TypeVar

from imgsieve.config import NetworkConfig, RunConfig
from imgsieve.executors import Executor
from imgsieve.memory import plan_memory, resident_bytes
from imgsieve.runs.pictures import PicturePlace, PictureReader, PictureWork
from imgsieve.storage import ListingFilter, Source, Traffic, open_source

__all__ = ["map_pictures", "picture_place"]

Task = TypeVar("Task")
Result = TypeVar("Result")


def picture_place(sources: Iterable[Source], config: RunConfig, workers: int) -> PicturePlace:
    """Return how each of so many other processes reads the pictures of a run, within its limits together."""
    return PicturePlace(
        sources=tuple(source.uri for source in sources),
        decode=config.decode,
        network=_share(config.network, workers),
        memory_bytes=config.execution.memory_bytes,
    )


def _share(config: NetworkConfig, workers: int) -> NetworkConfig:
    """Return the limits of one of several processes."""
    return replace(
        config,
        max_requests_per_second=config.max_requests_per_second / workers,
        max_bandwidth=config.max_bandwidth / workers,
        max_concurrency=max(1, config.max_concurrency // workers),
    )


def map_pictures(
    executor: Executor,
    reader: PictureReader,
    work: PictureWork[Task, Result],
    tasks: Iterable[Task],
) -> Iterator[Result]:
    """Yield the results of work on pictures, in the order of the tasks.

    Parameters
    ----------
    reader
        Reads the pictures, or knows how others do; counts what is read.
    work
        To be pickled, with the tasks and results, where the executor is elsewhere.
    """
    if not executor.elsewhere:
        yield from executor.map(lambda task: work.do(task, reader), reader.ahead(tasks, work.images_of))
        return
    assert reader.place is not None, "nobody said how other processes read the pictures"
    for result, tally in executor.map(_There(reader.place, reader.stage, work), tasks):
        reader.count(tally.gets, tally.traffic)
        yield result


@dataclass(frozen=True)
class _Tally:
    """What a process read since it last told."""

    gets: dict[str, int]
    traffic: dict[str, float]


@dataclass(frozen=True)
class _There(Generic[Task, Result]):
    """Work on pictures, by the reader of whichever process does it."""

    place: PicturePlace
    stage: str
    work: PictureWork[Task, Result]

    def title_of(self, task: Task) -> str:
        """Return what people call a task."""
        return self.work.title_of(task)

    def __call__(self, task: Task) -> tuple[Result, _Tally]:
        """Carry out a task; returns its result, and what was read for it."""
        desk = _Desk.of(self.place, self.stage)
        return desk.do(self.work, task), desk.tally()


class _Desk:
    """What one process keeps open for its tasks on pictures."""

    _kept: tuple[PicturePlace, str, _Desk] | None = None

    def __init__(self, place: PicturePlace, stage: str) -> None:
        self._traffic = Traffic(place.network)
        self._traffic.for_stage(stage)
        sources = [open_source(uri, ListingFilter(), self._traffic) for uri in place.sources]
        connections = place.network.max_concurrency
        remote = any(source.remote for source in sources)
        plan = plan_memory(
            place.memory_bytes,
            base_bytes=resident_bytes(),
            images=0,
            workers=1,
            connections=connections if remote else 0,
        )
        self._stage = stage
        self._reader = PictureReader(sources, plan, place.decode, connections)
        self._reader.for_stage(stage)
        self._told = _Tally({}, {})

    @classmethod
    def of(cls, place: PicturePlace, stage: str) -> _Desk:
        """Return the desk of this process for a stage; it has one at a time, and tasks come one by one."""
        if cls._kept is None or cls._kept[:2] != (place, stage):
            if cls._kept is not None:
                cls._kept[2].close()
            cls._kept = place, stage, cls(place, stage)
        return cls._kept[2]

    def do(self, work: PictureWork[Task, Result], task: Task) -> Result:
        """Carry out a task; its pictures are read ahead."""
        try:
            (announced,) = self._reader.ahead([task], work.images_of)
            return work.do(announced, self._reader)
        except BaseException:
            # What was read ahead and not taken would hold its memory.
            _Desk._kept = None
            self.close()
            raise

    def tally(self) -> _Tally:
        """Return what was read since this was last asked."""
        gets, traffic = dict(self._reader.gets[self._stage]), asdict(self._traffic.counts[self._stage])
        told, self._told = self._told, _Tally(gets, traffic)
        return _Tally(
            {name: number - told.gets.get(name, 0) for name, number in gets.items()},
            {name: number - told.traffic.get(name, 0) for name, number in traffic.items()},
        )

    def close(self) -> None:
        """Give up what is being fetched."""
        self._traffic.stop()
        self._reader.close()
