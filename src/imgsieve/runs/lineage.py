"""Who is the source in a group, by all that is known of its pairs.

One verdict on which of two copies was made from the other may err; a whole group hardly does. The picture that is
kept is the one of which most others were made. Where a center's own pairs leave that open, a few of its star are
compared with all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgsieve.search.groups import pair_keys

__all__ = ["Told", "balance", "rivals"]

_RIVALS = 4
"""Images of a star that are compared with all others of it, when its source is in doubt: so the work stays linear."""

_SURE = 2
"""Weight of a verdict that leaves no doubt; see `imgsieve.features.provenance.weight_of`."""

Images = NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Told:
    """Pairs of which one is known to be made from the other; all arrays have the shape (n,)."""

    copies: NDArray[np.int64]
    sources: NDArray[np.int64]
    weights: NDArray[np.int64]
    """How much each says; see `imgsieve.features.provenance.weight_of`."""


def balance(images: Images, told: Told) -> NDArray[np.int64]:
    """Return by what weight each image was made from others, less that by which others were made from it.

    Parameters
    ----------
    images
        Shape (k,), ascending; others do not count.
    """
    return _weights(images, told.copies, told.weights) - _weights(images, told.sources, told.weights)


def rivals(
    duplicates: Images, keepers: Images, images: Images, order: Images, told: Told
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the pairs by which the sources of stars are found, where that is in doubt.

    There is none when all of a star are surely made from its center, and the center from nothing. Elsewhere the
    best images of the star meet all of it.

    Parameters
    ----------
    duplicates, keepers
        Shape (m,): the images of stars but their centers, and the center of each.
    images
        Shape (k,), ascending: all images of which the stars were formed.
    order
        Shape (k,): the lower, the better.

    Returns
    -------
    Heads and tails, each pair once, those of one head next to each other.
    """
    centers, star, sizes = np.unique(keepers, return_inverse=True, return_counts=True)
    sure = told.weights >= _SURE
    known = np.isin(_directed(duplicates, keepers), _directed(told.copies[sure], told.sources[sure]))
    doubtful = np.isin(centers, told.copies) | (np.bincount(star[known], minlength=len(centers)) < sizes)
    doubtful &= sizes > 1
    chosen = doubtful[star]
    members = np.concatenate([centers[doubtful], duplicates[chosen]])
    of = np.concatenate([np.nonzero(doubtful)[0], star[chosen]])
    by_star = np.lexsort((order[np.searchsorted(images, members)], of))
    members, sizes = members[by_star], sizes[doubtful] + 1
    starts = np.cumsum(sizes) - sizes
    heads = [np.repeat(members[(starts + nth)[sizes > nth]], sizes[sizes > nth]) for nth in range(_RIVALS)]
    tails = [members[np.repeat(sizes > nth, sizes)] for nth in range(_RIVALS)]
    return _each_once(np.concatenate(heads), np.concatenate(tails))


def _each_once(heads: Images, tails: Images) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Leave out pairs of an image with itself, and those that were there before with head and tail exchanged."""
    there = heads != tails
    heads, tails = heads[there], tails[there]
    _, first = np.unique(pair_keys(heads, tails), return_index=True)
    first = first[np.argsort(heads[first], kind="stable")]
    return heads[first].astype(np.int32), tails[first].astype(np.int32)


def _weights(images: Images, named: Images, weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return by what weight each of some images is named."""
    at = np.searchsorted(images, named)
    there = at < len(images)
    there[there] = images[at[there]] == named[there]
    return np.bincount(at[there], weights[there], minlength=len(images)).astype(np.int64)


def _directed(copies: Images, sources: Images) -> NDArray[np.int64]:
    """Return one number for each ordered pair of images."""
    return np.asarray((copies.astype(np.int64) << 32) | sources.astype(np.int64))
