"""Stage 1 on one pair: digests, codes in eight orientations, codes without margins, votes of local codes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.compare.explanation import Score, StageAccount
from imgsieve.compare.subjects import Subjects
from imgsieve.config import RunConfig, VotingConfig, WaveletConfig
from imgsieve.features import orientation
from imgsieve.features.descriptor import least_product, similarities
from imgsieve.features.regions import SOME_PART, WHOLE
from imgsieve.schema import HASH_BYTES
from imgsieve.search.vectors import near_pairs
from imgsieve.search.words import distances
from imgsieve.stages import wavelet
from imgsieve.stages.matching import matches

__all__ = ["Proposal", "propose_pair"]

_BITS = 8 * HASH_BYTES

_IDS = np.array([0], np.int32), np.array([1], np.int32)


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
    widest = dataclasses.replace(config.wavelet, max_distance_bits=_BITS, max_trimmed_distance_bits=_BITS)
    pair = found if len(found) else wavelet.table_of(_near_codes(subjects, widest))
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
    """Return the proposals of codes, corners and descriptors or embeddings: one row or none."""
    found = np.concatenate([_near_codes(subjects, config.wavelet), _voted(subjects, config)])
    if config.refine.descriptor is not None:
        vectors = subjects.bytes_of("embedding").view(np.float16)
        one, other = near_pairs(vectors, config.refine.neighbors, config.refine.propose_embedding_similarity)
        found = np.concatenate([found, wavelet.other_proposals(one.astype(np.int32), other.astype(np.int32))])
    elif config.refine.trained:
        one, other = subjects.descriptors().astype(np.int64)
        if int(one @ other) >= least_product(config.refine.propose_similarity):
            found = np.concatenate([found, wavelet.descriptor_proposals(*_IDS, np.zeros(1, bool))])
    flat = min(subjects.fact("contrast")) < wavelet.FLAT_CONTRAST
    return wavelet.table_of(found[:0] if flat else found)


def _near_codes(subjects: Subjects, config: WaveletConfig) -> NDArray[np.void]:
    """Compare the two pictures' codes as a run compares those of all."""
    codes, inside = subjects.codes(), subjects.bytes_of("trimmed_code")
    turns = np.arange(orientation.COUNT, dtype=np.int8)
    found = []
    for one, other in ((0, 1), (1, 0)):
        ids = np.full(len(turns), one, np.int32), np.full(len(turns), other, np.int32)
        whole = wavelet.whole_proposals(*ids, distances(codes[one], codes[other, 0]), turns)
        found.append(whole[whole["bits"] <= config.max_distance_bits])
    trimmed = wavelet.trimmed_proposals(*_IDS, distances(inside[:1], inside[1]))
    return np.concatenate([*found, trimmed[trimmed["bits"] <= config.max_trimmed_distance_bits]])


def _votes(subjects: Subjects, config: VotingConfig) -> NDArray[np.int16]:
    """Count the local codes that agree, for each orientation in which a run looks for them."""
    turns = range(orientation.COUNT if config.turned else 1)
    found = [matches(*subjects.corners(), np.array([turn], np.int8), config.max_distance_bits)[0] for turn in turns]
    return np.concatenate(found)


def _voted(subjects: Subjects, config: RunConfig) -> NDArray[np.void]:
    """Return the proposal of the pictures' local codes, if there is one."""
    if not config.voting.tables:
        return np.empty(0, wavelet.PROPOSAL)
    votes = _votes(subjects, config.voting)
    best = np.array([votes.argmax()])
    found = wavelet.voted_proposals(*_IDS, best.astype(np.int8), votes[best].astype(np.int8))
    return found[found["votes"] >= config.voting.min_votes]


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
        scores=(*_digests(subjects), *_whole(subjects, config), *_parts(subjects, config)),
    )


def _met(found: pa.Table) -> str:
    """Say how a proposed pair met."""
    pair = found.to_pylist()[0]
    turn = orientation.describe(pair["orientation"])
    if pair["region"] == SOME_PART:
        return f"{pair['votes']} corners of both lie alike, {turn}" if pair["votes"] else "their descriptors are near"
    what = "the whole pictures" if pair["region"] == WHOLE else "the pictures without their margins"
    return f"the codes of {what} are {pair['distance_bits']} of {_BITS} bits apart, {turn}"


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


def _parts(subjects: Subjects, config: RunConfig) -> list[Score]:
    """Return what is common to parts of the pictures."""
    inside = subjects.bytes_of("trimmed_code")
    limit = f"at most {config.wavelet.max_trimmed_distance_bits}"
    found = [Score(name="bits apart, both without margins", value=_distances(inside[:1], inside[1])[0], limit=limit)]
    if config.voting.tables:
        votes = int(_votes(subjects, config.voting).max())
        found.append(Score(name="corners that lie alike", value=votes, limit=f"at least {config.voting.min_votes}"))
    if config.refine.uses_net:
        one, other = subjects.descriptors()
        limit = f"at least {config.refine.propose_similarity:g}"
        value = float(similarities(one[None], other[None])[0])
        found.append(Score(name="cosine of descriptors", value=value, limit=limit))
    return found


def _distances(codes: NDArray[np.uint8], code: NDArray[np.uint8]) -> list[int]:
    """Return the distances of codes of shape (n, 32) to one code of shape (32,), in bits."""
    return [int(value) for value in distances(codes, code)]
