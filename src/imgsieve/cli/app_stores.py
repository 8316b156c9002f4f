"""The commands about places of pictures and their options: copying, and looking over what is there."""

from __future__ import annotations

from typing import Annotated

import typer

from imgsieve.cli.common_options import takes
from imgsieve.cli.store_options import CopyOptions, ListOptions

__all__ = ["copy", "list_places"]

_PLACES = (
    "A folder, az://CONTAINER/PREFIX, https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX (with a SAS, if "
    "wished), s3://BUCKET/PREFIX or gs://BUCKET/PREFIX."
)


@takes(CopyOptions)
def copy(
    source: Annotated[str, typer.Argument(metavar="SRC", help=f"Where from. {_PLACES}")],
    destination: Annotated[str, typer.Argument(metavar="DST", help="Where to: the same kinds of places.")],
    *,
    options: CopyOptions,
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
    from imgsieve.cli.store_commands import copy_command  # noqa: PLC0415 - loads its room

    raise typer.Exit(copy_command(source, destination, options))


@takes(ListOptions)
def list_places(
    places: Annotated[list[str], typer.Argument(metavar="SOURCE", help=f"What to list. {_PLACES}")],
    *,
    options: ListOptions,
) -> None:
    """Tell what places hold: how many files and bytes, of which kinds, how old.

    That is what a run with the same options would list. Nothing is read.

    For example:
      imgsieve ls az://pictures/2024 --exclude 'trash/'
      imgsieve ls ~/Pictures s3://photos --min-size 10KB --json
    """
    from imgsieve.cli.store_commands import list_command  # noqa: PLC0415 - loads its room

    raise typer.Exit(list_command(places, options))
