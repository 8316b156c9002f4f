"""Stage 1 over a whole run: which pictures' codes meet.

Codes of all pictures are searched by those of all pictures, block by block: the whole in eight orientations, then the
pictures without margins, then their corners. What meets is spilled to disk, put in order there, and written as one
table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imgsieve.config import VotingConfig, WaveletConfig
from imgsieve.executors import Executor
from imgsieve.features.orientation import COUNT as TURNS
from imgsieve.memory import return_freed_memory
from imgsieve.runs.columns import FeatureColumns, fixed_bytes
from imgsieve.runs.pair_spill import PairSpill
from imgsieve.runs.search_progress import SearchProgress
from imgsieve.runs.voting import vote
from imgsieve.schema import HASH_BYTES
from imgsieve.search.buckets import Spread
from imgsieve.search.crowds import NOBODY, thin
from imgsieve.search.hamming import Pairs, join, self_join
from imgsieve.search.nearest import Nearest
from imgsieve.search.tables import Tables, search, tables_for
from imgsieve.search.words import distances
from imgsieve.stages import wavelet

__all__ = ["Done", "blocks_of", "meet", "takes_part", "vote_of_chosen"]

_BLOCK_BYTES = 8 * 1024**2
"""Codes of the pictures that ask at a time, at least,"""

_BLOCK_BYTES_EACH = 40
"""and for each code that is searched: every block costs ordering these, so it grows with them."""

_ORDER_BYTES = 6
"""A code's key and its place in the order of the keys."""

_LINKS = 1 << 16

Done = Callable[[int], None]

_Pairs = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int16]]
"""Images, images, and the distances of their codes in bits."""


def _read_codes(features: FeatureColumns, ids: NDArray[np.int32], column: str) -> NDArray[np.uint8]:
    """Return the first code of a column for the images ``ids``, which increase: shape (n, 32)."""
    codes = features.counted(np.empty((len(ids), HASH_BYTES), np.uint8), len(ids))
    for start, part in features.read([column]):
        low, high = np.searchsorted(ids, (start, start + len(part)))
        if low < high:
            codes[low:high] = _codes_of(part[column])[ids[low:high] - start, 0]
    return codes


def _codes_of(column: pa.ChunkedArray) -> NDArray[np.uint8]:
    """Return a column of codes as shape (n, k, 32)."""
    width = column.type.byte_width
    return fixed_bytes(column, width).reshape(-1, width // HASH_BYTES, HASH_BYTES)


def blocks_of(
    features: FeatureColumns, ids: NDArray[np.int32], column: str, kinds: int, rows: int
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.uint8]]]:
    """Yield the images ``ids``, ``rows`` at most at a time, and the first k codes of a column: shape (k, m, 32)."""
    begin, filled = 0, 0
    rows = min(rows, len(ids))
    block = features.counted(np.empty((kinds, rows, HASH_BYTES), np.uint8), rows)
    for start, part in features.read([column]):
        low, high = np.searchsorted(ids, (start, start + len(part)))
        codes = _codes_of(part[column])[:, :kinds]
        while low < high:
            count = min(high - low, rows - filled)
            block[:, filled : filled + count] = codes[ids[low : low + count] - start].swapaxes(0, 1)
            low, filled = low + count, filled + count
            if filled == rows:
                yield ids[begin : begin + filled], block
                begin, filled = begin + filled, 0
                rows = min(rows, len(ids) - begin)
                block = block.reshape(-1, HASH_BYTES)[: kinds * rows].reshape(kinds, rows, HASH_BYTES)


