"""Sums of runs of pixels along lines: red, green and blue in one instruction, and several lines in one go.

Numba's compiler makes vectors of loops over many numbers, not of the three channels of a pixel, so the loop is written
here in the compiler's own terms. It is the innermost one of the whole extraction: 25,600 runs a picture. Where a run
begins and ends, and what its ends count, is the same in all lines, so it is read once for `LINES` of them.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic

__all__ = ["LINES", "PADDING", "sum_columns"]

LINES = 5
"""Lines that are worked on together."""

PADDING = 1
"""Numbers that are read, and written, beyond the end of a line: the fourth number of its last pixel."""

cgutils: Any = _cgutils
"""Without types, as are all values that it makes."""

_WORD = ir.IntType(64)
_FOUR = ir.VectorType(ir.FloatType(), 4)
_UNDEFINED = ir.Constant(_FOUR, ir.Undefined)
_FIRST_LANE = ir.Constant(ir.VectorType(ir.IntType(32), 4), [0, 0, 0, 0])
_FAST = ("fast",)


def _sum_columns(_typing: Any, lines: Any, places: Any, shares: Any, scale: Any, out: Any) -> Any:
    """Add up the pixels of each run of five lines, times ``scale``.

    Nothing is checked. One number beyond the pixels is read of each line, and one is written to each line of ``out``;
    see `PADDING`.

    Parameters
    ----------
    lines
        Shape (5, at least w * 3 + 1), float32.
    places, shares
        Shape (n, 2), uint64 and float32: the first and the last pixel of each run, and which share of each counts.
    scale
        Factor, float32.
    out
        Shape (5, at least n * 3 + 1), float32: sums of red, green and blue, in turn.
    """
    signature = types.void(lines, places, shares, scale, out)
    return signature, _generate


sum_columns: Any = intrinsic(_sum_columns)
"""See `_sum_columns`; the first argument is the compiler's."""


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Generate the loop over the runs."""
    arrays = [_array(context, builder, signature.args[k], arguments[k]) for k in (0, 1, 2, 4)]
    lines, out = _lines(builder, arrays[0]), _lines(builder, arrays[3])
    places, shares = arrays[1].data, arrays[2].data
    runs = cgutils.unpack_tuple(builder, arrays[1].shape)[0]
    scale = _splat(builder, arguments[3])
    totals = [cgutils.alloca_once(builder, _FOUR) for _ in range(LINES)]
    with cgutils.for_range(builder, runs) as loop:
        first = builder.mul(loop.index, _word(2))
        second = builder.add(first, _word(1))
        begin, end = (builder.mul(_item(builder, places, at), _word(3)) for at in (first, second))
        share, end_share = (_splat(builder, _item(builder, shares, at)) for at in (first, second))
        for line, total in zip(lines, totals, strict=True):
            head = builder.fmul(share, _pixel(builder, line, begin))
            tail = builder.fmul(end_share, _pixel(builder, line, end))
            builder.store(builder.fadd(head, tail, flags=_FAST), total)
        inner = builder.add(begin, _word(3))
        with cgutils.for_range_slice(builder, inner, end, _word(3), intp=_WORD) as (at, _):
            for line, total in zip(lines, totals, strict=True):
                builder.store(builder.fadd(builder.load(total), _pixel(builder, line, at), flags=_FAST), total)
        place = builder.mul(loop.index, _word(3))
        for line, total in zip(out, totals, strict=True):
            target = builder.bitcast(builder.gep(line, [place]), _FOUR.as_pointer())
            builder.store(builder.fmul(builder.load(total), scale), target, align=4)
    return context.get_dummy_value()


def _word(value: int) -> Any:
    return ir.Constant(_WORD, value)


def _array(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return cgutils.create_struct_proxy(kind)(context, builder, value=value)


def _lines(builder: Any, array: Any) -> list[Any]:
    """Return where each line of an array begins."""
    length = cgutils.unpack_tuple(builder, array.shape)[1]
    return [builder.gep(array.data, [builder.mul(length, _word(k))]) for k in range(LINES)]


def _item(builder: Any, data: Any, at: Any) -> Any:
    return builder.load(builder.gep(data, [at]))


def _pixel(builder: Any, data: Any, at: Any) -> Any:
    """Load four numbers from any place."""
    return builder.load(builder.bitcast(builder.gep(data, [at]), _FOUR.as_pointer()), align=4)


def _splat(builder: Any, number: Any) -> Any:
    """Repeat a number four times."""
    lane = builder.insert_element(_UNDEFINED, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(lane, _UNDEFINED, _FIRST_LANE)
