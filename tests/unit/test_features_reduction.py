"""Small pictures, tiles and the description as a whole."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest
from PIL import Image

from imgsieve.demo import render_quick
from imgsieve.features.describing import Description, describe
from imgsieve.features.reduction import CELLS, SIDE, small_picture
from imgsieve.features.thumbnail import THUMB_SIDE, encode_thumbnail
from imgsieve.features.tiles import TILE, fill_tile, tile_count
from imgsieve.schema import HASH_BYTES, LOCAL_CODE_BYTES, LOCAL_CODES, LOCAL_PLACE_BYTES, SIGNATURE_BYTES


def _noise(height, width):
    return np.random.default_rng((height, width)).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _shares(count):
    """Which share of each of 160 equal extents each of ``count`` pixels makes: shape (160, count)."""
    edges, pixels = np.arange(SIDE + 1) * count / SIDE, np.arange(count)
    inside = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.maximum(inside, 0) * SIDE / count


def _averaged(pixels):
    rows, columns = _shares(pixels.shape[0]), _shares(pixels.shape[1])
    return np.einsum("yh,hxc->yxc", rows, np.einsum("xw,hwc->hxc", columns, pixels, optimize=True), optimize=True)


@pytest.mark.parametrize("shape", [(160, 160), (320, 480), (161, 319), (533, 400), (700, 163), (1201, 977)])
def test_pixels_are_averaged_by_the_share_of_their_area(shape):
    pixels = _noise(*shape)
    small = small_picture(pixels)
    exact = _averaged(pixels)
    np.testing.assert_allclose(small.luma, exact @ (0.299, 0.587, 0.114), atol=0.01)
    cells = exact.reshape(CELLS, 5, CELLS, 5, 3).mean(axis=(1, 3))
    assert np.abs(small.cells - cells).max() <= 0.501


@pytest.mark.parametrize("value", [0, 1, 128, 254, 255])
def test_a_flat_picture_keeps_its_value(value):
    small = small_picture(np.full((300, 471, 3), value, np.uint8))
    assert (small.cells == value).all()
    np.testing.assert_allclose(small.luma, value, atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (90, 2), (159, 161)])
def test_pictures_of_any_size_are_described(shape):
    described = describe(_noise(*shape), thumbnail=True)
    assert described.wavelet_codes.shape == (8, HASH_BYTES)
    assert described.trimmed_code.shape == (HASH_BYTES,)
    assert described.local_codes.shape == (LOCAL_CODES, LOCAL_CODE_BYTES)
    assert described.local_places.shape == (LOCAL_CODES, LOCAL_PLACE_BYTES)
    assert described.color_signature.size == SIGNATURE_BYTES
    assert np.isfinite([described.brightness, described.contrast, described.metrics.detail]).all()


def test_a_description_owns_its_arrays():
    first = describe(_noise(200, 300), thumbnail=True)
    before = _bytes_of(first)
    describe(_noise(300, 200), thumbnail=True)
    assert _bytes_of(first) == before


def test_threads_do_not_disturb_each_other():
    pictures = [_noise(200 + k, 260) for k in range(6)]
    alone = [_bytes_of(describe(pixels, thumbnail=True)) for pixels in pictures]
    together = [b""] * len(pictures)

    def work(k):
        for _ in range(10):
            together[k] = _bytes_of(describe(pictures[k], thumbnail=True))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(pictures))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def _bytes_of(described: Description) -> bytes:
    arrays = (described.wavelet_codes, described.trimmed, described.trimmed_code, described.layout)
    arrays += (described.local_codes, described.local_places, described.color_signature)
    return b"".join(a.tobytes() for a in arrays) + (described.thumbnail or b"")


@pytest.mark.parametrize(
    ("width", "height", "size"), [(400, 533, (96, 128)), (800, 200, (128, 32)), (9, 9, (128, 128))]
)
def test_a_thumbnail_has_the_shape_of_its_picture(width, height, size):
    pixels = render_quick(np.random.default_rng(1), max(width, 64), max(height, 64))
    small = small_picture(pixels)
    with Image.open(io.BytesIO(encode_thumbnail(small, width, height))) as image:
        assert image.size == size
        assert max(image.size) == THUMB_SIDE
        assert np.abs(np.asarray(image).mean((0, 1)) - pixels.mean((0, 1))).max() < 3


@pytest.mark.parametrize(("width", "height"), [(501, 163), (90, 200), (640, 480), (3, 400)])
def test_a_thumbnail_shows_the_picture(width, height):
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[: height // 2], pixels[height // 2 :] = (200, 40, 30), (20, 90, 220)
    described = describe(pixels, thumbnail=True)
    with Image.open(io.BytesIO(described.thumbnail)) as image:
        shown = np.asarray(image).astype(int)
    quarter = len(shown) // 4
    assert np.abs(shown[:quarter] - (200, 40, 30)).max() <= 12
    assert np.abs(shown[-quarter:] - (20, 90, 220)).max() <= 12


def test_a_description_without_thumbnail_has_none():
    assert describe(_noise(70, 70), thumbnail=False).thumbnail is None


@pytest.mark.parametrize(
    ("shape", "count"), [((500, 500), 9), ((64, 64), 1), ((100, 640), 3), ((3, 5), 1), ((130, 200), 6)]
)
def test_tiles_lie_inside_and_on_the_grid_of_blocks(shape, count):
    assert tile_count(*shape) == count
    y, x = np.mgrid[: shape[0], : shape[1]]
    # The green of a pixel tells its column within a block, the blue its row.
    pixels = np.stack([np.zeros_like(x), x % 8 * 20, y % 8 * 20], axis=2).astype(np.uint8)
    tile = np.empty((TILE, TILE), np.float32)
    for number in range(count):
        fill_tile(pixels, number, tile)
        inside = tile[: min(shape[0], TILE), : min(shape[1], TILE)]
        expected = pixels[: inside.shape[0], : inside.shape[1]] @ np.array([0.299, 0.587, 0.114])
        np.testing.assert_allclose(inside, expected, atol=0.01)
