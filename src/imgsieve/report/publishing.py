"""Reports where their runs are: written on this machine, then brought to the store that holds the run folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from imgsieve.config import NetworkConfig
from imgsieve.errors import RunFolderError
from imgsieve.report.writing import write_report
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.mirror import open_run_folder
from imgsieve.storage import Traffic

__all__ = ["publish_report", "remote_report"]


def remote_report(place: str) -> str:
    """Write the report of a finished run on an object store, and return the URL of its first page.

    Parameters
    ----------
    place
        URL of the run folder.

    Raises
    ------
    RunFolderError
        There is no finished run, or its folder cannot be used.
    """
    with Traffic(NetworkConfig()).open() as traffic:
        folder = open_run_folder(place, traffic, new=False)
        with folder.locked():
            return publish_report(folder)


def publish_report(folder: RunFolder) -> str:
    """Write the report of a run whose lock is held, and return its first page, a path or URL.

    Raises
    ------
    RunFolderError
        The run has not come to its end, or its tables cannot be read.
    """
    folder.bring(_tables(folder.read_json("run.json") or {}))
    if not folder.exists("summary.json"):
        raise RunFolderError(f"the run in {folder.place} has not come to its end; give its command again first")
    page = write_report(folder.root).relative_to(folder.root)
    folder.publish(str(page.parent), page.name)
    return f"{folder.place}/{page.as_posix()}"


def _tables(state: dict[str, Any]) -> Iterator[str]:
    """Yield what a report is made from."""
    yield from ("groups.parquet", "summary.json")
    for part in state.get("features", {}).get("committed", []):
        yield part.replace("features/", "thumbs/")
