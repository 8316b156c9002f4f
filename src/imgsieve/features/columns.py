"""Sums of runs of pixels along a line, red, green and blue in one instruction.

Numba's compiler makes vectors of loops over many numbers, not of the three channels of a pixel, so the loop is written
here in the compiler's own terms. It is the innermost one of the whole extraction: 25,600 runs a picture.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic

__all__ = ["PADDING", "sum_columns"]

PADDING = 1
"""Numbers that are read, and written, beyond the end of a line: the fourth number of its last pixel."""

cgutils: Any = _cgutils
"""Without types, as are all values that it makes."""

_WORD = ir.IntType(64)
_FOUR = ir.VectorType(ir.FloatType(), 4)
_UNDEFINED = ir.Constant(_FOUR, ir.Undefined)
_FIRST_LANE = ir.Constant(ir.VectorType(ir.IntType(32), 4), [0, 0, 0, 0])
_FAST = ("fast",)


def _sum_columns(_typing: Any, line: Any, places: Any, shares: Any, scale: Any, out: Any) -> Any:
    """Add up the pixels of each run of one line, times ``scale``.

    Nothing is checked. One number beyond the pixels is read of ``line``, and one is written to ``out``; see `PADDING`.

    Parameters
    ----------
    line
        Shape (w * 3 + 1,), float32.
    places, shares
        Shape (n, 2), uint64 and float32: the first and the last pixel of each run, and which share of each counts.
    scale
        Factor, float32.
    out
        Shape (n * 3 + 1,), float32: sums of red, green and blue, in turn.
    """
    signature = types.void(line, places, shares, scale, out)
    return signature, _generate


sum_columns: Any = intrinsic(_sum_columns)
"""See `_sum_columns`; the first argument is the compiler's."""


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Generate the loop over the runs."""
    kinds = signature.args
    line, places, shares, out = (_data(context, builder, kinds[k], arguments[k]) for k in (0, 1, 2, 4))
    runs = cgutils.unpack_tuple(builder, _array(context, builder, kinds[1], arguments[1]).shape)[0]
    scale = _splat(builder, arguments[3])
    total = cgutils.alloca_once(builder, _FOUR)
    with cgutils.for_range(builder, runs) as loop:
        first = builder.mul(loop.index, _word(2))
        second = builder.add(first, _word(1))
        begin, end = (builder.mul(_item(builder, places, at), _word(3)) for at in (first, second))
        head = builder.fmul(_splat(builder, _item(builder, shares, first)), _pixel(builder, line, begin))
        tail = builder.fmul(_splat(builder, _item(builder, shares, second)), _pixel(builder, line, end))
        builder.store(builder.fadd(head, tail, flags=_FAST), total)
        inner = builder.add(begin, _word(3))
        with cgutils.for_range_slice(builder, inner, end, _word(3), intp=_WORD) as (at, _):
            builder.store(builder.fadd(builder.load(total), _pixel(builder, line, at), flags=_FAST), total)
        target = builder.gep(out, [builder.mul(loop.index, _word(3))])
        sums = builder.fmul(builder.load(total), scale)
        builder.store(sums, builder.bitcast(target, _FOUR.as_pointer()), align=4)
    return context.get_dummy_value()


def _word(value: int) -> Any:
    return ir.Constant(_WORD, value)


def _array(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return cgutils.create_struct_proxy(kind)(context, builder, value=value)


def _data(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return _array(context, builder, kind, value).data


def _item(builder: Any, data: Any, at: Any) -> Any:
    return builder.load(builder.gep(data, [at]))


def _pixel(builder: Any, data: Any, at: Any) -> Any:
    """Load four numbers from any place."""
    return builder.load(builder.bitcast(builder.gep(data, [at]), _FOUR.as_pointer()), align=4)


def _splat(builder: Any, number: Any) -> Any:
    """Repeat a number four times."""
    lane = builder.insert_element(_UNDEFINED, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(lane, _UNDEFINED, _FIRST_LANE)
