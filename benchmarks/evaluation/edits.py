"""All kinds of edits by their names, and how each is saved."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType
from typing import Any

from PIL import Image

from evaluation import geometry, overlays, screens, tones

__all__ = ["EDITS", "LOSE_NOTHING", "Edit", "Pictured", "Saving", "apply", "encoded"]

_EXIF_ORIENTATION = 0x0112

Pictured = Callable[[Image.Image, Random], Image.Image]


@dataclass(frozen=True)
class Saving:
    """How a picture becomes bytes."""

    format: str = "JPEG"
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def suffix(self) -> str:
        """The suffix of the file's name."""
        return {"JPEG": "jpg", "TIFF": "tif"}.get(self.format, self.format.lower())


@dataclass(frozen=True)
class Edit:
    """One kind of edit: what is done to the pixels, and how the result is saved."""

    pixels: Pictured
    saving: Saving | None = None
    """None for a JPEG of a quality between 78 and 92, as it happens."""


def encoded(image: Image.Image, saving: Saving) -> bytes:
    """Return the bytes of a file."""
    stream = io.BytesIO()
    image.save(stream, saving.format, **saving.options)
    return stream.getvalue()


def apply(edit: Edit, image: Image.Image, rng: Random) -> tuple[bytes, str]:
    """Return the bytes of an edited copy, and the suffix of its name."""
    edited = edit.pixels(image, rng)
    saving = edit.saving or Saving("JPEG", {"quality": rng.randint(78, 92)})
    return encoded(edited, saving), saving.suffix


def _same(image: Image.Image, _rng: Random) -> Image.Image:
    return image


def _jpeg(quality: int, **options: Any) -> Saving:
    return Saving("JPEG", {"quality": quality, **options})


def _tagged(orientation: int) -> Saving:
    """Return a saving that tells readers to turn the picture."""
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = orientation
    return _jpeg(93, exif=exif.tobytes())


def _saved_often(image: Image.Image, rng: Random) -> Image.Image:
    """Save a picture six times, each time shifted by a pixel against the grid of blocks."""
    for _ in range(6):
        image = _reread(image.crop((1, 1, image.width, image.height)), _jpeg(rng.randint(55, 80)))
    return image


def _reread(image: Image.Image, saving: Saving) -> Image.Image:
    return Image.open(io.BytesIO(encoded(image, saving))).convert("RGB")


_MILD: Sequence[Pictured] = (
    lambda i, r: geometry.scaled(i, r.uniform(0.6, 0.95)),
    lambda i, r: geometry.cropped(i, r, r.uniform(0.80, 0.95)),
    lambda i, r: geometry.straightened(i, geometry.signed(r, 1, 4)),
    lambda i, r: tones.brightness(i, r.uniform(0.75, 1.3)),
    lambda i, r: tones.contrast(i, r.uniform(0.7, 1.35)),
    lambda i, r: tones.saturation(i, r.uniform(0.5, 1.6)),
    lambda i, r: tones.gamma(i, r.uniform(0.7, 1.5)),
    lambda i, r: tones.blurred(i, r.uniform(0.6, 1.2)),
    lambda i, r: tones.noisy(i, r, r.uniform(4, 10)),
    tones.sharpened,
    tones.temperature,
    tones.faded,
    lambda i, _: tones.gray(i),
    overlays.written,
    overlays.dated,
    overlays.caption_above,
    overlays.caption_below,
    overlays.cornered,
    lambda i, r: overlays.framed(i, r, 0.03, 0.08),
    lambda i, r: geometry.perspective(i, r, 0.03),
    lambda i, _: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    screens.telephone,
)


def _generations(image: Image.Image, rng: Random, count: int) -> Image.Image:
    """Apply different mild edits one after another, each saved and read again, as pictures travel."""
    for edit in rng.sample(_MILD, count):
        image = _reread(edit(image, rng), _jpeg(rng.randint(60, 88)))
    return image


def _flipped(how: Image.Transpose) -> Edit:
    return Edit(lambda image, _: image.transpose(how))


_TURN = Image.Transpose

