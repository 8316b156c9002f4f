"""Pictures for the stages: fetched, admitted by their bytes, decoded, and counted."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from imgsieve.config import DecodeConfig
from imgsieve.errors import DecodeError, FetchError
from imgsieve.imaging import DecodedImage, decode, looks_like_image, probe
from imgsieve.memory import ByteGate, MemoryPlan
from imgsieve.storage import Source

__all__ = ["PictureReader"]

_FIRST_BYTES = 64
"""Enough to tell pictures from other files."""


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
    """

    def __init__(self, sources: Sequence[Source], plan: MemoryPlan, config: DecodeConfig) -> None:
        # The longest URL first, so that a source inside another one finds its own.
        self._sources = sorted(sources, key=lambda source: -len(source.uri))
        self._config = config
        self._fetching = ByteGate(plan.fetch_bytes, "file")
        self._decoding = ByteGate(plan.decode_bytes, "pixels")
        self._counting = threading.Lock()
        self._stage = ""
        self.gets: dict[str, dict[str, int]] = {}

    def for_stage(self, stage: str) -> None:
        """Count what follows for a stage."""
        self._stage = stage
        self.gets.setdefault(stage, {"gets": 0, "bytes": 0})

    @contextmanager
    def picture(self, image: Mapping[str, Any]) -> Iterator[tuple[bytes, DecodedImage]]:
        """Fetch and decode the image of a manifest row; its memory is held while the context lasts.

        Raises
        ------
        ImageError
            The image cannot be fetched or decoded.
        """
        if image["size"] > self._fetching.limit:
            # A film or a disk image; were it told to be too large, somebody would look for more memory in vain.
            self._fetch(image, _FIRST_BYTES)
        with self._fetching.admit(image["size"]):
            data = self._fetch(image, image["size"])
            header = probe(data, max_pixels=self._config.max_pixels, min_side=self._config.min_side)
            with self._decoding.admit(header.decoded_bytes):
                try:
                    decoded = decode(data, header, min_side=self._config.min_side)
                except MemoryError as error:
                    raise DecodeError("too-large-for-memory", "there is not enough memory to decode it") from error
                yield data, decoded

    def _fetch(self, image: Mapping[str, Any], size: int) -> bytes:
        """Fetch the first bytes of one image, or all, from the source that lists it."""
        uri = image["uri"]
        source = next((s for s in self._sources if uri.startswith(s.uri.rstrip("/") + "/")), None)
        if source is None:
            raise FetchError("unreadable", "no source of this run holds the file")
        with self._counting:
            self.gets[self._stage]["gets"] += 1
        data = source.fetch(uri, size, image["etag"], wanted=looks_like_image)
        with self._counting:
            self.gets[self._stage]["bytes"] += len(data)
        return data
