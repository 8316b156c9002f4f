"""The commands about places of pictures and their options: copying, and looking over what is there."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["copy", "list_places"]

_SEVERAL = "May be given several times."
_PLACES = (
    "A folder, az://CONTAINER/PREFIX, https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX (with a SAS, if "
    "wished), s3://BUCKET/PREFIX or gs://BUCKET/PREFIX."
)


def copy(
    source: Annotated[str, typer.Argument(metavar="SRC", help=f"Where from. {_PLACES}")],
    destination: Annotated[str, typer.Argument(metavar="DST", help="Where to: the same kinds of places.")],
    *,
    from_run: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Folder of a finished run over SRC, a path or URL; with --keepers."),
    ] = None,
    keepers: Annotated[
        bool,
        typer.Option("--keepers", help="Copy only what that run keeps, and only where it has not changed since."),
    ] = False,
    with_failed: Annotated[
        bool,
        typer.Option("--with-failed", help="Copy the images as well that the run could not read."),
    ] = False,
    include: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help=f"Copy only what matches; globs are those of 'imgsieve run'. {_SEVERAL}"),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help=f"Leave out what matches. {_SEVERAL}")
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace what is there and differs, instead of counting it as failed."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be copied, and write nothing.")] = False,
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where to note what is done; by default a file in the current folder, named after SRC and DST.",
        ),
    ] = None,
    max_requests_per_second: Annotated[
        float | None, typer.Option(metavar="N", min=0, help="Most requests a second to stores; no limit by default.")
    ] = None,
    max_bandwidth: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Most bytes a second through this machine, such as 50MB; no limit by default."
        ),
    ] = None,
    concurrency: Annotated[int, typer.Option(metavar="N", min=1, max=256, help="Most objects at one time.")] = 32,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only, and JSON if asked for.")] = False,
) -> None:
    """Copy all of a folder, container or bucket to another place, and check what arrives.

    Between containers of Azure the servers copy among themselves; all else passes through this machine.
    Names below SRC stay the same below DST, with content types and metadata. What is there already and equal is
    skipped; what differs is never overwritten unasked.

    Whenever it is stopped, even by force, the same command goes on from there. It exits with 3 when something could
    not be copied; the reasons are in the journal.

    For example:
      imgsieve copy ~/Pictures az://pictures/2024
      imgsieve copy az://pictures https://other.blob.core.windows.net/pictures --dry-run
      imgsieve copy az://pictures az://unique --from-run found --keepers
    """
    from imgsieve.cli.store_commands import CopyOptions, copy_command  # noqa: PLC0415 - loads its room

    options = CopyOptions(
        from_run=from_run,
        keepers=keepers,
        with_failed=with_failed,
        include=include or [],
        exclude=exclude or [],
        overwrite=overwrite,
        dry_run=dry_run,
        journal=journal,
        max_requests_per_second=max_requests_per_second,
        max_bandwidth=max_bandwidth,
        concurrency=concurrency,
        as_json=as_json,
        quiet=quiet,
    )
    raise typer.Exit(copy_command(source, destination, options))


def list_places(
    places: Annotated[list[str], typer.Argument(metavar="SOURCE", help=f"What to list. {_PLACES}")],
    *,
    include: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help=f"List only what matches; globs are those of 'imgsieve run'. {_SEVERAL}"),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help=f"Leave out what matches. {_SEVERAL}")
    ] = None,
    min_size: Annotated[str | None, typer.Option(metavar="SIZE", help="List only files of at least this size.")] = None,
    max_size: Annotated[str | None, typer.Option(metavar="SIZE", help="List only files of at most this size.")] = None,
    after: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="List only files last changed at this moment or later, such as 2024-12-31."),
    ] = None,
    before: Annotated[
        str | None, typer.Option(metavar="DATE", help="List only files last changed before this moment.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only, and JSON if asked for.")] = False,
) -> None:
    """Tell what places hold: how many files and bytes, of which kinds, how old.

    That is what a run with the same options would list. Nothing is read.

    For example:
      imgsieve ls az://pictures/2024 --exclude 'trash/'
      imgsieve ls ~/Pictures s3://photos --min-size 10KB --json
    """
    from imgsieve.cli.store_commands import ListOptions, list_command  # noqa: PLC0415 - loads its room

    options = ListOptions(
        include=include or [],
        exclude=exclude or [],
        min_size=min_size,
        max_size=max_size,
        after=after,
        before=before,
        as_json=as_json,
        quiet=quiet,
    )
    raise typer.Exit(list_command(places, options))
