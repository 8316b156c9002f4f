"""The compiled loop: images are made up and described with the project's own functions, many in one call."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from imgsieve.features.layout import layout_of, true_size
from imgsieve.features.local_codes import local_codes
from imgsieve.features.regions import trimmed_code, trimmed_rectangle
from imgsieve.features.wavelet import code_of_means, codes_of_means, fill_integral
from imgsieve.schema import LOCAL_CODE_BYTES, LOCAL_CODES, LOCAL_PLACE_BYTES
from scaling.copies import bits_between, frame, resample, turn, wear, window_means
from scaling.pictures import CELLS, Canvas, new_canvas, paint
from scaling.plan import CROPPED, EMPTY, FRAMED, SKEWED, TURNED, WORN
from scaling.randomness import start, uniform, word
from scaling.textures import SIDE, add_grain

COPY, FACTS = 2, 3
"""Purposes of streams of random numbers, beside that of the picture."""

_LEAST_AREA = 0.3
"""Of their originals, that crops show."""

_CROP_BITS = 18
"""Crops are worn by fewer bits than this: they are told by how much they show."""

_SHARED_WORD = np.random.default_rng(8).integers(0, 256, 8, dtype=np.uint8)
"""The third word of all codes that share one."""

_ASPECTS = np.array([1.5, 4 / 3, 4 / 3, 1.0, 0.75, 2 / 3, 16 / 9, 1.0])


class Made(NamedTuple):
    """What is known of made-up images, one row each."""

    codes: NDArray[np.uint8]
    """Shape (n, 8, 32)."""
    trimmed: NDArray[np.uint8]
    """Shape (n, 4)."""
    trimmed_codes: NDArray[np.uint8]
    """Shape (n, 32)."""
    local_codes: NDArray[np.uint8]
    """Shape (n, 48, 16)."""
    local_places: NDArray[np.uint8]
    """Shape (n, 48, 3)."""
    true_size: NDArray[np.uint8]
    layout: NDArray[np.uint8]
    """Shape (n, 256)."""
    cells: NDArray[np.uint8]
    """Shape (n, 32, 32, 3): small RGB picture."""
    light: NDArray[np.float32]
    """Shape (n, 2): mean and deviation of the luma."""
    kinds: NDArray[np.int8]
    """Shape (n,): kinds with copies told apart; see `scaling.plan.KINDS`."""
    bits: NDArray[np.int16]
    """Shape (n,): distance of a copy's code from that of what it shows of its original, turned as told below."""
    orientation: NDArray[np.int8]
    """Shape (n,): turns the copy into its original."""
    area: NDArray[np.float32]
    """Shape (n,): the share of its original that a crop shows; 1 for the whole."""
    aspect: NDArray[np.float32]
    """Shape (n,): width over height."""


def make(seed: int, images: NDArray[np.int64], sources: NDArray[np.int64], kinds: NDArray[np.int8], mix: str) -> Made:
    """Make up and describe images; see `scaling.plan.Plan.sources` for the last two."""
    made = _blank(kinds, len(images))
    _fill(seed, images, sources, made, new_canvas(mix), False)
    return made


def make_codes(
    seed: int, images: NDArray[np.int64], sources: NDArray[np.int64], kinds: NDArray[np.int8], mix: str
) -> NDArray[np.uint8]:
    """Make up images, and return their upright codes alone: shape (n, 32), uint8."""
    made = _blank(kinds, 0)
    _fill(seed, images, sources, made, new_canvas(mix), True)
    return np.ascontiguousarray(made.codes[:, 0])


def _blank(kinds: NDArray[np.int8], described: int) -> Made:
    """Return room for images, and for the descriptions of ``described`` of them."""
    n = len(kinds)
    return Made(
        codes=np.empty((n, 8, 32), np.uint8),
        trimmed=np.empty((described, 4), np.uint8),
        trimmed_codes=np.empty((described, 32), np.uint8),
        local_codes=np.empty((described, LOCAL_CODES, LOCAL_CODE_BYTES), np.uint8),
        local_places=np.empty((described, LOCAL_CODES, LOCAL_PLACE_BYTES), np.uint8),
        true_size=np.empty((described, 2), np.uint8),
        layout=np.empty((described, CELLS * CELLS), np.uint8),
        cells=np.empty((described, CELLS, CELLS, 3), np.uint8),
        light=np.empty((described, 2), np.float32),
        kinds=kinds.copy(),
        bits=np.zeros(n, np.int16),
        orientation=np.zeros(n, np.int8),
        area=np.ones(n, np.float32),
        aspect=np.empty(n, np.float32),
    )


