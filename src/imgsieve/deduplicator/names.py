"""Names of images as callers give them, checked before any work."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import TypeAlias

from imgsieve.errors import ConfigError

__all__ = ["ImagePaths", "names_of"]

ImagePaths: TypeAlias = Iterable[str | os.PathLike[str]]
"""Paths and URLs of images, mixed, in any order."""

_MANGLED = re.compile(r"(az|azure|abfss?|wasbs?|https?|s3a?|gs|gcs|memory|file):/[^/]")


def names_of(image_paths: ImagePaths) -> list[str]:
    """Return the names of images as text, in the order in which they are given.

    Raises
    ------
    ConfigError
        There are none, or one is no text and no path, or it is one name instead of several.
    """
    if isinstance(image_paths, str | bytes | os.PathLike):
        raise ConfigError(f"image_paths = {image_paths!r} is one name; give a list of them")
    if not isinstance(image_paths, Iterable):
        raise ConfigError(f"image_paths must be a list of names, and is a {type(image_paths).__name__}")
    names = [_name(given) for given in image_paths]
    if not names:
        raise ConfigError("image_paths is empty; name at least one image")
    return names


def _name(given: object) -> str:
    """Return one name as text."""
    name = os.fspath(given) if isinstance(given, os.PathLike) else given
    if not isinstance(name, str):
        raise ConfigError(f"image_paths holds {given!r}; images are named by text or paths")
    if not isinstance(given, str) and _MANGLED.match(name):
        raise ConfigError(f"{name} is a URL that was made a path; give it as text")
    return name
