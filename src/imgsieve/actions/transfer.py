"""How one object is copied: by the servers where they can, through this machine otherwise; checked in either case."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from imgsieve.actions.items import COPIED, DIFFERS, EQUAL, FAILED, UNKNOWN, Conflict, Item, NotCopied, Outcome
from imgsieve.actions.losses import loss_of_folder
from imgsieve.actions.origins import MOST_HELD_BYTES, Origin, StoreOrigin
from imgsieve.actions.targets import StoreTarget, Target
from imgsieve.errors import ImgsieveError
from imgsieve.storage.client import Properties

__all__ = ["Transfer"]

_HELD_BYTES = 4 * MOST_HELD_BYTES
_BEGUN = ("failed", "aborted")
_ATTEMPTS = 3


class Transfer:
    """Copies objects, one a call; called from several threads.

    Parameters
    ----------
    origin, target
        Where from and where to.
    overwrite
        Whether an object that is there and differs is replaced.
    dry_run
        Whether to say only what would be done.
    """

    def __init__(self, origin: Origin, target: Target, *, overwrite: bool, dry_run: bool) -> None:
        self._origin = origin
        self._target = target
        self._overwrite = overwrite
        self._dry_run = dry_run
        # Where nothing is, nothing need be asked for; that nothing is overwritten is seen to when it is written.
        self._look = not target.is_empty()
        self._memory = _Room(_HELD_BYTES)

    def __call__(self, item: Item) -> Outcome:
        """Copy one object and say what became of it.

        Raises
        ------
        SourceError
            Nothing can be copied any more.
        """
        try:
            return self._settled(item)
        except NotCopied as error:
            return Outcome(item=item, state=FAILED, reason=str(error))
        except ImgsieveError:
            raise
        except OSError as error:
            loss = loss_of_folder(error, "a file")
            if not isinstance(loss, NotCopied):
                raise loss from None
            return Outcome(item=item, state=FAILED, reason=str(loss))

    def _settled(self, item: Item) -> Outcome:
        """Look at what is there and copy, again where that has changed meanwhile."""
        found = self._target.find(item.name) if self._look or self._dry_run else None
        for _ in range(_ATTEMPTS):
            if found is not None:
                known = self._judged(item, found)
                if known is not None:
                    return known
            if self._dry_run:
                return Outcome(item=item, state=COPIED)
            try:
                return self._copied(item, found.etag if found else None)
            except Conflict:
                before, found = found, self._target.find(item.name)
                if found == before:
                    break
        raise NotCopied("the object changed since it was listed")

    def _judged(self, item: Item, found: Properties) -> Outcome | None:
        """Say what an object that is there means; None when it is to be replaced."""
        if found.copy_status in _BEGUN:
            # What a copy on the server left behind that did not come to its end.
            return None
        equal = self._equal(item, found)
        if equal is None:
            return Outcome(item=item, state=UNKNOWN)
        if equal:
            return Outcome(item=item, state=EQUAL, etag=found.etag, md5=found.md5)
        if self._overwrite:
            return None
        return Outcome(
            item=item, state=DIFFERS, etag=found.etag, reason="exists and differs; --overwrite would replace it"
        )

    def _equal(self, item: Item, found: Properties) -> bool | None:
        """Compare by size, then by MD5; None where a dry run would have to download for it."""
        if found.size != item.size:
            return False
        theirs, ours = self._target.digest(item.name, found), self._origin.digest(item)
        if self._dry_run and (theirs is None or ours is None):
            return None
        theirs = theirs or self._target.read_digest(item.name, found)
        return theirs == (ours or self._origin.read_digest(item))

    def _copied(self, item: Item, replaced: str | None) -> Outcome:
        """Copy an object and check what arrived."""
        origin, target = self._origin, self._target
        asked = isinstance(origin, StoreOrigin) and isinstance(target, StoreTarget)
        if isinstance(origin, StoreOrigin) and isinstance(target, StoreTarget):
            found = target.copy(item, origin, replaced)
            if found is not None:
                _check(item, found, item.md5)
                return Outcome(item=item, state=COPIED, etag=found.etag, md5=found.md5, how="server")
        outcome = self._brought(item, replaced)
        if asked and isinstance(target, StoreTarget):
            target.stop_asking()
        return outcome

    def _brought(self, item: Item, replaced: str | None) -> Outcome:
        """Copy an object through this machine."""
        traits = self._origin.traits(item)
        with self._memory.taken(min(item.size, MOST_HELD_BYTES)), self._origin.content(item) as content:
            if traits.md5 is not None and traits.md5 != content.md5:
                raise NotCopied(
                    f"its content does not fit the MD5 that the source keeps: {content.md5.hex()} came, "
                    f"{traits.md5.hex()} is kept"
                )
            found = self._target.write(item, content, traits, replaced)
            if not content.holds():
                self._target.remove(item.name)
                raise NotCopied("the file changed while it was copied")
        _check(item, found, content.md5)
        return Outcome(item=item, state=COPIED, etag=found.etag, md5=content.md5, how="here")


def _check(item: Item, found: Properties, md5: bytes | None) -> None:
    """Compare what arrived with what was to arrive.

    Raises
    ------
    NotCopied
        It is something else.
    """
    if found.size != item.size:
        raise NotCopied(f"{found.size:,} bytes arrived instead of {item.size:,}; copy it again with --overwrite")
    if md5 is not None and found.md5 is not None and md5 != found.md5:
        raise NotCopied(
            f"what arrived has the MD5 {found.md5.hex()} instead of {md5.hex()}; copy it again with --overwrite"
        )


class _Room:
    """Memory for the contents of objects that are under way together.

    Parameters
    ----------
    size
        Bytes; more than any one takes.
    """

    def __init__(self, size: int) -> None:
        self._free = size
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Hold so many bytes, waiting until they are free."""
        with self._changed:
            self._changed.wait_for(lambda: self._free >= size)
            self._free -= size
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()
