"""A server that passes requests on to a store, and its answers back, and misbehaves as it is told."""

from __future__ import annotations

import http.client
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from stores.faults import Act, FaultPlan, Rule, without_signature

_ALIEN = frozenset(("connection", "keep-alive", "transfer-encoding", "content-length"))
"""Headers that belong to one connection."""


@dataclass(frozen=True)
class Row:
    """One request, as it was seen and what was done about it."""

    arrived: float
    answered: float
    """Seconds of `time.monotonic`."""
    method: str
    path: str
    """With its query, without the signature."""
    act: Act
    status: int
    """0 when there was no answer."""


class FaultProxy:
    """A running proxy. Its ``rules`` may be changed at any time.

    Parameters
    ----------
    target
        URL of the server behind it; paths are passed on as they are.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.hostname is not None
        self.target = (parts.hostname, parts.port or 80)
        self.plan = FaultPlan()
        self.rows: list[Row] = []
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.endpoint = self.url + parts.path.rstrip("/")

    def misbehave(self, *rules: Rule, seed: int = 0, forgiving: bool = True) -> None:
        """From now on, follow these rules and forget what was seen; see `FaultPlan`."""
        self.rows.clear()
        self.plan = FaultPlan(rules, seed, forgiving=forgiving)

    def acts(self) -> list[Act]:
        """Return what was done, request by request."""
        return [row.act for row in self.rows]

    def stop(self) -> None:
        """End the proxy and all its connections; it may be ended already."""
        if not self._thread.is_alive():
            return
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()
        self._thread.join()


@contextmanager
def fault_proxy(target: str, rules: Sequence[Rule] = ()) -> Iterator[FaultProxy]:
    """Run a proxy in front of a server."""
    proxy = FaultProxy(target)
    proxy.misbehave(*rules)
    try:
        yield proxy
    finally:
        proxy.stop()


class _Server(socketserver.ThreadingTCPServer):
    """Takes connections, each in a thread."""

    request_queue_size = 256
    block_on_close = True

    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy = proxy
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request, client_address):
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self._open.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """Wake the threads that wait for another request."""
        for request in list(self._open):
            try:
                request.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request, client_address):
        """Say nothing: clients hang up as they like."""


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        self._upstream = http.client.HTTPConnection(*self.server.proxy.target, timeout=60)

    def finish(self) -> None:
        self._upstream.close()
        super().finish()

    def log_message(self, format, *args):
        """Print nothing."""

    def _serve(self) -> None:
        """Answer one request."""
        arrived = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        delay, rule = self.server.proxy.plan.decide(self.command, self.path)
        time.sleep(delay)
        self._arrived = arrived
        self._act = rule.act if rule else (Act.DELAY if delay else Act.PASS)
        if rule and rule.act is Act.RESET:
            self._reset()
        elif rule and rule.act is Act.THROTTLE:
            self._throttle(rule)
        else:
            self._pass_on(body)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _serve  # noqa: N815 - the base class's names

    def _record(self, status: int) -> None:
        """Note a request, just before it is answered."""
        path = without_signature(self.path)
        self.server.proxy.rows.append(Row(self._arrived, time.monotonic(), self.command, path, self._act, status))

    def _reset(self) -> None:
        """End the connection without a word."""
        self._record(0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _throttle(self, rule: Rule) -> None:
        """Ask for fewer requests."""
        body = f'<?xml version="1.0"?><Error><Code>{rule.code}</Code><Message>no</Message></Error>'.encode()
        headers = [("x-ms-error-code", rule.code), ("Content-Type", "application/xml")]
        if rule.retry_after is not None:
            headers.append(("Retry-After", rule.retry_after))
        self._answer(rule.status, headers, len(body), body)

    def _pass_on(self, body: bytes) -> None:
        """Ask the server behind, and answer what it answers, or nearly so."""
        sent = {name: value for name, value in self.headers.items() if name.lower() not in _ALIEN}
        if body or self.command in ("PUT", "POST"):
            sent["Content-Length"] = str(len(body))
        self._upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            self._upstream.putheader(name, value)
        self._upstream.endheaders(body or None)
        found = self._upstream.getresponse()
        data = found.read()
        headers = [(name, value) for name, value in found.getheaders() if name.lower() not in _ALIEN]
        if self._act is Act.LOST:
            self._reset()
            return
        length = int(found.getheader("Content-Length") or len(data))
        half = len(data) // 2
        announced = {Act.LONGER: length + 100, Act.SHORTER: half}.get(self._act, length)
        self._answer(found.status, headers, announced, data[:half] if self._act is Act.CUT else data)
        if self._act in (Act.CUT, Act.LONGER):
            self.close_connection = True

    def _answer(self, status: int, headers: Sequence[tuple[str, str]], length: int, body: bytes) -> None:
        """Send an answer."""
        self._record(status)
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()
