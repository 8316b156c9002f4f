"""The votes of one picture's corners: the nearest corners of the whole run match, and those that agree propose.

A corner that is near to thousands, such as one of a straight edge, tells nothing. So of each only the nearest few
match, as in a run, where each finds its own among its neighbors in some orders; here all corners are looked at.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgsieve.config import VotingConfig
from imgsieve.features.local_codes import NO_CORNER, turned
from imgsieve.features.orientation import COUNT as TURNS
from imgsieve.features.orientation import compose_inverse
from imgsieve.finished.index import SearchIndex
from imgsieve.finished.query import QUERY, Query
from imgsieve.schema import LOCAL_CODE_BYTES, LOCAL_CODES, LOCAL_PLACE_BYTES
from imgsieve.search.asking import near_corners
from imgsieve.stages import wavelet
from imgsieve.stages.votes import count_votes

__all__ = ["Ballot"]

_TIMES_NEIGHBORS = 16
"""For each neighbor that a code of a run may match in one order, a corner matches so many of its nearest here. A run
also counts matches that others found, and of a picture with many copies in the run each must be among the nearest."""

_MORE_TURNED = 2
"""Votes that turned pictures need beyond those of upright ones, as in a run."""

Bytes = NDArray[np.uint8]


class Ballot:
    """Gathers the matches of a picture's corners, turned in all ways in which the run looks for them.

    Parameters
    ----------
    query
        The picture.
    config
        How a run votes.
    """

    def __init__(self, query: Query, config: VotingConfig) -> None:
        codes = query.bytes_of("local_codes").reshape(LOCAL_CODES, LOCAL_CODE_BYTES)
        places = query.bytes_of("local_places").reshape(LOCAL_CODES, LOCAL_PLACE_BYTES)
        there = places[:, 2] != NO_CORNER
        turns = range(TURNS if config.turned else 1) if config.tables and there.any() else ()
        self._askers = [_Asker(turn, codes[there], places[there], config) for turn in turns]

    def ask(self, index: SearchIndex, span: tuple[int, int], chosen: NDArray[np.bool_]) -> None:
        """Look at the corners of a block of images; may be called by several threads, in any order.

        Parameters
        ----------
        span
            The first image and the one behind the last.
        chosen
            Which of them take part.
        """
        if not self._askers:
            return
        words = index.read("local_codes", *span).view(np.uint64).reshape(-1, 2, LOCAL_CODES)
        first, second = np.ascontiguousarray(words[:, 0]), np.ascontiguousarray(words[:, 1])
        places = index.read("local_places", *span).reshape(-1, LOCAL_CODES, LOCAL_PLACE_BYTES)
        for asker in self._askers:
            asker.look(_Block(span[0], first, second, places, chosen))

    def proposals(self) -> Iterator[NDArray[np.void]]:
        """Yield the proposals, once all blocks were looked at."""
        for asker in self._askers:
            yield asker.proposals()


@dataclass(frozen=True)
class _Block:
    """The corners of consecutive images."""

    start: int
    first: NDArray[np.uint64]
    """Shape (n, 80)."""
    second: NDArray[np.uint64]
    places: Bytes
    """Shape (n, 80, 3)."""
    chosen: NDArray[np.bool_]


class _Asker:
    """The corners of the picture in one orientation, and what is near to them so far."""

    def __init__(self, turn: int, codes: Bytes, places: Bytes, config: VotingConfig) -> None:
        codes, self._places = turned(np.ascontiguousarray(codes), np.ascontiguousarray(places), turn)
        self._codes = np.ascontiguousarray(codes).view(np.uint64).reshape(-1, 2)
        self._turn = turn
        self._config = config
        self._changing = threading.Lock()
        self._counts = np.zeros((len(codes), config.max_distance_bits + 1), np.int64)
        self._limits = np.full(len(codes), config.max_distance_bits, np.int64)
        self._found: list[tuple[NDArray[np.int32], Bytes]] = []

    def look(self, block: _Block) -> None:
        """Add the matches in a block. The more were found, the nearer must others be."""
        found = near_corners(block.first, block.second, self._codes, self._limits)
        rows, asking, asked, bits = found.T
        places = block.places[rows, asked]
        counts = block.chosen[rows] & (places[:, 2] != NO_CORNER)
        found = found[counts]
        found[:, 0] += block.start
        with self._changing:
            np.add.at(self._counts, (asking[counts], bits[counts]), 1)
            self._limits = self._nearest()
            self._found.append((found, places[counts]))

    def _nearest(self) -> NDArray[np.int64]:
        """Return the distance of each corner up to which there are not too many; -1 where there are in any."""
        most = self._config.neighbors * _TIMES_NEIGHBORS
        return np.asarray((np.cumsum(self._counts, axis=1) <= most).sum(axis=1) - 1, np.int64)

    def proposals(self) -> NDArray[np.void]:
        """Return the images for which enough matches agree."""
        config = self._config
        found = np.concatenate([matches for matches, _ in self._found] or [np.empty((0, 4), np.int32)])
        places = np.concatenate([there for _, there in self._found] or [np.empty((0, 3), np.uint8)])
        near = found[:, 3] <= self._limits[found[:, 1]]
        found, places = found[near], places[near]
        # Blocks come in the order in which threads were done with them.
        order = np.lexsort((found[:, 2], found[:, 1], found[:, 0]))
        found, places = found[order], places[order]
        images, starts = np.unique(found[:, 0], return_index=True)
        starts = np.append(starts, len(found)).astype(np.int64)
        votes = count_votes(np.concatenate([self._places[found[:, 1]], places], axis=1), starts)
        enough = votes >= config.min_votes + _MORE_TURNED * (self._turn != 0)
        images = images[enough].astype(np.int32)
        own = np.full(len(images), QUERY, np.int32)
        turns = np.full(len(images), compose_inverse(self._turn), np.int8)
        return wavelet.voted_proposals(own, images, turns, votes[enough])
