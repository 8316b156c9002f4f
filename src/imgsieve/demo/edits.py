"""The known edits of the demonstration set, by name, and the writing of pictures as files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from PIL import Image

from imgsieve.demo import geometry, tones
from imgsieve.demo.geometry import PixelEdit
from imgsieve.demo.texture import Pixels

__all__ = ["EDITS", "Edit", "encode", "pixels_of"]

_ORIENTATION_TAG = 0x0112
_FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}


def _unchanged(picture: Pixels, _: np.random.Generator) -> Pixels:
    return picture


@dataclass(frozen=True, kw_only=True)
class Edit:
    """What is done to a picture's pixels, and how the result is written."""

    pixels: PixelEdit = _unchanged
    extension: str = "jpg"
    quality: int = 88
    orientation: int = 1
    """EXIF orientation to write, as if the camera had been held so; 1 is upright."""
    keeps_all: bool = False
    """Whether a person may keep the result in place of the original: nothing visible is lost."""

    def apply(self, picture: Pixels, rng: np.random.Generator) -> bytes:
        """Return the edited picture as the bytes of a file."""
        return encode(self.pixels(picture, rng), self.extension, quality=self.quality, orientation=self.orientation)


def encode(picture: Pixels, extension: str, *, quality: int = 92, orientation: int = 1) -> bytes:
    """Return the bytes of a file of the kind ``jpg``, ``png`` or ``webp``; `quality` does not concern PNG."""
    image, stream = Image.fromarray(np.ascontiguousarray(picture)), io.BytesIO()
    exif = Image.Exif()
    if orientation != 1:
        exif[_ORIENTATION_TAG] = orientation
    if extension == "png":
        image.save(stream, "PNG", compress_level=4)
    else:
        image.save(stream, _FORMATS[extension], quality=quality, exif=exif.tobytes() if orientation != 1 else b"")
    return stream.getvalue()


def pixels_of(data: bytes) -> Pixels:
    """Return the RGB pixels of a file of our own as they are stored, not turned by its EXIF tag."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def _several(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """Shrink, brighten, crop and caption."""
    for edit in (geometry.resized(0.7), tones.brightened(1.15), geometry.cropped(0.1), tones.captioned):
        picture = edit(picture, rng)
    return picture


EDITS: Mapping[str, Edit] = MappingProxyType(
    {
        "jpeg80": Edit(quality=80),
        "jpeg45": Edit(quality=45),
        "jpeg15": Edit(quality=15),
        "png": Edit(extension="png", keeps_all=True),
        "webp": Edit(extension="webp", quality=75),
        "resize60": Edit(pixels=geometry.resized(0.6)),
        "resize30": Edit(pixels=geometry.resized(0.3)),
        "upscale150": Edit(pixels=geometry.resized(1.5)),
        "stretch": Edit(pixels=geometry.stretched(1.25)),
        "bright": Edit(pixels=tones.brightened(1.25)),
        "dark": Edit(pixels=tones.brightened(0.7)),
        "contrast": Edit(pixels=tones.contrasted(1.35)),
        "gamma": Edit(pixels=tones.gamma(1.4)),
        "saturate": Edit(pixels=tones.saturated(1.5)),
        "gray": Edit(pixels=tones.grayed),
        "sepia": Edit(pixels=tones.sepia),
        "blur": Edit(pixels=tones.blurred(1.8)),
        "blur-strong": Edit(pixels=tones.blurred(4.0)),
        "noise": Edit(pixels=tones.noisy(14.0)),
        "caption": Edit(pixels=tones.captioned),
        "watermark": Edit(pixels=tones.watermarked),
        "sticker": Edit(pixels=tones.stickered),
        "border": Edit(pixels=geometry.bordered),
        "crop5": Edit(pixels=geometry.cropped(0.05)),
        "crop15": Edit(pixels=geometry.cropped(0.15)),
        "crop35": Edit(pixels=geometry.cropped(0.35)),
        "turn90": Edit(pixels=geometry.turned(1)),
        "turn180": Edit(pixels=geometry.turned(2)),
        "turn270": Edit(pixels=geometry.turned(3)),
        "mirror": Edit(pixels=geometry.mirrored),
        "exif-turned": Edit(pixels=geometry.turned(1), quality=93, orientation=6, keeps_all=True),
        "tilt3": Edit(pixels=geometry.tilted(3.0)),
        "screenshot": Edit(pixels=geometry.screenshot),
        "several": Edit(pixels=_several, quality=50),
    }
)
