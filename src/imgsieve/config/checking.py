"""Options held against the types of their defaults and against the ranges in which they mean something."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from typing import Any

from imgsieve.config.run import RunConfig
from imgsieve.errors import ConfigError

__all__ = ["check_config", "checked"]

EXECUTORS = ("threads", "ray")

_ANY = math.inf

_RANGES: Mapping[str, tuple[float, float]] = {
    "decode.max_pixels": (1, _ANY),
    "decode.min_side": (1, _ANY),
    "wavelet.max_distance_bits": (0, 256),
    "wavelet.max_trimmed_distance_bits": (0, 256),
    "wavelet.exact_distance_bits": (0, 256),
    "voting.window": (1, _ANY),
    "voting.neighbors": (1, _ANY),
    "voting.max_distance_bits": (0, 128),
    "color.far_distance_bits": (0, 256),
    "color.min_far_correlation": (0, 1),
    "refine.propose_similarity": (0, 1),
    "refine.propose_neighbors": (1, _ANY),
    "refine.sure_similarity": (0, _ANY),
    "refine.sure_margin": (0, _ANY),
    "refine.max_match_distance_bits": (0, 128),
    "refine.min_match_share": (0, 1),
    "refine.min_agreement": (0, 1),
    "refine.min_frame_similarity": (0, 1),
    "refine.min_plain_similarity": (0, 1),
    "refine.min_embedding_similarity": (0, 1),
    "refine.propose_embedding_similarity": (0, 1),
    "local.working_side": (1, _ANY),
    "local.closer_side": (1, _ANY),
    "local.orb_side": (1, _ANY),
    "local.orb_keypoints": (1, _ANY),
    "local.sift_side": (1, _ANY),
    "local.sift_keypoints": (1, _ANY),
    "local.ratio": (0, 1),
    "local.max_own_strokes": (0, 1),
    "local.min_block_share": (0, 1),
    "local.min_still_share": (0, 1),
    "execution.memory_bytes": (1, _ANY),
    "execution.shard_rows": (1, 1024),
    "execution.max_group_size_color": (2, _ANY),
    "execution.max_group_size_global": (2, _ANY),
    "execution.max_group_size_local": (2, _ANY),
    "network.max_concurrency": (1, _ANY),
    "network.timeout_seconds": (0.001, _ANY),
}
"""Least and largest values, both allowed, of the options that have narrower bounds than 0 and anything."""


def check_config(config: RunConfig) -> RunConfig:
    """Return the options of a run, if all of them can be meant.

    Options made in Python are checked like those from a file: each by the type of its default (whole numbers do for
    floats, lists of texts for tuples), and by the range in which it means something.

    Parameters
    ----------
    config
        The options.

    Returns
    -------
    RunConfig
        The same options, each of the type of its default.

    Raises
    ------
    ConfigError
        An option has a wrong type or lies out of its range; the message names it with its value.
    """
    if not isinstance(config, RunConfig):
        raise ConfigError(f"the options of a run are a RunConfig, and no {type(config).__name__}")
    tables = {table.name: getattr(config, table.name) for table in dataclasses.fields(config)}
    made = {name: _checked_table(name, table) for name, table in tables.items()}
    if made["execution"]["executor"] not in EXECUTORS:
        raise ConfigError(f"execution.executor = {made['execution']['executor']!r}; there are {', '.join(EXECUTORS)}")
    if not any(made["quality"].values()):
        raise ConfigError("all weights of [quality] are 0; at least one must be larger")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", config.refine.device):
        raise ConfigError(
            f"refine.device = {config.refine.device!r} is not known; there are 'cpu', 'cuda' and 'cuda:N'"
        )
    return dataclasses.replace(config, **{name: dataclasses.replace(tables[name], **made[name]) for name in tables})


def _checked_table(name: str, table: Any) -> dict[str, Any]:
    """Return the options of one table, each of the type of its default."""
    defaults = {table_.name: table_.default_factory for table_ in dataclasses.fields(RunConfig)}
    made = defaults[name]()  # type: ignore[operator]
    if type(table) is not type(made):
        raise ConfigError(f"{name} must be a {type(made).__name__}, and no {type(table).__name__}")
    values = {}
    for option in dataclasses.fields(table):
        given, default = getattr(table, option.name), getattr(made, option.name)
        values[option.name] = given if given is default else checked(f"{name}.{option.name}", given, default)
    return values


def checked(name: str, value: Any, default: Any) -> Any:
    """Return ``value`` as the type of ``default``.

    Parameters
    ----------
    name
        Table and option, with a dot between.
    value
        What is given.
    default
        The default of the option, by which its type is told.

    Raises
    ------
    ConfigError
        The value is of another type, no number, negative, or out of the range of its option.
    """
    made = _of_type(value, default)
    if made is None:
        raise ConfigError(f"{name} = {value!r} does not fit; its default is {default!r}")
    least, most = _RANGES.get(name, (0, _ANY))
    if isinstance(made, int | float) and not least <= made <= most:
        span = f"{least} or more" if most == _ANY else f"from {least} to {most}"
        raise ConfigError(f"{name} = {value!r} does not fit; it must be {span}")
    return made


def _of_type(value: Any, default: Any) -> Any:
    """Return ``value`` as the type of ``default``, None where it is none."""
    if isinstance(default, tuple):
        whole = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        return tuple(value) if whole else None
    if isinstance(default, bool) or isinstance(value, bool):
        return value if isinstance(default, bool) and isinstance(value, bool) else None
    if isinstance(default, float):
        return float(value) if isinstance(value, int | float) and value >= 0 else None
    if isinstance(default, int):
        return value if isinstance(value, int) and value >= 0 else None
    return value if isinstance(value, str) else None
