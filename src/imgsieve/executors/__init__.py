"""How tasks are carried out: one small protocol, local threads, and what measures them."""

from imgsieve.executors.base import Executor
from imgsieve.executors.local import ThreadExecutor
from imgsieve.executors.measured import MeasuredExecutor, ThreadFigures

__all__ = ["Executor", "MeasuredExecutor", "ThreadExecutor", "ThreadFigures"]
