"""Edits that put something over a picture or around it: writing, marks, frames, screens."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

Color = tuple[int, int, int]

_SENTENCES = """
when the weather turns out better than you were told and nobody brought a coat to the table sale now only three
left look at this one again market street open every day from nine until late best price of the week my favorite
"""
_WORDS = _SENTENCES.split()


def words(rng: Random, count: int) -> str:
    """Return some words of a small vocabulary."""
    return " ".join(rng.choice(_WORDS) for _ in range(count))


def font(pixels: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font that comes with the image library."""
    return ImageFont.load_default(size=max(8, round(pixels)))


def _flat(rng: Random) -> Color:
    """Return black, white or some plain color."""
    return rng.choice([(0, 0, 0), (255, 255, 255), (245, 245, 240), (24, 26, 32), (120, 30, 40), (30, 70, 110)])


def _against(color: Color) -> Color:
    return (20, 20, 20) if sum(color) > 380 else (240, 240, 240)


def written(image: Image.Image, rng: Random) -> Image.Image:
    """Write a line or two over the picture, as memes and stories do."""
    image, size = image.copy(), image.height * rng.uniform(0.06, 0.10)
    draw, at = ImageDraw.Draw(image), rng.choice([0.03, 0.45, 0.82])
    for line in range(rng.choice([1, 2])):
        place = image.width * rng.uniform(0.03, 0.15), image.height * at + line * 1.15 * size
        ink = rng.choice(["white", "yellow", "black"])
        draw.text(
            place, words(rng, 4).upper(), font=font(size), fill=ink, stroke_width=max(1, round(size / 14)),
            stroke_fill="black" if ink != "black" else "white",
        )  # fmt: skip
    return image


def dated(image: Image.Image, rng: Random) -> Image.Image:
    """Stamp a date into the lower right corner, as cameras did."""
    image, size = image.copy(), image.height * 0.05
    stamp = f"{rng.randint(1, 28):02d}.{rng.randint(1, 12):02d}.{rng.randint(1998, 2012)}"
    ImageDraw.Draw(image).text(
        (image.width * 0.96, image.height * 0.96), stamp, font=font(size), fill=(255, 140, 40), anchor="rs"
    )
    return image


