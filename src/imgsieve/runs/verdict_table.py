"""``pairs/local.parquet``: the verdicts that the groups needed, in the order of the pairs, from all parts they are in.

Rows are divided by ranges of pairs on the disk, so memory holds one range at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.runs.folder import RunFolder
from imgsieve.runs.spill import Spill
from imgsieve.runs.verdict_book import EarlierVerdicts, keys_of, not_compared, places_of
from imgsieve.schema import PAIRS_LOCAL
from imgsieve.tables import open_table

__all__ = ["write_verdicts"]

_RANGE_ROWS = 16_384
"""Rows are near 300 bytes: 5 MB, and a few times that while they are put in order."""
_MOST_RANGES = 200
"""As many files are open at once at most."""


def write_verdicts(
    folder: RunFolder,
    name: str,
    needed: NDArray[np.int64],
    parts: Sequence[str],
    earlier: EarlierVerdicts,
    fingerprint: str,
    judging: str,
) -> int:
    """Write the verdicts that were needed, and return how many pairs could not be compared.

    Parameters
    ----------
    name
        The table to write; ``earlier`` stems from the one that has this name now.
    needed
        Shape (n,), ascending: the pairs.
    parts
        Tables that verdicts are in; of several on one pair the last counts.
    """
    rows = max(_RANGE_ROWS, -(-len(needed) // _MOST_RANGES))
    with Spill(folder.root, PAIRS_LOCAL, needed[rows::rows]) as spill:
        _add_earlier(folder, name, earlier, spill)
        for part in parts:
            for table in _batches(folder, part):
                inside = places_of(needed, keys_of(table))[1]
                spill.add(table.filter(pa.array(inside)), keys_of(table)[inside])
        uncompared = 0
        with folder.table_writer(name, PAIRS_LOCAL, fingerprint, judging=judging) as writer:
            for table in spill.tables():
                final = _last_of_each(table)
                uncompared += int(not_compared(final).sum())
                writer.write(final)
    return uncompared


def _batches(folder: RunFolder, name: str) -> Iterator[pa.Table]:
    """Yield the rows of a part, a bounded number at a time."""
    with open_table(folder.path(name)) as file:
        for batch in file.iter_batches(_RANGE_ROWS, columns=PAIRS_LOCAL.names, use_threads=False):
            yield pa.Table.from_batches([batch]).cast(PAIRS_LOCAL)


def _add_earlier(folder: RunFolder, name: str, earlier: EarlierVerdicts, spill: Spill) -> None:
    """Add the rows that are taken over from an earlier run, under the numbers of today."""
    order = np.argsort(earlier.rows[earlier.used])
    rows, keys = earlier.rows[earlier.used][order], earlier.keys[earlier.used][order]
    begin = 0
    for table in _batches(folder, name) if len(rows) else ():
        low, high = np.searchsorted(rows, (begin, begin + len(table)))
        found = table.take(pa.array(rows[low:high] - begin))
        for column, numbers in (("a", keys[low:high] >> 32), ("b", keys[low:high] & 0xFFFFFFFF)):
            found = found.set_column(PAIRS_LOCAL.get_field_index(column), PAIRS_LOCAL.field(column), pa.array(numbers))
        spill.add(found, keys[low:high])
        begin += len(table)


def _last_of_each(table: pa.Table) -> pa.Table:
    """Return the last row of each pair, in the order of the pairs."""
    keys = keys_of(table)
    order = np.argsort(keys, kind="stable")
    last = np.ones(len(order), bool)
    last[:-1] = keys[order][1:] != keys[order][:-1]
    return table.take(pa.array(order[last]))
