"""The files of candidates, fetched and decoded again within a bound of memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from imgsieve.config import RunConfig
from imgsieve.errors import DecodeError, FetchError, ImageError, SourceError
from imgsieve.imaging import decode, looks_like_image, probe
from imgsieve.memory import ByteGate
from imgsieve.stages.views import View, view_of_decoded
from imgsieve.storage import ListingFilter, Source, Traffic, open_source

__all__ = ["CandidatePictures"]

_FILE_BYTES = 32 * 1024**2
_PIXEL_BYTES = 96 * 1024**2


class CandidatePictures:
    """Reads the files of images of a run, in the versions that the run saw. For any number of threads.

    Parameters
    ----------
    traffic
        Counts and bounds the requests.
    config
        The options of the run.
    """

    def __init__(self, traffic: Traffic, config: RunConfig) -> None:
        self._traffic = traffic
        self._config = config
        self._files = ByteGate(_FILE_BYTES, "file")
        self._pixels = ByteGate(_PIXEL_BYTES, "pixels")
        self._opening = threading.Lock()
        self._sources: dict[str, Source | SourceError] = {}

    def view(self, image: Mapping[str, Any], trimmed: bytes) -> View | ImageError:
        """Return what stage 4 sees of an image, or why it cannot be had.

        Parameters
        ----------
        image
            Its row of the manifest.
        trimmed
            Its rectangle without flat margins, as the features have it.
        """
        try:
            return self._view(image, trimmed)
        except ImageError as error:
            return error
        except SourceError as error:
            return FetchError("unreadable", str(error))

    def _view(self, image: Mapping[str, Any], trimmed: bytes) -> View:
        """Fetch and decode an image."""
        source = self._source(image["uri"].rpartition("/")[0])
        options = self._config.decode
        with self._files.admit(image["size"]):
            data = source.fetch(image["uri"], image["size"], image["etag"], wanted=looks_like_image)
            header = probe(data, max_pixels=options.max_pixels, min_side=options.min_side)
            with self._pixels.admit(header.decoded_bytes):
                try:
                    decoded = decode(data, header, min_side=options.min_side)
                except MemoryError as error:
                    raise DecodeError("too-large-for-memory", "there is not enough memory to decode it") from error
                return view_of_decoded(decoded, self._config.local, np.frombuffer(trimmed, np.uint8))

    def _source(self, folder: str) -> Source:
        """Return the folder that a file lies in, as a source; whatever the run's own sources were."""
        with self._opening:
            if folder not in self._sources:
                try:
                    self._sources[folder] = open_source(folder, ListingFilter(), self._traffic)
                except SourceError as error:
                    self._sources[folder] = error
            found = self._sources[folder]
        if isinstance(found, SourceError):
            raise SourceError(str(found))
        return found
