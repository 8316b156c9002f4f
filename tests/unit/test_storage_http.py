"""One GET over a real socket: what is sent, what comes back, and what is made of answers that are none."""

from __future__ import annotations

import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from imgsieve.config import NetworkConfig
from imgsieve.storage import Fault, StoreFault
from imgsieve.storage.http import HttpReader
from stores.places import all_text_of
from stores.raw_server import answer, raw_server

SECRET = "sig=very-secret-signature"  # noqa: S105 - opens nothing
HEADERS = {"x-ms-version": "1"}


@pytest.fixture(params=["main thread", "other thread"])
def get(request):
    """Read from a URL, in the thread that gets signals or in another; they go different ways."""
    reader = HttpReader(NetworkConfig(timeout_seconds=1))
    if request.param == "main thread":
        yield reader.get
        return
    with ThreadPoolExecutor(1) as pool:
        yield lambda *arguments: pool.submit(reader.get, *arguments).result()


def fault_of(get, url, check=None) -> StoreFault:
    with pytest.raises(StoreFault) as caught:
        get(url, HEADERS, check)
    assert "secret" not in all_text_of(caught.value)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 100_000, 3_000_000])
def test_the_body_is_returned(get, size):
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    with raw_server(answer(body), answer(body, "206 Partial Content")) as server:
        assert get(f"{server.url}/a", HEADERS) == body
        assert get(f"{server.url}/a", HEADERS, lambda _first: True) == body


def test_chunks_are_put_together(get):
    chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with raw_server(chunks) as server:
        assert get(server.url, HEADERS) == b"abcde"


@pytest.mark.parametrize("path", ["/a//b///c", "/a/../b/./c", "/%2F%20%C3%A9", "/a+b&c=d;e~", "/?x=1&y=%2F"])
def test_the_path_goes_out_as_it_is(get, path):
    with raw_server(answer(b"x")) as server:
        get(server.url + path, HEADERS)
        assert server.requests[0].startswith(f"GET {path} HTTP/1.1\r\n".encode())


def test_headers_are_those_of_this_request(get):
    with raw_server(answer(b"x"), answer(b"x")) as server:
        get(server.url, {"If-Match": '"one"', "x-ms-range": "bytes=0-9"})
        get(server.url, {"If-Match": '"two"'})
        first, second = server.requests
    assert b'If-Match: "one"\r\n' in first
    assert b"x-ms-range: bytes=0-9\r\n" in first
    assert b'If-Match: "two"\r\n' in second
    assert b"range" not in second


def test_the_connection_is_kept(get):
    with raw_server(*[answer(b"x" * 100)] * 5, answer(status="404 Not Found"), answer(b"y")) as server:
        assert [get(server.url, HEADERS) for _ in range(5)] == [b"x" * 100] * 5
        fault_of(get, server.url)
        assert get(server.url, HEADERS) == b"y"
        assert len(server.connections) == 1


@pytest.mark.parametrize("elsewhere", [False, True])
def test_after_an_answer_that_is_not_trusted_one_request_takes_a_new_connection(elsewhere):
    reader = HttpReader(NetworkConfig())

    def read(url):
        used = []
        for distrusted in (False, True, False):
            if distrusted:
                reader.distrust()
            assert reader.get(url, HEADERS) == b"x"
            used.append(len(server.connections))
        return used

    with raw_server(*[answer(b"x")] * 3) as server, ThreadPoolExecutor(1) as pool:
        used = pool.submit(read, server.url).result() if elsewhere else read(server.url)
        assert used == [1, 2, 2]


def test_every_thread_has_connections_of_its_own():
    reader = HttpReader(NetworkConfig())
    together = threading.Barrier(4)

    def read(url):
        together.wait(10)
        return reader.get(url, HEADERS)

    with raw_server(*[answer(b"x")] * 4) as server, ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, [server.url] * 4)) == [b"x"] * 4
        assert len(server.connections) == 4


