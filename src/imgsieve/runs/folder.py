"""The run folder: parts that are whole or absent, and what each depends on.

A part is written under a temporary name and renamed. Its fingerprint, in the table's own metadata, names all that it
was made from; a part with another fingerprint counts as absent.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from imgsieve.errors import ImgsieveError, RunFolderError

__all__ = ["RunFolder", "TableWriter", "write_json"]

_FINGERPRINT = b"imgsieve.fingerprint"
_PARTIAL = ".partial"


class RunFolder:
    """One run folder on a local disk.

    Parameters
    ----------
    root
        The folder; made when missing.

    Raises
    ------
    RunFolderError
        It cannot be made or written, or is a folder of something else.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
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

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from running in this folder.

        Raises
        ------
        RunFolderError
            Another process does, or a file of the folder could not be read or written meanwhile: the disk is full, say.
        """
        try:
            with (self.root / "lock").open("a") as handle:
                self._lock(handle)
                self._clear_partial()
                yield
        except ImgsieveError:
            raise
        except (OSError, pa.ArrowException) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise RunFolderError(
                f"a file of the run folder {self.root} cannot be read or written: {reason}; "
                "the same command goes on from here once that is mended"
            ) from error

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
        """Return the path of a part."""
        return self.root / name

    def holds(self, name: str, fingerprint: str) -> bool:
        """Return whether a table is there and made from what ``fingerprint`` names."""
        path = self.path(name)
        if not path.exists():
            return False
        try:
            metadata = pq.read_schema(path).metadata or {}
        except (OSError, pa.ArrowInvalid):
            return False
        return bool(metadata.get(_FINGERPRINT, b"").decode() == fingerprint)

    def facts(self, name: str) -> dict[str, str]:
        """Return the metadata of a table."""
        metadata = pq.read_schema(self.path(name)).metadata or {}
        return {key.decode(): value.decode() for key, value in metadata.items() if key.startswith(b"imgsieve.")}

    def write_table(self, name: str, table: pa.Table, fingerprint: str, **facts: Any) -> None:
        """Write a small table whole."""
        with self.table_writer(name, table.schema, fingerprint, **facts) as writer:
            writer.write(table)

    @contextmanager
    def table_writer(self, name: str, schema: pa.Schema, fingerprint: str, **facts: Any) -> Iterator[TableWriter]:
        """Write a table piece by piece; it appears when the context ends without an error."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + _PARTIAL)
        metadata = {_FINGERPRINT: fingerprint.encode()}
        metadata |= {f"imgsieve.{key}".encode(): str(value).encode() for key, value in facts.items()}
        try:
            with pq.ParquetWriter(partial, schema.with_metadata(metadata), compression="zstd") as writer:
                pieces = TableWriter(writer, schema.with_metadata(metadata))
                yield pieces
                pieces.close()
            _settle(partial)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def remove_others(self, folder: str, keep: Iterable[str]) -> None:
        """Remove the files of a folder that are not in ``keep``."""
        kept = set(keep)
        for path in self.path(folder).glob("*"):
            if path.is_file() and f"{folder}/{path.name}" not in kept:
                path.unlink(missing_ok=True)

    def read_json(self, name: str) -> dict[str, Any] | None:
        """Return a JSON file of the folder, None when it is not there or was damaged."""
        try:
            value = json.loads(self.path(name).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write a JSON file whole."""
        write_json(self.path(name), value)


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


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file under a temporary name, then rename it."""
    partial = path.with_name(path.name + _PARTIAL)
    partial.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", "utf-8")
    _settle(partial)
    partial.replace(path)


def _settle(path: Path) -> None:
    """Bring a file to the disk, so that a power cut cannot leave its name without its content."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
