"""The commands and their options. What they do is imported when they are called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imgsieve.cli.app_search import search
from imgsieve.cli.app_stores import copy, list_places
from imgsieve.cli.helping import HelpfulCommand, HelpfulGroup
from imgsieve.config import Effort, Profile

__all__ = ["app"]

_SEVERAL = "May be given several times."

app = typer.Typer(
    name="imgsieve",
    cls=HelpfulGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE.toml",
        help="Options from a TOML file, one table a stage; flags win over it.",
    ),
]


Search = Annotated[
    Effort,
    typer.Option(
        help="How hard to search. fast: whole pictures alone. balanced: crops to half of a picture, screenshots and "
        "tilted pictures as well. thorough: smaller parts, mirrored and turned ones, too.",
    ),
]


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


@app.command(cls=HelpfulCommand)
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
    config: ConfigFile = None,
    search: Search = Effort.BALANCED,
    profile: Annotated[
        Profile | None,
        typer.Option(
            help="What to spend for speed: memory (slower, least memory), balanced (the default) or speed. Never "
            "changes the result.",
        ),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="List only files that match. '*' stays within a folder, '**' does not; a GLOB without '/' "
            f"is compared with the name alone. {_SEVERAL}",
        ),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help=f"Leave out files that match; 'trash/' stands for all below that folder. {_SEVERAL}",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Threads; one a processor by default, and fewer where --memory has no room for them. Never changes "
            "the result.",
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Most memory the process may take, such as 600MB or 1.5GiB; 2GiB by default. Never changes "
            "the result.",
        ),
    ] = None,
    max_pixels: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Pictures of more pixels count as failed; 300,000,000 by default."),
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
    max_requests_per_second: Annotated[
        float | None,
        typer.Option(
            metavar="N", min=0, help="Most requests a second to stores beyond this machine; no limit by default."
        ),
    ] = None,
    max_bandwidth: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Most bytes a second from and to them, such as 50MB; no limit by default."),
    ] = None,
    cache: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Disk space, within RUN or its working copy, for downloads that stage 4 wants again; 10GiB by "
            "default, 0 for none.",
        ),
    ] = None,
    descriptor: Annotated[
        str | None,
        typer.Option(metavar="MODEL.onnx", help="A model of your own for stage 3, with MODEL.toml beside it."),
    ] = None,
    no_thumbnails: Annotated[
        bool, typer.Option("--no-thumbnails", help="Keep no small pictures for the report.")
    ] = False,
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Write no report; 'imgsieve report' can do it later.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the summary as JSON on standard output, all else on standard error."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 when an image failed or a folder could not be read.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only, and JSON if asked for.")] = False,
    log_json: Annotated[
        bool,
        typer.Option("--log-json", help="Tell progress, ends of stages, warnings and errors by lines of JSON."),
    ] = False,
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

    load_engine()
    from imgsieve.cli.running import RunOptions, run_command  # noqa: PLC0415 - loads the engine

    options = RunOptions(
        config=config,
        include=include or [],
        exclude=exclude or [],
        workers=workers,
        memory=memory,
        max_pixels=max_pixels,
        min_size=min_size,
        max_size=max_size,
        after=after,
        before=before,
        max_requests_per_second=max_requests_per_second,
        max_bandwidth=max_bandwidth,
        cache=cache,
        search=search,
        profile=profile,
        descriptor=descriptor,
        no_thumbnails=no_thumbnails,
        no_report=no_report,
        as_json=as_json,
        strict=strict,
        quiet=quiet,
        log_json=log_json,
    )
    raise typer.Exit(run_command(sources, out, options))


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
