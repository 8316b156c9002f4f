"""Stage 3 with a model of the user's own: an ONNX model turns a picture into an embedding.

Beside ``MODEL.onnx`` lies ``MODEL.toml``::

    [input]
    size = [224, 224]            # height, width in pixels
    mean = [0.485, 0.456, 0.406] # of each channel, for values from 0 to 1
    scale = [0.229, 0.224, 0.225]
    layout = "NCHW"              # or "NHWC"
    color = "RGB"                # or "BGR"
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.config import GlobalConfig
from imgsieve.errors import ConfigError
from imgsieve.features.descriptor import DescriptorNet
from imgsieve.features.sessions import CPU, open_session

__all__ = ["NO_MODELS", "Models", "OnnxDescriptor", "open_models"]

_MOST_BYTES = 2048
"""Bytes of one embedding, as float16, at most."""

Embed = Callable[[NDArray[np.uint8]], bytes]


@dataclass(frozen=True)
class Models:
    """What describes whole pictures, of which there is one at most."""

    embed: Embed | None = None
    """Turns pixels of shape (h, w, 3) into the bytes of an embedding, by a model of the user's own."""
    net: DescriptorNet | None = None
    """The built-in net."""


NO_MODELS = Models()


def open_models(config: GlobalConfig) -> Models:
    """Load what the options ask for.

    Raises
    ------
    ConfigError
        The model or the TOML beside it cannot be used.
    """
    if config.descriptor is not None:
        return Models(embed=OnnxDescriptor(Path(config.descriptor), config.device).embed)
    return Models(net=DescriptorNet(config.device)) if config.trained else NO_MODELS


class OnnxDescriptor:
    """A global descriptor computed by an ONNX model.

    Parameters
    ----------
    path
        The model; a TOML file of the same name lies beside it.
    device
        ``cpu``, ``cuda`` or ``cuda:N``.

    Raises
    ------
    ConfigError
        The model or the TOML cannot be used.
    """

    def __init__(self, path: Path, device: str = CPU) -> None:
        self._read_options(path.with_suffix(".toml"))
        self._session = open_session(path, device)
        self._input = self._session.get_inputs()[0].name
        length = len(self.embed(np.zeros((8, 8, 3), np.uint8)))
        if not 0 < length <= _MOST_BYTES:
            raise ConfigError(f"the model {path} gives {length // 2} numbers; from 1 to {_MOST_BYTES // 2} are allowed")

    def _read_options(self, path: Path) -> None:
        """Read how the model wants its input."""
        try:
            given: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))["input"]
            height, width = given["size"]
            self._size = (int(width), int(height))
            self._mean = np.asarray(given.get("mean", [0.0, 0.0, 0.0]), np.float32)
            self._scale = np.asarray(given.get("scale", [1.0, 1.0, 1.0]), np.float32)
            self._planar = {"NCHW": True, "NHWC": False}[given.get("layout", "NCHW")]
            self._reversed = {"RGB": False, "BGR": True}[given.get("color", "RGB")]
        except OSError as error:
            raise ConfigError(f"{path} is missing: it tells the input size, mean, scale and layout") from error
        except (KeyError, ValueError, TypeError) as error:
            raise ConfigError(f"{path} does not say what the model wants: {error}") from error
        if self._mean.shape != (3,) or self._scale.shape != (3,) or not self._scale.all():
            raise ConfigError(f"{path}: mean and scale need three numbers each, and no scale may be 0")

    def embed(self, pixels: NDArray[np.uint8]) -> bytes:
        """Return the embedding of pixels of shape (h, w, 3): float16, of unit length, as bytes."""
        shrunk = cv2.resize(pixels, self._size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        if self._reversed:
            shrunk = shrunk[:, :, ::-1]
        values = (shrunk - self._mean) / self._scale
        batch = np.ascontiguousarray(values.transpose(2, 0, 1) if self._planar else values)[None]
        found = np.asarray(self._session.run(None, {self._input: batch})[0], np.float32).ravel()
        length = float(np.linalg.norm(found))
        return (found / max(length, 1e-12)).astype(np.float16).tobytes()
