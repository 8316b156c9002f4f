"""Numbers of bytes, as people read them."""

from __future__ import annotations

__all__ = ["megabytes"]


def megabytes(size: int) -> str:
    """Say a number of bytes in megabytes of 10^6."""
    return f"{size / 1e6:,.0f} MB"
