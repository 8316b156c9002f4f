"""The figures that are asked for, their bars, and whether they are reached."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evaluation.finished import Measured
from evaluation.markdown import table
from evaluation.real import Tally
from evaluation.synthetic import kind_of

__all__ = [
    "Row",
    "bar_table",
    "crop_rows",
    "looked_at_row",
    "mixed_rows",
    "negative_row",
    "real_row",
    "share_row",
    "synthetic_rows",
]

_HEAVY = ("blur 4", "blur5", "noise 28", "noise30", "squashed 128, blurred")
"""Edits of which less is asked: heavy blur and strong noise."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    figure: str
    value: str
    bar: str
    reached: bool | None
    """None where there is no bar, or nothing was measured."""

    def cells(self) -> tuple[str, str, str, str]:
        """Return the line's cells."""
        return self.figure, self.value, self.bar, {True: "yes", False: "**no**", None: "-"}[self.reached]


def bar_table(rows: Sequence[Row]) -> str:
    """Return the table."""
    return table(("figure", "measured", "bar", "reached"), [row.cells() for row in rows])


def _at_least(figure: str, value: float, bar: float, remark: str = "") -> Row:
    return Row(figure, f"{value:.3f}{remark}", f"at least {bar:g}", value >= bar)


def _none_of(figure: str, count: int, of: str = "") -> Row:
    return Row(figure, f"{count:,}{of}", "0", count == 0)


def mixed_rows(all_measured: Sequence[Measured], edits: Sequence[tuple[str, Counter[str]]]) -> Iterator[Row]:
    """Yield recall, the weakest edits, photographs lost and keepers of mixed sets."""
    shares = {name: fates["found"] / fates.total() for name, fates in edits}
    counts = {name: fates.total() for name, fates in edits}
    for measured in all_measured:
        yield _at_least(f"recall, mean over edits, {measured.name}", measured.score.recall, 0.975)
    yield _at_least("recall, mean over edits, all mixed sets", sum(shares.values()) / len(shares), 0.975)
    low = {name: share for name, share in shares.items() if share < (0.85 if name in _HEAVY else 0.90)}
    worst = min(shares, key=lambda name: shares[name])
    remark = f"{len(low)} of {len(shares)}; least {worst} {shares[worst]:.2f} of {counts[worst]}"
    yield Row("edits below 0.90 (0.85: heavy blur, strong noise)", remark, "0", not low)
    for measured in all_measured:
        collages = sum(measured.source[file].startswith("collage-") for file, _, _ in measured.wrong())
        kept = sum(measured.source[keeper].startswith("collage-") for _, keeper, _ in measured.wrong())
        yield _none_of(
            f"photographs lost, {measured.name}", measured.score.photos_lost,
            f" (duplicates of a stranger {len(measured.wrong())}; with collages {collages + kept})",
        )  # fmt: skip
    good, judged = (sum(counts) for counts in zip(*(m.keepers() for m in all_measured), strict=True))
    yield _at_least("keeper is one a person would keep, mixed sets", good / max(1, judged), 0.99, f" of {judged:,}")


def crop_rows(measured: Measured, mode: str, bar: float) -> Iterator[Row]:
    """Yield what is found of crops among look-alikes, and what is lost there."""
    found, total = _tally(measured)
    figure = f"crops to 30-60 % among look-alikes, {measured.name}, {mode}"
    yield _at_least(figure, found.total() / total.total(), bar, f" of {total.total()}{_parts(found, total)}")
    yield _none_of(f"photographs lost there, {mode}", measured.score.photos_lost)


def _tally(measured: Measured) -> tuple[Counter[str], Counter[str]]:
    """Return how many copies of each edit were found, and how many there are."""
    rows = list(measured.copies())
    found = Counter(row.transform for row in rows if measured.found(row))
    return found, Counter(row.transform for row in rows)


def _parts(found: Counter[str], total: Counter[str]) -> str:
    parts = ", ".join(f"{name.removeprefix('crop to ')} {found[name] / total[name]:.2f}" for name in sorted(total))
    return f" ({parts})"


def share_row(measured: Measured, figure: str, bar: float) -> Iterator[Row]:
    """Yield the share of copies found, and what is lost."""
    found, total = _tally(measured)
    yield _at_least(f"{figure}, {measured.name}", found.total() / max(1, total.total()), bar, f" of {total.total()}")
    yield _none_of(f"photographs lost, {measured.name}", measured.score.photos_lost)


def synthetic_rows(measured: Measured) -> Iterator[Row]:
    """Yield, by kind, what was wrongly merged and which true copies were found."""
    wrong = Counter(kind_of(measured.source[file]) for file, _, _ in measured.wrong())
    found: defaultdict[str, list[bool]] = defaultdict(list)
    for row in measured.copies():
        found[kind_of(row.source)].append(measured.found(row))
    yield _none_of("generated pictures of different content that were merged", sum(wrong.values()))
    for kind, hits in found.items():
        told, reached = f"{wrong[kind]}; {sum(hits)} of {len(hits)}", wrong[kind] == 0 and all(hits)
        yield Row(f"- {kind}: merged wrongly; true copies found", told, "0; all", reached)


def looked_at_row(measured: Measured) -> Row:
    """Return how many pictures stage 4 decodes: different images in the pairs that it judged, of all images."""
    images = {image for pair, said in measured.finished.said.items() if "local" in said for image in pair}
    share = len(images) / len(measured.finished.rows)
    figure = f"different pictures that stage 4 decodes, of all; a tenth of the files are copies, {measured.name}"
    return Row(
        figure, f"{share:.3f} ({len(images):,} of {len(measured.finished.rows):,})", "at most 0.15", share <= 0.15
    )


def real_row(tally: Tally) -> Row:
    """Return the pairs of real groups that came together."""
    return _at_least("real groups: pairs together", tally.count / tally.total, 0.95, f" of {tally.total}")


def negative_row(tally: Tally) -> Row:
    """Return the real look-alikes that were merged."""
    return _none_of("real look-alikes merged", tally.count, f" of {tally.total} pairs")
