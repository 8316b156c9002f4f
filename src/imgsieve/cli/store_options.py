"""The options of ``imgsieve copy`` and ``imgsieve ls``, as they are given."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from imgsieve.cli.common_options import SEVERAL

__all__ = ["CopyOptions", "ListOptions"]


@dataclass(frozen=True, kw_only=True)
class CopyOptions:
    """The options of ``imgsieve copy``."""

    from_run: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Folder of a finished run over SRC, a path or URL; with --keepers."),
    ] = None
    keepers: Annotated[
        bool,
        typer.Option("--keepers", help="Copy only what that run keeps, and only where it has not changed since."),
    ] = False
    with_failed: Annotated[
        bool,
        typer.Option("--with-failed", help="Copy the images as well that the run could not read."),
    ] = False
    include: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help=f"Copy only what matches; globs are those of 'imgsieve run'. {SEVERAL}"),
    ] = None
    exclude: Annotated[list[str] | None, typer.Option(metavar="GLOB", help=f"Leave out what matches. {SEVERAL}")] = None
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace what is there and differs, instead of counting it as failed."),
    ] = False
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be copied, and write nothing.")] = False
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where to note what is done; by default a file in the current folder, named after SRC and DST.",
        ),
    ] = None
    max_requests_per_second: Annotated[
        float | None, typer.Option(metavar="N", min=0, help="Most requests a second to stores; no limit by default.")
    ] = None
    max_bandwidth: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Most bytes a second through this machine, such as 50MB; no limit by default."
        ),
    ] = None
    concurrency: Annotated[int, typer.Option(metavar="N", min=1, max=256, help="Most objects at one time.")] = 32
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only, and JSON if asked for.")] = False


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """The options of ``imgsieve ls``."""

    include: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help=f"List only what matches; globs are those of 'imgsieve run'. {SEVERAL}"),
    ] = None
    exclude: Annotated[list[str] | None, typer.Option(metavar="GLOB", help=f"Leave out what matches. {SEVERAL}")] = None
    min_size: Annotated[str | None, typer.Option(metavar="SIZE", help="List only files of at least this size.")] = None
    max_size: Annotated[str | None, typer.Option(metavar="SIZE", help="List only files of at most this size.")] = None
    after: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="List only files last changed at this moment or later, such as 2024-12-31."),
    ] = None
    before: Annotated[
        str | None, typer.Option(metavar="DATE", help="List only files last changed before this moment.")
    ] = None
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only, and JSON if asked for.")] = False
