"""What a cache of features takes: arrays of numbers, bytes, and mappings of these; never pictures."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Features", "frozen_copy", "size_of"]

Features: TypeAlias = "NDArray[Any] | bytes | Mapping[str, Features]"
"""Features of one picture."""

_KINDS = "biufc"
"""Kinds of numbers, as NumPy names them: bool, integers, floats, complex ones."""

_CHANNELS = (1, 3, 4)
_LEAST_SIDE = 32
"""An array of shape (h, w, 3) with both sides at least as long as this is a picture, and no feature of one. The
thumbnail of a color signature has 8 x 8 cells."""

_OVERHEAD_BYTES = 112
"""What an array, a string or an entry of a mapping takes beside its content, about."""


def frozen_copy(features: Features) -> Features:
    """Return a copy that nobody can change.

    Raises
    ------
    TypeError
        It is neither an array of numbers, nor bytes, nor a mapping of such to names.
    ValueError
        It holds pixels.
    """
    if isinstance(features, np.ndarray):
        return _frozen_array(features)
    if isinstance(features, bytes | bytearray | memoryview):
        return bytes(features)
    if isinstance(features, Mapping):
        if not all(isinstance(name, str) for name in features):
            raise TypeError("features are named by text; there is a name of another type")
        return MappingProxyType({name: frozen_copy(value) for name, value in features.items()})
    raise TypeError(
        f"features are arrays of numbers, bytes, or mappings of these to names, and no {type(features).__name__}"
    )


def _frozen_array(array: NDArray[Any]) -> NDArray[Any]:
    """Return a copy of an array that cannot be written."""
    if array.dtype.kind not in _KINDS:
        raise TypeError(f"features are numbers; an array of {array.dtype} is none")
    if array.ndim >= 3 and array.shape[-1] in _CHANNELS and min(array.shape[-3:-1]) >= _LEAST_SIDE:
        raise ValueError(
            f"an array of shape {array.shape} is a picture; only features are kept, so that memory stays small"
        )
    copy = np.array(array, order="C", copy=True, subok=False)
    copy.setflags(write=False)
    return copy


def size_of(features: Features) -> int:
    """Return how many bytes features take in memory, with what Python needs beside them."""
    if isinstance(features, np.ndarray):
        return int(features.nbytes) + _OVERHEAD_BYTES
    if isinstance(features, bytes):
        return len(features) + _OVERHEAD_BYTES
    assert isinstance(features, Mapping)
    return _OVERHEAD_BYTES + sum(len(name) + _OVERHEAD_BYTES + size_of(value) for name, value in features.items())
