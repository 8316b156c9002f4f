"""What a run spends for its speed: named points of the trade between time and memory. They never change a result.

Each names what it has other than the defaults, which are those of ``balanced``. How hard a run searches, which does
change what it finds, is told by `imgsieve.config.efforts`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from imgsieve.config.run import RunConfig
from imgsieve.errors import ConfigError

__all__ = ["PROFILES", "Profile", "profile_of", "with_profile"]


class Profile(StrEnum):
    """What ``--profile`` takes."""

    MEMORY = "memory"
    """One worker, small batches, few connections, freed memory handed back often: slower, and the least memory."""
    BALANCED = "balanced"
    """One worker a core, as far as the memory budget allows; the default."""
    SPEED = "speed"
    """As many workers, larger batches, more connections to stores, and a larger cache for what they sent."""


PROFILES: Mapping[Profile, Mapping[str, Mapping[str, Any]]] = {
    Profile.MEMORY: {
        "execution": {
            "workers": 1,
            "chunk_size": 2,
            "max_group_size_color": 256,
            "max_group_size_global": 256,
            "max_group_size_local": 256,
            "gc_frequency": 256,
        },
        "network": {"max_concurrency": 8},
    },
    Profile.BALANCED: {},
    Profile.SPEED: {
        "execution": {
            "chunk_size": 16,
            "max_group_size_color": 8192,
            "max_group_size_global": 8192,
            "max_group_size_local": 2048,
        },
        "network": {"max_concurrency": 128, "cache_bytes": 40 * 1024**3},
    },
}
"""Options by table, as a configuration file would give them; none of a table that changes the result."""


def profile_of(name: Any) -> Profile:
    """Return the profile of a name.

    Raises
    ------
    ConfigError
        There is none of that name.
    """
    try:
        return Profile(name)
    except ValueError:
        raise ConfigError(f"profile = {name!r} does not fit; there are {', '.join(Profile)}") from None


def with_profile(config: RunConfig, profile: Profile) -> RunConfig:
    """Return options with those of a profile in the place of defaults; what differs from its default stays."""
    laid = {}
    for name, options in PROFILES[profile].items():
        table = getattr(config, name)
        defaults = type(table)()
        free = {key: value for key, value in options.items() if getattr(table, key) == getattr(defaults, key)}
        laid[name] = dataclasses.replace(table, **free)
    return dataclasses.replace(config, **laid)
