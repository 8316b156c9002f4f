"""From faults of stores to what they mean for a copy: one object is lost to it, or the whole place."""

from __future__ import annotations

import errno

from imgsieve.actions.items import NotCopied
from imgsieve.errors import ImgsieveError, SourceError
from imgsieve.storage import Fault, Store, StoreFault
from imgsieve.storage.blobs import source_error

__all__ = ["loss_of_destination", "loss_of_folder", "loss_of_source"]

_OF_SOURCE = {
    Fault.MISSING: "the object vanished since it was listed",
    Fault.CHANGED: "the object changed since it was listed",
    Fault.ARCHIVED: "the object lies in an archive tier; rehydrate it to have it copied",
    Fault.DENIED: "permission to read it is denied",
}
_OF_DESTINATION = {
    Fault.DENIED: "permission to write it is denied",
    Fault.ARCHIVED: "the object that is there lies in an archive tier",
}
_WHOLE = (Fault.UNAUTHENTICATED, Fault.NO_CONTAINER)
_WHOLE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


def loss_of_source(fault: StoreFault, store: Store, *, one: bool = False) -> ImgsieveError:
    """Say what a fault of the source means; ``one`` where it was met with a single object."""
    if not one or _is_whole(fault, store):
        return source_error(fault, store.label)
    return NotCopied(_OF_SOURCE.get(fault.kind, f"it cannot be read: {fault.message}"))


def loss_of_destination(fault: StoreFault, store: Store, *, written: bool) -> ImgsieveError:
    """Say what a fault of the destination means; ``written`` when something could be written there already."""
    if fault.kind is Fault.DENIED and not written:
        return SourceError(
            f"{store.label}: the credentials do not allow writing; a SAS needs the permissions to read, to list, to "
            f"create and to write, an identity a role such as Storage Blob Data Contributor ({fault.message})"
        )
    if _is_whole(fault, store):
        return source_error(fault, store.label)
    return NotCopied(_OF_DESTINATION.get(fault.kind, f"it cannot be written: {fault.message}"))


def _is_whole(fault: StoreFault, store: Store) -> bool:
    """Return whether nothing of a store can be used any more."""
    return fault.kind in _WHOLE or (fault.passing and store.silent_seconds() > store.patience)


def loss_of_folder(error: OSError, folder: str) -> ImgsieveError:
    """Say what an error of the system means that was met while writing into a folder."""
    reason = error.strerror or type(error).__name__
    if error.errno in _WHOLE_DISK:
        return SourceError(f"{folder} cannot be written: {reason}; mend that and give the same command again")
    return NotCopied(f"it cannot be written: {reason}")