@njit(nogil=True, cache=True)
def _fill(
    seed: int,
    images: NDArray[np.int64],
    sources: NDArray[np.int64],
    made: Made,
    canvas: Canvas,
    codes_only: bool,
) -> None:
    """Make up images one by one."""
    target = np.empty(32, np.uint8)
    for i in range(images.size):
        kind = made.kinds[i]
        start(canvas.state, seed, sources[i], FACTS)
        made.aspect[i] = _ASPECTS[int(word(canvas.state) % np.uint64(_ASPECTS.size))]
        if kind == EMPTY:
            _paint_blank(seed, canvas)
        else:
            paint(seed, sources[i], canvas)
        if kind in (WORN, EMPTY):
            start(canvas.state, seed, images[i], COPY)
            _copy(i, made, canvas, target)
        _describe(i, made, canvas, codes_only)
        if kind == SKEWED:
            made.codes[i, 0, 16:24] = _SHARED_WORD
        if kind == WORN and not codes_only:
            # A copy is compared the way it is to be found: turned back, or without its frame.
            framed = made.kinds[i] == FRAMED
            found = made.trimmed_codes[i] if framed else made.codes[i, made.orientation[i]]
            made.bits[i] = bits_between(found, target)


@njit(nogil=True, cache=True)
def _paint_blank(seed: int, canvas: Canvas) -> None:
    """Make the picture of an empty page, the same for all: a faint shade and the grain of paper."""
    start(canvas.state, seed, -2, COPY)
    canvas.chroma[:] = 0
    for y in range(SIDE):
        for x in range(SIDE):
            canvas.luma[y, x] = np.float32(250 - (y * y + 2 * x * x) / 6000)
    add_grain(canvas.state, canvas.bank, canvas.luma, np.float32(0.5))


@njit(nogil=True, cache=True)
def _copy(i: int, made: Made, canvas: Canvas, target: NDArray[np.uint8]) -> None:
    """Turn the picture of an original into that of a copy, and write the code that it is to be near to."""
    state, luma = canvas.state, canvas.luma
    how, wanted = uniform(state, 0.0, 1.0), int(uniform(state, 0.0, 65.0))
    fill_integral(luma, canvas.integral)
    if made.kinds[i] == EMPTY:
        how, wanted = np.float32(1), wanted % 5
    if how < 0.22:
        wanted %= _CROP_BITS
        _crop(i, made, canvas, target)
    else:
        code_of_means(window_means(canvas.integral, (0, 0, SIDE, SIDE)), target)
    wear(canvas, target, wanted)
    if 0.22 <= how < 0.34:
        _turn(i, made, canvas)
    elif 0.34 <= how < 0.40:
        made.kinds[i] = FRAMED
        canvas.scratch[:] = luma
        frame(canvas.scratch, 5 + int(word(state) % np.uint64(20)), 255.0 if how < 0.37 else 0.0, luma)


@njit(nogil=True, cache=True)
def _crop(i: int, made: Made, canvas: Canvas, target: NDArray[np.uint8]) -> None:
    """Cut a part out, anywhere."""
    place = _window(canvas.state)
    height, width = place[2] - place[0], place[3] - place[1]
    made.kinds[i], made.area[i] = CROPPED, height * width
    made.aspect[i] *= width / height
    pixels = np.rint(place * np.float32(SIDE)).astype(np.int64)
    code_of_means(window_means(canvas.integral, (pixels[0], pixels[1], pixels[2], pixels[3])), target)
    canvas.scratch[:] = canvas.luma
    resample(canvas.scratch, place, canvas.luma)
    for channel in range(2):
        canvas.tints[:] = canvas.chroma[channel]
        resample(canvas.tints, place, canvas.chroma[channel])


