"""What questions to a run read of its features: one flat file, column by column, made once.

Features are compressed tables, in which a row costs as much as a thousand, and all of them as much as loading this
package. In the flat file the codes of all images lie behind each other and are read in blocks, and the rows of a few
images by their number. Its name carries the fingerprint of what it was made from.
"""

from __future__ import annotations

import json
import os
import secrets
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import accumulate
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imgsieve.config import digest_of
from imgsieve.errors import RunFolderError
from imgsieve.finished.folders import OpenedFolder
from imgsieve.runs.columns import FeatureColumns, fixed_bytes
from imgsieve.runs.scratch import scratch_path
from imgsieve.schema import HASH_BYTES, LOCAL_CODE_BYTES, LOCAL_CODES, ORIENTATIONS, SIGNATURE_BYTES
from imgsieve.stages.refinement import DESCRIPTOR_COLUMNS, SKETCH_COLUMNS
from imgsieve.tables import open_table

__all__ = ["NOT_DESCRIBED", "SearchIndex", "open_index"]

_VERSION = 2
"""Raised whenever the file is laid out otherwise."""

_WIDTHS = {
    "first": 4,
    "contrast": 4,
    "content_digest": 16,
    "pixel_digest": 16,
    "wavelet_codes": HASH_BYTES * ORIENTATIONS,
    "trimmed_code": HASH_BYTES,
    "color_signature": SIGNATURE_BYTES,
    **SKETCH_COLUMNS,
    **DESCRIPTOR_COLUMNS,
}
"""Columns and their bytes, in the order of the file: ``first`` is the first image that each is equal to, as int32; all
others are of the features. Of local codes, all first words of an image stand before all second ones, so that they can
be compared several at a time."""

_FROM_FEATURES = [name for name in _WIDTHS if name != "first"]
_PAIRS = "pairs/wavelet.parquet"
_CHUNK_ROWS = 65_536

_HEAD_BYTES = 4096
_FOLDER = "search"

NOT_DESCRIBED = -1.0
"""In the place of the contrast of an image that could not be described."""

Bytes = NDArray[np.uint8]


class SearchIndex:
    """The flat file of a run.

    Parameters
    ----------
    path
        The file.
    fingerprint
        What it must be made from.
    count
        Images of the run.

    Raises
    ------
    OSError
        It is not there, cannot be read, or is another one.
    """

    def __init__(self, path: Path, fingerprint: str, count: int) -> None:
        self.path = path
        self.count = count
        self._places = _places(count)
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._file)
        whole = os.fstat(self._file).st_size == _size(count)
        if not whole or os.pread(self._file, _HEAD_BYTES, 0) != _head(fingerprint, count):
            raise OSError(f"{path} is no index of this run")

    def read(self, column: str, start: int, stop: int) -> Bytes:
        """Return a column of consecutive images: shape (stop - start, width), uint8."""
        width = _WIDTHS[column]
        out = np.empty((stop - start, width), np.uint8)
        at, view = self._places[column] + start * width, out.reshape(-1).data
        while len(view):
            got = os.preadv(self._file, [view], at)
            if not got:
                raise OSError(f"{self.path} ends too early")
            view, at = view[got:], at + got
        return out

    def take(self, column: str, images: NDArray[np.integer]) -> Bytes:
        """Return a column of some images, in the order asked for: shape (n, width), uint8."""
        if not len(images):
            return np.empty((0, _WIDTHS[column]), np.uint8)
        return np.concatenate([self.read(column, image, image + 1) for image in images.tolist()])

    def equal_to(self, images: Sequence[int]) -> NDArray[np.int64]:
        """Return the other images that are equal to some, each the first of its class; in their order."""
        found = []
        for start in range(0, self.count, _CHUNK_ROWS):
            first = self.read("first", start, min(start + _CHUNK_ROWS, self.count)).view(np.int32)[:, 0]
            rows = np.nonzero(np.isin(first, images))[0] + start
            found.append(rows[~np.isin(rows, images)])
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def local_codes(self, images: NDArray[np.integer]) -> Bytes:
        """Return the local codes of some images as the features have them: shape (n, 1280), uint8."""
        words = self.take("local_codes", images).view(np.uint64).reshape(-1, 2, LOCAL_CODES)
        return np.ascontiguousarray(words.swapaxes(1, 2)).view(np.uint8).reshape(len(images), -1)


def _places(count: int) -> dict[str, int]:
    """Return where each column begins."""
    ends = accumulate(_WIDTHS.values(), lambda at, width: at + width * count, initial=_HEAD_BYTES)
    return dict(zip(_WIDTHS, ends, strict=False))


