"""Azure Blob Storage, one container.

Microsoft's own library does all but the two requests that a run makes by the million, listing and reading: for those
its cost an image is several times that of decoding a small picture. They are plain HTTP here, with a shared access
signature for the container or a bearer token. Names may be anything that Azure takes: empty parts, odd characters.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from base64 import b64decode
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ServiceRequestError
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings

from imgsieve.config import NetworkConfig
from imgsieve.storage.addresses import quote_name
from imgsieve.storage.azure_access import access_to
from imgsieve.storage.client import Check, Listed, Page, Properties
from imgsieve.storage.connections import AzureAccount
from imgsieve.storage.faults import Fault, StoreFault, fault_of_status
from imgsieve.storage.http import HttpReader
from imgsieve.storage.quiet import hush_libraries

__all__ = ["AzureClient"]

Answer = TypeVar("Answer")

hush_libraries()

_PAGE = 5000
_CONNECT_SECONDS = 5


class AzureClient:
    """Requests to one container; see `imgsieve.storage.client.ObjectClient`.

    Parameters
    ----------
    account
        The account and what opens it.
    container
        Name of the container.
    config
        Timeouts, and how many connections there may be.
    is_over
        Whether reading is to be broken off.

    Raises
    ------
    SourceError
        The key is none, or there is neither key nor SAS, and the extra for identities is not installed.
    """

    kind = "azure"

    def __init__(
        self,
        account: AzureAccount,
        container: str,
        config: NetworkConfig,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        self._url = f"{account.endpoint}/{quote(container)}"
        self._http = HttpReader(config, is_over)
        self._access = access_to(account, container)
        self._client = ContainerClient(
            account.endpoint,
            container,
            credential=self._access.credential,
            retry_total=0,
            connection_timeout=_CONNECT_SECONDS,
            read_timeout=config.timeout_seconds,
            logging_enable=False,
        )

    def page(self, prefix: str, marker: str | None) -> Page:
        """List one page of up to 5,000 objects."""
        query = f"restype=container&comp=list&maxresults={_PAGE}&prefix={quote(prefix, safe='')}"
        if marker:
            query += f"&marker={quote(marker, safe='')}"
        url, headers = self._access.sign(f"{self._url}?{query}")
        found = _parsed(self._http.get(url, headers))
        if found is None:
            self._http.distrust()
            raise StoreFault(Fault.BROKEN, "the listing came incomplete")
        objects = [_listed(blob) for blob in found.iterfind("Blobs/Blob") if not _is_folder(blob)]
        return Page(objects=objects, marker=found.findtext("NextMarker") or None)

    def get(self, name: str, *, etag: str | None, first: int | None, check: Check | None) -> bytes:
        """Read an object whole, or its first bytes."""
        url, headers = self._access.sign(f"{self._url}/{quote_name(name)}")
        if etag is not None:
            headers["If-Match"] = etag
        if first is not None:
            headers["x-ms-range"] = f"bytes=0-{first - 1}"
        return self._http.get(url, headers, check)

    def get_range(self, name: str, start: int, length: int, *, etag: str | None) -> bytes:
        """Read a part of an object."""
        url, headers = self._access.sign(f"{self._url}/{quote_name(name)}")
        if etag is not None:
            headers["If-Match"] = etag
        headers["x-ms-range"] = f"bytes={start}-{start + length - 1}"
        return self._http.get(url, headers)

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
        """Write an object at once; with ``md5``, the store checks what arrives and keeps the digest."""
        conditions: dict[str, Any] = {"overwrite": not create}
        if etag is not None:
            conditions |= {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        settings = ContentSettings(content_type=content_type, content_md5=bytearray(md5) if md5 else None)
        blob = self._blob(name)

        def send(body: Any) -> Any:
            return blob.upload_blob(
                body, content_settings=settings, metadata=dict(metadata), validate_content=md5 is not None, **conditions
            )

        if isinstance(data, bytes):
            written = _faults(lambda: send(data))
        else:
            with data.open("rb") as body:
                written = _faults(lambda: send(body))
        return str(written["etag"])

    def head(self, name: str) -> Properties:
        """Return what is known of an object."""
        found = _faults(self._blob(name).get_blob_properties)
        settings = found.content_settings
        return Properties(
            size=found.size,
            etag=str(found.etag),
            modified=found.last_modified.timestamp(),
            content_type=settings.content_type,
            md5=bytes(settings.content_md5) if settings.content_md5 else None,
            metadata=dict(found.metadata or {}),
            copy_status=found.copy.status,
        )

    def delete(self, name: str) -> None:
        """Remove an object."""
        try:
            _faults(self._blob(name).delete_blob)
        except StoreFault as fault:
            if fault.kind is not Fault.MISSING:
                raise

    def readable_url(self, name: str) -> str | None:
        """Return the object's URL with a signature; None for identities, whose tokens are not for other servers."""
        url, headers = self._access.sign(f"{self._url}/{quote_name(name)}")
        return None if "Authorization" in headers else url

    def copy(
        self, name: str, source_url: str, *, source_etag: str | None, create: bool, etag: str | None
    ) -> Properties:
        """Begin a copy on the server."""
        conditions: dict[str, Any] = {}
        if source_etag is not None:
            conditions = {"source_etag": source_etag, "source_match_condition": MatchConditions.IfNotModified}
        if create:
            conditions |= {"match_condition": MatchConditions.IfMissing}
        elif etag is not None:
            conditions |= {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        begun = _faults(lambda: self._blob(name).start_copy_from_url(source_url, **conditions))
        return Properties(size=0, etag=str(begun["etag"]), modified=0.0, copy_status=str(begun["copy_status"]))

    def abort_copy(self, name: str) -> None:
        """Give up a pending copy."""
        found = _faults(self._blob(name).get_blob_properties)
        if found.copy.status == "pending":
            _faults(lambda: self._blob(name).abort_copy(found))

    def _blob(self, name: str) -> BlobClient:
        """Return the library's client of one blob."""
        return self._client.get_blob_client(name)


def _faults(request: Callable[[], Answer]) -> Answer:
    """Carry out a request of the library and tell its faults apart."""
    try:
        return request()
    except AzureError as error:
        fault = _fault_of(error)
    # Raised out here so that it does not carry the library's error, whose text may have a signature in it.
    raise fault


def _fault_of(error: AzureError) -> StoreFault:
    """Turn an error of the library into a fault."""
    if isinstance(error, HttpResponseError) and error.status_code is not None:
        headers: Mapping[str, str] = getattr(error.response, "headers", None) or {}
        return fault_of_status(error.status_code, headers.get("x-ms-error-code", ""), headers.get("Retry-After"))
    if isinstance(error, ClientAuthenticationError):
        return StoreFault(Fault.UNAUTHENTICATED, f"no credentials could be had: {type(error).__name__}")
    if isinstance(error, ServiceRequestError):
        return StoreFault(Fault.UNREACHABLE, f"no connection: {type(error).__name__}")
    return StoreFault(Fault.BROKEN, f"the connection broke: {type(error).__name__}")


def _parsed(body: bytes) -> ET.Element | None:
    """Read the answer to a request to list; None when it is not whole."""
    try:
        # The store is trusted, and expat bounds what entities may grow to.
        return ET.fromstring(body)  # noqa: S314
    except ET.ParseError:
        return None


def _listed(blob: ET.Element) -> Listed:
    """Read one blob of a listing."""
    name = blob.find("Name")
    assert name is not None
    text = name.text or ""
    modified, md5 = blob.findtext("Properties/Last-Modified"), blob.findtext("Properties/Content-MD5")
    return Listed(
        name=unquote(text) if name.get("Encoded") == "true" else text,
        size=int(blob.findtext("Properties/Content-Length") or 0),
        etag=_quoted(blob.findtext("Properties/Etag") or ""),
        modified=parsedate_to_datetime(modified).timestamp() if modified else 0.0,
        md5=b64decode(md5) if md5 else None,
    )


def _is_folder(blob: ET.Element) -> bool:
    """Return whether a listed object is the folder of a hierarchical namespace."""
    return blob.findtext("Properties/ResourceType") == "directory"


def _quoted(etag: str) -> str:
    """Return an ETag as HTTP has it; listings leave the quotes out."""
    return etag if etag.startswith('"') or not etag else f'"{etag}"'
