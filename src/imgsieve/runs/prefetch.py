"""Reading ahead: pictures come while earlier ones are decoded, as many as their bytes allow.

Fetches begin in the order in which workers will want them, and their bytes are admitted before they begin. What finds
no room is left to the worker, and nothing behind it begins before that worker was let in; so no fetch ever waits for
room that only later work could free.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from imgsieve.memory import ByteGate

__all__ = ["IMAGES_A_THREAD", "Prefetcher"]

Task = TypeVar("Task")
Image = Mapping[str, Any]

_MOST_TASKS = 64
IMAGES_A_THREAD = 4
"""Pictures that are fetched or wait for their worker at one time, for each thread that fetches."""


class Prefetcher:
    """Fetches images on threads of its own, before workers ask for them.

    Parameters
    ----------
    gate
        Admits downloaded bytes; shared with all who hold any.
    fetch
        Returns the bytes of a manifest row.
    threads
        Fetches at one time at most; the store decides how many really run.
    """

    def __init__(self, gate: ByteGate, fetch: Callable[[Image], bytes], threads: int) -> None:
        self._gate = gate
        self._fetch = fetch
        self._most = threads * IMAGES_A_THREAD
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="imgsieve-fetch")
        self._changing = threading.Lock()
        self._coming: dict[int, deque[Future[bytes]]] = {}
        self._begun = 0
        self._left = 0

    def ahead(self, tasks: Iterable[Task], images_of: Callable[[Task], Iterable[Image]]) -> Iterator[Task]:
        """Yield the tasks, beginning the fetches of the next ones meanwhile.

        Parameters
        ----------
        images_of
            The images that a task will `take`, in that order; each time that it will.
        """
        begun: deque[Task] = deque()
        for task in tasks:
            for image in images_of(task):
                while not (under_way := self._begin(image)) and begun:
                    yield begun.popleft()
                if not under_way:
                    self._leave_to_worker()
            begun.append(task)
            if len(begun) > _MOST_TASKS:
                yield begun.popleft()
        yield from begun

    @contextmanager
    def take(self, image: Image) -> Iterator[bytes]:
        """Hold the bytes of an image that was announced; wait for them if need be.

        Raises
        ------
        ImageError
            It cannot be fetched.
        """
        coming = self._next(image["image_id"])
        if coming is None:
            with self._gate.admit(image["size"]):
                self._let_in()
                yield self._fetch(image)
            return
        try:
            yield coming.result()
        finally:
            self._gate.leave(image["size"])
            with self._changing:
                self._begun -= 1

    def close(self) -> None:
        """Give up the fetches that have not begun and wait for the others."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _begin(self, image: Image) -> bool:
        """Begin a fetch if nobody waits before it and there is room; say whether that is settled."""
        if image["size"] > self._gate.limit:
            return True
        with self._changing:
            if self._left or self._begun >= self._most or not self._gate.try_enter(image["size"]):
                return False
            self._begun += 1
            self._coming.setdefault(image["image_id"], deque()).append(self._pool.submit(self._fetch, image))
            return True

    def _next(self, image_id: int) -> Future[bytes] | None:
        """Return the fetch of an image that was begun first."""
        with self._changing:
            coming = self._coming.get(image_id)
            if not coming:
                return None
            first = coming.popleft()
            if not coming:
                del self._coming[image_id]
            return first

    def _leave_to_worker(self) -> None:
        """Note that a worker will fetch an image itself."""
        with self._changing:
            self._left += 1

    def _let_in(self) -> None:
        """Note that a worker that had to fetch itself was let in."""
        with self._changing:
            self._left = max(0, self._left - 1)
