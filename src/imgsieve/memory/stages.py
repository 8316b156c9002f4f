"""What each stage is expected to hold, by the number of images and of pairs.

Stages come one after another and let go of what they held, so a run needs the largest of these and not their sum. The
constants were measured as growth of resident memory: `benchmarks/extraction_memory.py` and `benchmarks/scale.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["expected_pixel_bytes", "extraction_bytes", "grouping_bytes", "search_bytes"]

MIB = 1024**2

EXTRACTION_BYTES = 12 * MIB
"""The extraction's writer of a part with its compression, and a part of the manifest of 16,384 rows;"""

EXTRACTION_ROW_BYTES, EXTRACTION_ROWS = 10 * 1024, 2048
"""and rows with their thumbnails, two shards of 1,024 under way at most."""

EXTRACTION_IMAGE_BYTES = 1
"""Names and fingerprints of the parts: some 300 bytes for each 1,024 images."""

SEARCH_BYTES = 40 * MIB
"""Blocks of codes that ask, records on their way to the disk, tables of pairs that are written."""

SEARCH_IMAGE_BYTES = 112
"""The code that is searched and the order of its keys, a share of a block of codes that ask, classes of equals."""

VOTING_IMAGE_BYTES = 24
"""While corners vote and pairs are judged: who takes part, classes of equals."""

VOTING_WORKER_BYTES = 32 * MIB
"""A thread's range of local codes with those that wait for it, its matches, or a batch of pairs with their corners;"""

VOTING_WORKER_PICTURE_BYTES = 16 * 1024
"""and that of few pictures: corners, matches and what sorting them takes, for each."""

GROUPING_BYTES = 12 * MIB
"""Readers and writers of the tables of pairs and groups;"""

GROUPING_BATCH_BYTES, GROUPING_BATCH_IMAGES = 4 * 1024, 3072
"""and batches of their rows, which few images do not fill."""

GROUPING_IMAGE_BYTES = 100
"""Ranks, keepers, classes of equal images."""

PAIR_BYTES = 10
"""A pair that stage 3 leaves undecided: its verdict."""

CONNECTED_PAIR_BYTES = 96
"""A pair of those that must be worked on together; see `imgsieve.search.groups`."""

_PIXEL_BYTES_A_BYTE, _PIXEL_BYTES_A_LARGE_BYTE = 12, 3
"""Decoded bytes for a byte of a file: a JPEG of two bits a pixel, and a picture stored without loss."""

_REDUCED_PIXEL_BYTES = 12 * MIB
"""A large JPEG is decoded at a smaller scale: four million pixels at most, seldom more than two."""

_LEAST_PIXEL_BYTES = 256 * 1024
"""A small picture: its pixels, and rows that the codec works on."""


def extraction_bytes(images: int) -> int:
    """Return what the extraction pass holds beside pictures and workers."""
    rows = min(images, EXTRACTION_ROWS) * EXTRACTION_ROW_BYTES
    return EXTRACTION_BYTES + rows + images * EXTRACTION_IMAGE_BYTES


def search_bytes(images: int, workers: int) -> int:
    """Return what stages 1 to 3 hold: searching codes, then comparing corners and judging pairs, range by range."""
    working = workers * min(VOTING_WORKER_BYTES, images * VOTING_WORKER_PICTURE_BYTES)
    return SEARCH_BYTES + max(images * SEARCH_IMAGE_BYTES, images * VOTING_IMAGE_BYTES + working)


def grouping_bytes(images: int, pairs: int = 0, connected: int = 0) -> int:
    """Return what stages 4 and 5 hold beside pictures and workers.

    Parameters
    ----------
    pairs
        Pairs that stage 3 leaves undecided; 0 while that is not known.
    connected
        Pairs that are worked on together.
    """
    together = pairs * PAIR_BYTES + connected * CONNECTED_PAIR_BYTES
    batches = min(images, GROUPING_BATCH_IMAGES) * GROUPING_BATCH_BYTES
    return GROUPING_BYTES + batches + images * GROUPING_IMAGE_BYTES + together


def expected_pixel_bytes(files: Sequence[int]) -> int:
    """Return how many bytes the pixels of files are expected to take.

    A picture may take more: the gate admits by its header, and keeps the budget whatever was expected here.

    Parameters
    ----------
    files
        Sizes in bytes of the files that may be decoded at one time.
    """
    return sum(map(_expected, files))


def _expected(size: int) -> int:
    """Return the expected bytes of the pixels of one file."""
    reduced = size * _PIXEL_BYTES_A_LARGE_BYTE + _REDUCED_PIXEL_BYTES
    return max(_LEAST_PIXEL_BYTES, min(size * _PIXEL_BYTES_A_BYTE, reduced))