@pytest.mark.parametrize("size", [64, 5000, 2_000_000])
def test_what_the_check_refuses_is_not_read_to_its_end(get, size):
    seen = []

    def refuse(first):
        seen.append(first)
        return False

    body = b"text" * (size // 4)
    with raw_server(answer(body), answer(b"y")) as server:
        read = get(server.url, HEADERS, refuse)
        assert seen == [body[:64]]
        assert body.startswith(read)
        assert 64 <= len(read) < 1_900_000
        assert get(server.url, HEADERS) == b"y"


def test_the_check_does_not_see_the_bodies_of_errors(get):
    seen = []
    with raw_server(answer(b"<Error>" * 50, "404 Not Found")) as server:
        assert fault_of(get, server.url, seen.append).kind is Fault.MISSING
    assert seen == []


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind"),
    [
        ("404 Not Found", {}, b"", Fault.MISSING),
        ("404 Not Found", {"x_ms_error_code": "ContainerNotFound"}, b"", Fault.NO_CONTAINER),
        ("404 Not Found", {}, b"<Error><Code>ContainerNotFound</Code></Error>", Fault.NO_CONTAINER),
        ("412 Precondition Failed", {}, b"", Fault.CHANGED),
        ("403 Forbidden", {"x_ms_error_code": "AuthenticationFailed"}, b"", Fault.UNAUTHENTICATED),
        ("403 Forbidden", {}, b"", Fault.DENIED),
        ("409 Conflict", {"x_ms_error_code": "BlobArchived"}, b"", Fault.ARCHIVED),
        ("429 Too Many", {}, b"", Fault.THROTTLED),
        ("503 Busy", {}, b"", Fault.THROTTLED),
        ("500 Broken", {}, b"", Fault.BROKEN),
        ("301 Moved", {"Location": "http://127.0.0.1:9/"}, b"", Fault.REFUSED),
        ("204 Nothing", {}, b"", Fault.REFUSED),
    ],
)
def test_other_answers_are_faults(get, status, headers, body, kind):
    with raw_server(answer(body, status, **headers)) as server:
        assert fault_of(get, f"{server.url}/a?{SECRET}").kind is kind


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0", 0.0), ("soon", None)])
def test_the_store_says_how_long_to_wait(get, header, seconds):
    with raw_server(answer(b"", "503 Busy", Retry_After=header)) as server:
        assert fault_of(get, server.url).retry_after == seconds


@pytest.mark.parametrize(
    "said",
    [
        answer(b"half", length=8, Connection="close"),
        b"no answer of HTTP at all\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Len",
        b"",
    ],
    ids=["short", "garbage", "half a head", "nothing"],
)
def test_broken_answers_may_be_asked_for_again(get, said):
    # A connection that ends before a byte came is tried once more on a new one.
    with raw_server(*[said, b""] if said else [b"", b""]) as server:
        assert fault_of(get, f"{server.url}/a?{SECRET}").kind is Fault.BROKEN


def test_who_says_nothing_is_given_up(get):
    with raw_server() as server:
        began = time.monotonic()
        assert fault_of(get, f"{server.url}/a?{SECRET}").kind is Fault.BROKEN
        assert time.monotonic() - began < 5


def test_who_is_not_there_is_unreachable(get):
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    assert fault_of(get, f"http://127.0.0.1:{port}/a?{SECRET}").kind is Fault.UNREACHABLE
    assert fault_of(get, f"http://no-such-host.invalid/a?{SECRET}").kind is Fault.UNREACHABLE


def test_a_signal_is_heard_while_nothing_comes():
    reader = HttpReader(NetworkConfig(timeout_seconds=30))
    main = threading.main_thread().ident
    assert main is not None
    with raw_server() as server:
        timer = threading.Timer(0.3, signal.pthread_kill, (main, signal.SIGINT))
        timer.start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            reader.get(server.url, HEADERS)
        timer.join()
        assert time.monotonic() - began < 5
    with raw_server(answer(b"x")) as server:
        assert reader.get(server.url, HEADERS) == b"x"


def test_a_request_is_broken_off_when_the_run_is_over():
    over = threading.Event()
    reader = HttpReader(NetworkConfig(timeout_seconds=30), over.is_set)
    with raw_server(answer(b"x")) as server, ThreadPoolExecutor(1) as pool:
        assert pool.submit(reader.get, server.url, HEADERS).result() == b"x"
        stalled = pool.submit(reader.get, server.url, HEADERS)
        time.sleep(0.3)
        began = time.monotonic()
        over.set()
        with pytest.raises(StoreFault):
            stalled.result()
        assert time.monotonic() - began < 3
