"""What stage 4 works with: one picture at a small size, its keypoints once asked for, and what its file says."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from imgsieve.config import LocalConfig
from imgsieve.features.alignment import fit_side
from imgsieve.features.coding import Coding
from imgsieve.features.glance import glimpse
from imgsieve.features.keypoints import Detector, Keypoints, detect
from imgsieve.features.orientation import orient
from imgsieve.features.prediction import middle_of
from imgsieve.features.quality import LOSSY_FORMATS, LOSSY_QUALITY
from imgsieve.features.reduction import small_picture
from imgsieve.features.regions import rectangles, trimmed_rectangle
from imgsieve.imaging import DecodedImage

__all__ = ["View", "view_of", "view_of_decoded"]

_LOSSLESS = Coding(quality=0, fidelity=101)

_GLIMPSE_SIDE = 192
"""Longer side, in pixels, of the picture from which glimpses are taken."""

_MOST_ENLARGED = 4.0
"""Times that a small picture is enlarged before keypoints are looked for."""

_LARGEST_LUMA = 4_000_000
"""Pixels of the largest picture that is kept at full scale while it is compared."""


@dataclass(slots=True, weakref_slot=True)
class View:
    """One picture as stage 4 works with it."""

    pixels: NDArray[np.uint8]
    """Shape (h, w, 3), uint8 RGB, at most `LocalConfig.working_side` a side."""
    close: NDArray[np.uint8]
    """The same, at most `LocalConfig.closer_side` a side."""
    width: int
    height: int
    """Size of the picture at full scale."""
    luma: NDArray[np.uint8] | None = None
    """The luma as it was decoded: shape (height, width), or smaller by the reduction of the coding; None where it is
    very large."""
    middle: NDArray[np.uint8] | None = None
    """Shape (h, w, 3): the middle of what the luma is of, as `imgsieve.features.prediction.middle_of` cuts it."""
    coding: Coding = _LOSSLESS
    """How the file is coded."""
    trimmed: NDArray[np.uint8] | None = None
    """Shape (4,): the rectangle without flat margins, as stage 1 saw it; found anew when None."""
    _gray: NDArray[np.uint8] | None = None
    """Luma of ``pixels``, reduced to what is looked at, made when first asked for."""
    keypoints: dict[tuple[Detector, int], Keypoints] = field(default_factory=dict)
    """By kind and orientation, found when first asked for."""

    def turned(self, orientation: int) -> NDArray[np.uint8]:
        """Return the pixels in an orientation."""
        return np.ascontiguousarray(orient(self.pixels, orientation))

    def glimpse(self, region: int, orientation: int) -> NDArray[np.float32]:
        """Return a region, by its number, as it is looked at before all else: shape (64, 64)."""
        if self._gray is None:
            self._gray = fit_side(np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY), np.uint8), _GLIMPSE_SIDE)
        if self.trimmed is None:
            self.trimmed = np.array(trimmed_rectangle(small_picture(self.pixels).luma), np.uint8)
        rectangle = rectangles(np.array([region], np.int8), self.trimmed[None])[0]
        return glimpse(self._gray, rectangle, orientation)

    def points(self, detector: Detector, orientation: int, config: LocalConfig) -> Keypoints:
        """Return the keypoints in an orientation, found in a smaller picture and placed in this one."""
        key = (detector, orientation)
        if key not in self.keypoints:
            turned = self.turned(orientation)
            small = _of_area(turned, config.sift_side if detector is Detector.SIFT else config.orb_side)
            limit = config.sift_keypoints if detector is Detector.SIFT else config.orb_keypoints
            found = detect(np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8), detector, limit)
            grow = np.array([turned.shape[1] / small.shape[1], turned.shape[0] / small.shape[0]], np.float32)
            points = (found.points + np.float32(0.5)) * grow - np.float32(0.5)
            self.keypoints[key] = Keypoints(points, found.descriptors)
        return self.keypoints[key]


def _of_area(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Bring a picture to the area of one of 4 : 3 with a longer side of ``side``: small ones have few keypoints."""
    h, w = pixels.shape[:2]
    grow = min(side * (0.75 / (h * w)) ** 0.5, _MOST_ENLARGED)
    if grow <= 1:
        return fit_side(pixels, round(max(h, w) * grow))
    size = round(w * grow), round(h * grow)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def view_of(pixels: NDArray[np.uint8], config: LocalConfig) -> View:
    """Make the view of pixels of shape (h, w, 3) at full scale, of which nothing else is known."""
    small, close = _sizes(pixels, config)
    return View(small, close, pixels.shape[1], pixels.shape[0], luma=_full_luma(pixels))


def view_of_decoded(decoded: DecodedImage, config: LocalConfig, trimmed: NDArray[np.uint8] | None = None) -> View:
    """Make the view of a decoded picture; ``trimmed`` as in `View`."""
    small, close = _sizes(decoded.pixels, config)
    return View(
        small,
        close,
        decoded.width,
        decoded.height,
        luma=_full_luma(decoded.pixels),
        middle=middle_of(decoded.pixels),
        coding=Coding(
            quality=(decoded.jpeg_quality or 0) if decoded.reduction == 1 else 0,
            fidelity=decoded.jpeg_quality or (LOSSY_QUALITY if decoded.format in LOSSY_FORMATS else 101),
            reduction=decoded.reduction,
        ),
        trimmed=trimmed,
    )


def _sizes(pixels: NDArray[np.uint8], config: LocalConfig) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a picture at the working size, and at the closer one."""
    return fit_side(pixels, config.working_side), fit_side(pixels, config.closer_side)


def _full_luma(pixels: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return the luma of a picture that is not too large."""
    if pixels.shape[0] * pixels.shape[1] > _LARGEST_LUMA:
        return None
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
