"""S3, Google Cloud Storage, memory and folders as stores, by obstore.

It tells an HTTP status only in the text of its errors, and no header at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    InvalidPathError,
    NotModifiedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import ObjectStore

from imgsieve.storage.client import Check, Listed, Page, Properties
from imgsieve.storage.faults import Fault, StoreFault, fault_of_status

__all__ = ["ObstoreClient"]

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta

Answer = TypeVar("Answer")

_PAGE = 1000
_FIRST_BYTES = 64
_LARGE = 1024**2
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_UNREADABLE = (
    "a name has an empty part ('//') or control characters, which cannot be read here; name a prefix without such names"
)
_KINDS = (
    (FileNotFoundError, Fault.MISSING, "there is no such object"),
    (UnauthenticatedError, Fault.UNAUTHENTICATED, "the credentials are refused"),
    (PermissionDeniedError, Fault.DENIED, "the credentials do not allow it"),
)


class ObstoreClient:
    """Requests to one bucket; see `imgsieve.storage.client.ObjectClient`.

    Parameters
    ----------
    store
        The store, without a prefix and without retries of its own.
    kind
        ``s3``, ``gs``, ``memory`` or ``file``.
    """

    def __init__(self, store: ObjectStore, kind: str) -> None:
        self._store = store
        self.kind = kind

    def page(self, prefix: str, marker: str | None) -> Page:
        """List up to 1,000 objects, beginning behind the name ``marker``."""
        pages = _faults(lambda: obstore.list(self._store, prefix or None, offset=marker, chunk_size=_PAGE))
        # Folders come in no order, so their one page is all of them.
        found = sorted(_faults(pages.collect), key=_path) if self.kind == "file" else _faults(lambda: next(pages, ()))
        objects = [
            Listed(
                name=str(meta["path"]),
                size=int(meta["size"]),
                etag=str(meta["e_tag"] or ""),
                modified=meta["last_modified"].timestamp(),
            )
            for meta in found
        ]
        more = len(objects) == _PAGE and self.kind != "file"
        kept, requests = self._without_folders(objects)
        return Page(objects=kept, marker=objects[-1].name if more else None, requests=1 + requests)

    def _without_folders(self, objects: list[Listed]) -> tuple[list[Listed], int]:
        """Leave out the empty objects with a slash behind their names that stand for folders, and count requests.

        The library lists them without the slash. What lies in the folder comes next in the listing; where nothing
        does, there is an object of that name or there is none.
        """
        if self.kind in ("memory", "file"):
            return objects, 0
        kept, requests = [], 0
        for found, following in pairwise([*objects, None]):
            assert found is not None
            if not found.size:
                if following and following.name.startswith(f"{found.name}/"):
                    continue
                requests += 1
                if not self._is_there(found.name):
                    continue
            kept.append(found)
        return kept, requests

    def _is_there(self, name: str) -> bool:
        """Return whether there is an object of exactly this name."""
        try:
            self.head(name)
        except StoreFault as fault:
            if fault.kind is Fault.MISSING:
                return False
            raise
        return True

    def get(self, name: str, *, etag: str | None, first: int | None, check: Check | None) -> bytes:
        """Read an object whole, or its first bytes."""
        options: GetOptions = {"if_match": etag} if etag else {}
        if first is not None:
            options["range"] = (0, first)
        found = _faults(lambda: obstore.get(self._store, name, options=options))
        if check is None or found.meta["size"] <= _LARGE:
            return bytes(_faults(found.bytes))
        parts = found.stream(min_chunk_size=_FIRST_BYTES)
        data = bytes(_faults(lambda: next(parts, b"")))
        if data and not check(data[:_FIRST_BYTES]):
            return data
        return data + _faults(lambda: b"".join(parts))

    def get_range(self, name: str, start: int, length: int, *, etag: str | None) -> bytes:
        """Read a part of an object."""
        options: GetOptions = {"if_match": etag} if etag else {}
        options["range"] = (start, start + length)
        return bytes(_faults(lambda: obstore.get(self._store, name, options=options).bytes()))

    def put(
        self,
        name: str,
        data: bytes | Path,
        *,
        create: bool,
        etag: str | None,
        content_type: str | None,
        metadata: Mapping[str, str],
        md5: bytes | None,
    ) -> str:
        """Write an object at once; ``md5`` is not checked by these stores."""
        del md5
        mode = self._mode(name, create=create, etag=etag)
        attributes: Any = {"Content-Type": content_type} if content_type else {}
        if self.kind == "file":
            attributes = {}
        else:
            attributes |= metadata
        written = _faults(
            lambda: obstore.put(self._store, name, data, mode=mode, attributes=attributes, use_multipart=None)
        )
        return str(written["e_tag"] or "")

    def _mode(self, name: str, *, create: bool, etag: str | None) -> Any:
        """Return the condition of a write in the library's words."""
        if create or not etag:
            return "create" if create else "overwrite"
        if self.kind != "gs":
            return {"e_tag": etag}
        # Google compares generations instead, which are asked for just before; a change after that is refused.
        meta = _faults(lambda: obstore.head(self._store, name))
        if meta["e_tag"] != etag:
            raise StoreFault(Fault.CHANGED, "the object is another version")
        return {"e_tag": etag, "version": meta["version"]}

    def head(self, name: str) -> Properties:
        """Return what is known of an object."""
        found = _faults(lambda: obstore.get(self._store, name, options={"head": True}))
        attributes = dict(found.attributes)
        content_type = attributes.pop("Content-Type", None)
        meta = found.meta
        return Properties(
            size=int(meta["size"]),
            etag=str(meta["e_tag"] or ""),
            modified=meta["last_modified"].timestamp(),
            content_type=str(content_type) if content_type else None,
            metadata={str(key): str(value) for key, value in attributes.items()},
        )

    def delete(self, name: str) -> None:
        """Remove an object."""
        try:
            _faults(lambda: obstore.delete(self._store, name))
        except StoreFault as fault:
            if fault.kind is not Fault.MISSING:
                raise

    def readable_url(self, name: str) -> str | None:
        """Return None: these stores copy through this machine."""
        del name
        return None

    def copy(
        self, name: str, source_url: str, *, source_etag: str | None, create: bool, etag: str | None
    ) -> Properties:
        """Refuse: there is no URL to copy from."""
        del name, source_url, source_etag, create, etag
        raise StoreFault(Fault.REFUSED, "this kind of store cannot copy from a URL")

    def abort_copy(self, name: str) -> None:
        """Do nothing: no copy is ever pending."""


