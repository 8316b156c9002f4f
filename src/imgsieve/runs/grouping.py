"""From committed features to the result: stages 1 to 3, the groups with stage 4 as their judge, and stage 5.

No picture is read here: whoever calls says, by a `Verifier`, how stage 4 comes to its verdicts. A run compares
pictures; a measurement of the grouping alone may answer from what it knows to be true.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from imgsieve.config import RunConfig
from imgsieve.executors import Executor
from imgsieve.features.quality import COLUMNS
from imgsieve.memory import drop_library_pages, return_freed_memory
from imgsieve.runs import proposals
from imgsieve.runs.assignment import assign, class_rank
from imgsieve.runs.columns import FeatureColumns
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.progress import Done
from imgsieve.runs.refining import candidate_groups, refine_by_color, refine_by_descriptor
from imgsieve.runs.results import Counts, write_results
from imgsieve.runs.verdicts import Verifier
from imgsieve.runs.verification import Verification, verify
from imgsieve.stages import quality

__all__ = ["Stages", "group"]


class Stages(Protocol):
    """Opens stages; `imgsieve.runs.progress.Monitor.stage` is one."""

    def __call__(
        self, name: str, title: str, total: int | None, groups: int | None = None, /
    ) -> AbstractContextManager[Done]:
        """Open a stage by its name, its title and the number of its items, None while that is not known.

        Gives what is to be told how many are done. ``groups`` is the number of groups of candidates, where there are
        any.
        """
        ...


def group(
    folder: RunFolder,
    features: FeatureColumns,
    config: RunConfig,
    executor: Executor,
    stage: Stages,
    verifier: Verifier,
    admit: Callable[[int, int], None] = lambda _pairs, _connected: None,
) -> tuple[Counts, Verification]:
    """Find the duplicates among images that are described, and write the result.

    What the folder holds already, and was made from the same features and options, is not made again.

    Parameters
    ----------
    folder
        The run folder, locked. ``pairs/``, ``groups.parquet`` and ``groups.csv`` are written to it.
    features
        The committed features, in parts of any number of rows.
    config
        Options of the stages.
    executor
        Runs what can be done side by side.
    stage
        Told when stages begin, how far they are, and when they end.
    verifier
        Verifies the pairs that groups need; called on this thread only.
    admit
        Told how many pairs are left for stage 4, and how many of them are worked on together; may raise.

    Returns
    -------
    What was found, and what stage 4 leaves.

    Raises
    ------
    OSError, pyarrow.ArrowException
        A file of the folder cannot be read or written.
    """
    known = proposals.identities(features)
    with stage("wavelet", "Stage 1: Wavelet codes", features.count) as done:
        prints = proposals.propose(folder, features, known, config, executor, done)
    return_freed_memory()
    with stage("color", "Stage 2: Color", None, candidate_groups(folder, "color")) as done:
        prints = refine_by_color(folder, features, prints, config, executor, done)
    with stage("global", "Stage 3: Global refinement", None, candidate_groups(folder, "global")) as done:
        prints = refine_by_descriptor(folder, features, prints, config, executor, done)
    return_freed_memory()
    first = known.first
    del known
    rank = _rank(features, config)
    with stage("local", "Stage 4: Local features", None) as done:
        verification = verify(folder, features, prints, class_rank(first, rank), config, verifier, done, admit)
    return_freed_memory()
    drop_library_pages()
    with stage("quality", "Stage 5: Quality and groups", features.count) as done:
        assignment = assign(first, verification.keeper, rank)
        made = verification.made[first]
        counts = write_results(folder, features, first, assignment, made, config, verification.fingerprint, done)
    return_freed_memory()
    return counts, verification


def _rank(features: FeatureColumns, config: RunConfig) -> NDArray[np.int32]:
    """Rank all images by quality."""
    score = np.empty(features.count, np.float32)
    pixels, size = np.zeros(features.count, np.int64), np.zeros(features.count, np.int64)
    for start, part in features.read([*COLUMNS, "error_kind", "size"]):
        rows = slice(start, start + len(part))
        score[rows] = quality.measure(part, config.quality)[1]
        width, height = (np.nan_to_num(part[c].to_numpy().astype(np.float64)) for c in ("width", "height"))
        pixels[rows] = (width * height).astype(np.int64)
        size[rows] = part["size"].to_numpy()
    return quality.rank_of(score, pixels, size)
