"""The loader of pairs: every picture loaded once, the metrics those of stage 2, errors named and counted."""

from __future__ import annotations

import threading
import uuid
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from run_checks import encode, picture, put, recoded, run, write_pictures

from imgsieve.deduplicator.loader import MemoryEfficientLoader, get_memory_efficient_loader
from imgsieve.errors import ConfigError, DecodeError, FetchError, SourceError
from imgsieve.storage import memory_store

PHOTOS = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("loader") / "in", PHOTOS, broken=False)


@pytest.fixture
def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_pairs_load_each_picture_once(files: list[Path]) -> None:
    loader = get_memory_efficient_loader(max_picture_bytes=0)
    pairs = list(combinations(files, 2))
    for a, b in pairs:
        loader.compute_all_color_metrics(a, b)
    stats = loader.get_stats()
    assert stats["images_downloaded"] == len(files)
    assert stats["bytes_downloaded"] == sum(path.stat().st_size for path in files)
    assert (stats["comparisons_performed"], stats["success_rate"]) == (len(pairs), 1.0)


def test_the_metrics_are_those_of_stage_2(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "out")
    named = {row["image_id"]: row["file"] for row in pq.read_table(tmp_path / "out/groups.parquet").to_pylist()}
    loader, compared = get_memory_efficient_loader(), 0
    for pair in pq.read_table(tmp_path / "out/pairs/color.parquet").to_pylist():
        if (pair["orientation"], pair["region"]) == (0, -1):
            found = loader.compute_all_color_metrics(folder / named[pair["a"]], folder / named[pair["b"]])
            assert found == {name: pair[name] for name in found}
            compared += 1
    assert compared >= PHOTOS // 2


def test_metrics_do_not_depend_on_the_order_and_are_nothing_for_equals(files: list[Path]) -> None:
    loader = get_memory_efficient_loader()
    one, other = (loader.compute_all_color_metrics(*pair) for pair in (files[:2], files[1::-1]))
    assert one == pytest.approx(other)
    assert set(one) == {"dominant_distance", "pixel_difference", "histogram_correlation"}
    same = loader.compute_all_color_metrics(files[0], files[0])
    assert same == {"dominant_distance": 0.0, "pixel_difference": 0.0, "histogram_correlation": pytest.approx(1.0)}


def test_pairs_of_pixels_are_held_within_their_bound(files: list[Path]) -> None:
    loader = get_memory_efficient_loader(max_picture_bytes=4 * 200 * 150 * 3)
    a, b = loader.load_image_pair_for_comparison(files[0], files[1])
    assert a.shape == b.shape == (150, 200, 3)
    assert not a.flags.writeable
    loader.load_image_pair_for_comparison(files[1], files[0])
    loader.compute_all_color_metrics(files[0], files[1])
    assert loader.get_stats()["images_downloaded"] == 2
    for path in files[2:]:
        loader.load_image(path)
    before = loader.get_stats()["images_downloaded"]
    loader.load_image(files[0])
    assert loader.get_stats()["images_downloaded"] == before + 1


def test_urls_and_paths_may_be_mixed(files: list[Path]) -> None:
    store = uuid.uuid4().hex
    data = recoded(picture(1), 60)
    memory_store(store).put("a folder/b#1.jpg", data)
    url = f"memory://{store}/a%20folder/b%231.jpg"
    with get_memory_efficient_loader() as loader:
        for other in (files[0], str(files[0]), files[0].as_uri()):
            found = loader.compute_all_color_metrics(url, other)
        assert found["pixel_difference"] > 0
        assert loader.get_stats()["images_downloaded"] == 3


def test_errors_name_the_picture_and_are_counted(files: list[Path], tmp_path: Path) -> None:
    put(tmp_path, "notes.jpg", b"not a picture")
    loader = get_memory_efficient_loader()
    missing = f"memory://{uuid.uuid4().hex}/a.jpg"
    for place, error in (
        (tmp_path / "notes.jpg", DecodeError),
        (tmp_path / "none.jpg", FetchError),
        (missing, FetchError),
        ("ftp://host/a.jpg", SourceError),
        ("memory://bucket", SourceError),
    ):
        with pytest.raises(error, match=str(place)):
            loader.compute_all_color_metrics(files[0], place)
    loader.compute_all_color_metrics(files[0], files[1])
    stats = loader.get_stats()
    assert (stats["failed_downloads"], stats["failed_comparisons"], stats["comparisons_performed"]) == (5, 5, 1)
    assert stats["success_rate"] == pytest.approx(1 / 6)


def test_secrets_are_in_no_message(azurite, container, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in azurite.environment().items():
        monkeypatch.setenv(name, value)
    loader = get_memory_efficient_loader()
    url = f"az://{container}/a.jpg?sv=2024-11-04&sig=topsecret"
    with pytest.raises((FetchError, SourceError)) as caught:
        loader.load_image(url)
    assert "topsecret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_threads_that_want_one_picture_load_it_once(files: list[Path]) -> None:
    loader, start, found = get_memory_efficient_loader(), threading.Barrier(16), []

    def compare() -> None:
        start.wait()
        for a, b in combinations(files[:5], 2):
            found.append(tuple(loader.compute_all_color_metrics(a, b).values()))

    threads = [threading.Thread(target=compare) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loader.get_stats()["images_downloaded"] == 5
    assert len(found) == 160
    assert len(set(found)) <= 10


def test_bounds_that_make_no_sense_are_refused() -> None:
    for options in ({"capacity": 0}, {"max_picture_bytes": -1}):
        with pytest.raises(ConfigError):
            MemoryEfficientLoader(**options)
    assert get_memory_efficient_loader().get_stats()["success_rate"] == 1.0
    tiny = get_memory_efficient_loader(1, max_picture_bytes=1)
    assert isinstance(tiny, MemoryEfficientLoader)


def test_a_picture_that_changes_shape_is_upright(tmp_path: Path) -> None:
    turned = np.ascontiguousarray(np.rot90(picture(3)))
    pixels = get_memory_efficient_loader().load_image(put(tmp_path, "turned.jpg", encode(turned, "jpg")))
    assert pixels.shape == turned.shape
