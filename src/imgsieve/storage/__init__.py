"""Where pictures come from: listing and fetching. The only rooms that know files and networks."""

from imgsieve.storage.addresses import Address, is_remote, parse_address
from imgsieve.storage.blobs import BlobSource
from imgsieve.storage.entry import Entry, Source
from imgsieve.storage.faults import Fault, StoreFault
from imgsieve.storage.filters import ListingFilter
from imgsieve.storage.folder import FolderSource, uri_of
from imgsieve.storage.names import NamedImages
from imgsieve.storage.opening import memory_store, open_named, open_source, open_store
from imgsieve.storage.store import Store
from imgsieve.storage.traffic import Traffic

__all__ = [
    "Address",
    "BlobSource",
    "Entry",
    "Fault",
    "FolderSource",
    "ListingFilter",
    "NamedImages",
    "Source",
    "Store",
    "StoreFault",
    "Traffic",
    "is_remote",
    "memory_store",
    "open_named",
    "open_source",
    "open_store",
    "parse_address",
    "uri_of",
]
