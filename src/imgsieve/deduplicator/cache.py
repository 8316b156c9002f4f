"""Features of pictures that may be wanted again: those used last, within bounds, and on the disk if wished."""

from __future__ import annotations

import logging
import os
import threading
from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Any

from imgsieve.deduplicator.feature_files import MIN_BYTES, DamagedFeaturesError, FeatureFiles
from imgsieve.deduplicator.feature_values import Features, frozen_copy, size_of
from imgsieve.deduplicator.file_share import FileTooLargeError
from imgsieve.errors import ConfigError

__all__ = ["BoundedFeatureCache", "CacheStats"]

_LOG = logging.getLogger("imgsieve")


@dataclass(frozen=True, kw_only=True)
class CacheStats:
    """What a cache was asked since it was made or cleared, and what it holds."""

    hits: int = 0
    """Questions that were answered, from memory or from the disk."""
    misses: int = 0
    """Questions that were not."""
    disk_hits: int = 0
    """Hits that came from the disk."""
    evictions: int = 0
    """Entries that made room for others."""
    oversized: int = 0
    """Features larger than the whole cache may be: these are not held in memory."""
    damaged: int = 0
    """Files that were not what was written; each was a miss."""
    disk_errors: int = 0
    """Files that could not be read or written; a reading that failed was a miss."""
    disk_evictions: int = 0
    """Files that made room for others that this cache wrote."""
    disk_oversized: int = 0
    """Features larger than a file may be: these are not kept on the disk."""
    entries: int = 0
    """Pictures whose features are in memory."""
    bytes: int = 0
    """What these take."""

    @property
    def hit_rate(self) -> float:
        """Share of the questions that were answered, from 0 to 1; 0 before the first one."""
        return self.hits / max(self.hits + self.misses, 1)

    def as_dict(self) -> dict[str, float]:
        """Return all figures, the hit rate among them."""
        return {**asdict(self), "hit_rate": self.hit_rate}


