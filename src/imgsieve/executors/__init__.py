"""How tasks are carried out: one small protocol, and local threads."""

from imgsieve.executors.base import Executor
from imgsieve.executors.local import ThreadExecutor

__all__ = ["Executor", "ThreadExecutor"]