@njit(nogil=True, cache=True)
def _window(state: NDArray[np.uint64]) -> NDArray[np.float32]:
    """Draw what a crop shows: top, left, bottom, right as shares of a side; as long as its original, or less so."""
    area, longer = uniform(state, _LEAST_AREA, 0.95), uniform(state, 0.9, 1.1)
    height = min(np.float32(np.sqrt(area) * longer), np.float32(1))
    width = min(area / height, np.float32(1))
    top, left = uniform(state, 0.0, 1.0) * (1 - height), uniform(state, 0.0, 1.0) * (1 - width)
    return np.array([top, left, top + height, left + width], np.float32)


@njit(nogil=True, cache=True)
def _turn(i: int, made: Made, canvas: Canvas) -> None:
    """Turn or mirror the picture."""
    orientation = 1 + int(word(canvas.state) % np.uint64(7))
    made.kinds[i], made.orientation[i] = TURNED, orientation if orientation >= 4 else 4 - orientation
    canvas.scratch[:] = canvas.luma
    turn(canvas.scratch, orientation, canvas.luma)
    for channel in range(2):
        canvas.tints[:] = canvas.chroma[channel]
        turn(canvas.tints, orientation, canvas.chroma[channel])
    if orientation % 2:
        made.aspect[i] = np.float32(1) / made.aspect[i]


@njit(nogil=True, cache=True)
def _describe(i: int, made: Made, canvas: Canvas, codes_only: bool) -> None:
    """Describe the picture as `imgsieve.features.describing.describe` does."""
    luma, integral = canvas.luma, canvas.integral
    fill_integral(luma, integral)
    means = window_means(integral, (0, 0, SIDE, SIDE))
    if codes_only:
        code_of_means(means, made.codes[i, 0])
        return
    made.codes[i] = codes_of_means(means)
    rectangle = trimmed_rectangle(luma)
    made.trimmed_codes[i] = trimmed_code(integral, rectangle)
    size = true_size(made.aspect[i])
    local_codes(luma, size, made.local_codes[i], made.local_places[i])
    made.true_size[i, 0], made.true_size[i, 1] = np.uint8(size[0]), np.uint8(size[1])
    for k in range(4):
        made.trimmed[i, k] = np.uint8(rectangle[k])
    made.layout[i] = layout_of(luma)
    made.light[i] = _light(luma)
    _fill_cells(luma, canvas.chroma, made.cells[i])


@njit(nogil=True, cache=True, fastmath=True)
def _light(luma: NDArray[np.float32]) -> tuple[float, float]:
    """Return mean and deviation of the luma."""
    total, squares = 0.0, 0.0
    for y in range(SIDE):
        line, part, part_squares = luma[y], np.float32(0), np.float32(0)
        for x in range(SIDE):
            value = line[x] - np.float32(128)
            part += value
            part_squares += value * value
        total += part
        squares += part_squares
    mean = total / luma.size
    return 128.0 + mean, np.sqrt(max(0.0, squares / luma.size - mean * mean))


@njit(nogil=True, cache=True, fastmath=True)
def _fill_cells(luma: NDArray[np.float32], chroma: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    """Write the small color picture."""
    step = SIDE // CELLS
    sums = np.empty(SIDE, np.float32)
    for y in range(CELLS):
        sums[:] = 0
        for row in range(y * step, y * step + step):
            line = luma[row]
            for x in range(SIDE):
                sums[x] += line[x]
        for x in range(CELLS):
            total = np.float32(0)
            for column in range(step):
                total += sums[x * step + column]
            light = total / np.float32(step * step)
            blue, red = chroma[0, y, x], chroma[1, y, x]
            out[y, x, 0] = _byte(light + np.float32(1.402) * red)
            out[y, x, 1] = _byte(light - np.float32(0.344) * blue - np.float32(0.714) * red)
            out[y, x, 2] = _byte(light + np.float32(1.772) * blue)


@njit(nogil=True, cache=True)
def _byte(value: np.float32) -> np.uint8:
    """Round and clip a value."""
    return np.uint8(min(max(value + np.float32(0.5), np.float32(0)), np.float32(255)))
