"""Features of images in a cache of the caller's, so that another run need not read the pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from imgsieve.schema import FEATURES, MANIFEST
from imgsieve.stages.extraction import Described

__all__ = ["CachedFeatures", "FeatureCache"]

_FACTS = "facts"
_COLUMNS = tuple(name for name in FEATURES.names if name not in MANIFEST.names)


class FeatureCache(Protocol):
    """What a cache of features must offer; `imgsieve.deduplicator.cache.BoundedFeatureCache` is one."""

    def get_features(self, key: str) -> Any:
        """Return what was put there under a key, None when it is not there."""
        ...

    def put_features(self, key: str, features: Any) -> None:
        """Keep features under a key."""
        ...


class CachedFeatures:
    """Features by URL, size, version and options; see `imgsieve.runs.known.KnownFeatures`.

    Thumbnails are pictures and are not kept.

    Parameters
    ----------
    cache
        Where they are kept.
    """

    def __init__(self, cache: FeatureCache) -> None:
        self._cache = cache

    def get(self, image: Mapping[str, Any], recipe: str) -> Described | None:
        """Return the features of an image of the manifest; None when they are not known."""
        found = self._cache.get_features(_key(image, recipe))
        if not isinstance(found, Mapping) or _FACTS not in found:
            return None
        facts = json.loads(bytes(found[_FACTS]))
        columns = {name: bytes(value) for name, value in found.items() if name != _FACTS}
        return Described({**{name: image[name] for name in MANIFEST.names}, **facts, **columns}, None)

    def put(self, image: Mapping[str, Any], recipe: str, described: Described) -> None:
        """Remember the features of an image."""
        row = {name: described.row[name] for name in _COLUMNS if described.row.get(name) is not None}
        columns = {name: value for name, value in row.items() if isinstance(value, bytes)}
        facts = {name: value for name, value in row.items() if name not in columns}
        self._cache.put_features(_key(image, recipe), {_FACTS: json.dumps(facts, default=_plain).encode(), **columns})


def _key(image: Mapping[str, Any], recipe: str) -> str:
    """Name the features of one version of a file, found by one set of options."""
    return f"{recipe} {image['size']} {image['etag']} {image['uri']}"


def _plain(value: Any) -> Any:
    """Return a number of NumPy's as one of Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"features have no {type(value).__name__}")
