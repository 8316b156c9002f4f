"""Single pictures and pairs of them, by path or URL, each loaded once: for programs that compare on their own."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from contextlib import ExitStack
from types import TracebackType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from imgsieve.config import ALGORITHM, DecodeConfig, NetworkConfig
from imgsieve.deduplicator.cache import BoundedFeatureCache
from imgsieve.errors import ConfigError, DecodeError, FetchError, ImageError, SourceError
from imgsieve.features.color import color_metrics, color_signature
from imgsieve.features.reduction import small_picture
from imgsieve.features.regions import WHOLE, rectangles
from imgsieve.imaging import decode, probe
from imgsieve.schema import TRIMMED_BYTES
from imgsieve.storage import Traffic
from imgsieve.storage.single import FileReader

__all__ = ["MemoryEfficientLoader", "get_memory_efficient_loader"]

_METRICS = ("dominant_distance", "pixel_difference", "histogram_correlation")
_SIGNATURE = "signature"
_LOCKS = 64

Place: TypeAlias = str | os.PathLike[str]
Pixels: TypeAlias = NDArray[np.uint8]


def get_memory_efficient_loader(
    capacity: int = 100_000, *, max_picture_bytes: int = 128 * 1024**2, decoding: DecodeConfig | None = None
) -> MemoryEfficientLoader:
    """Return a loader of pictures; see `MemoryEfficientLoader` for what it takes."""
    return MemoryEfficientLoader(capacity, max_picture_bytes=max_picture_bytes, decoding=decoding)


class MemoryEfficientLoader:
    """Loads pictures from paths and URLs of any store, each once while what is known of it fits.

    Of every picture whose colors were compared a signature of 288 bytes is held, of the pictures that were asked for
    last the pixels as well. So comparing n pairs of m pictures loads m, however the pairs are mixed. A file is taken
    to stay as it is while this object lasts. All methods may be called by any number of threads; several that want
    one picture at the same time wait for one to load it.

    Parameters
    ----------
    capacity
        Pictures whose signatures are held, from 1; those used longest ago go first.
    max_picture_bytes
        Bytes of pixels that are held; 0 for none. What was handed out is the caller's.
    decoding
        How bytes become pixels; None for what runs do.

    Raises
    ------
    ConfigError
        A bound is too small.

    Examples
    --------
    >>> loader = get_memory_efficient_loader()                          # doctest: +SKIP
    >>> loader.compute_all_color_metrics("a.jpg", "az://photos/b.jpg")  # doctest: +SKIP
    {'dominant_distance': 1.9, 'pixel_difference': 3.2, 'histogram_correlation': 0.98}
    >>> loader.get_stats()["images_downloaded"]                         # doctest: +SKIP
    2
    """

    def __init__(
        self,
        capacity: int = 100_000,
        *,
        max_picture_bytes: int = 128 * 1024**2,
        decoding: DecodeConfig | None = None,
    ) -> None:
        if max_picture_bytes < 0:
            raise ConfigError(f"max_picture_bytes = {max_picture_bytes}: it cannot be negative")
        self._holding = ExitStack()
        self._reader = FileReader(self._holding.enter_context(Traffic(NetworkConfig()).open()))
        self._options = decoding or DecodeConfig()
        self._signatures = BoundedFeatureCache(capacity, max_bytes=1024 * capacity)
        self._pictures = _Pictures(max_picture_bytes)
        self._loading = [threading.Lock() for _ in range(_LOCKS)]
        self._counting = threading.Lock()
        self._counts = {"images_downloaded": 0, "bytes_downloaded": 0, "failed_downloads": 0}
        self._counts |= {"comparisons_performed": 0, "failed_comparisons": 0}

    def load_image(self, place: Place) -> Pixels:
        """Return the upright pixels of a picture.

        Large JPEG pictures are decoded at 1/2, 1/4 or 1/8, as in a run, while their shorter side keeps
        ``decoding.min_side`` pixels.

        Parameters
        ----------
        place
            A path, or a URL as listings tell it.

        Returns
        -------
        Shape (h, w, 3), uint8 RGB, read-only.

        Raises
        ------
        FetchError, SourceError
            The file cannot be had.
        DecodeError
            It is no picture that can be decoded.
        """
        name = os.fspath(place)
        with self._alone(name):
            return self._picture(name)

    def load_image_pair_for_comparison(self, a: Place, b: Place) -> tuple[Pixels, Pixels]:
        """Return the pixels of two pictures; see `load_image`, which is what it raises as well."""
        return self.load_image(a), self.load_image(b)

    def compute_all_color_metrics(self, a: Place, b: Place) -> dict[str, float]:
        """Return the color metrics of two pictures, as stage 2 measures them of whole, upright pictures.

        Parameters
        ----------
        a, b
            Paths or URLs.

        Returns
        -------
        ``dominant_distance``: the distance of their dominant colors (CIE76, 0 and up). ``pixel_difference``: the mean
        difference of their colors in one place (CIE76, 0 and up). ``histogram_correlation``: that of their
        histograms of colors (Pearson, -1 to 1).

        Raises
        ------
        FetchError, SourceError
            A file cannot be had; the message names it.
        DecodeError
            One is no picture that can be decoded.
        """
        try:
            one, other = self._signature(os.fspath(a)), self._signature(os.fspath(b))
        except (ImageError, SourceError):
            self._count(failed_comparisons=1)
            raise
        whole = rectangles(np.array([WHOLE], np.int8), np.zeros((1, TRIMMED_BYTES), np.uint8))
        measured = color_metrics(one[None], other[None], whole, whole, np.zeros(1, np.int8))[0]
        self._count(comparisons_performed=1)
        return {name: float(value) for name, value in zip(_METRICS, measured, strict=False)}

    def get_stats(self) -> dict[str, float]:
        """Return what was done so far.

        Returns
        -------
        ``images_downloaded``: files that were read, from stores and from this machine, each time counted;
        ``bytes_downloaded``: their bytes; ``failed_downloads``: files that could not be read or decoded;
        ``comparisons_performed`` and ``failed_comparisons``: calls of `compute_all_color_metrics` that gave an answer,
        and that did not; ``success_rate``: the share of the former, from 0 to 1, and 1 before the first.
        """
        with self._counting:
            counts: dict[str, float] = dict(self._counts)
        asked = counts["comparisons_performed"] + counts["failed_comparisons"]
        return {**counts, "success_rate": counts["comparisons_performed"] / asked if asked else 1.0}

    def close(self) -> None:
        """Let go of connections and of all that is held; nothing more can be loaded from stores."""
        self._holding.close()
        self._signatures.clear()
        self._pictures.clear()

    def __enter__(self) -> MemoryEfficientLoader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _alone(self, name: str) -> threading.Lock:
        """Return the lock of a picture; a few share one."""
        return self._loading[hash(name) % _LOCKS]

    def _signature(self, name: str) -> NDArray[np.uint8]:
        """Return the color signature of a picture: shape (288,)."""
        key = f"{_SIGNATURE} {ALGORITHM} {name}"
        with self._alone(name):
            found = self._signatures.get_features(key)
            if found is None:
                found = color_signature(small_picture(self._picture(name)).cells)
                self._signatures.put_features(key, found)
        assert isinstance(found, np.ndarray)
        return found

    def _picture(self, name: str) -> Pixels:
        """Return the pixels of a picture, loaded now if they are not held. The lock of the picture is held."""
        held = self._pictures.get(name)
        if held is not None:
            return held
        try:
            pixels = self._load(name)
        except (ImageError, SourceError) as error:
            self._count(failed_downloads=1)
            raise _named(error, name) from None
        self._pictures.put(name, pixels)
        return pixels

    def _load(self, name: str) -> Pixels:
        """Fetch and decode a picture."""
        data = self._reader.read(name)
        self._count(images_downloaded=1, bytes_downloaded=len(data))
        options = self._options
        header = probe(data, max_pixels=options.max_pixels, min_side=options.min_side)
        pixels = decode(data, header, min_side=options.min_side).pixels
        pixels.setflags(write=False)
        return pixels

    def _count(self, **amounts: int) -> None:
        """Add to the counts."""
        with self._counting:
            for name, amount in amounts.items():
                self._counts[name] += amount


def _named(error: ImageError | SourceError, name: str) -> ImageError | SourceError:
    """Return an error that names the picture, without what may be secret in its URL."""
    shown = name.partition("?")[0] if "://" in name else name
    if isinstance(error, FetchError | DecodeError):
        return type(error)(error.kind, f"{shown}: {error.message}")
    return SourceError(f"{shown}: {error}")


class _Pictures:
    """The pictures that were used last, within a bound of bytes.

    Parameters
    ----------
    max_bytes
        Bytes of pixels that are held at most.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._held: OrderedDict[str, NDArray[Any]] = OrderedDict()
        self._bytes = 0

    def get(self, name: str) -> Pixels | None:
        """Return a picture, None when it is not held."""
        with self._lock:
            if name in self._held:
                self._held.move_to_end(name)
            return self._held.get(name)

    def put(self, name: str, pixels: Pixels) -> None:
        """Hold a picture, if it fits at all."""
        if pixels.nbytes > self._max_bytes:
            return
        with self._lock:
            self._held[name] = pixels
            self._bytes += pixels.nbytes
            while self._bytes > self._max_bytes:
                self._bytes -= self._held.popitem(last=False)[1].nbytes

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            self._held.clear()
            self._bytes = 0
