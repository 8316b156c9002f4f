"""How tasks are carried out: one small protocol, local threads, what measures them, and a Ray cluster.

`imgsieve.executors.ray` is imported by whoever wants it, as Ray may not be installed.
"""

from imgsieve.executors.base import Executor, Shared, Titled, gathered_map
from imgsieve.executors.local import ThreadExecutor
from imgsieve.executors.measured import MeasuredExecutor, ThreadFigures

__all__ = ["Executor", "MeasuredExecutor", "Shared", "ThreadExecutor", "ThreadFigures", "Titled", "gathered_map"]
