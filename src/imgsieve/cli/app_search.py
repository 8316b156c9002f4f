"""The command that asks a finished run, and its options. What it does is imported when it is called."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["search"]


def search(
    folder: Annotated[str, typer.Argument(metavar="RUN", help="Folder of a finished run, a path or URL.")],
    picture: Annotated[
        str, typer.Argument(metavar="PICTURE", help="A picture: a path, a URL, or - for standard input.")
    ],
    *,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, help="Most candidates that are compared, the likeliest first.")
    ] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON, with all scores.")] = False,
) -> None:
    """Say which images of a finished run match a picture, without a new run.

    The picture goes through the stages of the run, and every answer says which stage decided, and why. The
    first question to a run writes an index of 3 KB an image into the folder RUN/search, or into your cache
    folder where RUN is not writable or lies on an object store; all further ones take a second or two.

    For example:
      imgsieve search found ~/Downloads/cat.jpg
      imgsieve search az://runs/2024 https://ACCOUNT.blob.core.windows.net/inbox/cat.jpg --json
    """
    from imgsieve.cli.loading import load_searching  # noqa: PLC0415 - needed here only

    load_searching()
    from imgsieve.cli.searching import search_command  # noqa: PLC0415 - loads what questions need

    search_command(folder, picture, limit=limit, as_json=as_json)
