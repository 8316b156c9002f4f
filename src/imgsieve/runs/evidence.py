"""What shows a duplicate to be one: the scores of its pair with its keeper, from every stage that looked at it.

Each table of pairs is read once. The rows that are wanted, at most one a duplicate, are divided by ranges of images on
the disk, so memory holds those of one range.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imgsieve.features import orientation
from imgsieve.features.provenance import OF_FIRST, OF_SECOND
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.spill import Spill
from imgsieve.schema import PAIRS_COLOR, PAIRS_GLOBAL, PAIRS_LOCAL, PAIRS_WAVELET
from imgsieve.search.groups import NO_KEEPER, pair_keys
from imgsieve.tables import open_table

__all__ = ["Evidence", "RangeEvidence"]

_STAGES = {
    "wavelet": (PAIRS_WAVELET, ("distance_bits",)),
    "color": (PAIRS_COLOR, ("dominant_distance", "pixel_difference", "histogram_correlation")),
    "global": (PAIRS_GLOBAL, ("similarity",)),
    "local": (
        PAIRS_LOCAL,
        (
            *("orientation", "inliers", "block_share", "still_share", "color_shift"),
            *("coverage_a", "coverage_b", "made", "how", "why"),
        ),
    ),
}
_SCORES = [name for _, names in _STAGES.values() for name in names]
_NO_DISTANCE = 256
"""Written where a pair was proposed by something else than codes."""

_READ_ROWS = 16_384

_TURNED = ["", *(f"{orientation.describe(turn)}; " for turn in range(1, orientation.COUNT))]
_EXACT = ["the same bytes as the kept file", "the same pixels as the kept file"]


class Evidence:
    """Scores of duplicates against their keepers, by ranges of images.

    Parameters
    ----------
    folder
        Holds the tables of pairs.
    first
        Shape (n,): the first image that each is equal to.
    keeper
        Shape (n,): the kept image of each duplicate, `NO_KEEPER` for the others.
    bounds
        Shape (ranges - 1,): the first image of each range but the first.
    """

    def __init__(
        self, folder: RunFolder, first: NDArray[np.int32], keeper: NDArray[np.int32], bounds: NDArray[np.int64]
    ) -> None:
        self._stack = ExitStack()
        self._first, self._keeper = first, keeper
        self._pixels = np.zeros(len(first), bool)
        images = np.nonzero((keeper != NO_KEEPER) & (first != first[keeper]))[0].astype(np.int32)
        keys = pair_keys(first[images], first[keeper[images]])
        order = np.argsort(keys)
        wanted = _Wanted(keys[order], images[order])
        self._spills = [self._gathered(folder, stage, wanted, bounds) for stage in _STAGES]

    def _gathered(self, folder: RunFolder, stage: str, wanted: _Wanted, bounds: NDArray[np.int64]) -> Spill:
        """Read the pairs of one stage."""
        schema, names = _STAGES[stage]
        kept = pa.schema([pa.field("image", pa.int64()), *(schema.field(name) for name in names)])
        spill = self._stack.enter_context(Spill(folder.root, kept, bounds))
        extra = ["exact"] if stage == "wavelet" else []
        with open_table(folder.path(f"pairs/{stage}.parquet")) as file:
            for batch in file.iter_batches(_READ_ROWS, columns=["a", "b", *names, *extra], use_threads=False):
                if extra:
                    self._note_pixels(batch)
                rows, images = wanted.among(pair_keys(batch["a"].to_numpy(), batch["b"].to_numpy()))
                found = batch.select(names).take(pa.array(rows))
                spill.add(pa.Table.from_arrays([pa.array(images, pa.int64()), *found.columns], schema=kept), images)
        return spill

    def _note_pixels(self, pairs: pa.RecordBatch) -> None:
        """Note the images that equal the first of their class in pixels and not in bytes."""
        equal = pc.equal(pairs["exact"], "pixels").fill_null(False).to_numpy(zero_copy_only=False)
        self._pixels[pairs["b"].to_numpy()[equal]] = True

    def ranges(self) -> Iterator[RangeEvidence]:
        """Yield what is known of the images of each range in turn."""
        for tables in zip(*(spill.tables() for spill in self._spills), strict=True):
            ordered = [table.take(pa.array(np.argsort(table["image"].to_numpy()))) for table in tables]
            yield RangeEvidence(ordered, self._first, self._keeper, self._pixels)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


@dataclass(frozen=True)
class _Wanted:
    """The pairs that are wanted."""

    keys: NDArray[np.int64]
    """Shape (n,), ascending; equal where several duplicates equal the image that was compared."""
    images: NDArray[np.int32]
    """Shape (n,): the duplicate that each is wanted for."""

    def among(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the rows of a batch that are wanted, and for which image each is; a row may be wanted for several."""
        low, high = (np.searchsorted(self.keys, keys, side) for side in ("left", "right"))
        rows = np.repeat(np.arange(len(keys)), high - low)
        inside = np.arange(len(rows)) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
        return rows, self.images[low[rows] + inside]


