"""The run folder: parts that are whole or absent, and what each depends on.

A part is written under a temporary name and renamed. Its fingerprint, in the table's own metadata, names all that it
was made from; a part with another fingerprint counts as absent. Folders on object stores are the same with a working
copy in between: `imgsieve.runs.mirror`.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from imgsieve.errors import ImgsieveError, RunFolderError
from imgsieve.storage import uri_of

__all__ = ["RunFolder", "TableWriter"]

_FINGERPRINT = "imgsieve.fingerprint"
_PARTIAL = ".partial"


class RunFolder:
    """One run folder on a local disk.

    Parameters
    ----------
    root
        The folder; made when missing.
    place
        What users call it; empty for its path.

    Raises
    ------
    RunFolderError
        It cannot be made or written, or is a folder of something else.
    """

    def __init__(self, root: Path, place: str = "") -> None:
        self.root = root.absolute()
        self.place = place or str(self.root)
        self._described = f"the run folder {self.place}"
        self._check(root)

    def _check(self, root: Path) -> None:
        """Refuse a folder that cannot be used."""
        try:
            str(self.root).encode()
            self.root.mkdir(parents=True, exist_ok=True)
            strangers = not (self.root / "run.json").exists() and any(
                child.name != "lock" and not child.name.endswith(_PARTIAL) for child in self.root.iterdir()
            )
        except OSError as error:
            raise RunFolderError(f"the run folder {root} cannot be used: {error.strerror}") from error
        except ValueError as error:
            raise RunFolderError(f"the run folder {str(root)!a} has a name that is not text; name another") from error
        if strangers:
            raise RunFolderError(
                f"the folder {root} holds other things and no run; name an empty or a new folder with --out"
            )
        if not os.access(self.root, os.W_OK | os.X_OK):
            raise RunFolderError(f"the run folder {root} cannot be written: permission denied")

    @property
    def identities(self) -> tuple[str, ...]:
        """What the identity of a source within this folder begins with; see `imgsieve.storage.Source`."""
        return (f"{uri_of(os.fsencode(self.root.resolve())).rstrip('/')}/",)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from running in this folder.

        Raises
        ------
        RunFolderError
            Another process does, or a file of the folder could not be read or written meanwhile: the disk is full, say.
        """
        try:
            with self._held():
                yield
        except ImgsieveError:
            raise
        except (OSError, pa.ArrowException) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise RunFolderError(
                f"a file of {self._described} cannot be read or written: {reason}; "
                "the same command goes on from here once that is mended"
            ) from error

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the lock."""
        with (self.root / "lock").open("a") as handle:
            self._lock(handle)
            self._clear_partial()
            yield

    def _lock(self, handle: IO[str]) -> None:
        """Take the lock, which the system frees when this process ends, however it does."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunFolderError(f"another process is running in {self.root}") from error

    def _clear_partial(self) -> None:
        """Remove what a killed process left half written."""
        for left in self.root.glob(f"**/*{_PARTIAL}"):
            left.unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """Return the path of a part, for reading; nothing is there when there is no such part."""
        return self.root / name

    def written_elsewhere(self, names: Iterable[str]) -> None:
        """Take note that other processes may have written parts since they were last asked for."""

    def bring(self, names: Iterable[str]) -> None:
        """Make several parts that will be read quick to come by."""

    def exists(self, name: str) -> bool:
        """Return whether a part is there."""
        return self.path(name).exists()

    def holds(self, name: str, fingerprint: str) -> bool:
        """Return whether a table is there and made from what ``fingerprint`` names."""
        return self.facts(name).get(_FINGERPRINT) == fingerprint

    def facts(self, name: str) -> dict[str, str]:
        """Return the metadata of a table, nothing for one that is missing or damaged."""
        path = self.path(name)
        try:
            metadata = pq.read_schema(path).metadata or {}
        except (OSError, pa.ArrowInvalid):
            return {}
        return {key.decode(): value.decode() for key, value in metadata.items() if key.startswith(b"imgsieve.")}

    def write_table(self, name: str, table: pa.Table, fingerprint: str, **facts: Any) -> None:
        """Write a small table whole."""
        with self.table_writer(name, table.schema, fingerprint, **facts) as writer:
            writer.write(table)

    @contextmanager
    def table_writer(self, name: str, schema: pa.Schema, fingerprint: str, **facts: Any) -> Iterator[TableWriter]:
        """Write a table piece by piece; it appears when the context ends without an error."""
        metadata = {_FINGERPRINT.encode(): fingerprint.encode()}
        metadata |= {f"imgsieve.{key}".encode(): str(value).encode() for key, value in facts.items()}
        with (
            self._written(name) as partial,
            pq.ParquetWriter(partial, schema.with_metadata(metadata), compression="zstd") as writer,
        ):
            pieces = TableWriter(writer, schema.with_metadata(metadata))
            yield pieces
            pieces.close()

    @contextmanager
    def text_writer(self, name: str) -> Iterator[TextIO]:
        """Write a text, lines ending as they are given; it appears when the context ends without an error."""
        with self._written(name) as partial, partial.open("w", encoding="utf-8", newline="") as handle:
            yield handle

    @contextmanager
    def _written(self, name: str) -> Iterator[Path]:
        """Give the temporary path of a part, which is committed when the context ends without an error."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two processes may write the same part: one that was thought lost, and the one that does its work again.
        partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}{_PARTIAL}")
        try:
            yield partial
            self._commit(name, partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def _commit(self, name: str, partial: Path) -> None:  # noqa: ARG002 - for the folders that need it
        """Make a written part last; it is renamed then."""
        _settle(partial)

    def remove_others(self, folder: str, keep: Iterable[str], known: Iterable[str]) -> None:  # noqa: ARG002 - likewise
        """Remove the files of a folder that are not in ``keep``.

        Parameters
        ----------
        known
            All that may be there, for stores in which looking would cost; in the order in which they are to go.
        """
        kept = set(keep)
        for path in (self.root / folder).glob("*"):
            if path.is_file() and f"{folder}/{path.name}" not in kept:
                path.unlink(missing_ok=True)

    def publish(self, folder: str, last: str) -> None:
        """Make files that were written into the folder at once, and not as parts, last; ``last`` after all others."""

    def read_json(self, name: str) -> dict[str, Any] | None:
        """Return a JSON file of the folder, None when it is not there or was damaged."""
        path = self.path(name)
        try:
            value = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write a JSON file whole."""
        with self._written(name) as partial:
            partial.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", "utf-8")


class TableWriter:
    """Writes a table piece by piece, in row groups of one size however the pieces come."""

    def __init__(self, writer: pq.ParquetWriter, schema: pa.Schema, rows: int = 16_384) -> None:
        self._writer = writer
        self._schema = schema
        self._rows = rows
        self._held: list[pa.Table] = []
        self._count = 0

    def write(self, table: pa.Table) -> None:
        """Add rows; the last ones are written when the context ends."""
        self._held.append(table.cast(self._schema))
        self._count += len(table)
        while self._count >= self._rows:
            self._flush(self._rows)

    def _flush(self, rows: int) -> None:
        """Write one row group of the first ``rows`` held rows."""
        held = pa.concat_tables(self._held)
        self._writer.write_table(held.slice(0, rows), row_group_size=self._rows)
        rest = held.slice(rows)
        self._held, self._count = ([rest] if len(rest) else []), len(rest)

    def close(self) -> None:
        """Write what is held."""
        if self._count:
            self._flush(self._count)


def _settle(path: Path) -> None:
    """Bring a file to the disk, so that a power cut cannot leave its name without its content."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
