"""What a run asks of networks: counted by stage, kept within the user's limits, repeated where it fails for a while."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from imgsieve.config import NetworkConfig
from imgsieve.errors import Interrupted
from imgsieve.storage.concurrency import AdaptiveGate
from imgsieve.storage.faults import Fault, StoreFault
from imgsieve.storage.pace import Pace

__all__ = ["Counts", "Lane", "Traffic"]

Answer = TypeVar("Answer")

_LEAST_ATTEMPTS = 4
_HASTY_ATTEMPTS = 4
_HASTY_SECONDS = 8.0
_FIRST_DELAY = {Fault.THROTTLED: 1.0, Fault.BROKEN: 0.1, Fault.UNREACHABLE: 0.5}
_LONGEST_DELAY = 30.0


@dataclass
class Counts:
    """What one stage asked of all stores."""

    gets: int = 0
    heads: int = 0
    lists: int = 0
    puts: int = 0
    copies: int = 0
    deletes: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    retries: int = 0
    throttled_seconds: float = 0.0


class Traffic:
    """The requests of a run, over all its stores.

    Parameters
    ----------
    config
        The limits.
    """

    def __init__(self, config: NetworkConfig) -> None:
        self.config = config
        self._requests = Pace(config.max_requests_per_second)
        self._bytes = Pace(config.max_bandwidth)
        self._counting = threading.Lock()
        self._over = threading.Event()
        self._stage = ""
        self.counts: dict[str, Counts] = {}

    def for_stage(self, stage: str) -> None:
        """Count what follows for a stage."""
        self._stage = stage
        self.counts.setdefault(stage, Counts())

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return the counts by stage."""
        with self._counting:
            return {stage: asdict(counts) for stage, counts in self.counts.items()}

    def count(self, **amounts: float) -> None:
        """Add to the counts of the stage."""
        with self._counting:
            counts = self.counts.setdefault(self._stage, Counts())
            for name, amount in amounts.items():
                setattr(counts, name, getattr(counts, name) + amount)

    def admit(self, size: int) -> None:
        """Wait until one more request, of so many bytes, keeps the user's limits."""
        self.wait(max(self._requests.take(1), self._bytes.take(size)))

    def wait(self, seconds: float) -> None:
        """Wait, unless the run is over.

        Raises
        ------
        Interrupted
            The run is over.
        """
        if (seconds > 0 and self._over.wait(seconds)) or self._over.is_set():
            raise Interrupted("stopped while waiting for a store")

    @contextmanager
    def open(self) -> Iterator[Traffic]:
        """Wake all who wait when the context ends, so that no thread outlives its run."""
        try:
            yield self
        finally:
            self.stop()

    def stop(self) -> None:
        """Let nothing more go out, and wake all who wait."""
        self._over.set()

    def is_over(self) -> bool:
        """Return whether the run is over."""
        return self._over.is_set()


class Lane:
    """The requests to one store: how many at a time, and how they are repeated.

    Parameters
    ----------
    traffic
        The run's, shared by all lanes.
    """

    def __init__(self, traffic: Traffic) -> None:
        self.traffic = traffic
        self.gate = AdaptiveGate(traffic.config.max_concurrency)
        self._paused_until = 0.0
        self._last_answer: float | None = None
        self._heard = False
        self._changing = threading.Lock()

    def request(self, attempt: Callable[[], Answer], *, size: int = 0, gated: bool = False) -> Answer:
        """Return what ``attempt`` returns, trying again where its fault may pass.

        A store that never answered yet is given up within seconds: then something is wrong that waiting does not mend.

        Parameters
        ----------
        attempt
            Makes the request.
        size
            How many bytes it moves.
        gated
            Whether it is one of the many that run at a time.

        Raises
        ------
        StoreFault
            The fault will not pass, or did not in time.
        """
        began, tried = time.monotonic(), 0
        while True:
            try:
                with self._turn(size, gated) as era:
                    answer = attempt()
            except StoreFault as fault:
                tried += 1
                self._heard_of(fault)
                if not fault.passing or self._is_enough(tried, time.monotonic() - began):
                    raise
                self.traffic.count(retries=1)
                self._after(fault, tried, era)
            else:
                self._heard, self._last_answer = True, time.monotonic()
                return answer

    def silent_seconds(self) -> float:
        """Return how long the store has given nothing; infinite when it never did."""
        return float("inf") if self._last_answer is None else time.monotonic() - self._last_answer

    @contextmanager
    def _turn(self, size: int, gated: bool) -> Iterator[int]:
        """Wait until a request may go out; gives the era of the gate.

        The pause is looked at last: it may have begun while the request waited for its place or for the user's limits.
        """
        while True:
            self._wait_out_pause()
            with self.gate.slot() if gated else nullcontext(self.gate.era) as era:
                self.traffic.admit(size)
                if time.monotonic() >= self._paused_until:
                    yield era
                    return

    def _heard_of(self, fault: StoreFault) -> None:
        """Note that the store is there: it refused something, or asked for fewer requests."""
        if not fault.passing:
            self._last_answer = time.monotonic()
        if not fault.passing or fault.kind is Fault.THROTTLED:
            self._heard = True

    def _is_enough(self, tried: int, seconds: float) -> bool:
        """Return whether to give up."""
        if not self._heard:
            return tried >= _HASTY_ATTEMPTS or seconds > _HASTY_SECONDS
        return tried >= _LEAST_ATTEMPTS and seconds > self.traffic.config.retry_seconds

    def _after(self, fault: StoreFault, tried: int, era: int) -> None:
        """Wait as long as the store asks, or exponentially longer each time, with jitter."""
        longest = min(_LONGEST_DELAY, _FIRST_DELAY[fault.kind] * 2 ** min(tried - 1, 16))
        delay = random.uniform(longest / 2, longest)  # noqa: S311 - jitter is no secret
        if fault.kind is not Fault.THROTTLED:
            self.traffic.wait(delay)
            return
        self.gate.throttled(era)
        self._pause(fault.retry_after or delay)

    def _pause(self, seconds: float) -> None:
        """Let nothing out on this lane for a while."""
        with self._changing:
            now = time.monotonic()
            until = max(self._paused_until, now + seconds)
            self.traffic.count(throttled_seconds=until - max(now, self._paused_until))
            self._paused_until = until

    def _wait_out_pause(self) -> None:
        """Wait while the lane is paused."""
        while (rest := self._paused_until - time.monotonic()) > 0:
            self.traffic.wait(rest)
        self.traffic.wait(0)
