"""Stage 1, second part: local codes that match vote for pairs of pictures.

Codes of all pictures are put in one order after another, on disk, and compared range by range; matches are brought
together by pair, on disk as well, and pairs of which enough matches agree on one similarity are proposed. Ranges follow
from the codes alone, so neither memory nor workers change what is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from imgsieve.config import VotingConfig
from imgsieve.executors import Executor, Titled
from imgsieve.features.local_codes import NO_CORNER, turned
from imgsieve.features.orientation import COUNT as TURNS
from imgsieve.runs.block_spill import BlockSpill
from imgsieve.runs.columns import FeatureColumns, fixed_bytes
from imgsieve.runs.pair_spill import PairSpill
from imgsieve.schema import LOCAL_CODE_BYTES, LOCAL_CODES, LOCAL_PLACE_BYTES
from imgsieve.search.neighborhoods import LOCAL_RECORD, MATCH, draw_key, key_bytes_table, keys_of, matches_of
from imgsieve.stages import wavelet
from imgsieve.stages.votes import count_votes

__all__ = ["Portions", "vote"]

_SAMPLE_RECORDS = 1 << 16
"""Codes that tell where ranges begin."""

_SPAN_IMAGES = 1024

_EXPECTED_MATCHES = 128
"""Matches of a picture, about."""


@dataclass(frozen=True, kw_only=True)
class Portions:
    """How much is worked on at a time. Codes of two ranges are not compared, so runs all have the same."""

    range_records: int = 1 << 16
    """Codes that are compared at a time, about; twice as many at most."""
    gathered_matches: int = 1 << 17
    """Matches that are counted at a time, about; twice as many at most, unless one picture has more."""


_PORTIONS = Portions()
_PLACE = ("down", "right", "scale")

_MORE_TURNED = 2
"""Votes that turned pictures need beyond those of upright ones: seldom is one a copy, and there are seven of them."""

Done = Callable[[int], None]


def vote(
    features: FeatureColumns,
    images: NDArray[np.int32],
    config: VotingConfig,
    executor: Executor,
    spill: PairSpill,
    done: Done,
    portions: Portions = _PORTIONS,
) -> None:
    """Spill the pairs of pictures whose local codes agree on one similarity.

    Parameters
    ----------
    images
        Shape (n,), increasing: those that take part.
    done
        Told how many images' worth of the work is done.
    portions
        How much is worked on at a time.
    """
    if config.tables and len(images) > 1:
        _Vote(features, images, config, executor, spill, done, portions).run()


class _Vote:
    """The votes of one run."""

    def __init__(
        self,
        features: FeatureColumns,
        images: NDArray[np.int32],
        config: VotingConfig,
        executor: Executor,
        spill: PairSpill,
        done: Done,
        portions: Portions,
    ) -> None:
        self._features = features
        self._images = images
        self._config = config
        self._executor = executor
        self._spill = spill
        self._done = done
        self._portions = portions
        self._turns = TURNS if config.turned else 1

    def run(self) -> None:
        """Find matches in one order after another, then count them."""
        step = max(1, self._portions.gathered_matches // (_EXPECTED_MATCHES * self._config.neighbors))
        count = self._features.count // step + 1
        sample = self._sample()
        with BlockSpill(self._features.folder, MATCH, count) as gathered:
            for number in range(self._config.tables):
                self._match(key_bytes_table(draw_key(number)), sample, gathered, step)
                self._done(len(self._images) * (number + 1) // (self._config.tables + 1))
            gathered.finish()
            parts = (part for k in range(count) for part in self._gathered(gathered, k, step))
            count_all = Titled("wavelet: votes of part", partial(_counted, least=self._config.min_votes))
            for proposals in self._executor.map(count_all, parts):
                self._spill.add(proposals)
        self._done(len(self._images))

    def _sample(self) -> NDArray[np.uint64]:
        """Return codes of pictures all over the collection: shape (n, 2)."""
        step = max(1, len(self._images) * LOCAL_CODES // _SAMPLE_RECORDS)
        chosen = [records["code"] for records in self._records(self._images[::step])]
        return np.concatenate(chosen) if chosen else np.empty((0, 2), np.uint64)

    def _records(self, images: NDArray[np.int32]) -> Iterator[NDArray[np.void]]:
        """Yield the local codes of images, in their order, those of each part of the features together."""
        columns = ["local_codes", "local_places"]
        for start, part in self._features.read(columns):
            low, high = np.searchsorted(images, (start, start + len(part)))
            if low == high:
                continue
            rows = images[low:high] - start
            codes = fixed_bytes(part[columns[0]], LOCAL_CODES * LOCAL_CODE_BYTES)[rows]
            places = fixed_bytes(part[columns[1]], LOCAL_CODES * LOCAL_PLACE_BYTES)[rows]
            yield _records_of(images[low:high], codes, places)

    def _match(self, table: NDArray[np.uint64], sample: NDArray[np.uint64], gathered: BlockSpill, step: int) -> None:
        """Find the matches of one order."""
        config = self._config
        total = len(self._images) * LOCAL_CODES * self._turns
        splitters = _splitters(keys_of(sample, table), -(-total // self._portions.range_records))
        find = partial(
            matches_of,
            table=table,
            window=config.window,
            neighbors=config.neighbors,
            radius=config.max_distance_bits,
        )

        with BlockSpill(self._features.folder, LOCAL_RECORD, len(splitters) + 1) as keyed:
            parts = self._records(self._images)
            for records in parts if self._turns == 1 else _by_spans(parts):
                for turn in range(self._turns):
                    some = _turned(records, turn)
                    keys = keys_of(np.ascontiguousarray(some["code"]), table)
                    keyed.add(some, np.searchsorted(splitters, keys, side="right"))
            keyed.finish()
            ranges = (part for k in range(len(splitters) + 1) for part in self._ranges(keyed, k, table))
            for matches in self._executor.map(Titled("wavelet: corners of range", find), ranges):
                gathered.add(matches, matches["a"].astype(np.int64) // step)

    def _ranges(self, keyed: BlockSpill, bucket: int, table: NDArray[np.uint64]) -> Iterator[NDArray[np.void]]:
        """Yield the codes of a bucket; in several ranges if there are too many."""
        size, most = keyed.size(bucket), self._portions.range_records
        if size <= 2 * most:
            yield keyed.read(bucket)
            return
        splitters = _splitters(keys_of(keyed.read(bucket, most)["code"].copy(), table), size // most)
        with BlockSpill(self._features.folder, LOCAL_RECORD, max(len(splitters) + 1, 2)) as finer:
            for records in keyed.pieces(bucket, most):
                if len(splitters):
                    keys = keys_of(np.ascontiguousarray(records["code"]), table)
                    finer.add(records, np.searchsorted(splitters, keys, side="right"))
                else:
                    yield records  # all the same by this order, which leaves them in their own
            finer.finish()
            for k in range(len(splitters) + 1 if len(splitters) else 0):
                yield from self._ranges(finer, k, table)

    def _gathered(self, gathered: BlockSpill, bucket: int, step: int) -> Iterator[NDArray[np.void]]:
        """Yield the matches of a bucket, which has ``step`` images; of fewer images at a time if there are too many."""
        size, most = gathered.size(bucket), self._portions.gathered_matches
        if size <= 2 * most:
            yield gathered.read(bucket)
            return
        edges = np.unique(bucket * step + np.arange(-(-size // most) + 1) * step // -(-size // most))
        for low, high in pairwise(edges.tolist()):
            pieces = gathered.pieces(bucket, most)
            yield np.concatenate([piece[(piece["a"] >= low) & (piece["a"] < high)] for piece in pieces])


def _counted(matches: NDArray[np.void], least: int) -> NDArray[np.void]:
    """Return the pairs for which enough matches vote, ``least`` at least."""
    pairs = matches["a"].astype(np.uint64) << np.uint64(32) | matches["b"].astype(np.uint64)
    rest = np.ascontiguousarray(matches).view(np.uint64).reshape(-1, 2)[:, 1]
    order = np.lexsort((rest, matches["turn"], pairs))
    pairs, rest, matches = pairs[order], rest[order], matches[order]
    fresh = np.ones(len(pairs), bool)
    fresh[1:] = (pairs[1:] != pairs[:-1]) | (rest[1:] != rest[:-1])
    pairs, matches = pairs[fresh], matches[fresh]
    opens = np.ones(len(pairs), bool)
    opens[1:] = (pairs[1:] != pairs[:-1]) | (matches["turn"][1:] != matches["turn"][:-1])
    sizes = np.diff(np.append(np.nonzero(opens)[0], len(pairs)))
    matches, sizes = matches[np.repeat(sizes >= least, sizes)], sizes[sizes >= least]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    votes = count_votes(np.ascontiguousarray(matches["places"]), starts)
    found = matches[starts[:-1]]
    chosen = votes >= least + _MORE_TURNED * (found["turn"] != 0)
    found = found[chosen]
    return wavelet.voted_proposals(found["a"], found["b"], found["turn"], votes[chosen])


def _by_spans(parts: Iterator[NDArray[np.void]]) -> Iterator[NDArray[np.void]]:
    """Yield records, which come by image, by spans of images that do not follow from how they come.

    Codes of one key stay in the order in which they were added, and turned ones follow those of their whole span.
    """
    held: list[NDArray[np.void]] = []
    for records in parts:
        spans = records["image"] // _SPAN_IMAGES
        for span in np.split(records, np.nonzero(np.diff(spans))[0] + 1):
            if held and len(span) and span["image"][0] // _SPAN_IMAGES != held[0]["image"][0] // _SPAN_IMAGES:
                yield np.concatenate(held)
                held = []
            held += [span] if len(span) else []
    if held:
        yield np.concatenate(held)


def _records_of(images: NDArray[np.int32], codes: NDArray[np.uint8], places: NDArray[np.uint8]) -> NDArray[np.void]:
    """Put the local codes of images and their places together."""
    places = places.reshape(-1, LOCAL_PLACE_BYTES)
    rows = np.nonzero(places[:, 2] != NO_CORNER)[0]
    out = np.zeros(len(rows), LOCAL_RECORD)
    out["code"] = codes.reshape(-1, LOCAL_CODE_BYTES).view(np.uint64)[rows]
    out["image"] = np.repeat(images, LOCAL_CODES)[rows]
    for k, name in enumerate(_PLACE):
        out[name] = places[rows, k]
    return out


def _turned(records: NDArray[np.void], turn: int) -> NDArray[np.void]:
    """Return the local codes of the same images, turned."""
    out = records.copy()
    places = np.stack([records[name] for name in _PLACE], axis=1)
    codes, places = turned(np.ascontiguousarray(records["code"]).view(np.uint8), places, turn)
    out["code"], out["turn"] = codes.view(np.uint64), turn
    for k, name in enumerate(_PLACE):
        out[name] = places[:, k]
    return out


def _splitters(keys: NDArray[np.uint64], ranges: int) -> NDArray[np.uint64]:
    """Return the keys at which ranges begin that hold about as many codes each."""
    if not len(keys):
        return keys
    ordered = np.sort(keys)
    splitters = np.unique(ordered[np.arange(1, ranges) * len(ordered) // ranges])
    return np.asarray(splitters[splitters > ordered[0]])
