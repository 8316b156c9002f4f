"""Stage 1 on one pair: digests, codes in eight orientations, codes of regions."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.compare.explanation import Score, StageAccount
from imgsieve.compare.subjects import Subjects
from imgsieve.config import RunConfig
from imgsieve.features import orientation
from imgsieve.features.regions import TRIMMED, WHOLE
from imgsieve.schema import HASH_BYTES
from imgsieve.search.vectors import near_pairs
from imgsieve.search.words import distances
from imgsieve.stages import wavelet

__all__ = ["Proposal", "propose_pair"]

_BITS = 8 * HASH_BYTES


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What stage 1 says of the pair."""

    exact: str | None
    """``bytes``, ``pixels`` or None."""
    proposed: bool
    pair: pa.Table
    """One row of `imgsieve.schema.PAIRS_WAVELET`: the proposal, or what comes closest to one."""
    account: StageAccount


def propose_pair(subjects: Subjects, config: RunConfig) -> Proposal:
    """Look for a proposal of the pair as a run does, and for the closest codes if there is none."""
    exact = _exact(subjects)
    found = _propose(subjects, config)
    widest = dataclasses.replace(config.wavelet, max_distance_bits=_BITS, max_region_distance_bits=_BITS)
    pair = found if len(found) else wavelet.table_of(_near_codes(subjects, dataclasses.replace(config, wavelet=widest)))
    flat = min(subjects.fact("contrast")) < wavelet.FLAT_CONTRAST
    proposed = exact is not None or len(found) > 0
    return Proposal(exact=exact, proposed=proposed, pair=pair, account=_account(subjects, exact, found, flat, config))


def _exact(subjects: Subjects) -> str | None:
    """Return how the pictures are equal, None when they are not."""
    for column, kind in (("content_digest", "bytes"), ("pixel_digest", "pixels")):
        one, other = subjects.fact(column)
        if one is not None and one == other:
            return kind
    return None


def _propose(subjects: Subjects, config: RunConfig) -> pa.Table:
    """Return the proposals of codes and, with a model, of embeddings: one row or none."""
    found = _near_codes(subjects, config)
    if config.refine.descriptor is not None:
        vectors = subjects.bytes_of("embedding").view(np.float16)
        one, other = near_pairs(vectors, config.refine.neighbors, config.refine.propose_embedding_similarity)
        found = np.concatenate([found, wavelet.other_proposals(one.astype(np.int32), other.astype(np.int32))])
    flat = min(subjects.fact("contrast")) < wavelet.FLAT_CONTRAST
    return wavelet.table_of(found[:0] if flat else found)


def _near_codes(subjects: Subjects, config: RunConfig) -> NDArray[np.void]:
    """Compare the two pictures' codes as a run compares those of all."""
    codes, areas = subjects.codes(), subjects.region_codes()
    found = []
    for one, other in ((0, 1), (1, 0)):
        turns = np.arange(orientation.COUNT, dtype=np.int8)
        ids = (np.full(len(turns), one, np.int32), np.full(len(turns), other, np.int32))
        whole = wavelet.whole_proposals(*ids, distances(codes[one], codes[other, 0]), turns)
        found.append(whole[whole["bits"] <= config.wavelet.max_distance_bits])
        if config.wavelet.regions:
            numbers = np.arange(len(areas[one]), dtype=np.int8)
            ids = (np.full(len(numbers), one, np.int32), np.full(len(numbers), other, np.int32))
            met = wavelet.regional_proposals(*ids, distances(areas[one], codes[other, 0]), numbers, WHOLE)
            inside = distances(areas[one, TRIMMED:], areas[other, TRIMMED])
            both = wavelet.regional_proposals(ids[0][:1], ids[1][:1], inside, numbers[TRIMMED:], TRIMMED)
            found += [p[p["bits"] <= config.wavelet.max_region_distance_bits] for p in (met, both)]
    return np.concatenate(found)


def _account(subjects: Subjects, exact: str | None, found: pa.Table, flat: bool, config: RunConfig) -> StageAccount:
    """Put verdict, reason and scores together."""
    if exact is not None:
        verdict, why = "accepted", f"their {exact} are equal"
    elif flat:
        verdict, why = "not proposed", "one is flat, so only equal bytes or pixels would make them duplicates"
    elif len(found):
        verdict, why = "proposed", _met(found)
    else:
        verdict, why = (
            "not proposed",
            "their codes are too far apart; only a third picture like both would bring them together",
        )
    return StageAccount(
        name="wavelet",
        title="Stage 1: Wavelet codes",
        verdict=verdict,
        why=why,
        scores=(*_digests(subjects), *_whole(subjects, config), *_regions(subjects, config)),
    )


def _met(found: pa.Table) -> str:
    """Say how a proposed pair met."""
    pair = found.to_pylist()[0]
    sides = [name for name, region in (("A", pair["region_a"]), ("B", pair["region_b"])) if region != WHOLE]
    what = f"a part of {' and a part of '.join(sides)}" if sides else "the whole pictures"
    whole = {0: "", 1: f" and of the whole {'BA'[sides == ['B']]}"}.get(len(sides), "")
    turn = orientation.describe(pair["orientation"])
    return f"the codes of {what}{whole} are {pair['distance_bits']} of {_BITS} bits apart, {turn}"


def _digests(subjects: Subjects) -> tuple[Score, Score]:
    """Compare bytes and pixels."""
    bytes_equal = len(set(subjects.fact("content_digest"))) == 1
    one, other = subjects.fact("pixel_digest")
    pixels = "not compared (decoded smaller)" if one is None or other is None else "yes" if one == other else "no"
    return (
        Score(name="equal bytes", value="yes" if bytes_equal else "no"),
        Score(name="equal pixels", value="yes" if bytes_equal else pixels),
    )


def _whole(subjects: Subjects, config: RunConfig) -> list[Score]:
    """Return the distances of the whole pictures' codes, by the orientation that turns B into A."""
    codes = subjects.codes()
    distances = _distances(codes[0], codes[1, 0])
    limit = f"at most {config.wavelet.max_distance_bits}"
    return [
        Score(
            name=f"bits apart, B {orientation.describe(turn)}",
            value=distances[orientation.compose_inverse(turn)],
            limit=limit,
        )
        for turn in range(orientation.COUNT)
    ]


def _regions(subjects: Subjects, config: RunConfig) -> list[Score]:
    """Return the smallest distances that involve regions."""
    if not config.wavelet.regions:
        return []
    codes, regions = subjects.codes(), subjects.region_codes()
    limit = f"at most {config.wavelet.max_region_distance_bits}"
    found = {
        "a region of A and B": min(_distances(regions[0], codes[1, 0])),
        "A and a region of B": min(_distances(regions[1], codes[0, 0])),
        "both without margins": min(_distances(regions[0, TRIMMED:], regions[1, TRIMMED])),
    }
    return [Score(name=f"bits apart, {name}", value=value, limit=limit) for name, value in found.items()]


def _distances(codes: NDArray[np.uint8], code: NDArray[np.uint8]) -> list[int]:
    """Return the distances of codes of shape (n, 32) to one code of shape (32,), in bits."""
    return [int(value) for value in distances(codes, code)]
