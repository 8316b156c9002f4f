"""The longest waves of eight blocks of 8 x 8 pixels at a time, in the processor's registers.

The blocks' pixels are transformed along columns, a block in one register, then turned so that each register holds one
column of all eight blocks, and transformed along rows. Numba's compiler would do this number by number, so the steps
are written here in the compiler's own terms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils as _cgutils
from numba.extending import intrinsic

__all__ = ["BLOCK", "WAVES", "fill_bins"]

BLOCK = 8
"""Pixels a side of a block, and blocks that are worked on together."""

WAVES = 5
"""Waves (0, 1), (0, 2), (1, 0), (1, 1) and (2, 0), by row and column."""

cgutils: Any = _cgutils
"""Without types, as are all values that it makes."""

_INDEX = ir.IntType(64)
_EIGHT = ir.VectorType(ir.FloatType(), BLOCK)
_EIGHT_WHOLE = ir.VectorType(ir.IntType(32), BLOCK)
_FAST = ("fast",)
_C1, _C2, _C3, _C5, _C6, _C7 = (float(np.float32(0.5 * np.cos(k * np.pi / 16))) for k in (1, 2, 3, 5, 6, 7))
_C0 = float(np.float32(np.sqrt(1 / 8)))


class _Lanes:
    """Eight numbers in one register, with the signs of arithmetic."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    def __add__(self, other: _Lanes) -> _Lanes:
        return _Lanes(self.builder, self.builder.fadd(self.value, other.value, flags=_FAST))

    def __sub__(self, other: _Lanes) -> _Lanes:
        return _Lanes(self.builder, self.builder.fsub(self.value, other.value, flags=_FAST))

    def __rmul__(self, factor: float) -> _Lanes:
        return _Lanes(self.builder, self.builder.fmul(self.value, _constant(factor), flags=_FAST))


def _fill_bins(_typing: Any, pixels: Any, _first: Any, _width: Any, bins: Any, _most: Any) -> Any:
    """Write in which bins the waves of eight blocks in a row fall. Nothing is checked.

    Parameters
    ----------
    pixels
        Shape (n,), float32: luma.
    _first, _width
        Place of the upper left pixel, and how far lines are behind each other.
    bins
        Shape (40,), int32: for each wave, those of the blocks; four bins for a unit of magnitude, rounded.
    _most
        The last bin, float32; larger magnitudes gather there.
    """
    return types.void(pixels, types.int64, types.int64, bins, types.float32), _generate


fill_bins: Any = intrinsic(_fill_bins)
"""See `_fill_bins`; the first argument is the compiler's."""


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Generate the steps, without a loop."""
    pixels, bins = (
        cgutils.create_struct_proxy(signature.args[k])(context, builder, value=arguments[k]).data for k in (0, 3)
    )
    _, first, width, _, most = arguments
    heads = [builder.add(first, builder.mul(width, ir.Constant(_INDEX, row))) for row in range(BLOCK)]
    waves = [_down([_load(builder, pixels, head, BLOCK * block) for head in heads]) for block in range(BLOCK)]
    even, odd, bent = (_turned([wave[k] for wave in waves]) for k in range(3))
    last = _splat(builder, most)
    for k, wave in enumerate((_first(even), _second(even), _C0 * _sum(odd), _first(odd), _C0 * _sum(bent))):
        target = builder.bitcast(builder.gep(bins, [ir.Constant(_INDEX, BLOCK * k)]), _EIGHT_WHOLE.as_pointer())
        builder.store(_bins(wave, last), target, align=4)
    return context.get_dummy_value()


def _load(builder: Any, data: Any, head: Any, behind: int) -> _Lanes:
    place = builder.gep(data, [builder.add(head, ir.Constant(_INDEX, behind))])
    return _Lanes(builder, builder.load(builder.bitcast(place, _EIGHT.as_pointer()), align=4))


def _down(lines: list[_Lanes]) -> tuple[_Lanes, _Lanes, _Lanes]:
    """Return the three longest waves of the 8-point DCT of eight columns."""
    return _C0 * _sum(lines), _first(lines), _second(lines)


def _sum(a: list[_Lanes]) -> _Lanes:
    return ((a[0] + a[7]) + (a[3] + a[4])) + ((a[1] + a[6]) + (a[2] + a[5]))


def _first(a: list[_Lanes]) -> _Lanes:
    """Return the wave of half a period."""
    return _C1 * (a[0] - a[7]) + _C3 * (a[1] - a[6]) + _C5 * (a[2] - a[5]) + _C7 * (a[3] - a[4])


def _second(a: list[_Lanes]) -> _Lanes:
    """Return the wave of one period."""
    return _C2 * ((a[0] + a[7]) - (a[3] + a[4])) + _C6 * ((a[1] + a[6]) - (a[2] + a[5]))


def _turned(rows: list[_Lanes]) -> list[_Lanes]:
    """Turn the rows of a square into its columns: squares of 1, 2, then 4 numbers change places."""
    rows, builder = list(rows), rows[0].builder
    for distance in (1, 2, 4):
        for k in range(BLOCK):
            if not k & distance:
                one, other = rows[k].value, rows[k + distance].value
                rows[k] = _Lanes(builder, builder.shuffle_vector(one, other, _sources(distance, 0)))
                rows[k + distance] = _Lanes(builder, builder.shuffle_vector(one, other, _sources(distance, distance)))
    return rows


def _sources(distance: int, shift: int) -> Any:
    """Return which numbers of two rows make one: those of the first, then those of the second row beside them."""
    return ir.Constant(
        _EIGHT_WHOLE, [k + shift if not k & distance else k - distance + shift + BLOCK for k in range(BLOCK)]
    )


def _bins(wave: _Lanes, last: Any) -> Any:
    """Return the bins of eight magnitudes."""
    builder, value = wave.builder, wave.value
    negative = builder.fcmp_ordered("<", value, _constant(0.0))
    size = builder.select(negative, builder.fsub(_constant(0.0), value), value)
    place = builder.fadd(builder.fmul(size, _constant(4.0), flags=_FAST), _constant(0.5), flags=_FAST)
    place = builder.select(builder.fcmp_ordered("<", place, last), place, last)
    return builder.fptosi(place, _EIGHT_WHOLE)


def _constant(number: float) -> Any:
    return ir.Constant(_EIGHT, [number] * BLOCK)


def _splat(builder: Any, number: Any) -> Any:
    """Repeat a number eight times."""
    none = ir.Constant(_EIGHT, ir.Undefined)
    lane = builder.insert_element(none, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(lane, none, ir.Constant(_EIGHT_WHOLE, [0] * BLOCK))
