"""What ``imgsieve search`` does: asks a finished run, and prints the answer."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from imgsieve.cli.texts import plural, visible
from imgsieve.errors import DecodeError, FetchError
from imgsieve.features.orientation import describe
from imgsieve.finished import Candidate, SearchAnswer, open_run
from imgsieve.runs.loops import quickly

__all__ = ["answer_text", "search_command"]

_STAGES = {"wavelet": "stage 1", "color": "stage 2", "global": "stage 3", "local": "stage 4"}
_SHOWN_REJECTED = 3
_SCORES = ("distance_bits", "votes", "similarity", "inliers", "block_share", "still_share", "color_shift", "coverage")


def search_command(folder: str, picture: str, *, limit: int, as_json: bool) -> None:
    """Ask a run which of its images match a picture."""
    with open_run(folder) as run:
        asked = sys.stdin.buffer.read() if picture == "-" else picture
        try:
            answer = quickly(lambda: run.search(asked, limit=limit))
        except (FetchError, DecodeError) as error:
            raise type(error)(error.kind, f"{visible(picture).partition('?')[0]}: {error.message}") from error
    if as_json:
        sys.stdout.write(json.dumps(answer.as_dict(), indent=2) + "\n")
    else:
        sys.stdout.write(answer_text(answer))


def answer_text(answer: SearchAnswer) -> str:
    """Return an answer as lines."""
    lines = [f"{_sentence(answer.why)}."]
    for one in answer.matches:
        lines += _told(one, one.relation)
    for one in answer.undecided:
        lines += _told(one, "not known")
    if not answer.matches:
        for one in answer.rejected[:_SHOWN_REJECTED]:
            lines += _told(one, "different")
    lines += ["", _account(answer)]
    return "\n".join(lines) + "\n"


def _sentence(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return visible(text[:1].upper() + text[1:])


def _told(one: Candidate, relation: str) -> Iterator[str]:
    """Yield the lines of one image."""
    yield ""
    yield f"{visible(one.file)}"
    turned = "" if one.orientation == 0 else f", {describe(one.orientation)}"
    made = "" if not one.made else f"; {'the picture' if one.made == 'from image' else 'it'} was {one.how}"
    yield f"  {relation}{turned} ({_STAGES[one.stage]}: {visible(one.why)}{made})"
    scores = [f"{name} {_figure(one.scores[name])}" for name in _SCORES if name in one.scores]
    if scores:
        yield f"  {', '.join(scores)}"
    if one.keeper is not None:
        yield f"  in the run a duplicate of {visible(one.keeper)}"
    elif one.group is not None:
        yield f"  kept in the run, group {one.group:,}"


def _figure(value: float) -> str:
    """Say a score."""
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _account(answer: SearchAnswer) -> str:
    """Say what became of the images."""
    left = f", {answer.not_compared:,} were not (--limit)" if answer.not_compared else ""
    return (
        f"Of {plural(answer.images, 'image')} {answer.proposed:,} came near, color left {answer.left_by_color:,}, the "
        f"global descriptor {answer.left_by_descriptor:,}; {answer.compared:,} were compared{left}; "
        f"{answer.seconds:.1f} s."
    )
