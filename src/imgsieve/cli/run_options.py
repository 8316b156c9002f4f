"""The options of ``imgsieve run``: how they are given, and the configuration that they make."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from imgsieve.cli.common_options import SEVERAL, ConfigFile, Search
from imgsieve.cli.texts import parse_size
from imgsieve.config import Effort, Profile, RunConfig, load_config

__all__ = ["RunOptions"]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The options of the command, as given."""

    config: ConfigFile = None
    search: Search = Effort.BALANCED
    profile: Annotated[
        Profile | None,
        typer.Option(
            help="What to spend for speed: memory (slower, least memory), balanced (the default) or speed. Never "
            "changes the result.",
        ),
    ] = None
    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="List only files that match. '*' stays within a folder, '**' does not; a GLOB without '/' "
            f"is compared with the name alone. {SEVERAL}",
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help=f"Leave out files that match; 'trash/' stands for all below that folder. {SEVERAL}",
        ),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Threads; one a processor by default, and fewer where --memory has no room for them. Never changes "
            "the result.",
        ),
    ] = None
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Most memory the process may take, such as 600MB or 1.5GiB; 2GiB by default. Never changes "
            "the result.",
        ),
    ] = None
    executor: Annotated[
        str | None,
        typer.Option(
            metavar="threads|ray",
            help="Who does the work: threads of this machine, the default, or a Ray cluster (see docs/ray.md); then "
            "--workers is the number of tasks at one time, and --memory what each process may take. Never changes the "
            "result.",
        ),
    ] = None
    ray_address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="The Ray cluster, such as auto; RAY_ADDRESS by default, and without that one on this machine, started "
            "for this run.",
        ),
    ] = None
    max_pixels: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Pictures of more pixels count as failed; 300,000,000 by default."),
    ] = None
    min_size: Annotated[str | None, typer.Option(metavar="SIZE", help="List only files of at least this size.")] = None
    max_size: Annotated[str | None, typer.Option(metavar="SIZE", help="List only files of at most this size.")] = None
    after: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="List only files last changed at this moment or later, such as 2024-12-31."),
    ] = None
    before: Annotated[
        str | None, typer.Option(metavar="DATE", help="List only files last changed before this moment.")
    ] = None
    max_requests_per_second: Annotated[
        float | None,
        typer.Option(
            metavar="N", min=0, help="Most requests a second to stores beyond this machine; no limit by default."
        ),
    ] = None
    max_bandwidth: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Most bytes a second from and to them, such as 50MB; no limit by default."),
    ] = None
    cache: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Disk space, within RUN or its working copy, for downloads that stage 4 wants again; 10GiB by "
            "default, 0 for none.",
        ),
    ] = None
    descriptor: Annotated[
        str | None,
        typer.Option(metavar="MODEL.onnx", help="A model of your own for stage 3, with MODEL.toml beside it."),
    ] = None
    device: Annotated[
        str | None,
        typer.Option(
            metavar="DEVICE",
            help="Where models are computed: cpu (the default), cuda or cuda:N, which needs onnxruntime-gpu.",
        ),
    ] = None
    no_thumbnails: Annotated[bool, typer.Option("--no-thumbnails", help="Keep no small pictures for the report.")] = (
        False
    )
    no_report: Annotated[
        bool, typer.Option("--no-report", help="Write no report; 'imgsieve report' can do it later.")
    ] = False
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the summary as JSON on standard output, all else on standard error."),
    ] = False
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 3 when an image failed or a folder could not be read.")
    ] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only, and JSON if asked for.")] = False
    log_json: Annotated[
        bool,
        typer.Option("--log-json", help="Tell progress, ends of stages, warnings and errors by lines of JSON."),
    ] = False
    metrics_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.prom",
            help="Keep figures of the run in this file, for the textfile collector of Prometheus; needs "
            "imgsieve[metrics].",
        ),
    ] = None

    def configuration(self) -> RunConfig:
        """Return the configuration: defaults, then the file, then the options."""
        overrides: dict[str, dict[str, Any]] = {
            "source": {
                "include": self.include or None,
                "exclude": self.exclude or None,
                "min_bytes": _size("--min-size", self.min_size),
                "max_bytes": _size("--max-size", self.max_size),
                "modified_after": self.after,
                "modified_before": self.before,
            },
            "decode": {"max_pixels": self.max_pixels, "thumbnails": False if self.no_thumbnails else None},
            "refine": {"descriptor": self.descriptor, "device": self.device},
            "execution": {
                "workers": self.workers,
                "memory_bytes": _size("--memory", self.memory),
                # An address without an executor can mean nothing else.
                "executor": self.executor or ("ray" if self.ray_address else None),
                "ray_address": self.ray_address,
            },
            "network": {
                "max_requests_per_second": self.max_requests_per_second,
                "max_bandwidth": _size("--max-bandwidth", self.max_bandwidth),
                "cache_bytes": _size("--cache", self.cache, least=0),
            },
        }
        return load_config(self.config, overrides, self.search, self.profile)


def _size(option: str, text: str | None, least: int = 1) -> int | None:
    """Read a number of bytes, None when the option is not given."""
    return None if text is None else parse_size(option, text, least)
