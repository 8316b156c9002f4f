"""Which of the planted copies were proposed, and which ended in the group of their original."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

BANDS = ((0, 17), (18, 31), (32, 47), (48, 58), (59, 256))
"""Distances in bits, both ends included."""

AREAS = ((30, 39), (40, 49), (50, 59), (60, 69), (70, 79), (80, 95))
"""Percent of their originals that crops show, both ends included."""

COPIES = ("exact", "worn", "turned", "cropped", "framed")


def found_by_band(root: Path, truth: Iterable[pa.Table]) -> list[dict[str, object]]:
    """Count planted copies by kind and band.

    Returns
    -------
    One row a kind and band: ``kind``, ``band``, ``planted``, ``proposed`` (with its original, by codes) and
    ``grouped`` (in the group of its original).
    """
    copies = _copies(truth)
    copy, original = copies["image_id"].to_numpy(), copies["cluster"].to_numpy()
    bits, kinds = copies["distance_bits"].to_numpy(), copies["kind"].to_numpy(zero_copy_only=False)
    percent = (100 * copies["area"].to_numpy()).astype(np.int16)
    keys = _keys(copy, _speaker(original, copy, kinds == "exact"))
    found = np.isin(keys, _proposed(root, np.unique(keys)))
    groups = pq.read_table(root / "groups.parquet", columns=["group"], use_threads=False)["group"]
    group = pc.fill_null(groups, -1).to_numpy()
    together = (group[copy] == group[original]) & (group[copy] >= 0)
    rows: list[dict[str, object]] = []
    for kind in COPIES:
        figures, bands = (percent, AREAS) if kind == "cropped" else (bits, BANDS)
        for low, high in bands:
            mine = (kinds == kind) & (figures >= low) & (figures <= high)
            if mine.any():
                counts = {"planted": mine.sum(), "proposed": found[mine].sum(), "grouped": together[mine].sum()}
                rows.append({"kind": kind, "band": _band(kind, low, high), **{n: int(c) for n, c in counts.items()}})
    return rows


def _band(kind: str, low: int, high: int) -> str:
    """Say which copies a row counts."""
    if kind == "cropped":
        return f"{low}-{high} % of the area"
    return f"{low}-{high} bits" if high < 256 else f"{low} bits and more"


def _copies(truth: Iterable[pa.Table]) -> pa.Table:
    """Return the rows of copies."""
    kinds = pa.array(COPIES)
    return pa.concat_tables(table.filter(pc.is_in(table["kind"], value_set=kinds)) for table in truth)


def _speaker(original: NDArray[np.int64], copy: NDArray[np.int64], exact: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return who is compared for each original: of equal files, the first."""
    order = np.argsort(original[exact])
    originals, twins = original[exact][order], copy[exact][order]
    place = np.minimum(np.searchsorted(originals, original), len(originals) - 1)
    has_twin = (originals[place] == original) & ~exact
    return np.where(has_twin, np.minimum(original, twins[place]), original)


def _keys(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return one number a pair."""
    return np.minimum(one, other) << 32 | np.maximum(one, other)


def _proposed(root: Path, planted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which planted pairs are among the proposed ones."""
    met: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    with pq.ParquetFile(root / "pairs" / "wavelet.parquet") as file:
        for batch in file.iter_batches(262_144, columns=["a", "b"], use_threads=False):
            keys = _keys(batch["a"].to_numpy(), batch["b"].to_numpy())
            met.append(keys[np.isin(keys, planted)])
    return np.concatenate(met)
