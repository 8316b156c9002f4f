"""Runs every stage's own functions on one pair, and puts their accounts together as the cascade does."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from imgsieve.compare.explanation import (
    DIFFERENT,
    EXACT,
    NEAR,
    Explanation,
    Overlaying,
    Score,
    StageAccount,
)
from imgsieve.compare.proposing import Proposal, propose_pair
from imgsieve.compare.subjects import Subjects, describe_both
from imgsieve.config import GlobalConfig, RunConfig
from imgsieve.features import orientation
from imgsieve.features.color import color_metrics
from imgsieve.features.provenance import NEITHER, OF_FIRST
from imgsieve.features.regions import SOME_PART, WHOLE, rectangles
from imgsieve.schema import QUALITY_PARTS, Verdict
from imgsieve.stages import color, local, quality, refinement
from imgsieve.stages.judging import DRAWN_BLOCK_SHARE

__all__ = ["compare_pictures"]


def compare_pictures(a: bytes, b: bytes, config: RunConfig) -> Explanation:
    """Explain what a run would say of two pictures.

    Parameters
    ----------
    a, b
        Two whole files.
    config
        The options of the run.

    Raises
    ------
    DecodeError
        One of them cannot be decoded.
    """
    cv2.setNumThreads(1)
    subjects = describe_both(a, b, config)
    proposal = propose_pair(subjects, config)
    refined = _refined(subjects, proposal.pair, config)
    found = _compare_locally(subjects, proposal, refined, config)
    stages = (
        proposal.account,
        _color(subjects, proposal.pair, config),
        _global(refined, config.refine),
        _local(found, config),
    )
    verdict, decided_by, why = _cascade(proposal, stages)
    keep, keep_why, account = _quality(subjects, found, config, same=verdict != DIFFERENT)
    return Explanation(
        verdict=verdict,
        decided_by=decided_by,
        why=why,
        keep=keep,
        keep_why=keep_why,
        stages=(*stages, account),
        overlaying=Overlaying(
            pictures=subjects.pictures,
            views=subjects.views,
            orientation=max(found.orientation, 0),
            matrix=found.matrix,
        ),
    )


def _cascade(proposal: Proposal, stages: tuple[StageAccount, ...]) -> tuple[str, str, str]:
    """Return the verdict of a run, the stage that decided, and why."""
    first = stages[0]
    if proposal.exact is not None:
        return EXACT, first.title, first.why
    if not proposal.proposed:
        alone = "; stage 4 alone would accept them" if stages[-1].verdict == Verdict.ACCEPTED else ""
        return DIFFERENT, first.title, first.why + alone
    for stage in stages[1:]:
        if stage.verdict == Verdict.REJECTED:
            return DIFFERENT, stage.title, stage.why
    last = stages[-1]
    return (NEAR if last.verdict == Verdict.ACCEPTED else DIFFERENT), last.title, last.why


def _color(subjects: Subjects, pair: pa.Table, config: RunConfig) -> StageAccount:
    """Give the account of stage 2."""
    signatures, trimmed = subjects.bytes_of("color_signature"), subjects.bytes_of("trimmed")
    row = color.match(pair, _split(signatures), _split(trimmed), config.color).to_pylist()[0]
    metrics = color_metrics(
        signatures[:1],
        signatures[1:],
        rectangles(pair["region"].to_numpy(), trimmed[:1]),
        rectangles(pair["region"].to_numpy(), trimmed[1:]),
        pair["orientation"].to_numpy().astype(np.int8),
    )[0]
    rejected = row["verdict"] == Verdict.REJECTED
    return StageAccount(
        name="color",
        title="Stage 2: Color",
        verdict=row["verdict"],
        why="both are colorful and their colors differ" if rejected else "nothing in their colors forbids it",
        scores=(
            Score(name="shift of hue", value=float(metrics[3]), limit=f"at most {config.color.max_hue_shift:g}"),
            Score(name="lower spread of colors", value=float(metrics[4])),
            Score(name="distance of dominant colors", value=row["dominant_distance"]),
            Score(name="average pixel difference", value=row["pixel_difference"]),
            Score(name="histogram correlation", value=row["histogram_correlation"]),
        ),
    )


def _refined(subjects: Subjects, pair: pa.Table, config: RunConfig) -> pa.Table:
    """Judge the pair as stage 3 does: one row of `imgsieve.schema.PAIRS_GLOBAL`."""
    if config.refine.descriptor is None:
        return refinement.match(pair, *subjects.sketches(), config.refine)
    vectors = subjects.bytes_of("embedding").view(np.float16).astype(np.float32)
    return refinement.match_embeddings(pair, (vectors[:1], vectors[1:]), config.refine)


def _global(refined: pa.Table, limits: GlobalConfig) -> StageAccount:
    """Give the account of stage 3."""
    row = refined.to_pylist()[0]
    sure = row["cosine"] is not None and row["cosine"] >= limits.sure_similarity
    passes = (
        "their descriptors are very near" if sure else "nothing in their corners or what lies around them forbids it"
    )
    why, scores = _of_embeddings(refined, limits) if row["matches"] is None else _of_sketches(refined, limits)
    if row["cosine"] is not None:
        limit = f"from {limits.sure_similarity:g} on nothing else counts"
        scores.append(Score(name="cosine of descriptors", value=row["cosine"], limit=limit))
    return StageAccount(
        name="global",
        title="Stage 3: Global refinement",
        verdict=row["verdict"],
        why=why if row["verdict"] == Verdict.REJECTED else passes,
        scores=tuple(scores),
    )


def _of_embeddings(refined: pa.Table, limits: GlobalConfig) -> tuple[str, list[Score]]:
    """Return why a model of the user's own may reject the pair, and what it says."""
    value = refined["similarity"][0].as_py()
    limit = f"at least {limits.min_embedding_similarity:g}"
    return (
        f"their descriptors agree by {value:.2f} only",
        [Score(name="cosine of embeddings", value=value, limit=limit)],
    )