def _path(meta: ObjectMeta) -> bytes:
    """Return by what objects are in order."""
    return meta["path"].encode()


def _faults(request: Callable[[], Answer]) -> Answer:
    """Carry out a request and tell its faults apart."""
    try:
        return request()
    except (BaseError, OSError, NotImplementedError, ValueError) as error:
        fault = _fault_of(error)
    # Raised out here so that it does not carry the library's error, whose text may have a signature in it.
    raise fault


def _fault_of(error: Exception) -> StoreFault:
    """Turn an error of the library into a fault."""
    if isinstance(error, PreconditionError | NotModifiedError | AlreadyExistsError):
        return StoreFault(Fault.CHANGED, "the object is another version")
    if isinstance(error, InvalidPathError | ValueError):
        return StoreFault(Fault.REFUSED, _UNREADABLE)
    if isinstance(error, NotImplementedError):
        return StoreFault(Fault.REFUSED, "this kind of store cannot do that")
    for kind, fault, message in _KINDS:
        if isinstance(error, kind):
            return _fault(error, fault, message)
    return _fault(error, Fault.BROKEN, "the connection broke")


def _fault(error: Exception, kind: Fault, message: str) -> StoreFault:
    """Return the fault that the text of an error tells of; the text itself may have a signature in it."""
    text = str(error)
    status, code = _STATUS.search(text), _CODE.search(text)
    if status:
        return fault_of_status(int(status[1]), code[1] if code else "")
    if kind is Fault.BROKEN and ("ConnectError" in text or "error trying to connect" in text or "dns error" in text):
        return StoreFault(Fault.UNREACHABLE, "no connection")
    return StoreFault(kind, message)
