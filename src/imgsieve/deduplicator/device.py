"""The device that models are computed on: the one that is asked for, if it is there."""

from __future__ import annotations

import re
import warnings

from imgsieve.errors import ConfigError
from imgsieve.features.sessions import CPU, usable_device

__all__ = ["device_of"]

_BEST = "cuda"
_ACCELERATOR = re.compile(r"cuda(:\d+)?")


def device_of(device: str | None) -> str:
    """Return the device that is used for the one that is asked for.

    ``cuda`` and ``cuda:N`` serve the models that describe pictures; where onnxruntime finds no such device, they fall
    back to the processor with one warning. All else is done by the processor.

    Parameters
    ----------
    device
        ``cpu``, ``auto`` or None for the best there is, ``cuda`` or ``cuda:N``.

    Raises
    ------
    ConfigError
        The device is not known.
    """
    if device in (None, "auto"):
        return usable_device(_BEST, lambda _: None)
    if device == CPU:
        return CPU
    if isinstance(device, str) and _ACCELERATOR.fullmatch(device):
        return usable_device(device, lambda why: warnings.warn(why, stacklevel=6))
    raise ConfigError(f"device = {device!r} is not known; there are 'cpu', 'auto' and 'cuda'")
