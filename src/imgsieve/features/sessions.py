"""Inference sessions of ONNX models: one thread each, no memory kept between calls, the same result each time.

On an accelerator the last bit of a sum may differ from the processor's, and so may a rounded number. Features therefore
are told apart by the device they were made on: a run has all its features from one; see `imgsieve.config.RunConfig`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from imgsieve.errors import ConfigError

__all__ = ["CPU", "open_session", "usable_device"]

CPU = "cpu"
_PROVIDER = "CUDAExecutionProvider"


def usable_device(device: str, tell: Callable[[str], None]) -> str:
    """Return the device that is used for the one that is asked for: the processor where that is not there.

    Parameters
    ----------
    device
        ``cpu``, ``cuda`` or ``cuda:N``.
    tell
        Called with a sentence when another device is used.
    """
    if device == CPU or _PROVIDER in _runtime().get_available_providers():
        return device
    tell(f"device {device}: onnxruntime finds no such device here, so the processor does all")
    return CPU


def open_session(path: Path, device: str = CPU) -> Any:
    """Return an inference session.

    Parameters
    ----------
    path
        The model.
    device
        ``cpu``, ``cuda`` or ``cuda:N``.

    Raises
    ------
    ConfigError
        The model cannot be loaded.
    """
    try:
        onnxruntime = _runtime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False
        options.use_deterministic_compute = True
        return onnxruntime.InferenceSession(
            str(path), options, providers=[*_accelerator(device), "CPUExecutionProvider"]
        )
    except Exception as error:
        raise ConfigError(f"the model {path} cannot be loaded: {error}") from error


def _accelerator(device: str) -> list[tuple[str, dict[str, str]]]:
    """Return the provider that a device stands for, with options by which it does the same each time."""
    if device == CPU:
        return []
    number = device.partition(":")[2] or "0"
    return [(_PROVIDER, {"device_id": number, "cudnn_conv_algo_search": "DEFAULT", "use_tf32": "0"})]


def _runtime() -> Any:
    """Import onnxruntime: slow, and a fast search needs none of it.

    Since 1.29 its official builds report to their maker what they load and run, unless they are told not to before
    they are imported.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # noqa: PLC0415 - see above

    onnxruntime.disable_telemetry_events()
    return onnxruntime