EDITS: Mapping[str, Edit] = MappingProxyType(
    {
        "same pixels": Edit(_same, Saving("PNG")),
        "exif turn 6": Edit(lambda i, _: i.transpose(_TURN.ROTATE_90), _tagged(6)),
        "exif turn 3": Edit(lambda i, _: i.transpose(_TURN.ROTATE_180), _tagged(3)),
        "jpeg 80": Edit(_same, _jpeg(80)),
        "jpeg 40": Edit(_same, _jpeg(40, subsampling=2)),
        "jpeg 15": Edit(_same, _jpeg(15)),
        "webp 60": Edit(_same, Saving("WEBP", {"quality": 60})),
        "avif 50": Edit(_same, Saving("AVIF", {"quality": 50, "speed": 8})),
        "saved six times": Edit(_saved_often),
        "64 colors": Edit(lambda i, _: tones.paletted(i), Saving("PNG")),
        "size 0.7": Edit(lambda i, _: geometry.scaled(i, 0.7)),
        "size 0.4": Edit(lambda i, _: geometry.scaled(i, 0.4)),
        "size 1.5": Edit(lambda i, _: geometry.scaled(i, 1.5)),
        "tiny": Edit(geometry.tiny),
        "stretched": Edit(geometry.stretched),
        "squashed 128": Edit(lambda i, _: geometry.squashed(i, 128)),
        "squashed 128, blurred": Edit(lambda i, r: tones.blurred(geometry.squashed(i, 128), r.uniform(1.2, 2.2))),
        "darker": Edit(lambda i, r: tones.brightness(i, r.uniform(0.5, 0.7))),
        "lighter": Edit(lambda i, r: tones.brightness(i, r.uniform(1.3, 1.6))),
        "less contrast": Edit(lambda i, r: tones.contrast(i, r.uniform(0.4, 0.6))),
        "more contrast": Edit(lambda i, r: tones.contrast(i, r.uniform(1.4, 1.7))),
        "gamma": Edit(lambda i, r: tones.gamma(i, r.choice([0.55, 1.8]))),
        "saturated": Edit(lambda i, r: tones.saturation(i, r.uniform(1.6, 2.2))),
        "gray": Edit(lambda i, _: tones.gray(i)),
        "duotone": Edit(tones.duotone),
        "hue": Edit(tones.hue),
        "temperature": Edit(tones.temperature),
        "faded": Edit(tones.faded),
        "vignette": Edit(tones.vignette),
        "local tones": Edit(tones.local_tones),
        "shadows lifted": Edit(tones.shadows_lifted),
        "equalized": Edit(lambda i, _: tones.equalized(i)),
        "leveled": Edit(tones.leveled),
        "posterized": Edit(lambda i, _: tones.posterized(i)),
        "blur 1.5": Edit(lambda i, _: tones.blurred(i, 1.5)),
        "blur 4": Edit(lambda i, _: tones.blurred(i, 4)),
        "smeared": Edit(tones.smeared),
        "denoised": Edit(lambda i, _: tones.denoised(i)),
        "sharpened": Edit(tones.sharpened),
        "noise 10": Edit(lambda i, r: tones.noisy(i, r, 10)),
        "noise 28": Edit(lambda i, r: tones.noisy(i, r, 28)),
        "grain": Edit(tones.grainy),
        "speckled": Edit(tones.speckled),
        "written over": Edit(overlays.written),
        "dated": Edit(overlays.dated),
        "watermark": Edit(overlays.watermarked),
        "stamp": Edit(overlays.stamped),
        "logo": Edit(overlays.cornered),
        "stickers": Edit(overlays.stuck),
        "bar": Edit(overlays.barred),
        "caption above": Edit(overlays.caption_above),
        "caption below": Edit(overlays.caption_below),
        "captions": Edit(overlays.captions),
        "thin frame": Edit(lambda i, r: overlays.framed(i, r, 0.02, 0.05)),
        "wide frame": Edit(lambda i, r: overlays.framed(i, r, 0.10, 0.20)),
        "mounted": Edit(overlays.mounted),
        "polaroid": Edit(overlays.polaroid),
        "letterbox": Edit(overlays.boxed),
        "on itself": Edit(overlays.on_itself),
        "crop to 95 %": Edit(lambda i, r: geometry.cropped(i, r, 0.95)),
        "crop to 85 %": Edit(lambda i, r: geometry.cropped(i, r, 0.85)),
        "crop to 70 %": Edit(lambda i, r: geometry.cropped(i, r, 0.70)),
        "crop to 50 %": Edit(lambda i, r: geometry.cropped(i, r, 0.50)),
        "crop to 40 %": Edit(lambda i, r: geometry.cropped(i, r, 0.40)),
        "crop to 30 %": Edit(lambda i, r: geometry.cropped(i, r, 0.30)),
        "square": Edit(lambda i, _: geometry.cut_square(i)),
        "quarter turn": _flipped(_TURN.ROTATE_270),
        "half turn": _flipped(_TURN.ROTATE_180),
        "mirrored": _flipped(_TURN.FLIP_LEFT_RIGHT),
        "upside down": _flipped(_TURN.FLIP_TOP_BOTTOM),
        "transposed": _flipped(_TURN.TRANSPOSE),
        "turn 1-3, cut": Edit(lambda i, r: geometry.straightened(i, geometry.signed(r, 1, 3))),
        "turn 4-7, cut": Edit(lambda i, r: geometry.straightened(i, geometry.signed(r, 4, 7))),
        "turn 8-15, cut": Edit(lambda i, r: geometry.straightened(i, geometry.signed(r, 8, 15))),
        "turn 3-8, filled": Edit(lambda i, r: geometry.tilted(i, r, geometry.signed(r, 3, 8))),
        "turn 9-15, filled": Edit(lambda i, r: geometry.tilted(i, r, geometry.signed(r, 9, 15))),
        "perspective 5 %": Edit(lambda i, r: geometry.perspective(i, r, 0.05)),
        "perspective 10 %": Edit(lambda i, r: geometry.perspective(i, r, 0.10)),
        "print photographed": Edit(geometry.photographed),
        "sheared": Edit(geometry.sheared),
        "telephone": Edit(screens.telephone),
        "desktop": Edit(screens.desktop),
        "3 generations": Edit(lambda i, r: _generations(i, r, 3)),
        "5 generations": Edit(lambda i, r: _generations(i, r, 5)),
    }
)
"""Every kind of edit that a mixed set has."""

LOSE_NOTHING = frozenset({"same pixels", "exif turn 6", "exif turn 3"})
"""Edits that a person would keep in place of the original as gladly."""
