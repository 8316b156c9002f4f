"""Stage 3's descriptor of a whole picture: 128 small integers, near for copies, made by a small convolution net.

The net sees what the one decode has at hand, the luma and the color cells of the small picture; see
`imgsieve.features.reduction`. It is trained for this program and lies beside this file; its model card tells on what.
It gives whole numbers, so that sums of their products are exact, however they are added up.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.features.reduction import SmallPicture
from imgsieve.features.sessions import CPU, open_session
from imgsieve.schema import DESCRIPTOR_BYTES

__all__ = ["MODEL", "UNIT", "DescriptorNet", "least_product", "similarities"]

MODEL = Path(__file__).with_name("descriptor.onnx")

UNIT = 256
"""Length of a descriptor, but for rounding."""


class DescriptorNet:
    """The net of the package. One serves all threads.

    Parameters
    ----------
    device
        ``cpu``, ``cuda`` or ``cuda:N``.

    Raises
    ------
    ConfigError
        The model cannot be loaded.
    """

    def __init__(self, device: str = CPU) -> None:
        self._session = open_session(MODEL, device)
        self._side = int(self._session.get_inputs()[0].shape[-1])

    def describe(self, small: SmallPicture) -> NDArray[np.int8]:
        """Return the descriptor of a picture: shape (128,), int8, of a length of about `UNIT`.

        One picture is asked for at a time, so that a descriptor never depends on what is described beside it.
        """
        luma = cv2.resize(small.luma, (self._side, self._side), interpolation=cv2.INTER_AREA)
        inputs = {"luma": np.rint(luma).astype(np.uint8)[None, None], "cells": small.cells[None]}
        return np.asarray(self._session.run(None, inputs)[0][0], np.int8).reshape(DESCRIPTOR_BYTES)


def least_product(similarity: float) -> int:
    """Return the inner product of two descriptors from which their cosine is taken to be at least a given one."""
    return int(np.ceil(similarity * UNIT**2))


def similarities(one: NDArray[np.int8], other: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return the cosines of descriptors, each of shape (n, 128): shape (n,), float32, -1 to 1; 0 where one is null."""
    products = np.einsum("nd,nd->n", one.astype(np.int32), other.astype(np.int32))
    lengths = [np.einsum("nd,nd->n", each.astype(np.int32), each.astype(np.int32)) for each in (one, other)]
    return np.asarray(products / np.sqrt(np.maximum(1, lengths[0].astype(np.float64) * lengths[1])), np.float32)
