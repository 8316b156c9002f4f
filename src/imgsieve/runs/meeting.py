"""Stage 1 over a whole run: which pictures' codes meet.

Codes of all pictures are searched by those of all pictures, block by block: the whole in eight orientations, then the
regions, then the pictures without margins. What meets is spilled to disk, put in order there, and written as one table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imgsieve.config import WaveletConfig
from imgsieve.executors import Executor
from imgsieve.features.orientation import COUNT as TURNS
from imgsieve.features.regions import COUNT as REGIONS
from imgsieve.features.regions import TRIMMED, WHOLE
from imgsieve.runs.columns import FeatureColumns, fixed_bytes
from imgsieve.runs.pair_spill import PairSpill
from imgsieve.schema import HASH_BYTES
from imgsieve.search.buckets import Spread
from imgsieve.search.crowds import NOBODY, Thinned, thin
from imgsieve.search.hamming import Pairs, join, self_join
from imgsieve.search.nearest import Nearest
from imgsieve.search.tables import search, tables_for
from imgsieve.search.words import distances
from imgsieve.stages import wavelet

__all__ = ["meet", "takes_part"]

_BLOCK_BYTES = 8 * 1024**2
"""Codes of the pictures that ask at a time, at least,"""

_BLOCK_BYTES_EACH = 40
"""and for each code that is searched: every block costs ordering these, so it grows with them."""

_LINKS = 1 << 16

_SHARES = {"whole": 20, "regions": 46, "trimmed": 1}
"""What a picture takes in each part of the work, measured, as shares."""

Done = Callable[[int], None]


def _read_codes(features: FeatureColumns, ids: NDArray[np.int32], column: str, number: int) -> NDArray[np.uint8]:
    """Return one of the codes of a column for the images ``ids``, which increase: shape (n, 32)."""
    codes = np.empty((len(ids), HASH_BYTES), np.uint8)
    for start, part in features.read([column]):
        low, high = np.searchsorted(ids, (start, start + len(part)))
        if low < high:
            codes[low:high] = _codes_of(part[column])[ids[low:high] - start, number]
    return codes


def _codes_of(column: pa.ChunkedArray) -> NDArray[np.uint8]:
    """Return a column of codes as shape (n, k, 32)."""
    width = column.type.byte_width
    return fixed_bytes(column, width).reshape(-1, width // HASH_BYTES, HASH_BYTES)


def _blocks(
    features: FeatureColumns, ids: NDArray[np.int32], column: str, kinds: int, rows: int
) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
    """Yield which of the images ``ids`` follow, and their codes of a column, shape (m, kinds, 32), ``rows`` at most."""
    block = np.empty((min(rows, len(ids)), kinds, HASH_BYTES), np.uint8)
    begin = filled = 0
    for start, part in features.read([column]):
        low, high = np.searchsorted(ids, (start, start + len(part)))
        codes = _codes_of(part[column])
        while low < high:
            count = min(high - low, len(block) - filled)
            block[filled : filled + count] = codes[ids[low : low + count] - start]
            low, filled = low + count, filled + count
            if filled == len(block) or begin + filled == len(ids):
                yield slice(begin, begin + filled), block[:filled]
                begin, filled = begin + filled, 0


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
    ids: NDArray[np.int32],
    brightness: NDArray[np.float32],
    config: WaveletConfig,
    executor: Executor,
    spill: PairSpill,
    done: Done,
) -> None:
    """Spill all pairs of pictures whose codes meet.

    Parameters
    ----------
    ids, brightness
        The result of `takes_part`.
    done
        Told how many images' worth of the work is done.
    """
    if len(ids):
        work = _Progress(done, features.count, len(ids), config.regions)
        _Meeting(features, ids, brightness, config, executor, spill, work).run()


class _Progress:
    """How much of stage 1 is done; a part of the work counts by what it takes."""

    def __init__(self, done: Done, images: int, asking: int, regions: bool) -> None:
        self._done = done
        self._images = images
        self._total = asking * (_SHARES["whole"] + regions * (_SHARES["regions"] + _SHARES["trimmed"]))
        self._sum = 0.0

    def add(self, work: str, pictures: int) -> None:
        """Count pictures that have been through one part of the work."""
        self._sum += _SHARES[work] * pictures
        self._done(min(self._images, int(self._images * self._sum / self._total)))


class _Meeting:
    """The searches of one run."""

    def __init__(
        self,
        features: FeatureColumns,
        ids: NDArray[np.int32],
        brightness: NDArray[np.float32],
        config: WaveletConfig,
        executor: Executor,
        spill: PairSpill,
        progress: _Progress,
    ) -> None:
        self._features = features
        self._ids = ids
        self._brightness = brightness
        self._config = config
        self._spread: Spread = executor.map
        self._spill = spill
        self._progress = progress

    def run(self) -> None:
        """Search whole pictures, then regions, then what lies inside margins."""
        codes, thinned = self._thinned("wavelet_codes", 0)
        self._link(codes, thinned, WHOLE)
        searched, own = self._searched(codes, thinned)
        del codes
        kept = self._ids[thinned.kept]
        self._join(searched, kept)
        self._ask_whole(searched, kept, thinned.asking, own)
        if self._config.regions:
            self._ask_regions(searched, kept, thinned.asking, own)
            del searched
            self._meet_trimmed()

    def _thinned(self, column: str, number: int) -> tuple[NDArray[np.uint8], Thinned]:
        """Return the codes of all, and which of them are searched."""
        codes = _read_codes(self._features, self._ids, column, number)
        return codes, thin(codes, self._brightness, self._config.exact_distance_bits, self._spread)

    def _searched(self, codes: NDArray[np.uint8], thinned: Thinned) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
        """Return the codes that are searched, and where among them each picture itself is, -1 for nowhere."""
        own = np.full(len(codes), NOBODY, np.int32)
        own[thinned.kept] = np.arange(len(thinned.kept), dtype=np.int32)
        return (codes if len(thinned.kept) == len(codes) else codes[thinned.kept]), own

    def _link(self, codes: NDArray[np.uint8], thinned: Thinned, region: int) -> None:
        """Spill the links that stand for crowds."""
        for first in range(0, len(thinned.one), _LINKS):
            one, other = thinned.one[first : first + _LINKS], thinned.other[first : first + _LINKS]
            bits = distances(codes[one], codes[other])
            if region == WHOLE:
                turns = np.zeros(len(one), np.int8)
                self._spill.add(wavelet.whole_proposals(self._ids[one], self._ids[other], bits, turns))
            else:
                regions = np.full(len(one), region, np.int8)
                self._spill.add(wavelet.regional_proposals(self._ids[one], self._ids[other], bits, regions, region))

    def _join(self, codes: NDArray[np.uint8], kept: NDArray[np.int32]) -> None:
        """Find every pair of upright pictures within the radius of the exact join."""

        def emit(pairs: Pairs) -> None:
            one, other, bits = pairs
            self._spill.add(wavelet.whole_proposals(kept[one], kept[other], bits, np.zeros(len(one), np.int8)))

        self_join(codes, self._config.exact_distance_bits, emit, self._spread)

    def _join_turned(
        self, images: NDArray[np.int32], block: NDArray[np.uint8], codes: NDArray[np.uint8], kept: NDArray[np.int32]
    ) -> None:
        """Find every pair of a turned picture of a block and an upright one within the radius of the exact join."""
        for turn in range(1, TURNS):

            def emit(pairs: Pairs, turn: int = turn) -> None:
                one, other, bits = pairs
                differ = images[one] != kept[other]
                turns = np.full(int(differ.sum()), turn, np.int8)
                self._spill.add(wavelet.whole_proposals(images[one[differ]], kept[other[differ]], bits[differ], turns))

            join(np.ascontiguousarray(block[:, turn]), codes, self._config.exact_distance_bits, emit, self._spread)

    def _ask_whole(
        self, codes: NDArray[np.uint8], kept: NDArray[np.int32], asking: NDArray[np.int32], own: NDArray[np.int32]
    ) -> None:
        """Search with whole pictures in all orientations."""
        config = self._config
        tables = tables_for(len(codes), config.tables, config.compare_all_up_to)
        for rows, block in self._asking_blocks(asking, "wavelet_codes", TURNS, len(codes)):
            images = self._ids[asking[rows]]
            self._join_turned(images, block, codes, kept)
            nearest = Nearest(len(block), config.neighbors, config.max_distance_bits)
            search(block, own[asking[rows]], codes, tables, nearest, self._spread)
            pictures, found, bits, turns = nearest.pairs()
            self._spill.add(wavelet.whole_proposals(images[pictures], kept[found], bits, turns))
            self._progress.add("whole", len(block))

    def _ask_regions(
        self, codes: NDArray[np.uint8], kept: NDArray[np.int32], asking: NDArray[np.int32], own: NDArray[np.int32]
    ) -> None:
        """Search whole pictures with regions."""
        config = self._config
        tables = tables_for(len(codes), config.region_tables, config.compare_all_up_to)
        for rows, block in self._asking_blocks(asking, "region_codes", REGIONS, len(codes)):
            images = self._ids[asking[rows]]
            nearest = Nearest(len(block), config.neighbors, config.max_region_distance_bits)
            search(block, own[asking[rows]], codes, tables, nearest, self._spread)
            pictures, found, bits, regions = nearest.pairs()
            self._spill.add(wavelet.regional_proposals(images[pictures], kept[found], bits, regions, WHOLE))
            self._progress.add("regions", len(block))

    def _meet_trimmed(self) -> None:
        """Search pictures without margins with each other."""
        config = self._config
        codes, thinned = self._thinned("region_codes", TRIMMED)
        self._link(codes, thinned, TRIMMED)
        searched, own = self._searched(codes, thinned)
        kept = self._ids[thinned.kept]
        tables = tables_for(len(searched), config.region_tables, config.compare_all_up_to)
        step = _block_rows(1, len(searched))
        for first in range(0, len(thinned.asking), step):
            rows = thinned.asking[first : first + step]
            nearest = Nearest(len(rows), config.neighbors, config.max_region_distance_bits)
            search(codes[rows][:, None], own[rows], searched, tables, nearest, self._spread)
            pictures, found, bits, _ = nearest.pairs()
            regions = np.full(len(pictures), TRIMMED, np.int8)
            images = self._ids[rows[pictures]]
            self._spill.add(wavelet.regional_proposals(images, kept[found], bits, regions, TRIMMED))
            self._progress.add("trimmed", len(rows))

    def _asking_blocks(
        self, asking: NDArray[np.int32], column: str, kinds: int, searched: int
    ) -> Iterator[tuple[slice, NDArray[np.uint8]]]:
        """Yield blocks of pictures that ask: which, and their codes."""
        return _blocks(self._features, self._ids[asking], column, kinds, _block_rows(kinds, searched))


def _block_rows(kinds: int, searched: int) -> int:
    """Return how many pictures ask at a time."""
    return max(1, (_BLOCK_BYTES + _BLOCK_BYTES_EACH * searched) // (kinds * HASH_BYTES))
