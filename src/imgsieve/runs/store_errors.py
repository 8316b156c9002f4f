"""Faults of the store that holds a run folder, as errors of the run folder: in one line, with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from imgsieve.errors import RunFolderError, SourceError
from imgsieve.storage import Fault, StoreFault
from imgsieve.storage.blobs import source_error

__all__ = ["told_of"]

_DENIED = "the credentials do not allow this; a SAS for a run folder needs to read, write, delete and list"


@contextmanager
def told_of(place: str) -> Iterator[None]:
    """Turn faults of a store into errors of the run folder.

    Parameters
    ----------
    place
        What users call the folder, without secrets.

    Raises
    ------
    RunFolderError
        The store could not do what was asked within the context.
    """
    told = f"the run folder {place}".rstrip()
    error: RunFolderError | None = None
    try:
        yield
    except StoreFault as fault:
        if fault.kind is Fault.DENIED:
            error = RunFolderError(f"{told}: {_DENIED} ({fault.message})")
        else:
            error = RunFolderError(str(source_error(fault, told)))
    except SourceError as fault:
        error = RunFolderError(f"{told}: {fault}")
    # Raised out here so that it does not carry the other one.
    if error is not None:
        raise error from None
