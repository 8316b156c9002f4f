"""The lock of a run folder on an object store: an object that its owner renews, and that others take when it is old.

All ages are by the clock of the store: the times of change of what lies there. Whoever was taken for dead and comes
back learns so before the next part is written.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from imgsieve.errors import ImgsieveError, RunFolderError
from imgsieve.runs.holder import Holder
from imgsieve.storage import Fault, Store, StoreFault, Traffic
from imgsieve.storage.client import Properties

__all__ = ["Lease", "RemoteLock", "Urgent"]

_ATTEMPTS = 4
_JOIN_SECONDS = 15.0
_TIMEOUT_SECONDS = 10.0
_JSON = "application/json"


class Urgent(Traffic):
    """Requests that do not wait for the user's limits, but are counted with the others.

    A renewal that stands in line behind large downloads would come too late.

    Parameters
    ----------
    traffic
        The run's.
    """

    def __init__(self, traffic: Traffic) -> None:
        config = traffic.config
        timeout = min(_TIMEOUT_SECONDS, config.timeout_seconds)
        super().__init__(replace(config, max_requests_per_second=0.0, max_bandwidth=0.0, timeout_seconds=timeout))
        self._traffic = traffic

    def count(self, **amounts: float) -> None:
        """Count with the run's other requests."""
        self._traffic.count(**amounts)


@dataclass(frozen=True, kw_only=True)
class Lease:
    """For how long a lock holds."""

    renew_seconds: float = 20.0
    """How often the owner shows that it lives."""
    stale_seconds: float = 90.0
    """After how long without that it is taken for dead."""


class RemoteLock:
    """An object that says who works in a run folder.

    Parameters
    ----------
    store
        Where the folder is; its requests should not wait for anybody's limits.
    name
        Name of the lock in the store.
    place
        What users call the folder.
    lease
        For how long it holds.
    """

    def __init__(self, store: Store, name: str, place: str, lease: Lease) -> None:
        self._store = store
        self._name = name
        self._place = place
        self._lease = lease
        self._holder = Holder.here()
        self._etag = ""
        self._renewed = 0.0
        self._lost = ""
        self._renewing = threading.Lock()
        self._over = threading.Event()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock, and give it back when the context ends.

        Raises
        ------
        RunFolderError
            Somebody else holds it; the message says who.
        StoreFault
            The store cannot be asked.
        """
        self._acquire()
        thread = threading.Thread(target=self._keep_renewing, name="imgsieve-lock", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join(_JOIN_SECONDS)
            if not thread.is_alive():
                self._release()

    def check(self) -> None:
        """Make sure that the folder is still ours; ask the store when that was last known a while ago.

        Raises
        ------
        RunFolderError
            Somebody else took it over.
        """
        if not self._lost and _seconds() - self._renewed > self._lease.stale_seconds / 2:
            self._renew()
        if self._lost:
            raise RunFolderError(self._lost)

    def refusal(self) -> RunFolderError:
        """Return the error that says who holds the lock."""
        found = self._found()
        if found is None or found[0] is None:
            return RunFolderError(f"another process of this machine is running in {self._place}")
        return self._refusal(found[0], self._age(found[1]))

    def _acquire(self) -> None:
        """Take the lock when it is free, or its holder dead."""
        for _ in range(_ATTEMPTS):
            if self._put(create=True):
                return
            found = self._found()
            if found is None:
                continue
            holder, properties = found
            if holder is None and properties.size:
                raise RunFolderError(
                    f"{self._place} has an object named lock that no run has written; name another folder with --out"
                )
            # The lock of a folder on a disk is empty; it came along when that folder was copied into the store.
            if holder is not None and not holder.is_dead():
                age = self._age(properties)
                if age <= self._lease.stale_seconds:
                    raise self._refusal(holder, age)
            if self._put(etag=properties.etag):
                return
        raise self.refusal()

    def _put(self, *, create: bool = False, etag: str | None = None) -> bool:
        """Write the lock if the condition holds; return whether it is ours now."""
        began = _seconds()
        self._holder = self._holder.seen_now()
        body = self._holder.as_bytes()
        try:
            self._etag = self._store.write(self._name, body, create=create, etag=etag, content_type=_JSON)
        except StoreFault as fault:
            if fault.kind not in (Fault.CHANGED, Fault.MISSING):
                raise
            # A request that broke after it had worked was repeated, and then met our own lock.
            found = self._found()
            if found is None or found[0] != self._holder:
                return False
            self._etag = found[1].etag
        self._renewed = began
        return True

    def _found(self) -> tuple[Holder | None, Properties] | None:
        """Return what the lock says, and its version; None when there is none."""
        for _ in range(_ATTEMPTS):
            try:
                properties = self._store.head(self._name)
                return Holder.of_bytes(self._store.read(self._name, etag=properties.etag)), properties
            except StoreFault as fault:
                if fault.kind is Fault.MISSING:
                    return None
                if fault.kind is not Fault.CHANGED:
                    raise
        raise StoreFault(Fault.CHANGED, "the lock changes faster than it can be read")

    def _age(self, properties: Properties) -> float:
        """Return for how many seconds the lock has not been renewed, by the clock of the store."""
        probe = f"{self._name}.{self._holder.owner}"
        self._store.write(probe, b"{}", content_type=_JSON)
        try:
            return self._store.head(probe).modified - properties.modified
        finally:
            self._store.delete(probe)

    def _refusal(self, holder: Holder, age: float) -> RunFolderError:
        """Say who holds the lock, and when it could be taken over."""
        rest = max(1, round(self._lease.stale_seconds - age) + 1)
        return RunFolderError(
            f"another run is working in {self._place}: {holder.said()}, last seen {max(0, round(age))} s ago; "
            f"wait for it, or, if it is dead, try again in {rest} s"
        )

    def _keep_renewing(self) -> None:
        """Renew until the end, on a thread of its own."""
        while not self._over.wait(self._lease.renew_seconds) and not self._lost:
            # A store that does not answer is asked again; until then, `check` lets nothing be written.
            with suppress(ImgsieveError):
                self._renew()

    def _renew(self) -> None:
        """Show that the owner lives, or learn that there is another."""
        with self._renewing:
            for _ in range(_ATTEMPTS):
                if self._lost or self._put(etag=self._etag) or not self._is_ours():
                    return
        raise StoreFault(Fault.BROKEN, "the lock could not be renewed")

    def _is_ours(self) -> bool:
        """Return whether the lock is ours, if not as we know it; note who has it otherwise."""
        found = self._found()
        if found is not None and found[0] is not None and found[0].owner == self._holder.owner:
            self._etag = found[1].etag
            return True
        other = f"by {found[0].said()}" if found is not None and found[0] is not None else "and given back since"
        self._lost = (
            f"the run folder {self._place} was taken over {other}, as this process had not been heard of for long; "
            "nothing more is written from here"
        )
        return False

    def _release(self) -> None:
        """Remove the lock if it is ours still; one that stays is free after a while anyway."""
        with suppress(ImgsieveError):
            self._renew()
            if not self._lost:
                self._store.delete(self._name)


def _seconds() -> float:
    """Return seconds that go on while the machine sleeps, where it can tell."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)
