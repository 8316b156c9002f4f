"""Pages of libraries are let go and come back; those of our own making stay; what is mapped comes in pieces."""

from __future__ import annotations

import ctypes
import mmap
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from imgsieve.memory import drop_library_pages, resident_bytes

pytestmark = pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="the system does not tell its mappings")

_MIB = 1024**2
_PEAK = """
import sys
{first}
import imgsieve.runs.pipeline
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""


def mappings(path: Path) -> list[dict[str, int]]:
    """Return the facts of the mappings of a file, in bytes."""
    found: list[dict[str, int]] = []
    for line in Path("/proc/self/smaps").read_text("utf-8").splitlines():
        first, *rest = line.split(maxsplit=5)
        if not first.endswith(":"):
            is_ours = bool(rest) and rest[-1] == str(path)
            if is_ours:
                found.append({})
        elif is_ours and first != "VmFlags:":
            found[-1][first[:-1]] = int(rest[0]) * 1024
    return found


def resident(path: Path) -> int:
    """Return how much of a file is resident in this process."""
    return sum(facts["Rss"] for facts in mappings(path))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Return a file of 5 MiB that was just written and has the name of a library."""
    path = tmp_path / "made.so"
    path.write_bytes(np.random.default_rng(1).bytes(5 * _MIB))
    return path


def test_pages_come_back_when_they_are_used() -> None:
    values = np.random.default_rng(1).random((300, 300))
    before, expected = resident_bytes(), np.linalg.inv(values)
    drop_library_pages()
    assert resident_bytes() < before
    assert np.array_equal(np.linalg.inv(values), expected)


def test_a_library_that_was_just_written_is_let_go_and_reads_as_before(library: Path) -> None:
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ) as view:
        content = view[:]
        assert resident(library) == 5 * _MIB
        drop_library_pages()
        assert resident(library) == 0
        assert view[:] == content == library.read_bytes()


def test_a_large_mapping_comes_back_in_pieces_of_a_mebibyte(library: Path) -> None:
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ) as view:
        assert view[:]
        drop_library_pages()
        assert [facts["Size"] for facts in mappings(library)] == [_MIB] * 5
        assert view[0] == library.read_bytes()[0]
        assert 0 < resident(library) <= _MIB


def test_a_page_that_was_changed_here_stays(library: Path) -> None:
    protect = ctypes.CDLL(None).mprotect
    protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    with library.open("rb") as file:
        view = mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
        view[:4] = b"mine"
        address = ctypes.addressof(ctypes.c_char.from_buffer(view))
        assert protect(address, 5 * _MIB, mmap.PROT_READ) == 0
        drop_library_pages()
        assert view[:4] == b"mine"
        assert view[4:] == library.read_bytes()[4:]


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "pixels.bin"
    path.write_bytes(bytes(2 * _MIB))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ) as view:
        assert len(view[:]) == 2 * _MIB
        drop_library_pages()
        assert resident(path) == 2 * _MIB


def test_libraries_loaded_one_after_another_take_less_than_all_at_once(tmp_path: Path) -> None:
    site = Path(np.__file__).parents[1]
    copies = tmp_path / "site"
    for name in ("llvmlite", "llvmlite.libs", "pyarrow", "pyarrow.libs"):
        if (site / name).is_dir():
            shutil.copytree(site / name, copies / name, ignore=shutil.ignore_patterns("tests", "include"))
    peaks = []
    for first in ("", "from imgsieve.memory import load_libraries; load_libraries()"):
        script = f"import sys; sys.path.insert(0, {str(copies)!r})\n{_PEAK.format(first=first)}"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) * 1024)
    assert peaks[1] <= peaks[0]
    assert peaks[1] < 220 * 10**6
