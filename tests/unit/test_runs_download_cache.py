import threading
import time

import pytest

from imgsieve.runs.download_cache import DownloadCache


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_what_was_fetched_is_not_fetched_again(tmp_path):
    cache = DownloadCache(tmp_path / "cache", 1000)
    assert cache.get("a", 3, lambda: b"abc") == b"abc"
    assert cache.get("a", 3, lambda: pytest.fail("fetched twice")) == b"abc"


def test_it_never_takes_more_disk_than_its_limit_and_forgets_the_oldest(tmp_path):
    cache = DownloadCache(tmp_path / "cache", 8000)
    for number in range(200):
        cache.get(str(number), 100, lambda: bytes(100))
        assert size_of(tmp_path) <= 8000
    assert size_of(tmp_path) > 6000, "and it makes use of what it may take"
    fetched = []
    for number in (199, 190, 0):
        cache.get(str(number), 100, lambda number=number: fetched.append(number) or bytes(100))
    assert fetched == [0]


def test_what_it_says_fits_is_all_kept(tmp_path):
    limit = 100_000
    cache = DownloadCache(tmp_path / "cache", limit)
    sizes = range(1, 3000, 7)
    kept, total = [], 0
    for number, size in enumerate(sizes):
        if not cache.fits(total + size):
            break
        kept.append((str(number), size))
        total += size
        cache.get(str(number), size, lambda size=size: bytes(size))
    assert total > limit // 2
    for key, size in kept:
        cache.get(key, size, lambda: pytest.fail("it was forgotten"))


def test_threads_that_ask_together_fetch_once(tmp_path):
    cache, fetched = DownloadCache(tmp_path / "cache", 1000), []

    def fetch():
        fetched.append(1)
        time.sleep(0.05)
        return b"x"

    threads = [threading.Thread(target=cache.get, args=("a", 1, fetch)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fetched) == 1


def test_what_an_interrupted_run_left_is_used_and_a_spoiled_file_is_not(tmp_path):
    DownloadCache(tmp_path / "cache", 1000).get("a", 3, lambda: b"abc")
    DownloadCache(tmp_path / "cache", 1000).get("b", 3, lambda: b"def")
    [spoiled] = [p for p in (tmp_path / "cache").rglob("*") if p.is_file() and p.read_bytes().startswith(b"def")]
    for content in (b"", b"d", b"def", spoiled.read_bytes()[:-1], bytes(spoiled.stat().st_size)):
        spoiled.write_bytes(content)
        again = DownloadCache(tmp_path / "cache", 1000)
        assert again.get("a", 3, lambda: pytest.fail("it was there")) == b"abc"
        assert again.get("b", 3, lambda: b"new") == b"new", "what lies there is not whole"
        spoiled = next(p for p in (tmp_path / "cache").rglob("*") if p.is_file() and p.read_bytes()[:3] == b"new")


def test_a_file_larger_than_its_share_is_passed_through(tmp_path):
    cache = DownloadCache(tmp_path / "cache", 800)
    assert cache.get("a", 500, lambda: bytes(500)) == bytes(500)
    assert size_of(tmp_path) == 0


def test_removing_leaves_nothing(tmp_path):
    cache = DownloadCache(tmp_path / "cache", 800)
    cache.get("a", 5, lambda: bytes(5))
    cache.remove()
    assert not (tmp_path / "cache").exists()
