"""Made-up pictures of 160 x 160 pixels whose codes are spread like those of photographs.

Photographs of scenes, of things on a plain backdrop, of sky over ground, and pages. Only their codes, colors and
layouts are used, so they are simple; how like those of real photographs they are is measured by `scale_likeness.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from scaling.randomness import normal, start, uniform
from scaling.textures import BANK, SIDE, add_grain, fill_texture

CELLS = 32
"""Side of the grid of colors."""

MIXES = {"varied": (0.01, 0.04, 0.12, 0.5, 1.0), "alike": (0.04, 0.30, 0.50, 0.75, 1.55)}
"""What pictures there are: up to which share of them pages, things on a backdrop, and sky over ground are meant, and
between which slopes the spectra of scenes lie. Codes of ``varied`` are as far from each other as those of photographs
of a thousand kinds of subject; ``alike`` is a collection of a few kinds, such as garments on hangers."""

PICTURE = 1
"""Purpose of the stream of random numbers that makes a picture."""


class Canvas(NamedTuple):
    """What one thread paints on, again and again."""

    luma: NDArray[np.float32]
    """Shape (160, 160), 0 to 255."""
    chroma: NDArray[np.float32]
    """Shape (2, 32, 32): differences of blue and of red from luma."""
    scratch: NDArray[np.float32]
    """Shape (160, 160)."""
    tints: NDArray[np.float32]
    """Shape (32, 32)."""
    integral: NDArray[np.int32]
    """Shape (161, 161); zero in the first row and column."""
    bank: NDArray[np.float32]
    """See `scaling.textures.BANK`."""
    state: NDArray[np.uint64]
    """Shape (1,): state of the random numbers."""
    mix: NDArray[np.float32]
    """Shape (5,): see `MIXES`."""


def new_canvas(mix: str) -> Canvas:
    """Return an empty canvas for one of the `MIXES`."""
    return Canvas(
        np.empty((SIDE, SIDE), np.float32),
        np.empty((2, CELLS, CELLS), np.float32),
        np.empty((SIDE, SIDE), np.float32),
        np.empty((CELLS, CELLS), np.float32),
        np.zeros((SIDE + 1, SIDE + 1), np.int32),
        BANK,
        np.empty(1, np.uint64),
        np.array(MIXES[mix], np.float32),
    )


@njit(nogil=True, cache=True, fastmath=True)
def paint(seed: int, image: int, canvas: Canvas) -> None:
    """Make the picture of one image: luma and chroma of the canvas."""
    state, luma = canvas.state, canvas.luma
    start(state, seed, image, PICTURE)
    _fill_chroma(state, canvas.chroma)
    kind, grain = uniform(state, 0.0, 1.0), uniform(state, 0.3, 4.0)
    page, backdrop, sky = canvas.mix[0], canvas.mix[1], canvas.mix[2]
    if kind < page:
        _page(state, canvas)
    elif kind < backdrop:
        _backdrop(state, luma)
        _things(state, canvas, 1 + int(uniform(state, 0.0, 1.3)), 0.22, 0.48)
        grain *= np.float32(0.4)
    else:
        _scene(state, canvas)
        if kind < sky:
            _sky(state, luma, canvas.chroma)
        if kind > np.float32(0.5) * (backdrop + sky):
            _things(state, canvas, int(uniform(state, 0.0, 5.0)), 0.06, 0.4)
    _finish(state, canvas, grain)


@njit(nogil=True, cache=True, fastmath=True)
def _fill_chroma(state: NDArray[np.uint64], chroma: NDArray[np.float32]) -> None:
    """Write colors that change slowly over the picture, often around one tint."""
    strength = np.float32(4) * np.exp(np.float32(0.8) * normal(state))
    corners = np.empty((2, 5, 5), np.float32)
    for channel in range(2):
        tint = strength * normal(state)
        for y in range(5):
            for x in range(5):
                corners[channel, y, x] = tint + strength * np.float32(0.7) * normal(state)
    for channel in range(2):
        for y in range(CELLS):
            for x in range(CELLS):
                v, u = np.float32(y / 8), np.float32(x / 8)
                row, column = int(v), int(u)
                fy, fx = v - np.float32(row), u - np.float32(column)
                grid = corners[channel]
                upper = grid[row, column] * (1 - fx) + grid[row, column + 1] * fx
                lower = grid[row + 1, column] * (1 - fx) + grid[row + 1, column + 1] * fx
                chroma[channel, y, x] = upper * (1 - fy) + lower * fy


@njit(nogil=True, cache=True, fastmath=True)
def _scene(state: NDArray[np.uint64], canvas: Canvas) -> None:
    """Fill the picture with structure at all scales, and light from above or from one side."""
    luma = canvas.luma
    fill_texture(state, canvas.bank, luma, uniform(state, canvas.mix[3], canvas.mix[4]), uniform(state, 0.2, 1.0))
    mean = np.float32(112) + np.float32(30) * normal(state)
    contrast = np.float32(42) * np.exp(np.float32(0.3) * normal(state))
    down, right = np.float32(16) * normal(state), np.float32(10) * normal(state)
    for y in range(SIDE):
        line = luma[y]
        light = mean + down * np.float32(y / 80 - 1)
        for x in range(SIDE):
            line[x] = light + right * np.float32(x / 80 - 1) + contrast * line[x]


@njit(nogil=True, cache=True, fastmath=True)
def _sky(state: NDArray[np.uint64], luma: NDArray[np.float32], chroma: NDArray[np.float32]) -> None:
    """Lay a bright calm sky over the upper part, its border tilted."""
    horizon, tilt = uniform(state, 0.15, 0.65) * SIDE, np.float32(0.1) * normal(state)
    bright, falling = uniform(state, 150.0, 245.0), uniform(state, -0.1, 0.4)
    calm, blue = uniform(state, 0.0, 0.25), uniform(state, 0.0, 20.0)
    for y in range(SIDE):
        line = luma[y]
        light = bright + falling * y
        for x in range(SIDE):
            if np.float32(y) < horizon + tilt * np.float32(x - 80):
                line[x] = light + calm * (line[x] - np.float32(112))
    for y in range(int(horizon) * CELLS // SIDE):
        for x in range(CELLS):
            chroma[0, y, x] += blue
            chroma[1, y, x] -= blue * np.float32(0.4)


@njit(nogil=True, cache=True, fastmath=True)
def _backdrop(state: NDArray[np.uint64], luma: NDArray[np.float32]) -> None:
    """Fill the picture with a plain tone that falls off softly."""
    tone = uniform(state, 205.0, 250.0) if uniform(state, 0.0, 1.0) < 0.7 else uniform(state, 20.0, 205.0)
    down, right = np.float32(6) * normal(state), np.float32(6) * normal(state)
    for y in range(SIDE):
        for x in range(SIDE):
            luma[y, x] = tone + down * np.float32(y / 80 - 1) + right * np.float32(x / 80 - 1)


@njit(nogil=True, cache=True, fastmath=True)
def _things(state: NDArray[np.uint64], canvas: Canvas, count: int, least: float, most: float) -> None:
    """Put tilted ellipses and boxes with structure of their own over the picture; sizes are shares of a side."""
    luma, chroma, scratch = canvas.luma, canvas.chroma, canvas.scratch
    if count:
        fill_texture(state, canvas.bank, scratch, uniform(state, 0.8, 1.5), uniform(state, 0.2, 0.9))
    for _ in range(count):
        spread = np.float32(0.18 if count < 3 else 0.3)
        cy = (np.float32(0.5) + spread * normal(state) * np.float32(0.5)) * SIDE
        cx = (np.float32(0.5) + spread * normal(state) * np.float32(0.5)) * SIDE
        half_y, half_x = uniform(state, least, most) * SIDE, uniform(state, least, most) * SIDE
        angle = np.float32(0.5) * normal(state)
        boxy = uniform(state, 0.0, 1.0) < 0.45
        tone = np.float32(105) + np.float32(48) * normal(state)
        rough = uniform(state, 3.0, 42.0)
        _stamp(luma, scratch, (cy, cx), (half_y, half_x), angle, boxy, tone, rough)
        blue, red = np.float32(16) * normal(state), np.float32(18) * normal(state)
        for y in range(CELLS):
            for x in range(CELLS):
                if _inside((y + 0.5) * 5 - cy, (x + 0.5) * 5 - cx, half_y, half_x, angle, boxy):
                    chroma[0, y, x] = blue + np.float32(0.4) * chroma[0, y, x]
                    chroma[1, y, x] = red + np.float32(0.4) * chroma[1, y, x]


@njit(nogil=True, cache=True, fastmath=True)
def _inside(dy: float, dx: float, half_y: float, half_x: float, angle: float, boxy: bool) -> bool:
    """Return whether a place, told from the middle of a thing, lies in it."""
    v, u = (dy - angle * dx) / half_y, (dx + angle * dy) / half_x
    return bool(abs(v) < 1 and abs(u) < 1) if boxy else bool(v * v + u * u < 1)


@njit(nogil=True, cache=True, fastmath=True)
def _stamp(
    luma: NDArray[np.float32],
    texture: NDArray[np.float32],
    middle: tuple[float, float],
    half: tuple[float, float],
    angle: float,
    boxy: bool,
    tone: float,
    rough: float,
) -> None:
    """Paint one thing."""
    cy, cx = middle
    reach = np.float32(1) + abs(np.float32(angle))
    longest = max(half[0], half[1]) * reach
    top, bottom = max(0, int(cy - longest)), min(SIDE, int(cy + longest) + 1)
    left, right = max(0, int(cx - longest)), min(SIDE, int(cx + longest) + 1)
    share_y, share_x = np.float32(1 / half[0]), np.float32(1 / half[1])
    lean, tone32, rough32 = np.float32(angle), np.float32(tone), np.float32(rough)
    for y in range(top, bottom):
        dy = np.float32(y) - np.float32(cy)
        line, own = luma[y], texture[y]
        for x in range(left, right):
            dx = np.float32(x) - np.float32(cx)
            v, u = (dy - lean * dx) * share_y, (dx + lean * dy) * share_x
            within = max(abs(v), abs(u)) if boxy else v * v + u * u
            if within < np.float32(1):
                line[x] = tone32 + rough32 * own[x]


@njit(nogil=True, cache=True, fastmath=True)
def _page(state: NDArray[np.uint64], canvas: Canvas) -> None:
    """Fill the picture with lines of words on paper."""
    paper, ink = uniform(state, 225.0, 252.0), uniform(state, 20.0, 120.0)
    luma = canvas.luma
    luma[:] = paper
    margin, height = int(uniform(state, 8.0, 24.0)), int(uniform(state, 5.0, 14.0))
    y = margin
    while y + height < SIDE - margin:
        x = margin
        end = SIDE - margin if uniform(state, 0.0, 1.0) < 0.75 else int(uniform(state, margin + 10.0, SIDE - margin))
        while x < end:
            length = int(uniform(state, 4.0, 22.0))
            dark = ink + uniform(state, 0.0, 60.0)
            for row in range(y, y + (height * 3) // 5):
                luma[row, x : min(x + length, end)] = dark
            x += length + 3
        y += height
        if uniform(state, 0.0, 1.0) < 0.2:
            y += height


@njit(nogil=True, cache=True, fastmath=True)
def _finish(state: NDArray[np.uint64], canvas: Canvas, grain: np.float32) -> None:
    """Add a darkening toward the corners and grain, and keep the range."""
    dark = np.float32(0.12) * uniform(state, 0.0, 1.0)
    luma = canvas.luma
    add_grain(state, canvas.bank, luma, grain)
    for y in range(SIDE):
        line = luma[y]
        v = np.float32(y / 80 - 1)
        for x in range(SIDE):
            u = np.float32(x) * np.float32(1 / 80) - np.float32(1)
            value = line[x] * (np.float32(1) - dark * (u * u + v * v))
            line[x] = min(max(value, np.float32(0)), np.float32(255))
