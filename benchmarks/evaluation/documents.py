"""Pictures of one layout with different content: scanned letters, charts, screenshots of one application."""

from __future__ import annotations

from random import Random

from PIL import Image, ImageDraw

from evaluation.flat import scanned, vivid
from evaluation.overlays import font, words

__all__ = ["chart", "document", "screenshot"]

_INK = (30, 30, 34)


def document(rng: Random) -> Image.Image:
    """Return a scanned letter: the same head, lines and foot on every page, other words and numbers."""
    w, h = 620, 877
    page = Image.new("RGB", (w, h), (250, 250, 250))
    draw = ImageDraw.Draw(page)
    draw.rectangle((60, 50, 110, 90), fill=(40, 70, 130))
    draw.text((124, 54), "Meadow & Field Insurance", font=font(22), fill=(40, 70, 130))
    draw.text((124, 80), "12 Long Lane, Newtown", font=font(12), fill=_INK)
    draw.line((60, 108, w - 60, 108), fill=(40, 70, 130), width=2)
    for line in range(4):
        draw.text((60, 140 + 18 * line), words(rng, 3).title(), font=font(14), fill=_INK)
    draw.text((430, 140), f"No. {rng.randint(10**5, 10**6)}", font=font(14), fill=_INK)
    draw.text((60, 240), words(rng, 5).capitalize(), font=font(18), fill=_INK)
    for line in range(22):
        draw.text((60, 285 + 22 * line), words(rng, 11), font=font(14), fill=_INK)
    draw.text((60, 800), words(rng, 2).title(), font=font(16), fill=(30, 40, 120))
    draw.line((60, 828, w - 60, 828), fill=(120, 120, 120))
    draw.text((60, 834), "Account 4711 0815   office@meadow.example   page 1 of 1", font=font(11), fill=(120, 120, 120))
    return scanned(page, rng)


def chart(rng: Random) -> Image.Image:
    """Return bars, lines or a pie of other numbers, in the style that a program gives all its charts."""
    w, h = 640, 480
    out = Image.new("RGB", (w, h), (255, 255, 255))
    draw, colors = ImageDraw.Draw(out), [(31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189)]
    draw.text((w / 2, 24), words(rng, 3).title(), font=font(20), fill=_INK, anchor="mm")
    kind = rng.randrange(3)
    if kind == 2:
        start = 0.0
        shares = [rng.uniform(1, 6) for _ in colors]
        for share, color in zip(shares, colors, strict=True):
            end = start + 360 * share / sum(shares)
            draw.pieslice((170, 90, 470, 390), start, end, fill=color, outline=(255, 255, 255))
            start = end
        return out
    draw.rectangle((70, 60, 600, 420), outline=_INK)
    for k in range(6):
        draw.line((70, 60 + 72 * k, 600, 60 + 72 * k), fill=(225, 225, 225))
        draw.text((62, 60 + 72 * k), str(100 - 20 * k), font=font(12), fill=_INK, anchor="rm")
        draw.text((110 + 92 * k, 438), words(rng, 1)[:5], font=font(12), fill=_INK, anchor="mm")
    if kind == 0:
        for k in range(12):
            x = 88 + 42 * k
            draw.rectangle((x, 420 - rng.uniform(20, 340), x + 30, 419), fill=colors[k % 2])
    else:
        for color in colors[: rng.randint(2, 3)]:
            level, points = rng.uniform(120, 360), []
            for k in range(24):
                level = min(410, max(70, level + rng.uniform(-40, 40)))
                points.append((80 + 22 * k, level))
            draw.line(points, fill=color, width=3)
    return out


def screenshot(rng: Random) -> Image.Image:
    """Return the window of one mail program: the same bars and buttons, other messages."""
    w, h = 960, 600
    out = Image.new("RGB", (w, h), (255, 255, 255))
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, 0, w, 44), fill=(38, 84, 150))
    draw.text((18, 10), "Postbox", font=font(20), fill=(255, 255, 255))
    draw.rounded_rectangle((300, 8, 700, 36), 8, fill=(90, 128, 182))
    draw.rectangle((0, 44, 150, h), fill=(240, 242, 246))
    for k, label in enumerate(("Inbox", "Sent", "Drafts", "Archive", "Spam", "Trash")):
        draw.rectangle((16, 66 + 36 * k, 30, 80 + 36 * k), fill=(90, 128, 182))
        draw.text((42, 64 + 36 * k), label, font=font(15), fill=_INK)
    chosen = rng.randrange(8)
    draw.rectangle((150, 44 + 68 * chosen, 400, 112 + 68 * chosen), fill=(222, 232, 246))
    for k in range(8):
        top = 44 + 68 * k
        draw.ellipse((160, top + 14, 196, top + 50), fill=vivid(rng))
        draw.text((206, top + 10), words(rng, 2).title(), font=font(15), fill=_INK)
        draw.text((206, top + 32), words(rng, 4), font=font(13), fill=(110, 112, 118))
        draw.line((150, top + 68, 400, top + 68), fill=(226, 228, 232))
    draw.text((424, 64), words(rng, 4).capitalize(), font=font(20), fill=_INK)
    for line in range(rng.randint(6, 18)):
        draw.text((424, 110 + 25 * line), words(rng, 10), font=font(14), fill=_INK)
    draw.rounded_rectangle((424, 556, 520, 588), 6, fill=(38, 84, 150))
    draw.text((448, 562), "Reply", font=font(15), fill=(255, 255, 255))
    return out
