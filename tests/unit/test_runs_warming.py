"""Compiled loops are loaded without the compiler's own modules, which are there when something is to be compiled."""

from __future__ import annotations

import subprocess
import sys

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
