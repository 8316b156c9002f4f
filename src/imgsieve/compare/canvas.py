"""A drawing surface: pictures, captions and lines on a light ground."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["DIM", "INK", "Box", "Canvas"]

GROUND = (250, 249, 246)
INK = (32, 36, 42)
DIM = (110, 116, 124)
_EDGE = (206, 204, 198)

Pixels = NDArray[np.uint8]
Color = tuple[int, int, int]
Box = tuple[int, int, int, int]
"""Left, top, width, height in pixels."""


class Canvas:
    """A picture that is drawn on.

    Parameters
    ----------
    width, height
        In pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self.pixels: Pixels = np.full((height, width, 3), GROUND, np.uint8)

    def place(self, picture: Pixels, cell: Box) -> Box:
        """Draw a picture as large as it fits into the middle of a cell. Returns where it lies."""
        left, top, width, height = cell
        scale = min(width / picture.shape[1], height / picture.shape[0])
        size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        drawn = cv2.resize(picture, size, interpolation=way)
        x, y = left + (width - size[0]) // 2, top + (height - size[1]) // 2
        self.pixels[y : y + size[1], x : x + size[0]] = drawn
        cv2.rectangle(self.pixels, (x - 1, y - 1), (x + size[0], y + size[1]), _EDGE, 1)
        return x, y, size[0], size[1]

    def write(self, text: str, x: int, y: int, *, size: int, color: Color = INK, most: int | None = None) -> None:
        """Write one line of text, top left corner at (x, y), cut at ``most`` pixels."""
        image = Image.fromarray(self.pixels)
        font = ImageFont.load_default(size)
        if most is not None and font.getlength(text) > most:
            while text and font.getlength(text + "…") > most:
                text = text[:-1]
            text += "…"
        ImageDraw.Draw(image).text((x, y), text, fill=color, font=font)
        self.pixels = np.array(image)

    def join(self, starts: NDArray[np.float64], ends: NDArray[np.float64], colors: list[Color]) -> None:
        """Draw thin lines from each start to its end, both of shape (n, 2), with a dot at either end."""
        lines = self.pixels.copy()
        for start, end, color in zip(starts, ends, colors, strict=True):
            cv2.line(lines, _fine(start), _fine(end), color, 1, cv2.LINE_AA, _SHIFT)
        self.pixels = np.asarray(cv2.addWeighted(lines, 0.7, self.pixels, 0.3, 0), np.uint8)
        for point, color in zip((*starts, *ends), colors + colors, strict=True):
            cv2.circle(self.pixels, _fine(point), 7 << _SHIFT - 1, (255, 255, 255), -1, cv2.LINE_AA, _SHIFT)
            cv2.circle(self.pixels, _fine(point), 5 << _SHIFT - 1, color, -1, cv2.LINE_AA, _SHIFT)


_SHIFT = 3
"""Binary digits of fractions of a pixel."""


def _fine(point: NDArray[np.float64]) -> tuple[int, int]:
    """Return a point in fractions of a pixel, as the drawing functions take it."""
    x, y = np.rint(point * (1 << _SHIFT)).astype(int)
    return int(x), int(y)