def _size(count: int) -> int:
    """Return the bytes of the whole file."""
    return _HEAD_BYTES + count * sum(_WIDTHS.values())


def _head(fingerprint: str, count: int) -> bytes:
    """Return what the file begins with."""
    told = {"imgsieve": "search index", "version": _VERSION, "fingerprint": fingerprint, "count": count}
    return json.dumps({**told, "columns": _WIDTHS}).encode().ljust(_HEAD_BYTES)


def open_index(folder: OpenedFolder, features: FeatureColumns) -> SearchIndex:
    """Return the index of a run, made now if there is none.

    It lies in the run folder where that can be written, else in the user's cache folder, which ``$IMGSIEVE_SCRATCH``
    names another one for.

    Raises
    ------
    RunFolderError
        The features cannot be read, or there is no place for the index.
    """
    fingerprint = digest_of(["search index", _VERSION, list(features.parts)])
    places = list(_candidates(folder, fingerprint))
    for path in places:
        with suppress(OSError):
            return SearchIndex(path, fingerprint, features.count)
    reasons = []
    for path in places:
        try:
            with _written(path) as file:
                _write(file, folder, features, fingerprint)
            _remove_others(path)
            return SearchIndex(path, fingerprint, features.count)
        except OSError as error:
            if isinstance(error, RunFolderError):
                raise
            reasons.append(f"{path.parent}: {error.strerror or error}")
    raise RunFolderError(f"there is no place for the index of {folder.place}: {'; '.join(reasons)}")


def _candidates(folder: OpenedFolder, fingerprint: str) -> Iterator[Path]:
    """Yield where the index may be, the best place first."""
    if not folder.remote:
        yield folder.root / _FOLDER / f"index-{fingerprint}.bin"
    scratch = scratch_path(f"search index {fingerprint}")
    yield scratch.with_name(f"{scratch.name}.index")


def _remove_others(path: Path) -> None:
    """Remove the indexes of what the run was before; of those in the cache folder it is not known whose they are."""
    if path.parent.name == _FOLDER:
        for other in path.parent.glob("index-*.bin"):
            if other != path:
                other.unlink(missing_ok=True)


@contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    """Write a file whole, under a name of its own until it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Others may make the same one at the same time.
    partial = path.with_name(f"{path.name}.{secrets.token_hex(8)}.partial")
    try:
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write(file: IO[bytes], folder: OpenedFolder, features: FeatureColumns, fingerprint: str) -> None:
    """Copy the columns of all images, part by part."""
    places = _places(features.count)
    file.truncate(_size(features.count))
    file.write(_head(fingerprint, features.count))
    try:
        folder.bring([_PAIRS, *features.parts])
        file.seek(places["first"])
        file.write(_first_equal(folder, features.count).tobytes())
        for start, part in features.read(["error_kind", *_FROM_FEATURES]):
            for name in _FROM_FEATURES:
                file.seek(places[name] + start * _WIDTHS[name])
                file.write(_column(part, name, _WIDTHS[name]).tobytes())
    except (pa.ArrowException, FileNotFoundError) as error:
        raise RunFolderError(
            f"the features of {folder.place} cannot be read ({error}); give the run's command again"
        ) from error


def _first_equal(folder: OpenedFolder, count: int) -> NDArray[np.int32]:
    """Return the first image that each is equal to, itself where there is none, as stage 1 found it: shape (n,)."""
    first = np.arange(count, dtype=np.int32)
    with open_table(folder.path(_PAIRS)) as pairs:
        for batch in pairs.iter_batches(_CHUNK_ROWS, columns=["a", "b", "exact"], use_threads=False):
            equal = batch.filter(pc.is_valid(batch["exact"]))
            first[equal["b"].to_numpy()] = equal["a"].to_numpy()
    return first


def _column(part: pa.Table, name: str, width: int) -> Bytes:
    """Return a column of a part of the features as it stands in the file: shape (n, width)."""
    if name == "contrast":
        told = pc.fill_null(part[name], 0.0).to_numpy().astype(np.float32)
        described = pc.is_null(part["error_kind"]).to_numpy()
        return np.where(described, told, np.float32(NOT_DESCRIBED)).view(np.uint8).reshape(-1, width)
    values = fixed_bytes(part[name], width)
    if name != "local_codes":
        return values
    words = values.reshape(-1, LOCAL_CODES, LOCAL_CODE_BYTES).view(np.uint64)
    return np.ascontiguousarray(words.swapaxes(1, 2)).view(np.uint8).reshape(-1, width)
