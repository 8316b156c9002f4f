"""Stage 1 over a whole run where tasks share no memory: codes are searched block against block.

Codes that are searched are cut into blocks of images, and so are those that ask. Every block that asks meets every
block that is searched in a task of its own, and what is found is brought together by the block that asks. A pair of
codes is compared in exactly one task, and what brings two codes together (a radius, a key, a number of nearest) does
not depend on which others are in their blocks; so the same pairs are found as in one memory.

No process holds more than one block of each kind. This one has, beside some numbers for each image, a block at a time,
and what is found on its way to the disk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgsieve.config import VotingConfig, WaveletConfig
from imgsieve.executors import Executor
from imgsieve.features.orientation import COUNT as TURNS
from imgsieve.memory import return_freed_memory
from imgsieve.runs.code_blocks import CodeBlock, CodeBlocks, first_equal_images
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.meeting import Done, blocks_of, takes_part, vote_of_chosen
from imgsieve.runs.pair_spill import PairSpill
from imgsieve.runs.search_progress import SearchProgress
from imgsieve.search.block_tasks import Ask, Asked, Found, Join, Joined
from imgsieve.search.crowds import NOBODY, led, neighborhood, thin_equals
from imgsieve.search.nearest import Nearest
from imgsieve.search.partition import Partition
from imgsieve.search.tables import tables_for
from imgsieve.search.words import distances
from imgsieve.stages import wavelet

__all__ = ["BlockSizes", "meet_apart"]

_LINKS = 1 << 16
_MOST_SEARCHED, _MOST_ASKING = 64, 192
"""Blocks at most, of each kind."""


@dataclass(frozen=True, kw_only=True)
class BlockSizes:
    """How many images are in a block. Never changes what is found."""

    searched: int = 3 << 17
    """Of the codes that are searched: 12 MiB."""
    asking: int = 1 << 17
    """Of those that ask, with the codes of all orientations: 32 MiB."""

    @classmethod
    def of(cls, images: int) -> BlockSizes:
        """Return the sizes for so many images: a task costs the order of its blocks' keys, so tasks stay few."""
        return cls(
            searched=max(cls.searched, -(-images // _MOST_SEARCHED)), asking=max(cls.asking, -(-images // _MOST_ASKING))
        )


def meet_apart(
    features: FeatureColumns,
    chosen: NDArray[np.bool_],
    config: WaveletConfig,
    voting: VotingConfig,
    executor: Executor,
    spill: PairSpill,
    done: Done,
    sizes: BlockSizes | None = None,
) -> None:
    """Spill all pairs of pictures whose codes meet; see `imgsieve.runs.meeting.meet`, which finds the same."""
    if chosen.any():
        _MeetingApart(
            features, chosen, config, voting, executor, spill, done, sizes or BlockSizes.of(features.count)
        ).run()


@dataclass(frozen=True)
class _Index:
    """What is searched, and who asks."""

    blocks: list[CodeBlock]
    asking: NDArray[np.int32]
    """Shape (m,), increasing: images that search."""
    partition: Partition | None
    """Substrings for exact joins; None where blocks choose their own."""

    @property
    def count(self) -> int:
        """Number of codes that are searched."""
        return sum(len(block.images) for block in self.blocks)


class _MeetingApart:
    """The searches of one run, block against block."""

    def __init__(
        self,
        features: FeatureColumns,
        chosen: NDArray[np.bool_],
        config: WaveletConfig,
        voting: VotingConfig,
        executor: Executor,
        spill: PairSpill,
        done: Done,
        sizes: BlockSizes,
    ) -> None:
        self._features = features
        self._chosen = chosen
        self._config = config
        self._voting = voting
        self._executor = executor
        self._spill = spill
        self._progress = SearchProgress(done, features.count, int(chosen.sum()), bool(voting.tables))
        self._asking_images = sizes.asking
        self._blocks = CodeBlocks(features, executor, sizes.searched)

    def run(self) -> None:
        """Search whole pictures, then what lies inside margins, then corners."""
        index = self._index("wavelet_codes", self._link_whole)
        self._join(index)
        self._ask_whole(index)
        del index
        self._meet_trimmed()
        return_freed_memory()
        vote_of_chosen(self._features, self._chosen, self._voting, self._executor, self._spill, self._progress)

    def _link_whole(self, pairs: Found) -> None:
        """Spill links of whole pictures."""
        self._spill.add(wavelet.whole_proposals(*pairs, np.zeros(len(pairs[0]), np.int8)))

    def _link_trimmed(self, pairs: Found) -> None:
        """Spill links of pictures without margins."""
        self._spill.add(wavelet.trimmed_proposals(*pairs))

    def _index(self, column: str, link: Callable[[Found], None]) -> _Index:
        """Return what is searched, the first code of a column; links that stand for what is left out are spilled."""
        images, brightness = takes_part(self._features, self._chosen)
        radius = self._config.exact_distance_bits
        asking, one, other = thin_equals(first_equal_images(self._features, column, images), brightness)
        self._link(link, images[one], images[other], np.zeros(len(one), np.int16))
        asking = images[asking]
        crowds = self._blocks.crowds(column, asking, radius)
        rows, codes = crowds.rows, crowds.codes
        if not len(rows):
            return _Index(list(self._blocks.of(column, asking)), asking, crowds.partition)
        leader = led(codes, np.arange(len(rows), dtype=np.int32), radius)
        member = (leader != NOBODY) & (leader != np.arange(len(rows)))
        starred = np.nonzero(leader != NOBODY)[0]
        near = neighborhood(codes[starred], leader[starred].astype(np.int32))
        members = np.nonzero(member)[0]
        for heads, tails in ((leader[members], members), (starred[near[0]], starred[near[1]])):
            self._link(link, asking[rows[heads]], asking[rows[tails]], distances(codes[heads], codes[tails]))
        kept = np.delete(asking, rows[member])
        return _Index(list(self._blocks.of(column, kept)), asking, crowds.partition)

    def _link(
        self,
        link: Callable[[Found], None],
        one: NDArray[np.int32],
        other: NDArray[np.int32],
        bits: NDArray[np.int16],
    ) -> None:
        """Spill links, a bounded number at a time."""
        for first in range(0, len(one), _LINKS):
            some = slice(first, first + _LINKS)
            link((one[some], other[some], bits[some]))

    def _join(self, index: _Index) -> None:
        """Find every pair of upright pictures within the radius of the exact join."""
        order: deque[tuple[CodeBlock, CodeBlock]] = deque()

        def tasks() -> Iterator[Joined]:
            for one, first in enumerate(index.blocks):
                for other, second in enumerate(index.blocks[one:], one):
                    order.append((first, second))
                    yield Joined(one, other, first.codes, second.codes)

        for rows, columns, bits in self._executor.map(Join(self._config.exact_distance_bits, index.partition), tasks()):
            first, second = order.popleft()
            turns = np.zeros(len(rows), np.int8)
            self._spill.add(wavelet.whole_proposals(first.images[rows], second.images[columns], bits, turns))

    def _ask_whole(self, index: _Index) -> None:
        """Search with whole pictures in all orientations."""
        radius = self._config.max_distance_bits
        exact = Join(self._config.exact_distance_bits, index.partition)
        for images, nearest in self._asked(index, "wavelet_codes", TURNS, radius, exact):
            asked, met, bits, turns = nearest.pairs()
            self._spill.add(wavelet.whole_proposals(images[asked], met, bits, turns))
            self._progress.add("whole", len(images))

    def _meet_trimmed(self) -> None:
        """Search pictures without margins with each other."""
        index = self._index("trimmed_code", self._link_trimmed)
        radius = self._config.max_trimmed_distance_bits
        for images, nearest in self._asked(index, "trimmed_code", 1, radius, None):
            asked, met, bits, _ = nearest.pairs()
            self._spill.add(wavelet.trimmed_proposals(images[asked], met, bits))
            self._progress.add("trimmed", len(images))

    def _asked(
        self, index: _Index, column: str, kinds: int, radius: int, exact: Join | None
    ) -> Iterator[tuple[NDArray[np.int32], Nearest]]:
        """Yield images that ask, block by block, and the nearest images of each, of all blocks.

        What ``exact`` finds by turned codes is spilled, however much it is.
        """
        config, order = self._config, deque[tuple[NDArray[np.int32], CodeBlock]]()
        tables = tables_for(index.count, config.tables, config.compare_all_up_to)

        def tasks() -> Iterator[Asked]:
            asking = blocks_of(self._features, index.asking, column, kinds, self._asking_images)
            for number, (images, block) in enumerate(asking):
                queries = self._executor.share(block.copy())
                for other, searched in enumerate(index.blocks):
                    order.append((images, searched))
                    yield Asked(number, other, queries, _rows_in(searched.images, images), searched.codes)

        work, nearest = Ask(tables, config.neighbors, radius, exact), Nearest(0, config.neighbors, radius)
        for count, (found, turned) in enumerate(self._executor.map(work, tasks())):
            images, searched = order.popleft()
            if count % len(index.blocks) == 0:
                nearest = Nearest(len(images), config.neighbors, radius)
            asked, rows, bits, turns = found
            # Compiled loops want memory that may be written.
            nearest.offer(asked.copy(), searched.images[rows], bits.copy(), turns.copy())
            self._add_turned(images, searched.images, turned)
            if (count + 1) % len(index.blocks) == 0:
                yield images, nearest

    def _add_turned(self, images: NDArray[np.int32], searched: NDArray[np.int32], turned: Found) -> None:
        """Spill pairs of a turned picture and an upright one."""
        turns, pictures = np.divmod(turned[0], np.int32(max(len(images), 1)))
        one, other = images[pictures], searched[turned[1]]
        differ = one != other
        turns = (turns[differ] + 1).astype(np.int8)
        self._spill.add(wavelet.whole_proposals(one[differ], other[differ], turned[2][differ], turns))


def _rows_in(searched: NDArray[np.int32], images: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return where images are among those that are searched, which increase; -1 for those that are not."""
    rows = np.minimum(np.searchsorted(searched, images), len(searched) - 1).astype(np.int32)
    return np.where(searched[rows] == images, rows, np.int32(NOBODY))