def _of_sketches(refined: pa.Table, limits: GlobalConfig) -> tuple[str, list[Score]]:
    """Return why corners and blocks may reject the pair, and what they say."""
    row = refined.to_pylist()[0]
    least = max(limits.min_matches, limits.min_match_share * row["visible"])
    both = refinement.agreement(*(refined[name].to_numpy() for name in ("similarity", "matches", "visible")))
    blocks, agree = f"at least {limits.min_frame_similarity:g}", f"at least {limits.min_agreement:g}"
    scores = [
        Score(name="blocks that look alike", value=row["similarity"], limit=blocks),
        Score(name="corners that lie alike", value=row["matches"], limit=f"at least {least:.0f} of {row['visible']}"),
        Score(name="agreement of blocks and corners", value=float(both[0]), limit=agree),
    ]
    if row["matches"] < least:
        return f"one map brings only {row['matches']} corners together, {least:.0f} are needed", scores
    return f"their corners lie alike, but only {row['similarity']:.0%} of what lies around them looks alike", scores


def _compare_locally(subjects: Subjects, proposal: Proposal, refined: pa.Table, config: RunConfig) -> local.Comparison:
    """Compare as stage 4 does, from the hints of the stages before."""
    pair = refined.to_pylist()[0]
    region = pair["region"] if proposal.proposed else WHOLE
    regions = None if region == SOME_PART else (region, region)
    hint = pair["orientation"] if proposal.proposed else orientation.ANY_ORIENTATION
    return local.compare(*subjects.views, hint, regions=regions, config=config.local)


def _local(found: local.Comparison, config: RunConfig) -> StageAccount:
    """Give the account of stage 4."""
    limits = config.local
    return StageAccount(
        name="local",
        title="Stage 4: Local features",
        verdict=found.verdict,
        why=found.why,
        scores=(
            Score(name="orientation", value=orientation.describe(max(found.orientation, 0))),
            Score(name="keypoints on one map", value=found.inliers, limit=f"at least {limits.min_inliers}"),
            Score(
                name="share of blocks that agree",
                value=found.block_share,
                limit=f"at least {limits.min_block_share:g}, of a drawing {DRAWN_BLOCK_SHARE:g}",
            ),
            Score(
                name="share of blocks that stand still",
                value=found.still_share,
                limit=f"at least {limits.min_still_share:g}",
            ),
            Score(
                name="shift of color in a part",
                value=found.color_shift,
                limit=f"at most {limits.max_color_shift:g}",
            ),
            Score(name="share of A that is in B", value=found.coverage_a),
            Score(name="share of B that is in A", value=found.coverage_b),
        ),
    )


def _quality(
    subjects: Subjects, found: local.Comparison, config: RunConfig, *, same: bool
) -> tuple[str | None, str, StageAccount]:
    """Give the account of stage 5, and which picture is kept."""
    parts, score = quality.measure(subjects.features, config.quality)
    width, height, size = (np.array(subjects.fact(name), np.int64) for name in ("width", "height", "size"))
    best = int(np.argmin(quality.rank_of(score, width * height, size)))
    told = same and found.made != NEITHER
    if told:
        best = 0 if found.made == OF_FIRST else 1
    own, others = ({name: float(parts[name][i]) for name in QUALITY_PARTS} for i in (best, 1 - best))
    better = quality.better_parts(own, others, config.quality)
    words = [f"{'BA'[best]} was made from it ({found.how})", *better] if told else better
    reason = ", ".join(words) or "equal in quality; it has more pixels, more bytes, or comes first"
    weights = dataclasses.asdict(config.quality)
    scores = [Score(name="score", value=f"{score[0]:.1f} : {score[1]:.1f}")]
    scores += [
        Score(name=name, value=f"{parts[name][0]:.0f} : {parts[name][1]:.0f}", limit=f"weighs {weights[name]:g}")
        for name in QUALITY_PARTS
    ]
    kept = "ab"[best]
    why = f"{kept.upper()} is kept: {reason}" if same else f"both are kept; {kept.upper()} is the better picture"
    account = StageAccount(name="quality", title="Stage 5: Quality (A : B)", verdict="", why=why, scores=tuple(scores))
    return (kept if same else None), reason if same else "", account


def _split(both: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the rows of A and of B."""
    return both[:1], both[1:]