@dataclass(frozen=True)
class RangeEvidence:
    """What is known of the images of one range."""

    tables: list[pa.Table]
    """By stage, ordered by image."""
    first: NDArray[np.int32]
    keeper: NDArray[np.int32]
    pixels: NDArray[np.bool_]

    def of(self, begin: int, end: int) -> dict[str, Any]:
        """Return relation, stage, reason and scores of images, null where they are no duplicates or have no score."""
        images, keeper = np.arange(begin, end), self.keeper[begin:end]
        one, other = self.first[begin:end], self.first[keeper]
        duplicate = keeper != NO_KEEPER
        exact = duplicate & (one == other)
        found = {name: column for table in self.tables for name, column in _rows_of(table, images).items()}
        how = (self.pixels[begin:end] | self.pixels[keeper]).astype(np.int8)
        lower = pa.array(one < other)
        near = pc.binary_join_element_wise(
            pa.array(_TURNED).take(pc.max_element_wise(found["orientation"], 0)),
            _made(found, lower),
            pc.fill_null(found["why"], ""),
            "",
        )
        bits = pc.if_else(pc.equal(found["distance_bits"], _NO_DISTANCE), None, found["distance_bits"])
        is_exact, is_duplicate = pa.array(exact), pa.array(duplicate)
        return {
            **{name: found[name] for name in _SCORES},
            "relation": pc.if_else(is_duplicate, pc.if_else(is_exact, "exact", "near"), None),
            "stage": pc.if_else(is_duplicate, pc.if_else(is_exact, "wavelet", "local"), None),
            "reason": pc.if_else(is_duplicate, pc.if_else(is_exact, pa.array(_EXACT).take(pa.array(how)), near), None),
            "distance_bits": pc.if_else(is_exact, pa.scalar(0, pa.int16()), bits),
            "coverage": pc.if_else(lower, found["coverage_a"], found["coverage_b"]),
        }


def _rows_of(table: pa.Table, images: NDArray[np.int64]) -> dict[str, pa.Array]:
    """Return the columns of a table for some images, null where it has no row."""
    known = table["image"].to_numpy()
    at = np.searchsorted(known, images)
    found = at < len(known)
    found[found] = known[at[found]] == images[found]
    rows = table.take(pa.array(at, mask=~found)).combine_chunks()
    return {name: _whole(rows[name]) for name in table.column_names[1:]}


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array."""
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays([pa.nulls(0, column.type), *column.chunks])


def _made(found: dict[str, pa.Array], lower: pa.Array) -> pa.Array:
    """Return the words for duplicates that were made from what is kept; ``lower`` tells which have the lower number."""
    made = pc.equal(found["made"], pc.if_else(lower, OF_SECOND, OF_FIRST))
    told = pc.and_(pc.fill_null(made, False), pc.greater(pc.fill_null(pc.utf8_length(found["how"]), 0), 0))
    words = pc.binary_join_element_wise("made from the kept file (", pc.fill_null(found["how"], ""), "); ", "")
    return pc.if_else(told, words, "")
