"""Reports of results that callers hold in their hands: of the run they came from, and of no other."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from imgsieve.config import NetworkConfig
from imgsieve.deduplicator.outcome import Groups, Scores, read_outcome
from imgsieve.errors import ConfigError, RunFolderError
from imgsieve.report.publishing import publish_report
from imgsieve.runs import RunFolder
from imgsieve.runs.mirror import open_run_folder
from imgsieve.storage import NamedImages, Traffic, is_remote

__all__ = ["write_full_report"]


def write_full_report(groups: Groups, scores: Scores, place: str, scratch: str | None) -> str:
    """Write the report of a result and return its first page.

    Parameters
    ----------
    groups
        The whole result.
    scores
        Some scores of it.
    place
        The run folder, a path or URL; an empty or new folder with ``scratch``.
    scratch
        The run folder of a result that was given no place of its own; it is copied to ``place``.

    Raises
    ------
    ConfigError
        The groups are not those of the run, or scores are of other images.
    RunFolderError
        There is no finished run, or a folder cannot be used.
    """
    names = [name for group in groups for name in group]
    _check_scores(scores, names)
    if not names:
        raise ConfigError("groups is empty; give the result of a run")
    if scratch is not None and not is_remote(place) and not (Path(place) / "run.json").exists():
        _copy(scratch, Path(place))
    elif not is_remote(place) and not (Path(place) / "run.json").exists():
        raise RunFolderError(f"{place} holds no run; name the output_dir of the run that these groups came from")
    with Traffic(NetworkConfig()).open() as traffic:
        folder = open_run_folder(place, traffic, new=False)
        with folder.locked():
            _check_groups(groups, names, folder)
            return publish_report(folder)


def _copy(scratch: str, place: Path) -> None:
    """Copy a run folder to an empty or a new one."""
    root = RunFolder(place).root
    try:
        shutil.copytree(scratch, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("lock"))
    except OSError as error:
        raise RunFolderError(f"the run cannot be copied to {root}: {error}") from error


def _check_scores(scores: Mapping[tuple[str, str], float], names: list[str]) -> None:
    """Refuse scores of images that are not in the result."""
    known = set(names)
    for pair in scores:
        if not known.issuperset(pair):
            raise ConfigError(f"scores has the pair {pair!r}, of which groups does not hold both")


def _check_groups(groups: Groups, names: list[str], folder: RunFolder) -> None:
    """Refuse groups that are not the result of the run in a folder."""
    state = folder.read_json("run.json") or {}
    images = NamedImages(names)
    if state.get("state") != "finished":
        raise RunFolderError(f"the run in {folder.place} has not come to its end")
    if state.get("names") != images.fingerprint or _plain(read_outcome(folder, images, names).groups) != _plain(groups):
        raise ConfigError(f"these groups are not the result of the run in {folder.place}; give them as they were found")


def _plain(groups: Groups) -> list[list[str]]:
    """Return groups in an order of their own, each with its keeper first."""
    return sorted([*group[:1], *sorted(group[1:])] for group in groups)
