"""Compiled loops are loaded without the compiler's own modules, which are there when something is to be compiled."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq

from imgsieve.demo import encode, render_scene

_LOAD = """
import sys
from imgsieve.runs.warming import warm_up
warm_up()
print(*(name in sys.modules for name in ("scipy.linalg", "numba.misc.cffiimpl")))
from numba import njit
@njit
def most(values):
    return values.max()
import numpy as np
print(most(np.arange(5)))
import scipy.linalg.cython_blas
"""


def test_what_only_the_compiler_needs_is_not_loaded_and_not_lost():
    for _ in range(2):  # the first one may have to compile
        done = subprocess.run([sys.executable, "-c", _LOAD], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "4"]


_RUN = """
import sys
from imgsieve.config import RunConfig, VotingConfig
from imgsieve.runs import run
from imgsieve.runs.loops import compiling_refused
from imgsieve.runs.warming import warm_up
warm_up()
with compiling_refused():
    run([sys.argv[1]], sys.argv[2], RunConfig(voting=VotingConfig(turned=True)))
print("done")
"""


def test_a_run_compiles_nothing_that_was_not_warmed(tmp_path):
    scene = render_scene(np.random.default_rng(3), 480, 360, kind="town")
    strip = np.ascontiguousarray(scene[100:140])
    pictures = {"a": scene, "crop": scene[60:, 90:], "turned": np.rot90(scene), "strip": strip, "other": scene[::-1]}
    (tmp_path / "in").mkdir()
    for name, pixels in pictures.items():
        (tmp_path / "in" / f"{name}.jpg").write_bytes(encode(np.ascontiguousarray(pixels), "jpg"))
    command = [sys.executable, "-c", _RUN, str(tmp_path / "in"), str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["done"], done.stderr
    assert pq.read_table(tmp_path / "out" / "pairs" / "wavelet.parquet")["votes"].to_numpy().max() > 0


_BUILD_IN = """
import numpy as np
from numba import njit
from imgsieve.features.structure import fine_energy
from imgsieve.runs.warming import warm_up
warm_up()
luma = np.arange(4096, dtype=np.uint8).reshape(64, 64)
loaded = next(iter(fine_energy.overloads.values())).library
print(loaded._shared_module is None)
@njit
def twice(values):
    return 2 * fine_energy(values)
print(twice(luma) == 2 * fine_energy(luma))
"""


def test_the_code_of_a_loaded_loop_goes_and_is_back_when_another_loop_needs_it():
    for _ in range(2):  # the first one may have to compile
        done = subprocess.run([sys.executable, "-c", _BUILD_IN], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["True", "True"], done.stderr
