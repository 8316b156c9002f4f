"""The commands and their options. What they do is imported when they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imgsieve.cli.app_run import run
from imgsieve.cli.app_search import search
from imgsieve.cli.app_stores import copy, list_places
from imgsieve.cli.common_options import ConfigFile, Search
from imgsieve.cli.helping import HelpfulCommand, HelpfulGroup
from imgsieve.config import Effort

__all__ = ["app"]

app = typer.Typer(
    name="imgsieve",
    cls=HelpfulGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - needed here only

        typer.echo(f"imgsieve {version('imgsieve')}")
        raise typer.Exit


@app.callback()
def imgsieve(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and end.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Find duplicate and near-duplicate pictures among millions, and the best copy of each.

    Nothing is ever deleted or changed: a run reads folders of pictures and writes its findings into a folder
    of its own. Copies go where you say, and overwrite nothing unasked.

    Exit codes:
      0    done
      1    an error
      2    wrong usage or configuration
      3    with --strict: done, but an image failed or a folder could not be read;
           of copy: done, but something could not be copied
      130  interrupted
    """


app.command(cls=HelpfulCommand)(run)


@app.command(cls=HelpfulCommand)
def demo(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to.")],
    *,
    photos: Annotated[int, typer.Option(metavar="N", min=1, help="Different pictures.")] = 60,
    edits: Annotated[int, typer.Option(metavar="N", min=0, help="Edited copies of each.")] = 3,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Equal seeds make equal pictures.")] = 1,
) -> None:
    """Write made-up pictures with known duplicates, to try imgsieve on.

    The pictures go to DIR/images; DIR/truth.csv says which of them are made from one picture.
    """
    from imgsieve.cli.small_commands import demo_command  # noqa: PLC0415 - loads its room

    demo_command(folder, photos=photos, edits=edits, seed=seed)


@app.command(cls=HelpfulCommand)
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="One picture.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The other.")],
    *,
    image: Annotated[
        Path | None,
        typer.Option(metavar="OUT.png", help="Draw both with their matching points, and laid over each other."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
    config: ConfigFile = None,
    search: Search = Effort.BALANCED,
) -> None:
    """Explain, stage by stage, why two pictures are duplicates or are not.

    Every stage is shown with its scores and thresholds, even those that a run would not have reached.
    """
    from imgsieve.cli.comparing import compare_command  # noqa: PLC0415 - loads its room

    compare_command(a, b, image=image, as_json=as_json, config=config, search=search)


@app.command(cls=HelpfulCommand)
def report(
    folder: Annotated[str, typer.Argument(metavar="RUN", help="Folder of a finished run, a path or URL.")],
    *,
    show: Annotated[bool, typer.Option("--open", help="Show the report in the web browser.")] = False,
) -> None:
    """Write the report of a finished run again, and print where it is.

    The report is a folder of plain pages that need no network.
    """
    from imgsieve.cli.small_commands import report_command  # noqa: PLC0415 - loads its room

    report_command(folder, show=show)


app.command(cls=HelpfulCommand)(search)
app.command(cls=HelpfulCommand)(copy)
app.command("ls", cls=HelpfulCommand)(list_places)
