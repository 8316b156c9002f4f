"""Compiled loops are loaded without their compiler, and without what only it would read of them.

Its modules take most of the time of loading; they and what it would read take most of the memory.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from llvmlite.binding import parse_bitcode
from numba.core import event
from numba.core.registry import cpu_target
from numba.core.runtime.nrt import rtsys

__all__ = ["NotCompiledError", "compiling_refused", "quickly", "without_compiler"]

Result = TypeVar("Result")

_MULTIPLIES_MATRICES = "scipy.linalg.cython_blas"


class NotCompiledError(Exception):
    """A loop is not in the cache."""


class _Refusal(event.Listener):
    """Ends a call that would compile."""

    def on_start(self, _: Any) -> None:
        raise NotCompiledError

    def on_end(self, _: Any) -> None:
        """Nothing ends that was not let begin."""


def quickly(work: Callable[[], Result]) -> Result:
    """Return what ``work`` returns, loading compiled loops without the compiler as `imgsieve.runs.warming` does.

    For the first work of a process with one thing to do, which must be such that it can be begun anew: where a loop is
    not compiled yet, it is.
    """
    try:
        with compiling_refused(), without_compiler():
            return work()
    except NotCompiledError:
        return work()


@contextmanager
def compiling_refused() -> Iterator[None]:
    """Raise `NotCompiledError` from calls of loops that are not in the cache."""
    refusal = _Refusal()
    event.register("numba:compile", refusal)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        event.unregister("numba:compile", refusal)  # type: ignore[no-untyped-call]


@contextmanager
def without_compiler() -> Iterator[None]:
    """Load loops from the cache without what only compiling needs.

    Before Numba loads a loop, it brings its knowledge of all functions up to date, for which it imports hundreds of
    modules; of all that, a loop that is compiled already needs the run-time system alone. And it looks whether SciPy
    is there to multiply matrices in loops, which none does. That is most of the time of loading, and some 40 MB. The
    compiler asks for the first by itself, should it be needed later.
    """
    context = cpu_target.target_context
    if not hasattr(context, "refresh"):
        # A Numba that is made otherwise loads its loops as it likes, which only takes longer.
        yield
        return
    vars(context)["refresh"] = lambda: rtsys.initialize(context)
    codegen = context.codegen()
    read = codegen.unserialize_library
    vars(codegen)["unserialize_library"] = lambda stored: _unread(read(stored), stored)
    unknown = _MULTIPLIES_MATRICES not in sys.modules
    if unknown:
        sys.modules[_MULTIPLIES_MATRICES] = None  # type: ignore[assignment]  # so an import says that there is none
    try:
        yield
    finally:
        del vars(context)["refresh"], vars(codegen)["unserialize_library"]
        if unknown:
            del sys.modules[_MULTIPLIES_MATRICES]


def _unread(library: Any, stored: Any) -> Any:
    """Return a loaded loop after letting go of its intermediate code, which is there to be built into other loops.

    A loop runs from its machine code; the other, once read, is five times as large as it was in the cache, some 30 MB
    in all. It is kept as it was there, and read when a loop that calls this one is compiled after all.

    Parameters
    ----------
    library
        Numba's record of the loop.
    stored
        What the cache had of it: name, kind, and for machine code the pair of that and of the intermediate code.
    """
    _, kind, code = stored
    if kind == "object" and getattr(library, "_shared_module", None) is not None:
        _, intermediate = code

        def module() -> Any:
            del vars(library)["_get_module_for_linking"]
            library._shared_module = parse_bitcode(intermediate)
            return library._get_module_for_linking()

        library._shared_module.close()
        library._shared_module = None
        vars(library)["_get_module_for_linking"] = module
    return library
