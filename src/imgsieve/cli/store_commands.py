"""What ``imgsieve copy`` and ``imgsieve ls`` do: progress while they work, then what came of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from imgsieve.actions import CopyJob, CopyReport, Survey, copy_all, survey
from imgsieve.cli.failures import DONE, INCOMPLETE, tell
from imgsieve.cli.progress import open_display
from imgsieve.cli.signals import stop_on_signals
from imgsieve.cli.store_options import CopyOptions, ListOptions
from imgsieve.cli.texts import parse_size, plural, visible
from imgsieve.config import NetworkConfig, RunConfig, SourceConfig, load_config
from imgsieve.errors import ConfigError, Interrupted
from imgsieve.report.texts import bytes_text, seconds_text

__all__ = ["copy_command", "list_command"]

_WIDTH = 18
"""Columns of the labels."""
_MOST_KINDS = 20
_MOST_FOLDERS = 10


def copy_command(source: str, destination: str, options: CopyOptions) -> int:
    """Copy, show progress and print what was done. Returns the exit code."""
    job = _job(source, destination, options)
    with open_display(quiet=options.quiet) as display, stop_on_signals(display.stopping):
        try:
            report = copy_all(job, display)
        except KeyboardInterrupt:
            raise Interrupted("stopped; the same command goes on from here") from None
    _print(_copy_lines(report), _copy_dict(report), as_json=options.as_json, quiet=options.quiet)
    if report.dry_run or not (report.failed or report.unreadable):
        return DONE
    tell(
        f"not copied: {report.failed:,} of {report.total:,}, folders not read: {len(report.unreadable):,}; the reasons "
        f"are in {report.journal}"
    )
    return INCOMPLETE


def _job(source: str, destination: str, options: CopyOptions) -> CopyJob:
    """Return what is to be done.

    Raises
    ------
    ConfigError
        Options do not go together, or one cannot be read.
    """
    if options.keepers != (options.from_run is not None):
        raise ConfigError("--from-run RUN and --keepers go together: they copy what that run keeps")
    if options.with_failed and not options.keepers:
        raise ConfigError("--with-failed goes with --from-run RUN --keepers")
    bandwidth = options.max_bandwidth
    config = _configuration(
        {"include": options.include or None, "exclude": options.exclude or None},
        {
            "max_requests_per_second": options.max_requests_per_second,
            "max_bandwidth": None if bandwidth is None else parse_size("--max-bandwidth", bandwidth),
            "max_concurrency": options.concurrency,
        },
    )
    return CopyJob(
        source=source,
        destination=destination,
        filters=config.source,
        network=config.network,
        run=options.from_run,
        with_failed=options.with_failed,
        overwrite=options.overwrite,
        dry_run=options.dry_run,
        journal=options.journal,
        threads=options.concurrency,
    )


def _configuration(source: dict[str, Any], network: dict[str, Any]) -> RunConfig:
    """Return the configuration with some options."""
    return load_config(None, {"source": source, "network": network})


def list_command(places: Sequence[str], options: ListOptions) -> int:
    """List, show progress and print what is there. Returns the exit code."""
    filters = _list_filters(options)
    with open_display(quiet=options.quiet) as display, stop_on_signals(display.stopping):
        try:
            found = survey(places, filters, NetworkConfig(), display)
        except KeyboardInterrupt:
            raise Interrupted("stopped; nothing was changed") from None
    _print(_survey_lines(found), found.as_dict(), as_json=options.as_json, quiet=options.quiet)
    return DONE


def _list_filters(options: ListOptions) -> SourceConfig:
    """Return what is listed."""
    least, most = options.min_size, options.max_size
    return _configuration(
        {
            "include": options.include or None,
            "exclude": options.exclude or None,
            "min_bytes": None if least is None else parse_size("--min-size", least),
            "max_bytes": None if most is None else parse_size("--max-size", most),
            "modified_after": options.after,
            "modified_before": options.before,
        },
        {},
    ).source


def _print(lines: Iterator[str], value: dict[str, Any], *, as_json: bool, quiet: bool) -> None:
    """Print JSON, or lines for people."""
    if as_json:
        sys.stdout.write(json.dumps(value, indent=2, sort_keys=True) + "\n")
    elif not quiet:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _line(label: str, value: str) -> str:
    """Return one labelled line."""
    return f"{label:<{_WIDTH}}{value}"


_LABELS = {
    "copied": "Copied",
    "equal": "Equal, skipped",
    "journaled": "Done earlier",
    "differs": "Exist and differ",
    "failed": "Failed",
}
_DRY_LABELS = {
    **_LABELS,
    "copied": "To copy",
    "equal": "Equal",
    "unknown": "To be compared",
    "failed": "Would fail",
}


def _copy_lines(report: CopyReport) -> Iterator[str]:
    """Yield what was copied, as text for people."""
    yield _line("From", visible(report.source))
    yield _line("To", visible(report.destination))
    labels = _DRY_LABELS if report.dry_run else _LABELS
    for state, label in labels.items():
        count = report.counts.get(state, 0)
        if count or state == "copied":
            yield _line(label, f"{count:,} ({bytes_text(report.bytes.get(state, 0))}){_remark(state, report)}")
    yield from (f"  {visible(name)}: {visible(reason)}" for name, reason in report.failures)
    if report.failed > len(report.failures):
        rest = report.failed - len(report.failures)
        yield f"  and {rest:,} more" + ("" if report.dry_run else f", listed in {visible(report.journal)}")
    yield from _left_out(report)
    yield from _effort(report)


def _remark(state: str, report: CopyReport) -> str:
    """Say more of a state."""
    if state == "copied" and report.by_server:
        here = report.counts["copied"] - report.by_server
        return f", {report.by_server:,} by the servers themselves" + (
            f", {here:,} through this machine" if here else ""
        )
    return ", of the same size; only reading both will tell" if state == "unknown" else ""


def _left_out(report: CopyReport) -> Iterator[str]:
    """Yield what was not to be copied, and why."""
    if report.failed_in_run:
        images = plural(report.failed_in_run, "image")
        yield _line("Not taken", f"{images} that the run could not read; --with-failed takes them as well")
    if report.outside:
        yield _line("Elsewhere", f"{plural(report.outside, 'image')} of the run that are not in the source")
    yield from _unread(report.unreadable)


def _unread(folders: Sequence[str]) -> Iterator[str]:
    """Yield the folders that could not be listed."""
    if folders:
        yield _line("Not read", plural(len(folders), "folder"))
        yield from (f"  {visible(text)}" for text in folders[:_MOST_FOLDERS])
        if len(folders) > _MOST_FOLDERS:
            yield f"  and {len(folders) - _MOST_FOLDERS:,} more"


def _effort(report: CopyReport) -> Iterator[str]:
    """Yield what it took."""
    asked = report.requests
    kinds = ("gets", "puts", "copies", "heads", "lists", "deletes")
    told = ", ".join(f"{asked[kind]:,} {kind}" for kind in kinds if asked[kind])
    if told:
        yield _line("Requests", told + (f"; {asked['retries']:,} repeated" if asked["retries"] else ""))
    yield _line("Time", seconds_text(report.seconds))
    if report.dry_run:
        yield "Nothing was written."
    else:
        yield _line("Journal", visible(report.journal))


def _copy_dict(report: CopyReport) -> dict[str, Any]:
    """Return what was copied, fit for JSON."""
    value = asdict(report)
    value["journal"] = None if report.dry_run else str(report.journal)
    value["failures"] = [{"name": name, "reason": reason} for name, reason in report.failures]
    value["seconds"] = round(report.seconds, 3)
    return value


def _survey_lines(found: Survey) -> Iterator[str]:
    """Yield what places hold, as text for people."""
    for source in found.sources:
        yield _line("Source", visible(source))
    yield _line("Files", f"{found.total.files:,} ({bytes_text(found.total.bytes)})")
    yield _line("Pictures by name", f"{found.pictures.files:,} ({bytes_text(found.pictures.bytes)})")
    moments = found.as_dict()
    if moments["oldest"]:
        yield _line("Last changed", f"{moments['oldest'][:10]} to {moments['newest'][:10]}")
    if found.passed_over:
        yield _line("Not followed", plural(found.passed_over, "link or special file", "links and special files"))
    yield from _unread(found.unreadable)
    if found.requests:
        yield _line("Requests", f"{found.requests:,} to list")
    if found.kinds:
        yield ""
        yield from _kind_lines(found)


def _kind_lines(found: Survey) -> Iterator[str]:
    """Yield the most frequent kinds, and the rest together."""
    ranked = found.ranked()
    yield f"{'Kind':<{_WIDTH}}{'files':>12}{'bytes':>14}"
    for kind, tally in ranked[:_MOST_KINDS]:
        yield f"{visible(kind):<{_WIDTH}}{tally.files:>12,}{bytes_text(tally.bytes):>14}"
    rest = [tally for _, tally in ranked[_MOST_KINDS:]]
    if rest:
        label = plural(len(rest), "other kind")
        files, size = sum(tally.files for tally in rest), sum(tally.bytes for tally in rest)
        yield f"{label:<{_WIDTH}}{files:>12,}{bytes_text(size):>14}"
