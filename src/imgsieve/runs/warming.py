"""Loads or compiles the inner loops before memory is measured and threads start.

Compiled code is kept beside the package (or in the user's cache folder), so only the first run on a machine compiles.
It does so in a process of its own: the compiler takes several times the memory of the loops and never gives it back.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from imgsieve.config import ColorConfig, GlobalConfig, LocalConfig
from imgsieve.features.describing import describe
from imgsieve.features.local_codes import turned
from imgsieve.features.orientation import ANY_ORIENTATION
from imgsieve.features.recoloring import recoloring
from imgsieve.features.regions import WHOLE
from imgsieve.features.structure import block_figures, fine_energy, mean_and_deviation, tone_sums
from imgsieve.memory import drop_library_pages, return_freed_memory
from imgsieve.runs.loops import NotCompiledError, compiling_refused, without_compiler
from imgsieve.search.byte_cells import DIMENSIONS, centers_of, merge_nearest, nearest_centers
from imgsieve.search.components import Components
from imgsieve.search.crowds import thin
from imgsieve.search.groups import form_stars
from imgsieve.search.hamming import self_join
from imgsieve.search.nearest import Nearest
from imgsieve.search.neighborhoods import LOCAL_RECORD, draw_key, key_bytes_table, matches_of
from imgsieve.search.tables import search, tables_for
from imgsieve.stages import color, local, refinement
from imgsieve.stages.matching import Corners
from imgsieve.stages.views import view_of
from imgsieve.stages.votes import count_votes

__all__ = ["run_first_loops", "run_loops", "warm_up"]

_CHILDREN = tuple(f"from imgsieve.runs.warming import {name}; {name}()" for name in ("run_first_loops", "run_loops"))
"""What compiles, one after another: each takes less memory than both at once."""

_LOADED = threading.Event()
"""Whether this process has the loops; further runs of it save more than half of the time of getting ready."""

_CROWD = 2100
"""Codes that are enough to be a crowd."""


def warm_up() -> None:
    """Load every compiled loop; those that are not in the cache are compiled by another process first."""
    if not _LOADED.is_set():
        _load()
        _LOADED.set()
    # What only loading needed goes; what the loops themselves need comes back, and counts as taken.
    return_freed_memory()
    drop_library_pages()
    run_loops()


def _load() -> None:
    """Load the loops, which takes most of the memory of a small run."""
    drop_library_pages()
    try:
        _load_from_cache()
    except NotCompiledError:
        _compile_elsewhere()
        try:
            _load_from_cache()
        except NotCompiledError:
            # Where the cache cannot be written, this process compiles; the plan of memory will tell.
            run_loops()


def _load_from_cache() -> None:
    """Load the loops without the compiler.

    Raises
    ------
    NotCompiledError
        One of them is not in the cache.
    """
    with compiling_refused(), without_compiler():
        # The first loop brings the compiler along, which most of the time is the peak of the whole process.
        run_first_loops()
        drop_library_pages()
        run_loops()


def _compile_elsewhere() -> None:
    """Fill the cache of compiled loops."""
    if sys.executable:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        for child in _CHILDREN:
            subprocess.run([sys.executable, "-c", child], env=environment, check=False, capture_output=True)


def run_first_loops() -> None:
    """Run the loops that describe a picture."""
    describe(np.zeros((64, 64, 3), np.uint8), thumbnail=False)


def run_loops() -> None:
    """Run every compiled loop once on a small made picture, and write and read a table."""
    y, x = np.mgrid[0:200, 0:200]
    gray = ((x * 7 + y * 13 + (x // 20 + y // 20) % 2 * 90) % 256).astype(np.uint8)
    pixels = np.ascontiguousarray(np.dstack([gray, gray[::-1], gray[:, ::-1]]))
    view, other = view_of(pixels, LocalConfig()), view_of(pixels[:150, :150], LocalConfig())
    for orientation in (0, ANY_ORIENTATION):  # at a glance; and on, where no hint says where to look
        local.compare(view, other, orientation, regions=(WHOLE, WHOLE), config=LocalConfig())
    recoloring(pixels, pixels[::-1], np.ones(gray.shape, bool))
    _warm_provenance(gray)
    found = describe(pixels, thumbnail=True)
    _search(found.wavelet_codes)
    pairs = pa.table(
        {
            name: pa.array([value], kind)
            for name, value, kind in (
                ("a", 0, pa.int64()),
                ("b", 1, pa.int64()),
                ("orientation", 0, pa.int8()),
                ("region", -1, pa.int8()),
                ("votes", 0, pa.int8()),
                ("stands_out", False, pa.bool_()),
                ("distance_bits", 0, pa.int16()),
            )
        }
    )
    signature, trimmed = found.color_signature[None], found.trimmed[None]
    written = pa.BufferOutputStream()
    pq.write_table(pairs, written, compression="zstd")
    pq.read_table(pa.BufferReader(written.getvalue()), use_threads=False)
    color.match(pairs, (signature, signature), (trimmed, trimmed), ColorConfig())
    corners = Corners(found.local_codes[None], found.local_places[None])
    sketches = refinement.Sketches(corners, found.layout[None], found.true_size[None], trimmed)
    refinement.match(pairs, sketches, sketches, GlobalConfig())
    turned(found.local_codes, found.local_places, 1)
    _warm_votes(found.local_codes)
    _warm_descriptors()
    _warm_groups()


def _warm_provenance(luma: NDArray[np.uint8]) -> None:
    """Run the loops that tell which of two copies was made from the other."""
    fine_energy(luma)
    mean_and_deviation(luma)
    block_figures(luma, luma)
    tone_sums(luma, luma)


def _warm_descriptors() -> None:
    """Run the loops that find near descriptors."""
    vectors, ids = np.eye(4, DIMENSIONS, dtype=np.int8), np.arange(4, dtype=np.int32)
    nearest_centers(vectors, centers_of(vectors, 2), 1)
    near, products = np.full((4, 2), -1, np.int32), np.zeros((4, 2), np.int32)
    merge_nearest(np.arange(4), vectors, ids, vectors, ids, near, products)


def _search(codes: NDArray[np.uint8]) -> None:
    """Run the loops that search codes of shape (k, 32), with a crowd among them."""
    crowd = np.repeat(codes[:1], _CROWD, axis=0)
    crowd[:, :2] = np.arange(_CROWD, dtype=np.uint16)[:, None].view(np.uint8)
    thin(crowd, np.zeros(len(crowd), np.float32), 16)
    self_join(codes, 0, lambda _: None)
    # Codes that many processes share may not be written; loops are compiled for these as well.
    shared = codes.view()
    shared.flags.writeable = False
    self_join(shared, 0, lambda _: None)
    nearest = Nearest(1, 1, 256)
    search(codes[:, None], np.zeros(1, np.int32), codes, tables_for(len(codes), 1, 0), nearest)


def _warm_votes(codes: NDArray[np.uint8]) -> None:
    """Run the loops that find matches of local codes and count votes."""
    records = np.zeros(len(codes), LOCAL_RECORD)
    records["code"], records["image"] = codes.view(np.uint64), np.arange(len(codes))
    found = matches_of(records, key_bytes_table(draw_key(0)), 4, 1, 128)
    count_votes(np.ascontiguousarray(found["places"]), np.array([0, len(found)]))


def _warm_groups() -> None:
    """Form a star of three, of which one inherits a proposal."""
    a, b = np.array([0, 1], np.int32), np.array([1, 2], np.int32)
    components = Components(3)
    components.join(a, b)
    components.batches(1)
    form_stars(np.arange(3, dtype=np.int32), a, b, lambda heads, _tails, _origins: heads >= 0)
