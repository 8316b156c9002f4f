"""The manifest: which files a run is about, frozen in the order of the listing.

Sources are taken in the order of their URLs and list in the order of their paths; a file that two sources reach is
listed once. The same files always make the same manifest. The run folder itself may lie within a source; it is left
out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from imgsieve.errors import SourceError
from imgsieve.runs.folder import RunFolder
from imgsieve.schema import MANIFEST
from imgsieve.storage import Entry, Source
from imgsieve.storage.addresses import quote_name

__all__ = ["PART_ROWS", "Manifest", "entries_of", "list_sources"]

PART_ROWS = 16_384
_PIECE_ROWS = 1024


@dataclass(frozen=True)
class Manifest:
    """A frozen listing."""

    folder: RunFolder
    parts: tuple[str, ...]
    rows: int
    bytes: int
    fingerprint: str
    """Changes whenever a file, its size or its version does."""
    passed_over: int = 0
    """Links and special files that were met and not listed."""
    unreadable: tuple[str, ...] = ()
    """Folders that could not be listed, each with the reason."""

    def is_whole(self) -> bool:
        """Return whether all parts are there."""
        self.folder.bring(self.parts)
        return all(self.folder.holds(part, _fingerprint_in(part)) for part in self.parts)

    def tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        """Read the manifest part by part."""
        for number in range(len(self.parts)):
            yield self.part(number, columns)

    def part(self, number: int, columns: Sequence[str] | None = None) -> pa.Table:
        """Read one part, which begins with the row ``number`` times `PART_ROWS`."""
        wanted = None if columns is None else list(columns)
        return pq.read_table(self.folder.path(self.parts[number]), columns=wanted, use_threads=False, memory_map=False)

    def largest_files(self, count: int) -> list[int]:
        """Return the sizes in bytes of the ``count`` largest files, the largest first."""
        found = np.empty(0, np.int64)
        for table in self.tables(["size"]):
            sizes = np.concatenate([found, table["size"].to_numpy()])
            found = np.sort(sizes)[::-1][:count]
        return [int(size) for size in found]

    def slices(self, rows: int) -> Iterator[pa.Table]:
        """Read the manifest in pieces of ``rows`` rows; the last may be smaller."""
        held: list[pa.Table] = []
        count = 0
        for table in self.tables():
            held.append(table)
            count += len(table)
            while count >= rows:
                joined = pa.concat_tables(held)
                yield joined.slice(0, rows)
                held, count = [joined.slice(rows)], count - rows
        if count:
            yield pa.concat_tables(held)

    def as_dict(self) -> dict[str, Any]:
        """Return what `run.json` keeps of it."""
        return {
            "parts": list(self.parts),
            "rows": self.rows,
            "bytes": self.bytes,
            "fingerprint": self.fingerprint,
            "passed_over": self.passed_over,
            "unreadable": list(self.unreadable),
        }

    @classmethod
    def from_dict(cls, folder: RunFolder, value: dict[str, Any]) -> Manifest:
        """Return the manifest that `run.json` names."""
        told = {**value, "parts": tuple(value["parts"]), "unreadable": tuple(value.get("unreadable", ()))}
        return cls(folder=folder, **told)


def list_sources(sources: Sequence[Source], folder: RunFolder, done: Callable[[int], None]) -> Manifest:
    """List all sources into the run folder.

    Raises
    ------
    SourceError
        There is not a single file.
    """
    ordered = sorted(sources, key=lambda source: source.uri)
    listing = _Listing(folder, done)
    own = tuple(_own(folder, ordered))
    for entry in entries_of(ordered):
        if not entry.uri.startswith(own):
            listing.add(entry)
    listing.finish()
    if not ordered:
        raise SourceError("there is no source: name a folder with pictures")
    if not listing.count:
        places = ", ".join(source.uri for source in ordered)
        raise SourceError(f"there are no files in {places} (check --include and --exclude)")
    return Manifest(
        folder,
        tuple(listing.parts),
        listing.count,
        listing.bytes,
        listing.fingerprint,
        sum(source.passed_over for source in ordered),
        tuple(text for source in ordered for text in source.unreadable),
    )


class _Listing:
    """Rows of the manifest, written part by part and held as a table meanwhile: a tenth of the size of objects.

    Parameters
    ----------
    done
        Told the number of rows with each part.
    """

    def __init__(self, folder: RunFolder, done: Callable[[int], None]) -> None:
        self._folder = folder
        self._done = done
        self._digest = hashlib.sha256()
        self._pieces: list[pa.RecordBatch] = []
        self._rows: list[dict[str, Any]] = []
        self.parts: list[str] = []
        self.count = self.bytes = 0

    @property
    def fingerprint(self) -> str:
        """Names all rows so far."""
        return self._digest.hexdigest()[:16]

    def add(self, entry: Entry) -> None:
        """Take the next file."""
        uri, size, etag = entry.uri, entry.size, entry.etag
        self._rows.append({"image_id": self.count, "uri": uri, "file": entry.file, "size": size, "etag": etag})
        self._digest.update(f"{uri}\n{size}\n{etag}\n".encode())
        self.count, self.bytes = self.count + 1, self.bytes + size
        if len(self._rows) == _PIECE_ROWS:
            self._pack()
        if len(self._pieces) * _PIECE_ROWS == PART_ROWS:
            self._write()

    def finish(self) -> None:
        """Write what is held."""
        if self._rows:
            self._pack()
        if self._pieces:
            self._write()

    def _pack(self) -> None:
        """Turn the newest rows into a piece of a table."""
        self._pieces.append(pa.RecordBatch.from_pylist(self._rows, MANIFEST))
        self._rows = []

    def _write(self) -> None:
        """Write one part; its name carries what it holds, so that an older manifest is never overwritten."""
        name = f"manifest/part-{len(self.parts):05d}-{self.fingerprint}.parquet"
        self._folder.write_table(name, pa.Table.from_batches(self._pieces), self.fingerprint)
        self.parts.append(name)
        self._pieces = []
        self._done(self.count)


def entries_of(sources: Sequence[Source]) -> Iterator[Entry]:
    """List all sources; what lies within another source is listed with that."""
    for number, source in enumerate(sources):
        place, others = source.identity, [other.identity for other in sources]
        inside = any(place.startswith(other) and place != other for other in others)
        if not inside and place not in others[:number]:
            yield from source.entries()


def _own(folder: RunFolder, sources: Sequence[Source]) -> Iterator[str]:
    """Yield what the URLs of the run folder's own files begin with, in each source that they may lie in."""
    for source in sources:
        for place in folder.identities:
            if source.identity.startswith(place):
                yield f"{source.uri}/"
            elif place.startswith(source.identity):
                inside = place[len(source.identity) :]
                # Paths of this machine are percent-encoded in identities already.
                yield f"{source.uri}/{quote_name(inside) if source.remote else inside}"


def _fingerprint_in(name: str) -> str:
    """Return the fingerprint that the name of a part carries."""
    return name.removesuffix(".parquet").rpartition("-")[2]
