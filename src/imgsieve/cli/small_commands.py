"""What ``imgsieve demo`` and ``imgsieve report`` do."""

from __future__ import annotations

import shlex
import sys
import webbrowser
from pathlib import Path

from imgsieve.cli.failures import tell
from imgsieve.cli.texts import plural, visible

__all__ = ["demo_command", "report_command"]


def demo_command(folder: Path, *, photos: int, edits: int, seed: int) -> None:
    """Write the demonstration pictures and say what to do with them."""
    from imgsieve.demo import write_demo  # noqa: PLC0415 - each command loads its own room

    count = write_demo(folder, photos=photos, edits_per_photo=edits, seed=seed)
    images, run = shlex.quote(str(folder / "images")), shlex.quote(str(folder / "run"))
    sys.stdout.write(
        f"{plural(count, 'file')} in {visible(folder / 'images')}; what is a copy of what is in "
        f"{visible(folder / 'truth.csv')}\nNext: imgsieve run {visible(images)} --out {visible(run)}\n"
    )


def report_command(folder: str, *, show: bool) -> None:
    """Write the report of a run, say where it is, and show it if wished."""
    from imgsieve.storage import is_remote, parse_address  # noqa: PLC0415 - each command loads its own room

    if is_remote(folder):
        from imgsieve.report.publishing import remote_report  # noqa: PLC0415 - likewise

        sys.stdout.write(f"{visible(remote_report(folder))}\n")
        if show:
            tell("a report on an object store cannot be opened from here; copy its folder to this machine first")
        return
    from imgsieve.report import write_report  # noqa: PLC0415 - likewise

    page = write_report(parse_address(folder).path or Path(folder)).resolve()
    sys.stdout.write(f"{visible(page)}\n")
    if show and not webbrowser.open(page.as_uri()):
        tell("no web browser could be opened; open the page above in one")
