"""Stage 1 over a whole run: equal images, and pairs that codes or embeddings propose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from imgsieve.config import RunConfig, digest_of
from imgsieve.executors import Executor
from imgsieve.runs.columns import FeatureColumns, fixed_bytes
from imgsieve.runs.described import propose_described
from imgsieve.runs.embedded import propose_embedded
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.meeting import meet, takes_part
from imgsieve.runs.meeting_apart import meet_apart
from imgsieve.runs.pair_spill import PairSpill
from imgsieve.schema import PAIRS_WAVELET
from imgsieve.stages import wavelet

__all__ = ["Identities", "identities", "propose"]

Done = Callable[[int], None]

_MEETING = 0.9
"""Share of the time of this stage that codes and corners take, where there are descriptors as well."""


@dataclass(frozen=True)
class Identities:
    """Which images there are, and which are equal."""

    alive: NDArray[np.bool_]
    """Shape (n,): images that could be described."""
    first: NDArray[np.int32]
    """Shape (n,): the first image that each is equal to, in bytes or in pixels."""
    same_bytes: NDArray[np.bool_]
    """Shape (n,): images whose bytes are those of the first."""


def identities(features: FeatureColumns) -> Identities:
    """Find the images that could be described, and those that are equal."""
    alive = np.zeros(features.count, bool)
    for start, part in features.read(["error_kind"]):
        alive[start : start + len(part)] = pc.is_null(part["error_kind"]).to_numpy()
    apart = np.arange(features.count, dtype=np.int32)
    by_bytes = wavelet.exact_classes(apart, _digests(features, "content_digest"), alive)
    first = wavelet.exact_classes(by_bytes, _digests(features, "pixel_digest"), alive)
    return Identities(alive, first, by_bytes == by_bytes[first])


def _digests(features: FeatureColumns, column: str) -> NDArray[np.uint64]:
    """Return a column of digests as shape (n, 2), uint64; zeros where there is none."""
    digests = features.counted(np.zeros((features.count, 2), np.uint64), features.count)
    for start, part in features.read([column]):
        digests[start : start + len(part)] = fixed_bytes(part[column], 16).view(np.uint64)
    return digests


def propose(
    folder: RunFolder,
    features: FeatureColumns,
    known: Identities,
    config: RunConfig,
    executor: Executor,
    done: Done,
) -> str:
    """Write ``pairs/wavelet.parquet``: exact pairs, and those that codes or embeddings propose. Returns its print."""
    fingerprint = digest_of([features.fingerprint, config.fingerprint(), "wavelet"])
    name = "pairs/wavelet.parquet"
    if not folder.holds(name, fingerprint):
        chosen = known.alive & (known.first == np.arange(features.count))
        with PairSpill(folder, features.count) as spill:
            # Codes of all images are in one memory where tasks share it, and nowhere else.
            search = meet_apart if executor.elsewhere else meet
            search(features, chosen, config.wavelet, config.voting, executor, spill, _before(done, config))
            if config.refine.descriptor is not None:
                ids, _ = takes_part(features, chosen)
                propose_embedded(features, ids, config.refine, executor.nearby.workers, spill)
            elif config.refine.uses_net:
                ids, _ = takes_part(features, chosen)
                after = int(_MEETING * len(ids))
                propose_described(
                    features,
                    ids,
                    config.refine,
                    executor,
                    spill,
                    lambda count: done(after + count - int(_MEETING * count)),
                )
            _write(folder, name, fingerprint, spill, known)
    return fingerprint


def _before(done: Done, config: RunConfig) -> Done:
    """Return what counts the work on codes and corners, which is not all where there are descriptors."""
    return (lambda count: done(int(_MEETING * count))) if config.refine.uses_net else done


def _write(folder: RunFolder, name: str, fingerprint: str, spill: PairSpill, known: Identities) -> None:
    """Write the closest proposal of each pair, range by range, with the exact pairs, all in the order of the pairs."""
    copies = np.nonzero(known.first != np.arange(len(known.first)))[0].astype(np.int32)
    copies = copies[np.argsort(known.first[copies], kind="stable")]
    with folder.table_writer(name, PAIRS_WAVELET, fingerprint) as writer:
        for begin, end, proposals in spill.read():
            low, high = np.searchsorted(known.first[copies], (begin, end))
            equal = copies[low:high]
            exact = wavelet.exact_pairs(known.first[equal], equal, known.same_bytes[equal])
            # Only the first of equal images is proposed with others, so no pair is in both.
            both = pa.concat_tables([exact, wavelet.table_of(proposals)])
            writer.write(both.take(pc.sort_indices(both, [("a", "ascending"), ("b", "ascending")])))
