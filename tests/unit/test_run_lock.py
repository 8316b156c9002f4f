"""The lock of a run folder on an object store: one owner at a time, and none that writes on when it is no longer it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from dataclasses import replace

import psutil
import pytest

from imgsieve.config import NetworkConfig
from imgsieve.errors import RunFolderError
from imgsieve.runs.holder import Holder
from imgsieve.runs.lock import Lease, RemoteLock, Urgent
from imgsieve.storage import Fault, StoreFault, Traffic, open_store, parse_address

QUICK = Lease(renew_seconds=0.05, stale_seconds=0.5)
NAME = "runs/1/lock"


@pytest.fixture(params=["memory", "azure", "s3"])
def place(request, monkeypatch):
    if request.param == "memory":
        return f"memory://{uuid.uuid4().hex}/runs/1"
    for name, value in request.getfixturevalue("environment").items():
        monkeypatch.setenv(name, value)
    if request.param == "azure":
        return f"az://{request.getfixturevalue('container')}/runs/1"
    return f"s3://{request.getfixturevalue('bucket')}/runs/1"


def store_of(place):
    return open_store(parse_address(place), Traffic(NetworkConfig(retry_seconds=2)))


def lock_of(place, lease=None):
    return RemoteLock(store_of(place), NAME, place, lease or Lease())


def foreign(**changes):
    return replace(Holder.here(), host="elsewhere", machine="another machine", pid=4711, **changes)


def owner_in(place):
    return Holder.of_bytes(store_of(place).read(NAME))


def is_locked(place):
    try:
        store_of(place).head(NAME)
    except StoreFault as fault:
        assert fault.kind is Fault.MISSING
        return False
    return True


def wait_until(holds, seconds=20.0):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_it_is_there_while_it_is_held_and_gone_afterwards(place):
    with lock_of(place).held():
        assert owner_in(place).pid == os.getpid()
    assert not is_locked(place)


def test_it_is_gone_after_an_error_too(place):
    with pytest.raises(ZeroDivisionError), lock_of(place).held():
        raise ZeroDivisionError
    assert not is_locked(place)


def test_a_second_owner_is_told_who_has_it_and_does_no_harm(place):
    with lock_of(place).held():
        before = store_of(place).read(NAME)
        with pytest.raises(RunFolderError) as refused, lock_of(place).held():
            pass
        assert store_of(place).read(NAME) == before
        assert [found.name for found in store_of(place).list("")] == [NAME]
    text = str(refused.value)
    assert "\n" not in text
    for part in (place, f"process {os.getpid()} on {Holder.here().host}", "since 20", "try again in"):
        assert part in text


def test_it_is_renewed(place):
    with lock_of(place, QUICK).held():
        first = owner_in(place)
        wait_until(lambda: owner_in(place).seen > first.seen)
        assert owner_in(place).owner == first.owner
        assert owner_in(place).started == first.started


def test_one_that_is_not_renewed_is_taken_over_in_time_and_not_before(place):
    store_of(place).write(NAME, foreign().as_bytes())
    lease = Lease(renew_seconds=0.05, stale_seconds=2.5)
    with pytest.raises(RunFolderError, match="process 4711 on elsewhere"), lock_of(place, lease).held():
        pass
    time.sleep(4)
    with lock_of(place, lease).held():
        assert owner_in(place).pid == os.getpid()
    assert not is_locked(place)


def test_the_clock_of_the_owner_does_not_count(place):
    """A lock that was renewed just now holds, whatever time its owner thinks it is."""
    store_of(place).write(
        NAME, foreign(seen="1999-01-01T00:00:00+00:00", started="1999-01-01T00:00:00+00:00").as_bytes()
    )
    with pytest.raises(RunFolderError, match="elsewhere"), lock_of(place).held():
        pass


def test_the_lock_of_a_dead_process_of_this_machine_is_taken_over_at_once(place):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    started = psutil.Process(ended.pid).create_time()
    dead = replace(Holder.here(), pid=ended.pid, process_started=started)
    assert ended.wait() == 0
    store_of(place).write(NAME, dead.as_bytes())
    with lock_of(place).held():
        assert owner_in(place).pid == os.getpid()


def test_who_was_taken_for_dead_learns_it_and_leaves_the_lock_alone(place):
    lock = lock_of(place, QUICK)
    with lock.held():
        lock.check()
        thief = foreign()
        store_of(place).write(NAME, thief.as_bytes())
        time.sleep(0.3)
        with pytest.raises(RunFolderError, match=r"taken over by process 4711 on elsewhere.*nothing more is written"):
            lock.check()
        with pytest.raises(RunFolderError):
            lock.check()
    assert owner_in(place) == thief


def test_who_slept_for_long_asks_before_anything_is_written():
    """No renewal comes in time here, so the check itself must ask."""
    place = f"memory://{uuid.uuid4().hex}/runs/1"
    lock = lock_of(place, Lease(renew_seconds=100.0, stale_seconds=0.2))
    with lock.held():
        store_of(place).write(NAME, foreign().as_bytes())
        time.sleep(0.15)
        with pytest.raises(RunFolderError, match="taken over"):
            lock.check()


def test_who_was_taken_for_dead_while_it_ended_leaves_the_lock_alone(place):
    thief = foreign()
    with lock_of(place, Lease(renew_seconds=100.0)).held():
        store_of(place).write(NAME, thief.as_bytes())
    assert owner_in(place) == thief


def test_a_lock_that_vanished_is_lost(place):
    lock = lock_of(place, QUICK)
    with lock.held():
        store_of(place).delete(NAME)
        time.sleep(0.3)
        with pytest.raises(RunFolderError, match="given back since"):
            lock.check()
    assert not is_locked(place)


def test_the_empty_lock_of_a_folder_that_was_copied_here_is_free():
    place = f"memory://{uuid.uuid4().hex}/runs/1"
    store_of(place).write(NAME, b"")
    with lock_of(place).held():
        assert is_locked(place)
    assert not is_locked(place)


@pytest.mark.parametrize("data", [b"{}", b"[1]", b"\xff", b'{"owner": 1}'])
def test_a_lock_that_no_run_has_written_is_left_alone(data):
    place = f"memory://{uuid.uuid4().hex}/runs/1"
    store_of(place).write(NAME, data)
    with pytest.raises(RunFolderError, match="no run has written"), lock_of(place).held():
        pass
    assert store_of(place).read(NAME) == data


@pytest.mark.parametrize("place", ["azure", "s3"], indirect=True)
def test_only_one_of_many_gets_it(place):
    """All come at one moment to a lock that is free to take over."""
    store_of(place).write(NAME, foreign().as_bytes())
    free = time.monotonic() + 4.5  # stores tell the time by the second
    code = (
        "import sys\n"
        "from imgsieve.runs.lock import Lease, RemoteLock\n"
        "from imgsieve.config import NetworkConfig\n"
        "from imgsieve.storage import Traffic, open_store, parse_address\n"
        "from imgsieve.errors import RunFolderError\n"
        "store = open_store(parse_address(sys.argv[1]), Traffic(NetworkConfig()))\n"
        f"lock = RemoteLock(store, {NAME!r}, 'x', Lease(renew_seconds=0.5, stale_seconds=3))\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "try:\n"
        "    with lock.held():\n"
        "        print('mine', flush=True)\n"
        "        sys.stdin.readline()\n"
        "except RunFolderError as error:\n"
        "    print('refused', flush=True)\n"
    )
    command = [sys.executable, "-c", code, place]
    racers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [racer.stdout.readline() for racer in racers] == ["ready\n"] * 3
    time.sleep(max(0, free - time.monotonic()))
    for racer in racers:
        racer.stdin.write("\n")
        racer.stdin.flush()
    # All have spoken before the one that has it lets go.
    said = sorted(racer.stdout.readline().strip() for racer in racers)
    for racer in racers:
        racer.communicate()
    assert said == ["mine", "refused", "refused"]


def test_urgent_requests_are_counted_but_not_held_back():
    traffic = Traffic(NetworkConfig(max_requests_per_second=0.001, max_bandwidth=1))
    store = open_store(parse_address(f"memory://{uuid.uuid4().hex}"), Urgent(traffic))
    for number in range(3):
        store.write(f"n{number}", b"some bytes")
    assert traffic.as_dict()[""]["puts"] == 3


def test_a_holder_comes_back_from_its_bytes():
    holder = Holder.here()
    assert Holder.of_bytes(holder.as_bytes()) == holder
    assert not holder.is_dead()
    assert set(json.loads(holder.as_bytes())) == {
        *("owner", "host", "machine", "pid", "process_started", "started", "seen")
    }


def test_another_process_with_the_same_number_is_not_the_holder():
    assert replace(Holder.here(), process_started=1.0).is_dead()


def test_processes_of_other_machines_are_not_judged():
    assert not replace(Holder.here(), machine="another", pid=2**22 + 1).is_dead()
    assert not replace(Holder.here(), host="another", pid=2**22 + 1).is_dead()
