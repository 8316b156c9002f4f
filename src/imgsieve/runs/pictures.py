"""Pictures for the stages: fetched ahead, admitted by their bytes, decoded, and counted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from imgsieve.config import DecodeConfig, NetworkConfig
from imgsieve.errors import DecodeError, FetchError
from imgsieve.imaging import DecodedImage, decode, looks_like_image, probe
from imgsieve.memory import ByteGate, MemoryPlan
from imgsieve.runs.download_cache import DownloadCache
from imgsieve.runs.prefetch import Prefetcher
from imgsieve.storage import Source, Traffic

__all__ = ["Image", "PicturePlace", "PictureReader", "PictureWork"]

Task = TypeVar("Task")
Asked_contra = TypeVar("Asked_contra", contravariant=True)
Made_co = TypeVar("Made_co", covariant=True)
Image = Mapping[str, Any]

_FIRST_BYTES = 64
"""Enough to tell pictures from other files."""


class PictureWork(Protocol[Asked_contra, Made_co]):
    """Work on pictures, told apart from what reads them, so that it can be done where another reader is."""

    def title_of(self, task: Asked_contra, /) -> str:
        """Return what people call a task."""
        ...

    def images_of(self, task: Asked_contra, /) -> Iterator[Image]:
        """Return the images of which a task will ask for the picture, in that order; each time that it will."""
        ...

    def do(self, task: Asked_contra, reader: PictureReader, /) -> Made_co:
        """Carry out a task."""
        ...


@dataclass(frozen=True, kw_only=True)
class PicturePlace:
    """Where pictures are and how a process reads them: names alone, and nothing that is secret."""

    sources: tuple[str, ...]
    """URLs, without secrets; each process finds what opens them in its own environment."""
    decode: DecodeConfig
    network: NetworkConfig
    """The share of each process."""
    memory_bytes: int
    """Ceiling of each process's resident memory."""


class PictureReader:
    """Fetches and decodes images of a manifest, holding memory by bytes.

    Parameters
    ----------
    sources
        Where the images are.
    plan
        How much memory downloads and pixels may take.
    config
        How bytes become pixels.
    connections
        Fetches at one time at most, when a source is remote.
    place
        How other processes read the same pictures; None where none do.
    traffic
        Counts the requests of these.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        plan: MemoryPlan,
        config: DecodeConfig,
        connections: int,
        place: PicturePlace | None = None,
        traffic: Traffic | None = None,
    ) -> None:
        # The longest URL first, so that a source inside another one finds its own.
        self._sources = sorted(sources, key=lambda source: -len(source.uri))
        self._config = config
        self._fetching = ByteGate(plan.fetch_bytes, "file")
        self._decoding = ByteGate(plan.decode_bytes, "pixels")
        self._counting = threading.Lock()
        self.place = place
        self._traffic = traffic
        self.stage = ""
        self._cache: DownloadCache | None = None
        self._at_hand = False
        # Files of this machine are at hand; reading them ahead would only cost threads.
        remote = any(source.remote for source in sources)
        self._prefetcher = Prefetcher(self._fetching, self._fetch, connections) if remote else None
        self.gets: dict[str, dict[str, int]] = {}

    def for_stage(self, stage: str, cache: DownloadCache | None = None, *, at_hand: bool = False) -> None:
        """Count what follows for a stage.

        Parameters
        ----------
        cache
            Keeps what comes from remote sources.
        at_hand
            Whether all of it is in the cache already, so that nothing needs to be read ahead.
        """
        self.stage = stage
        self._cache = cache
        self._at_hand = at_hand
        self.gets.setdefault(stage, {"gets": 0, "bytes": 0})

    def count(self, gets: Mapping[str, int], requests: Mapping[str, float]) -> None:
        """Add what another process read in this stage, as `gets` has it, and its requests, as the traffic has them."""
        with self._counting:
            for name, number in gets.items():
                self.gets[self.stage][name] += number
        if self._traffic is not None:
            self._traffic.count(**requests)

    def keep_to(self, plan: MemoryPlan) -> None:
        """Take less room for files and pixels from now on, as a plan says; while nothing is being read."""
        self._fetching.narrow(plan.fetch_bytes)
        self._decoding.narrow(plan.decode_bytes)

    def ahead(self, tasks: Iterable[Task], images_of: Callable[[Task], Iterable[Image]]) -> Iterable[Task]:
        """Return the tasks; the pictures of the next ones are fetched while earlier ones are worked on.

        Parameters
        ----------
        images_of
            The images of which a task will ask for the picture, in that order; each time that it will.
        """
        prefetcher = self._prefetching()
        return tasks if prefetcher is None else prefetcher.ahead(tasks, images_of)

    def _prefetching(self) -> Prefetcher | None:
        """Return what reads ahead in this stage."""
        return None if self._at_hand else self._prefetcher

    def close(self) -> None:
        """Give up what is being fetched."""
        if self._prefetcher is not None:
            self._prefetcher.close()

    @contextmanager
    def picture(self, image: Image) -> Iterator[tuple[bytes, DecodedImage]]:
        """Fetch and decode the image of a manifest row; its memory is held while the context lasts.

        Raises
        ------
        ImageError
            The image cannot be fetched or decoded.
        """
        with self._bytes(image) as data:
            header = probe(data, max_pixels=self._config.max_pixels, min_side=self._config.min_side)
            with self._decoding.admit(header.decoded_bytes):
                try:
                    decoded = decode(data, header, min_side=self._config.min_side)
                except MemoryError as error:
                    raise DecodeError("too-large-for-memory", "there is not enough memory to decode it") from error
                yield data, decoded

    @contextmanager
    def _bytes(self, image: Image) -> Iterator[bytes]:
        """Hold the bytes of an image."""
        if image["size"] > self._fetching.limit:
            # A film or a disk image; were it told to be too large, somebody would look for more memory in vain.
            self._read(image, first=_FIRST_BYTES)
        prefetcher = self._prefetching()
        if prefetcher is not None and image["size"] <= self._fetching.limit:
            with prefetcher.take(image) as data:
                yield data
        else:
            with self._fetching.admit(image["size"]):
                yield self._fetch(image)

    def _fetch(self, image: Image) -> bytes:
        """Return the bytes of an image, from the cache of the stage where there is one."""
        cache = self._cache
        if cache is None or not self._source_of(image).remote:
            return self._read(image)
        return cache.get(f"{image['uri']} {image['etag']}", image["size"], lambda: self._read(image))

    def _read(self, image: Image, first: int | None = None) -> bytes:
        """Read the first bytes of one image, or all, from the source that lists it."""
        source = self._source_of(image)
        with self._counting:
            self.gets[self.stage]["gets"] += 1
        data = source.fetch(image["uri"], image["size"], image["etag"], wanted=looks_like_image, first=first)
        with self._counting:
            self.gets[self.stage]["bytes"] += len(data)
        return data

    def _source_of(self, image: Image) -> Source:
        """Return the source that lists an image."""
        uri = image["uri"]
        source = next((s for s in self._sources if uri.startswith(f"{s.uri}/")), None)
        if source is None:
            raise FetchError("unreadable", "no source of this run holds the file")
        return source
