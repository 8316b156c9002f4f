"""Every exception that imgsieve raises on purpose.

::

    ImgsieveError
    ├── ConfigError (ValueError)          a wrong option or file of options; before any work
    ├── SourceError (OSError)             a source that cannot be listed at all
    ├── RunFolderError (OSError)          the output folder cannot be used, or belongs to another run
    ├── MemoryBudgetError (MemoryError)   the budget cannot be kept; the message has the numbers
    ├── ExecutorError (RuntimeError)      a cluster is missing, or lost a task too often; the run can be resumed
    ├── Interrupted                       the user stopped the run; it can be resumed
    └── ImageError (ValueError)           one picture cannot be used; becomes a row, never ends a run
        ├── FetchError                    its bytes could not be had
        └── DecodeError                   its bytes are not a picture that can be decoded
"""

from __future__ import annotations

__all__ = [
    "ConfigError",
    "DecodeError",
    "ExecutorError",
    "FetchError",
    "ImageError",
    "ImgsieveError",
    "Interrupted",
    "MemoryBudgetError",
    "RunFolderError",
    "SourceError",
]


class ImgsieveError(Exception):
    """The base of all errors of this package."""


class ConfigError(ImgsieveError, ValueError):
    """An option, or a file of options, is wrong. Raised before any work starts."""


class SourceError(ImgsieveError, OSError):
    """A source cannot be listed: it is missing, not a folder, or not readable."""


class RunFolderError(ImgsieveError, OSError):
    """The output folder cannot be used, or belongs to another run."""


class MemoryBudgetError(ImgsieveError, MemoryError):
    """The memory budget cannot be kept. The message carries the numbers."""


class ExecutorError(ImgsieveError, RuntimeError):
    """Tasks cannot be carried out: there is no such cluster, or a task was lost with its worker too often."""


class Interrupted(ImgsieveError):
    """The run was stopped by its user and can be resumed by the same command."""


class ImageError(ImgsieveError, ValueError):
    """One picture cannot be used. It becomes a row with a reason.

    Parameters
    ----------
    kind
        A short fixed word for the reason, such as ``"truncated"``; see the subclasses.
    message
        The reason in words, without the name of the picture.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message

    def __reduce__(self) -> tuple[type[ImageError], tuple[str, str]]:
        """Pickle by both arguments, so that other processes can raise it."""
        return type(self), (self.kind, self.message)


class FetchError(ImageError):
    """The bytes of a picture could not be had.

    Kinds: ``vanished``, ``changed``, ``permission``, ``unreadable``.
    """


class DecodeError(ImageError):
    """The bytes of a picture cannot be decoded.

    Kinds: ``empty``, ``not-an-image``, ``unsupported``, ``malformed``, ``truncated``, ``too-many-pixels``,
    ``too-large-for-memory``.
    """
