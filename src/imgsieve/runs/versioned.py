"""An object of which we know the version: it is written over that one, and over no other."""

from __future__ import annotations

from imgsieve.storage import Fault, Store, StoreFault

__all__ = ["VersionedObject"]

_ATTEMPTS = 4


class VersionedObject:
    """One object that others might write as well.

    Parameters
    ----------
    store
        Where it is.
    name
        Its name there.
    content_type
        What it is written as.
    """

    def __init__(self, store: Store, name: str, content_type: str) -> None:
        self._store = store
        self._name = name
        self._content_type = content_type
        self._etag: str | None = None

    def read(self) -> bytes | None:
        """Return the content and keep its version in mind; None when there is no such object.

        Raises
        ------
        StoreFault
            It cannot be had.
        """
        for _ in range(_ATTEMPTS):
            try:
                etag = self._store.head(self._name).etag
                data = self._store.read(self._name, etag=etag)
            except StoreFault as fault:
                if fault.kind is Fault.MISSING:
                    self._etag = None
                    return None
                if fault.kind is not Fault.CHANGED:
                    raise
            else:
                self._etag = etag
                return data
        raise StoreFault(Fault.CHANGED, "it changes faster than it can be read")

    def write(self, data: bytes) -> bool:
        """Write over the version that we know, or where we know of none; return False when there is another.

        Raises
        ------
        StoreFault
            It cannot be written.
        """
        known = self._etag
        try:
            self._etag = self._store.write(
                self._name, data, create=known is None, etag=known, content_type=self._content_type
            )
        except StoreFault as fault:
            if fault.kind not in (Fault.CHANGED, Fault.MISSING):
                raise
            # A request that broke after it had worked was repeated, and then met what it had written itself.
            same = self.read() == data
            self._etag = self._etag if same else known
            return same
        return True
