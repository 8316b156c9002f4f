"""Writes a report whole or not at all."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from pathlib import Path

from imgsieve.errors import RunFolderError
from imgsieve.report.failed_pages import FailedPages
from imgsieve.report.group_pages import GroupPages
from imgsieve.report.inventory import take_inventory
from imgsieve.report.overview import overview
from imgsieve.report.rendering import Renderer
from imgsieve.report.sequence import arrange, page_edges
from imgsieve.report.summary import read_summary, stage_titles

__all__ = ["write_report"]

WORKSPACE = ".report-in-progress"
"""Folder inside the run where a report is made; the next attempt removes what a stopped one left there."""


def write_report(run: Path) -> Path:
    """Write the pages of a run from its committed tables, in the place of an earlier report.

    The same tables make the same bytes. While this works, the run folder needs room for a second report
    and for the thumbnails of all grouped images.

    Parameters
    ----------
    run
        The run folder, with ``groups.parquet``, ``summary.json`` and, if thumbnails were made, ``thumbs/``.

    Returns
    -------
    The first page, ``report/index.html`` below ``run``.

    Raises
    ------
    RunFolderError
        If a table is missing or cannot be read.
    """
    workspace = run / WORKSPACE
    shutil.rmtree(workspace, ignore_errors=True)
    if not run.is_dir():
        raise RunFolderError(f"{run} is not a folder; a report needs a finished run.")
    workspace.mkdir()
    try:
        _write_pages(run, workspace)
        _swap(workspace, run / "report")
    finally:
        shutil.rmtree(workspace, ignore_errors=True)
    return run / "report" / "index.html"


def _write_pages(run: Path, workspace: Path) -> None:
    summary = read_summary(run)
    scratch, pages = workspace / "records", workspace / "pages"
    scratch.mkdir()
    pages.mkdir()
    renderer = Renderer(pages)
    with ExitStack() as stack:
        inventory = take_inventory(run, scratch, stack)
        sequence = arrange(inventory.groups, inventory.freed, inventory.kept)
        groups = GroupPages(
            inventory=inventory,
            sequence=sequence,
            edges=page_edges(sequence.starts),
            titles=stage_titles(summary),
            many_sources=len(summary["sources"]) > 1,
        )
        failed = FailedPages(inventory, many_sources=len(summary["sources"]) > 1)
        groups.write(renderer)
        failed.write(renderer)
        values = overview(inventory, groups, summary)
        renderer.page("index.html", "index.html", kinds=failed.kinds, pages=groups.pages, **values)


def _swap(workspace: Path, report: Path) -> None:
    earlier = workspace / "earlier"
    if report.exists():
        report.rename(earlier)
    try:
        (workspace / "pages").rename(report)
    except OSError:
        if earlier.exists():
            earlier.rename(report)
        raise
