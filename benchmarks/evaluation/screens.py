"""Screenshots of telephones and desktops that show a picture, and collages, which are no copies of their parts."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from PIL import Image, ImageDraw, ImageOps

from evaluation.overlays import Color, font, words

_LIGHT: tuple[Color, Color, Color] = ((250, 250, 252), (40, 42, 48), (222, 226, 232))
_DARK: tuple[Color, Color, Color] = ((18, 20, 24), (224, 226, 230), (48, 52, 60))


def telephone(image: Image.Image, rng: Random) -> Image.Image:
    """Show a picture in an app, upright screen: as wide as the screen, bars and buttons and writing above and below."""
    ground, ink, gray = rng.choice([_LIGHT, _DARK])
    wide = rng.choice([540, 720])
    tall = round(wide * rng.choice([16 / 9, 19.5 / 9]))
    shown = image.resize((wide, round(wide * image.height / image.width)), Image.Resampling.LANCZOS)
    if shown.height > 0.62 * tall:
        shown = image.resize((round(0.62 * tall * image.width / image.height), round(0.62 * tall)))
    out = Image.new("RGB", (wide, tall), ground)
    draw, top, em = ImageDraw.Draw(out), round(0.17 * tall), wide / 24
    draw.text((em, 0.3 * em), f"{rng.randint(0, 23)}:{rng.randint(0, 59):02d}", font=font(em * 0.8), fill=ink)
    draw.rectangle((wide - 3 * em, 0.5 * em, wide - em, 1.3 * em), fill=gray)
    draw.ellipse((em, top - 3 * em, 3.2 * em, top - 0.8 * em), fill=tuple(rng.randint(60, 220) for _ in range(3)))
    draw.text((4 * em, top - 2.6 * em), words(rng, 2), font=font(em), fill=ink)
    out.paste(shown, ((wide - shown.width) // 2, top))
    below = top + shown.height
    for k in range(4):
        draw.ellipse((em + 3 * k * em, below + em, em * 2.4 + 3 * k * em, below + 2.4 * em), outline=ink, width=3)
    for line in range(int((tall - below - 7 * em) / (1.5 * em))):
        draw.text((em, below + (3.2 + 1.5 * line) * em), words(rng, 5), font=font(em * 0.9), fill=ink)
    draw.rectangle((0, tall - 3 * em, wide, tall), fill=gray)
    return out


def desktop(image: Image.Image, rng: Random) -> Image.Image:
    """Show a picture in a window, wide screen: 0.25 to 0.45 of its area, a list on the left, writing on the right."""
    ground, ink, gray = rng.choice([_LIGHT, _DARK])
    wide, tall = rng.choice([(1280, 720), (1200, 800)])
    share = rng.uniform(0.25, 0.45)
    factor = min((share * wide * tall / (image.width * image.height)) ** 0.5, 0.82 * tall / image.height)
    factor = min(factor, 0.62 * wide / image.width)
    shown = image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.LANCZOS)
    out = Image.new("RGB", (wide, tall), ground)
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, 0, wide, 48), fill=gray)
    for k, color in enumerate(((236, 95, 86), (246, 190, 60), (96, 198, 84))):
        draw.ellipse((14 + 24 * k, 16, 28 + 24 * k, 30), fill=color)
    draw.rounded_rectangle((120, 10, wide - 200, 38), 8, fill=ground)
    draw.text((132, 13), words(rng, 3).replace(" ", "/"), font=font(15), fill=ink)
    for line in range(12):
        draw.text((14, 70 + 32 * line), words(rng, 2), font=font(15), fill=ink)
    left, top = 190, 60 + rng.randint(0, max(0, round(0.88 * tall) - 60 - shown.height))
    out.paste(shown, (left, top))
    for line in range(14):
        draw.text((left + shown.width + 24, 70 + 34 * line), words(rng, 6), font=font(16), fill=ink)
    return out


def collage(parts: Sequence[Image.Image], rng: Random) -> Image.Image:
    """Put four pictures into one, two by two, each cut to its field."""
    wide, tall, gap = rng.choice([320, 400]), rng.choice([300, 400]), rng.choice([0, 6, 12])
    out = Image.new("RGB", (2 * wide + 3 * gap, 2 * tall + 3 * gap), rng.choice([(255, 255, 255), (0, 0, 0)]))
    for k, part in enumerate(parts[:4]):
        place = gap + k % 2 * (wide + gap), gap + k // 2 * (tall + gap)
        out.paste(ImageOps.fit(part, (wide, tall)), place)
    return out
