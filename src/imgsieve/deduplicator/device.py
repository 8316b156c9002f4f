"""The device that work is asked to be done on; there is one."""

from __future__ import annotations

import re
import warnings

from imgsieve.errors import ConfigError

__all__ = ["CPU", "device_of"]

CPU = "cpu"
_ACCELERATOR = re.compile(r"cuda(:\d+)?")


def device_of(device: str | None) -> str:
    """Return the device that is used for the one that is asked for.

    All stages run on the processor. ``cuda`` and ``cuda:N`` are understood, and fall back to it with one warning.

    Parameters
    ----------
    device
        ``cpu``, ``auto`` or None for the best there is, ``cuda`` or ``cuda:N``.

    Raises
    ------
    ConfigError
        The device is not known.
    """
    if device in (None, "auto", CPU):
        return CPU
    if isinstance(device, str) and _ACCELERATOR.fullmatch(device):
        warnings.warn(f"device = {device!r}: no stage uses an accelerator, so the processor does all", stacklevel=4)
        return CPU
    raise ConfigError(f"device = {device!r} is not known; there are 'cpu', 'auto' and 'cuda'")