def takes_part(features: FeatureColumns, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the chosen images that are not flat, and their brightness."""
    brightness = np.zeros(features.count, np.float32)
    mask = chosen.copy()
    for start, part in features.read(["contrast", "brightness"]):
        rows = slice(start, start + len(part))
        mask[rows] &= pc.fill_null(part["contrast"], 0.0).to_numpy() >= wavelet.FLAT_CONTRAST
        brightness[rows] = pc.fill_null(part["brightness"], 0.0).to_numpy()
    ids = np.nonzero(mask)[0].astype(np.int32)
    return ids, brightness[ids]


def meet(
    features: FeatureColumns,
    chosen: NDArray[np.bool_],
    config: WaveletConfig,
    voting: VotingConfig,
    executor: Executor,
    spill: PairSpill,
    done: Done,
) -> None:
    """Spill all pairs of pictures whose codes meet.

    Parameters
    ----------
    chosen
        Shape (n,), bool: the images to compare; flat ones are left out.
    done
        Told how many images' worth of the work is done.
    """
    if chosen.any():
        _Meeting(features, chosen, config, voting, executor, spill, done).run()


@dataclass(frozen=True)
class _Index:
    """What is searched, and who asks."""

    codes: NDArray[np.uint8]
    """Shape (n, 32)."""
    images: NDArray[np.int32]
    """Shape (n,), increasing: whose codes they are."""
    asking: NDArray[np.int32]
    """Shape (m,), increasing: images that search."""

    def rows_of(self, images: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return where the codes of images are, -1 for those that are not searched."""
        rows = np.minimum(np.searchsorted(self.images, images), len(self.images) - 1).astype(np.int32)
        return np.where(self.images[rows] == images, rows, np.int32(NOBODY))


class _Meeting:
    """The searches of one run."""

    def __init__(
        self,
        features: FeatureColumns,
        chosen: NDArray[np.bool_],
        config: WaveletConfig,
        voting: VotingConfig,
        executor: Executor,
        spill: PairSpill,
        done: Done,
    ) -> None:
        self._features = features
        self._chosen = chosen
        self._config = config
        self._voting = voting
        self._executor = executor
        self._spread: Spread = executor.map
        self._spill = spill
        self._progress = SearchProgress(done, features.count, int(chosen.sum()), bool(voting.tables))

    def run(self) -> None:
        """Search whole pictures, then what lies inside margins, then corners."""
        index = self._index("wavelet_codes", self._link_whole)
        self._join(index)
        self._ask_whole(index)
        del index
        return_freed_memory()
        self._meet_trimmed()
        return_freed_memory()
        vote_of_chosen(self._features, self._chosen, self._voting, self._executor, self._spill, self._progress)

    def _index(self, column: str, link: Callable[[_Pairs], None]) -> _Index:
        """Return what is searched, the first code of a column; links that stand for what is left out are spilled."""
        images, brightness = takes_part(self._features, self._chosen)
        codes = _read_codes(self._features, images, column)
        thinned = thin(codes, brightness, self._config.exact_distance_bits, self._spread)
        for first in range(0, len(thinned.one), _LINKS):
            one, other = thinned.one[first : first + _LINKS], thinned.other[first : first + _LINKS]
            link((images[one], images[other], distances(codes[one], codes[other])))
        asking = images[thinned.asking]
        if len(thinned.kept) < len(codes):
            codes, images = _kept(codes, thinned.kept), images[thinned.kept]
        return _Index(codes, images, asking)

    def _link_whole(self, pairs: _Pairs) -> None:
        """Spill links of whole pictures."""
        self._spill.add(wavelet.whole_proposals(*pairs, np.zeros(len(pairs[0]), np.int8)))

    def _link_trimmed(self, pairs: _Pairs) -> None:
        """Spill links of pictures without margins."""
        self._spill.add(wavelet.trimmed_proposals(*pairs))

    def _join(self, index: _Index) -> None:
        """Find every pair of upright pictures within the radius of the exact join."""

        def emit(pairs: Pairs) -> None:
            one, other, bits = pairs
            turns = np.zeros(len(one), np.int8)
            self._spill.add(wavelet.whole_proposals(index.images[one], index.images[other], bits, turns))

        self_join(index.codes, self._config.exact_distance_bits, emit, self._spread)

    def _join_turned(self, images: NDArray[np.int32], block: NDArray[np.uint8], index: _Index) -> None:
        """Find every pair of a turned picture of a block and an upright one within the radius of the exact join."""

        def emit(pairs: Pairs) -> None:
            turns, pictures = np.divmod(pairs[0], np.int32(len(images)))
            one, other = images[pictures], index.images[pairs[1]]
            differ = one != other
            turns = (turns[differ] + 1).astype(np.int8)
            self._spill.add(wavelet.whole_proposals(one[differ], other[differ], pairs[2][differ], turns))

        turned = block[1:].reshape(-1, HASH_BYTES)
        join(turned, index.codes, self._config.exact_distance_bits, emit, self._spread)

    def _ask_whole(self, index: _Index) -> None:
        """Search with whole pictures in all orientations."""
        config = self._config
        tables = tables_for(len(index.codes), config.tables, config.compare_all_up_to)
        for images, block in self._asking(index, "wavelet_codes", TURNS):
            self._join_turned(images, block, index)
            asked, met, bits, turns = self._search(images, block, index, tables, config.max_distance_bits)
            self._spill.add(wavelet.whole_proposals(asked, met, bits, turns))
            self._progress.add("whole", len(images))

    def _meet_trimmed(self) -> None:
        """Search pictures without margins with each other."""
        config = self._config
        index = self._index("trimmed_code", self._link_trimmed)
        tables = tables_for(len(index.codes), config.tables, config.compare_all_up_to)
        for images, block in self._asking(index, "trimmed_code", 1):
            asked, met, bits, _ = self._search(images, block, index, tables, config.max_trimmed_distance_bits)
            self._spill.add(wavelet.trimmed_proposals(asked, met, bits))
            self._progress.add("trimmed", len(images))

    def _search(
        self, images: NDArray[np.int32], block: NDArray[np.uint8], index: _Index, tables: Tables, radius: int
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int16], NDArray[np.int8]]:
        """Return the images that found others, what they found, the distances, and by which of their codes."""
        nearest = Nearest(len(images), self._config.neighbors, radius)
        search(block, index.rows_of(images), index.codes, tables, nearest, self._spread)
        asked, met, bits, kinds = nearest.pairs()
        return images[asked], index.images[met], bits, kinds

    def _asking(self, index: _Index, column: str, kinds: int) -> Iterator[tuple[NDArray[np.int32], NDArray[np.uint8]]]:
        """Yield the images that ask, a block at a time, with the codes of a column, so many each."""
        rows = _block_rows(kinds, len(index.codes), self._config.neighbors)
        return blocks_of(self._features, index.asking, column, kinds, rows)


