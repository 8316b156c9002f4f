"""What ``imgsieve compare`` does: reads two files, prints the explanation, draws it if wished."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imgsieve.cli.texts import visible
from imgsieve.compare import Explanation, Score, compare_pictures, draw_comparison
from imgsieve.config import Effort, load_config
from imgsieve.errors import ConfigError, DecodeError
from imgsieve.schema import Verdict

__all__ = ["compare_command", "explanation_text"]

_PASSED_ON = "passed on to the next stage"
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


def compare_command(
    a: Path, b: Path, *, image: Path | None, as_json: bool, config: Path | None, search: Effort
) -> None:
    """Explain a pair of files."""
    options = load_config(config, effort=search)
    if image is not None and image.suffix.lower() not in _FORMATS:
        raise ConfigError(f"--image {image}: the name must end in one of {', '.join(_FORMATS)}")
    try:
        explanation = compare_pictures(a.read_bytes(), b.read_bytes(), options)
    except DecodeError as error:
        raise DecodeError(error.kind, f"{error.message} (A is {a}, B is {b})") from error
    if image is not None:
        _save(draw_comparison(explanation, names=(visible(a.name), visible(b.name))), image)
    if as_json:
        files = {"a": str(a), "b": str(b), "image": None if image is None else str(image)}
        sys.stdout.write(json.dumps({**files, **explanation.as_dict()}, indent=2) + "\n")
    else:
        sys.stdout.write(explanation_text(explanation, a, b))
        if image is not None:
            sys.stdout.write(f"Drawn in {visible(image)}\n")


def _save(pixels: NDArray[np.uint8], target: Path) -> None:
    """Write the drawing in the format that its name asks for."""
    Image.fromarray(pixels).save(target, _FORMATS[target.suffix.lower()])


def explanation_text(explanation: Explanation, a: Path, b: Path) -> str:
    """Return an explanation as lines."""
    lines = [f"A  {visible(a)}", f"B  {visible(b)}", ""]
    for stage in explanation.stages:
        passed_on = stage.verdict == Verdict.UNDECIDED and stage.name != "local"
        lines.append(f"{stage.title}: {_PASSED_ON if passed_on else stage.verdict}".rstrip(": "))
        lines.append(f"  {visible(stage.why)}")
        lines += _table(stage.scores)
        lines.append("")
    lines.append(f"{explanation.verdict.capitalize()}, decided by {explanation.decided_by}: {visible(explanation.why)}")
    if explanation.keep is not None:
        lines.append(f"{explanation.keep.upper()} would be kept: {explanation.keep_why}")
    return "\n".join(lines) + "\n"


def _table(scores: tuple[Score, ...]) -> Iterator[str]:
    """Yield scores with what they are held against."""
    for score in scores:
        yield f"    {score.name:<50}{_value(score.value):>24}  {score.limit}".rstrip()


def _value(value: float | str | None) -> str:
    """Say a figure."""
    if value is None:
        return "not needed"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
