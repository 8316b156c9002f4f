"""The command that runs. What it does is imported when it is called."""

from __future__ import annotations

from typing import Annotated

import typer

from imgsieve.cli.common_options import takes
from imgsieve.cli.run_options import RunOptions

__all__ = ["run"]


@takes(RunOptions)
def run(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="Folders of pictures, searched with all that lies below; links are not followed. Or "
            "az://CONTAINER/PREFIX, s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, "
            "https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX.",
        ),
    ],
    *,
    out: Annotated[
        str,
        typer.Option(
            metavar="RUN",
            help="Folder for the results, on this machine or by its URL: a new one, or that of an earlier run over "
            "the same sources, which then goes on or is brought up to date.",
        ),
    ],
    options: RunOptions,
) -> None:
    """Find the duplicates among the pictures of some folders.

    Writes into the folder RUN: groups.csv and groups.parquet with one row a picture (kept, duplicate of a
    named keeper, or failed with the reason), summary.json, and a report to look through. Nothing is deleted.

    Ctrl-C stops cleanly; the same command goes on from there.

    For example:
      imgsieve run ~/Pictures --out ~/duplicates
      imgsieve run phone camera --out found --exclude 'trash/' --memory 1GB
      imgsieve run photos --out found --json --strict > summary.json
      imgsieve run az://pictures/2024 --out found --max-bandwidth 50MB
    """
    from imgsieve.cli.loading import load_engine  # noqa: PLC0415 - needed here only

    if not options.log_json:
        # A wrong option is told at once, and not after the second that loading takes.
        options.configuration()
    load_engine()
    from imgsieve.cli.running import run_command  # noqa: PLC0415 - loads the engine

    raise typer.Exit(run_command(sources, out, options))