def vote_of_chosen(
    features: FeatureColumns,
    chosen: NDArray[np.bool_],
    config: VotingConfig,
    executor: Executor,
    spill: PairSpill,
    progress: SearchProgress,
) -> None:
    """Spill the pairs that corners propose among the chosen images, shape (n,)."""
    images, _ = takes_part(features, chosen)
    voted = 0

    def done(pictures: int) -> None:
        nonlocal voted
        progress.add("voted", pictures - voted)
        voted = pictures

    vote(features, images, config, executor, spill, done)


def _kept(codes: NDArray[np.uint8], rows: NDArray[np.int32]) -> NDArray[np.uint8]:
    """Return the chosen rows, which increase, in the place of all, so that there is no second copy."""
    for low in range(0, len(rows), _LINKS):
        chosen = rows[low : low + _LINKS]
        codes[low : low + len(chosen)] = codes[chosen]
    return codes[: len(rows)]


def _block_rows(kinds: int, searched: int, neighbors: int) -> int:
    """Return how many pictures ask at a time: each takes its codes, the order of their keys, and what is found."""
    each = kinds * (HASH_BYTES + _ORDER_BYTES) + Nearest.bytes_each(neighbors)
    return max(1, (_BLOCK_BYTES + _BLOCK_BYTES_EACH * searched) // each)
