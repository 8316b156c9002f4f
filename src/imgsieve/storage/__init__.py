"""Where pictures come from: listing and fetching. The only rooms that know files and networks."""

from imgsieve.storage.entry import Entry, Source
from imgsieve.storage.folder import FolderSource, open_source, uri_of

__all__ = ["Entry", "FolderSource", "Source", "open_source", "uri_of"]
