"""Which files of a source are listed: by name, size and time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from imgsieve.config import SourceConfig
from imgsieve.errors import ConfigError
from imgsieve.storage.globs import GlobFilter

__all__ = ["ListingFilter"]


@dataclass(frozen=True, kw_only=True)
class ListingFilter:
    """What is listed; everything by default."""

    globs: GlobFilter = field(default_factory=GlobFilter)
    min_bytes: int = 0
    max_bytes: int = 0
    """0 for no limit."""
    after: float = 0.0
    """Seconds since 1970; files last changed before it are left out."""
    before: float = float("inf")
    """Files last changed at it or later are left out."""

    @classmethod
    def of(cls, config: SourceConfig) -> ListingFilter:
        """Return the filter that options describe.

        Raises
        ------
        ConfigError
            A glob or a moment cannot be read.
        """
        return cls(
            globs=GlobFilter(config.include, config.exclude),
            min_bytes=config.min_bytes,
            max_bytes=config.max_bytes,
            after=_moment(config.modified_after) if config.modified_after else 0.0,
            before=_moment(config.modified_before) if config.modified_before else float("inf"),
        )

    def lists_name(self, file: str) -> bool:
        """Return whether a file may be listed, by its path within the source."""
        return self.globs.lists(file)

    def lists(self, size: int, modified: float) -> bool:
        """Return whether a file is listed, by its size in bytes and the moment of its last change."""
        if size < self.min_bytes or (self.max_bytes and size > self.max_bytes):
            return False
        return self.after <= modified < self.before


def _moment(text: str) -> float:
    """Read a moment in ISO 8601, in UTC unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text!r} is no date; write 2024-12-31 or 2024-12-31T18:00+01:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
