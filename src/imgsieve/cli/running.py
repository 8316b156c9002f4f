"""What ``imgsieve run`` does: the configuration, the run with its progress, the report, the summary."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from imgsieve.cli.failures import DONE, INCOMPLETE, explain, tell
from imgsieve.cli.json_lines import JsonLines, open_json_lines
from imgsieve.cli.metrics_file import kept_figures
from imgsieve.cli.progress import Display, open_display, report_stage
from imgsieve.cli.run_options import RunOptions
from imgsieve.cli.signals import stop_on_signals
from imgsieve.cli.summary import summary_text
from imgsieve.errors import Interrupted
from imgsieve.features.sessions import usable_device
from imgsieve.report.publishing import publish_report
from imgsieve.runs import RunFolder, RunResult, run

__all__ = ["run_command"]


def run_command(sources: Sequence[str], out: str, options: RunOptions) -> int:
    """Run, show progress and print the summary. Returns the exit code."""
    if not options.log_json:
        with open_display(quiet=options.quiet) as display:
            return _run(sources, out, options, display, tell)
    with open_json_lines(sys.stderr) as lines:
        return _run_for_machines(sources, out, options, lines)


def _run_for_machines(sources: Sequence[str], out: str, options: RunOptions, lines: JsonLines) -> int:
    """Run with lines of JSON and nothing else on standard error."""
    try:
        return _run(sources, out, options, lines, lines.warn)
    except Exception as error:  # noqa: BLE001 - told like any other, by a line
        message, code = explain(error)
        lines.fail(message)
        return code


def _run(
    sources: Sequence[str], out: str, options: RunOptions, display: Display, complain: Callable[[str], None]
) -> int:
    """Run and print the summary. Returns the exit code."""
    config = options.configuration()
    config = replace(config, refine=replace(config.refine, device=usable_device(config.refine.device, complain)))
    with (
        stop_on_signals(display.stopping),
        kept_figures(options.metrics_file, display, complain) as (listener, take),
    ):

        def report(folder: RunFolder) -> str:
            report_stage(listener, finished=False)
            page = _report(folder)
            report_stage(listener, finished=True)
            return page

        try:
            result = run(sources, out, config, listener=listener, report=None if options.no_report else report)
        except KeyboardInterrupt:
            raise Interrupted("stopped; the same command goes on from here") from None
        take(result.summary)
    _print_result(result, options)
    return _code(result.summary, options, complain)


def _report(folder: RunFolder) -> str:
    """Write the report of a finished run and return its first page.

    Raises
    ------
    Interrupted
        The user stopped it; the run itself is complete.
    """
    try:
        return publish_report(folder)
    except KeyboardInterrupt:
        raise Interrupted(
            f"stopped while writing the report; the run is complete, and 'imgsieve report {folder.place}' writes it"
        ) from None


def _print_result(result: RunResult, options: RunOptions) -> None:
    """Print the summary where it belongs."""
    if not options.quiet and not (options.log_json and options.as_json):
        stream = sys.stderr if options.as_json else sys.stdout
        stream.write(summary_text(result.place, result.summary, result.report))
        stream.flush()
    if options.as_json:
        sys.stdout.write(_json_text({**result.summary, "report": result.report}))
        sys.stdout.flush()


def _json_text(value: dict[str, Any]) -> str:
    """Return JSON in plain ASCII, which every terminal and locale takes."""
    return json.dumps(value, indent=2, sort_keys=True) + "\n"


def _code(summary: dict[str, Any], options: RunOptions, complain: Callable[[str], None]) -> int:
    """Return the exit code, and say why when it is not 0."""
    failed, unread = summary["failed"], len(summary["folders_not_read"])
    if not options.strict or not (failed or unread):
        return DONE
    complain(f"--strict: failed images: {failed:,}, folders not read: {unread:,}")
    return INCOMPLETE
