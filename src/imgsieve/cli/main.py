"""The entry of the command ``imgsieve``."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence

import typer

from imgsieve.cli.app import app
from imgsieve.cli.failures import DONE, INTERRUPTED, complain, tell

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line and return its exit code.

    Parameters
    ----------
    arguments
        Without the name of the program; None for those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        # Names need not fit the locale; what does not is spelled out and never ends a run.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    # Nothing is loaded yet that would start threads; those of BLAS would only take the processor from the workers.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Where a command does not know better, being asked to end is like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given:
        tell("no command is given; see imgsieve --help")
        return 2
    code = _flush(_carry_out(given))
    if arguments is None:
        # All goes with the process; looking for cycles among a hundred thousand objects first would take 0.2 s.
        gc.freeze()
    return code


def _carry_out(arguments: list[str]) -> int:
    """Run the command and turn every error into its exit code."""
    command = typer.main.get_command(app)
    try:
        code = command.main(arguments, prog_name="imgsieve", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        tell("stopped")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the outermost rim: nobody wants a traceback
        return complain(error)
    return code if isinstance(code, int) else DONE


def _flush(code: int) -> int:
    """Write what is still buffered; a reader that has gone is no reason for a traceback."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # The interpreter would try again at its end and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return code or complain(error)
    return code