def _laid_over(image: Image.Image, layer: Image.Image) -> Image.Image:
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def watermarked(image: Image.Image, rng: Random) -> Image.Image:
    """Repeat a name all over the picture, half transparent and askew."""
    w, h = image.size
    layer, size = Image.new("RGBA", (2 * w, 2 * h)), min(w, h) * rng.uniform(0.06, 0.10)
    draw, text, light = ImageDraw.Draw(layer), words(rng, 2), rng.randint(90, 140)
    for row in range(int(2 * h / (3 * size))):
        for column in range(int(2 * w / (9 * size)) + 1):
            place = (column * 9 + row % 2 * 4) * size, row * 3 * size
            draw.text(place, text, font=font(size), fill=(255, 255, 255, light))
    layer = layer.rotate(rng.choice([0, 25, 40]), Image.Resampling.BICUBIC)
    return _laid_over(image, layer.crop((w // 2, h // 2, w // 2 + w, h // 2 + h)))


def stamped(image: Image.Image, rng: Random) -> Image.Image:
    """Write one large half-transparent name across the middle, with a ring about it."""
    w, h = image.size
    layer = Image.new("RGBA", image.size)
    draw, size, alpha = ImageDraw.Draw(layer), min(w, h) * 0.16, rng.randint(100, 140)
    shade = rng.choice([(255, 255, 255, alpha), (0, 0, 0, alpha), (200, 30, 30, alpha)])
    draw.text((w / 2, h / 2), words(rng, 1).upper(), font=font(size), fill=shade, anchor="mm")
    r = 0.33 * min(w, h)
    draw.ellipse((w / 2 - r, h / 2 - r, w / 2 + r, h / 2 + r), outline=shade, width=max(2, round(r / 12)))
    return _laid_over(image, layer)


def cornered(image: Image.Image, rng: Random) -> Image.Image:
    """Put an opaque logo into a corner: 20 to 30 % of the shorter side."""
    image, side = image.copy(), round(min(image.size) * rng.uniform(0.2, 0.3))
    left, top = rng.choice([0, image.width - side]), rng.choice([0, image.height - side])
    draw, ground = ImageDraw.Draw(image), _flat(rng)
    draw.rounded_rectangle((left, top, left + side, top + side), side // 6, fill=ground)
    draw.regular_polygon((left + side / 2, top + side / 2, side / 3.2), rng.choice([3, 5, 6]), fill=_against(ground))
    return image


def stuck(image: Image.Image, rng: Random) -> Image.Image:
    """Stick two or three round faces and stars on the picture, each a fifth of the shorter side."""
    image = image.copy()
    draw = ImageDraw.Draw(image)
    for _ in range(rng.choice([2, 3])):
        r = min(image.size) * rng.uniform(0.08, 0.12)
        x, y = rng.uniform(r, image.width - r), rng.uniform(r, image.height - r)
        if rng.random() < 0.5:
            draw.regular_polygon((x, y, r), 5, rotation=rng.randint(0, 71), fill=(230, 40, 70), outline="white")
            continue
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(250, 200, 50), outline=(90, 60, 0), width=max(1, round(r / 9)))
        for eye in (-0.4, 0.4):
            draw.ellipse((x + eye * r - r / 6, y - r / 2, x + eye * r + r / 6, y - r / 6), fill=(40, 30, 10))
        draw.arc((x - r / 2, y - r / 4, x + r / 2, y + r * 0.6), 15, 165, fill=(40, 30, 10), width=max(2, round(r / 8)))
    return image


def barred(image: Image.Image, rng: Random) -> Image.Image:
    """Cover a part of the picture, an eighth of it, with a black bar, or make it unrecognizable by large squares."""
    image, w, h = image.copy(), round(image.width * 0.5), round(image.height * 0.25)
    left, top = rng.randint(0, image.width - w), rng.randint(0, image.height - h)
    box = (left, top, left + w, top + h)
    part = image.crop(box).resize((8, 4), Image.Resampling.BOX).resize((w, h), Image.Resampling.NEAREST)
    image.paste(part if rng.random() < 0.5 else Image.new("RGB", (w, h)), box)
    return image


def _captioned(image: Image.Image, rng: Random, above: bool, below: bool) -> Image.Image:
    """Add plain strips with writing, each 14 to 24 % of the picture's height."""
    ground = rng.choice([(255, 255, 255), (0, 0, 0), (236, 238, 240)])
    strips = [round(image.height * rng.uniform(0.14, 0.24)) if there else 0 for there in (above, below)]
    out = Image.new("RGB", (image.width, image.height + sum(strips)), ground)
    out.paste(image, (0, strips[0]))
    draw = ImageDraw.Draw(out)
    for top, tall in ((0, strips[0]), (strips[0] + image.height, strips[1])):
        size = min(tall / 2.8, image.width / 13)
        for line in range(2 if tall else 0):
            draw.text(
                (image.width * 0.04, top + tall * 0.1 + line * 1.2 * size), words(rng, 4), font=font(size),
                fill=_against(ground),
            )  # fmt: skip
    return out


def caption_above(image: Image.Image, rng: Random) -> Image.Image:
    return _captioned(image, rng, above=True, below=False)


def caption_below(image: Image.Image, rng: Random) -> Image.Image:
    return _captioned(image, rng, above=False, below=True)


def captions(image: Image.Image, rng: Random) -> Image.Image:
    return _captioned(image, rng, above=True, below=True)


def framed(image: Image.Image, rng: Random, least: float, most: float) -> Image.Image:
    """Add a plain frame: ``least`` to ``most`` of the shorter side on each edge."""
    return ImageOps.expand(image, max(2, round(min(image.size) * rng.uniform(least, most))), _flat(rng))


def mounted(image: Image.Image, rng: Random) -> Image.Image:
    """Add a mount and a frame of wood: two borders, of which the outer one has stripes."""
    mount = ImageOps.expand(image, round(min(image.size) * rng.uniform(0.04, 0.08)), (238, 234, 224))
    wide = round(min(image.size) * rng.uniform(0.04, 0.07))
    out = ImageOps.expand(mount, wide, (96, 62, 34))
    draw = ImageDraw.Draw(out)
    for k in range(0, wide, 3):
        draw.rectangle((k, k, out.width - 1 - k, out.height - 1 - k), outline=(70 + 9 * (k % 5), 45 + 6 * (k % 5), 26))
    return out


def polaroid(image: Image.Image, rng: Random) -> Image.Image:
    """Add the uneven white frame of an instant picture, with a word below."""
    w, h = image.size
    edge, foot = round(0.06 * min(w, h)), round(0.22 * min(w, h))
    out = Image.new("RGB", (w + 2 * edge, h + edge + foot), (250, 249, 245))
    out.paste(image, (edge, edge))
    place = out.width / 2, h + edge + foot / 2
    ImageDraw.Draw(out).text(place, words(rng, 2), font=font(foot * 0.35), fill=(40, 40, 60), anchor="mm")
    return out


def boxed(image: Image.Image, rng: Random) -> Image.Image:
    """Add black bars on two sides, above and below or left and right, each 8 to 20 %."""
    share, out = rng.uniform(0.08, 0.20), image.size
    sides = (0, round(out[1] * share)) if rng.random() < 0.5 else (round(out[0] * share), 0)
    return ImageOps.expand(image, sides, (0, 0, 0))


def on_itself(image: Image.Image, rng: Random) -> Image.Image:
    """Fill a square around the picture with a blurred enlargement of itself, as players do."""
    side = round(max(image.size) * rng.uniform(1.05, 1.25))
    out = ImageOps.fit(image, (side, side)).filter(ImageFilter.GaussianBlur(side / 25))
    out.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return out