class BoundedFeatureCache:
    """A cache of features that never grows beyond its bounds: what was used longest ago goes first.

    It holds features only: arrays of numbers, bytes, or mappings of these to names. Pixels are refused. What is put in
    is copied, and what comes out cannot be written, so threads may share it. All methods may be called by any number
    of threads at the same time.

    Parameters
    ----------
    capacity
        Entries at most, from 1.
    max_bytes
        Bytes that all entries take at most, with their keys and what Python needs for them.
    backing
        A folder for features on the disk as well, or None. It may be shared by threads, processes and runs: files are
        whole or absent, and a damaged one counts as absent. What memory lets go of stays there, until files used
        later need its place. It needs a disk on which files can be locked (``flock``).
    max_backing_bytes
        What the files take of the disk at most, in blocks of 4096 bytes, from 2^20; 16 GiB by default, of which three
        million pictures take 11.5. It is kept in each of 256 parts of the folder by itself, as soon as something is
        written there, so a file may take a 256th of it. Give all that share a folder the same bound: the lowest counts
        where they write.

    Raises
    ------
    ConfigError
        A bound is too small, or the folder cannot be made.

    Examples
    --------
    >>> import numpy as np
    >>> cache = BoundedFeatureCache(capacity=2)
    >>> for name in ("a", "b", "c"):
    ...     cache.put_features(name, {"code": np.zeros(32, np.uint8)})
    >>> cache.get_features("a") is None, cache.stats().evictions
    (True, 1)
    """

    def __init__(
        self,
        capacity: int = 10_000,
        *,
        max_bytes: int = 256 * 1024**2,
        backing: str | os.PathLike[str] | None = None,
        max_backing_bytes: int = 16 * 1024**3,
    ) -> None:
        if capacity < 1 or max_bytes < 1:
            raise ConfigError(f"capacity = {capacity} and max_bytes = {max_bytes}: a cache needs at least 1 of each")
        if max_backing_bytes < MIN_BYTES:
            raise ConfigError(f"max_backing_bytes = {max_backing_bytes} must be at least {MIN_BYTES}")
        self.capacity = capacity
        self.max_bytes = max_bytes
        try:
            self._files = None if backing is None else FeatureFiles(backing, max_backing_bytes)
        except OSError as error:
            raise ConfigError(f"backing = {os.fspath(backing or '')!r} cannot be used: {error.strerror}") from error
        self._lock = threading.Lock()
        self._held: OrderedDict[str, tuple[Features, int]] = OrderedDict()
        self._bytes = 0
        self._counts: dict[str, int] = {}

    def get_features(self, key: str) -> Features | None:
        """Return the features of a key, None when they are not there.

        What is returned cannot be written: arrays are read-only, and so are mappings.
        """
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
                self._count("hits")
        if found is not None:
            # What is used from memory is not to go from the disk as if nobody wanted it.
            if self._files is not None:
                self._files.mark(key)
            return found[0]
        features = self._read(key)
        with self._lock:
            if features is None:
                self._count("misses")
            else:
                self._count("hits", "disk_hits")
                self._hold(key, features)
        return features

    def put_features(self, key: str, features: Features) -> None:
        """Keep the features of a key, in the place of what there was.

        Raises
        ------
        TypeError
            They are neither an array of numbers, nor bytes, nor a mapping of such to names; or the key is no text.
        ValueError
            They hold pixels.
        """
        if not isinstance(key, str):
            raise TypeError(f"a key is text, and no {type(key).__name__}")
        kept = frozen_copy(features)
        with self._lock:
            self._hold(key, kept)
        self._write(key, kept)

    def stats(self) -> CacheStats:
        """Return what was asked so far, and what is held now."""
        with self._lock:
            return CacheStats(**self._counts, entries=len(self._held), bytes=self._bytes)

    def clear(self) -> None:
        """Let go of all that is in memory, and count from zero; files stay."""
        with self._lock:
            self._held.clear()
            self._bytes = 0
            self._counts = {}

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, key: object) -> bool:
        return key in self._held

    def __getstate__(self) -> dict[str, Any]:
        raise TypeError("a cache is not copied to other processes; give each its own, with the same backing")

    def _hold(self, key: str, features: Features) -> None:
        """Hold features in memory as the latest, and let the oldest go as far as needed. The lock is held."""
        before = self._held.pop(key, None)
        if before is not None:
            self._bytes -= before[1]
        size = size_of(features) + len(key)
        if size > self.max_bytes:
            self._count("oversized")
            return
        self._held[key] = (features, size)
        self._bytes += size
        while len(self._held) > self.capacity or self._bytes > self.max_bytes:
            _, (_, freed) = self._held.popitem(last=False)
            self._bytes -= freed
            self._count("evictions")

    def _read(self, key: str) -> Features | None:
        """Return features from the disk, None when they cannot be had there."""
        if self._files is None:
            return None
        try:
            return self._files.read(key)
        except DamagedFeaturesError:
            with self._lock:
                self._count("damaged")
        except OSError as error:
            self._warn(f"features cannot be read from {self._files.folder}: {error.strerror}")
        return None

    def _write(self, key: str, features: Features) -> None:
        """Write features to the disk, if there is a folder for them."""
        if self._files is None:
            return
        try:
            removed = self._files.write(key, features)
        except OSError as error:
            self._warn(f"features cannot be written to {self._files.folder}: {error.strerror}")
            return
        except FileTooLargeError:
            name, removed = "disk_oversized", 1
        else:
            name = "disk_evictions"
        with self._lock:
            self._count(name, times=removed)

    def _warn(self, message: str) -> None:
        """Count an error of the disk, and tell of the first one."""
        with self._lock:
            first = "disk_errors" not in self._counts
            self._count("disk_errors")
        if first:
            _LOG.warning("%s; they are computed again where they are wanted", message)

    def _count(self, *names: str, times: int = 1) -> None:
        """Add to counts. The lock is held."""
        for name in names:
            self._counts[name] = self._counts.get(name, 0) + times
