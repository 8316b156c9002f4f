"""Stage 1, descriptors: the nearest of each picture, which of them are proposed, and which stand out.

A cosine alone says little where all pictures look alike, and much where none do. A picture that is far nearer than the
tenth nearest is likely a copy however worn it is; subtracting what many strangers reach from a similarity is known as
score normalization (Pizzi et al. 2022, doi:10.1109/CVPR52688.2022.01413).
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from imgsieve.config import GlobalConfig
from imgsieve.features.descriptor import least_product
from imgsieve.search.byte_cells import merge_nearest

__all__ = ["Neighbors"]

_NOBODY = -1

_AROUND = 2
"""Times as many neighbors as are proposed are looked at: groups of copies are rarely larger."""


class Neighbors:
    """The nearest pictures of some, by their descriptors.

    Parameters
    ----------
    descriptors
        Shape (n, 128), int8, of those that ask.
    images
        Shape (n,), int32: which they are. None is its own neighbor.
    config
        How many are wanted, and how near.
    spare
        How many more are kept, as so many may not count in the end.
    """

    def __init__(
        self, descriptors: NDArray[np.int8], images: NDArray[np.int32], config: GlobalConfig, spare: int = 0
    ) -> None:
        self._descriptors, self._images = np.ascontiguousarray(descriptors), np.ascontiguousarray(images)
        self._config = config
        # What is farther away than this lets even the least similar proposal stand out.
        floor = max(0.0, config.propose_similarity - config.sure_margin)
        self._ids = np.full((len(images), _AROUND * config.propose_neighbors + spare), _NOBODY, np.int32)
        self._products = np.full(self._ids.shape, least_product(floor), np.int32)

    def meet(self, asking: NDArray[np.int64], descriptors: NDArray[np.int8], images: NDArray[np.int32]) -> None:
        """Compare the pictures of some rows with others, of shapes (m, 128) and (m,)."""
        others = np.ascontiguousarray(descriptors), np.ascontiguousarray(images)
        merge_nearest(asking, self._descriptors, self._images, *others, self._ids, self._products)

    def proposed(self, without: Collection[int] = ()) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_]]:
        """Return who asked, who is near, and whether that one stands out: each of shape (k,).

        Parameters
        ----------
        without
            Images that do not count; at most as many as were spared room for.
        """
        wanted = self._config.propose_neighbors
        passed_over = np.isin(self._ids, list(without))
        order = np.argsort(passed_over, axis=1, kind="stable")[:, : _AROUND * wanted]
        ids = np.take_along_axis(self._ids, order, axis=1)
        products = np.take_along_axis(self._products, order, axis=1)
        near = products >= least_product(self._config.propose_similarity)
        near &= (ids != _NOBODY) & ~np.take_along_axis(passed_over, order, axis=1)
        rows, places = np.nonzero(near[:, :wanted])
        stands_out = products[rows, places] - products[rows, -1] >= least_product(self._config.sure_margin)
        return self._images[rows], ids[rows, places], stands_out
