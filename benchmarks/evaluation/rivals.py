"""Other tools on a set, where they are installed."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scoring import TruthRow, read_groups, score

__all__ = ["rival_rows"]

_SCRIPTS = Path(__file__).parents[1] / "peers"
_TIMEOUT_S = 1800


@dataclass(frozen=True)
class _Setting:
    tool: str
    script: str
    threshold: str
    told: str


_SETTINGS = (
    _Setting("imagededup", "imagededup_phash.py", "10", "imagededup PHash, 10 bits"),
    _Setting("fastdup", "fastdup_components.py", "0.9", "fastdup, similarity 0.9"),
)


def rival_rows(
    images: Path, truth: Sequence[TruthRow], pythons: Mapping[str, str], work: Path
) -> list[tuple[str, str, str, str]]:
    """Return name, recall, pair precision and photographs lost of each other tool, or that it is not installed.

    Parameters
    ----------
    pythons
        By tool, the Python of the environment that has it.
    """
    work.mkdir(parents=True, exist_ok=True)
    rows = []
    for setting in _SETTINGS:
        result = work / f"{setting.tool}.csv"
        command = [str(_SCRIPTS / setting.script), str(images), str(result), setting.threshold]
        python = pythons.get(setting.tool)
        rows.append(_row(setting.told, [python, *command] if python else None, result, truth, work))
    program = shutil.which("findimagedupes")
    result = work / "findimagedupes.csv"
    listed = sorted(str(path) for path in images.rglob("*") if path.is_file())
    call = [program, "-t", "90%", *listed] if program else None
    rows.append(_row("findimagedupes, 90 %", call, result, truth, work, images))
    return rows


def _row(
    name: str,
    command: Sequence[str] | None,
    result: Path,
    truth: Sequence[TruthRow],
    work: Path,
    images: Path | None = None,
) -> tuple[str, str, str, str]:
    """Run a tool and score what it says; with ``images``, groups are the lines that it prints."""
    if command is None:
        return name, "not installed", "", ""
    with (work / "log.txt").open("a") as log:
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=log, timeout=_TIMEOUT_S, check=False, text=True)
    if images is not None and ended.stdout:
        _write_lines(ended.stdout, images, result)
    if not result.is_file():
        return name, f"failed, see {work / 'log.txt'}", "", ""
    scored = score(truth, read_groups(result))
    return name, f"{scored.recall:.3f}", f"{scored.pair_precision:.3f}", str(scored.photos_lost)


def _write_lines(printed: str, images: Path, result: Path) -> None:
    """Write groups that are told as one line of paths each; no path of these sets has a space."""
    with result.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("file", "group"))
        for number, line in enumerate(printed.splitlines()):
            writer.writerows((Path(file).relative_to(images).as_posix(), number) for file in line.split())
