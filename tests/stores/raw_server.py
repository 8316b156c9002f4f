"""A server that says, byte for byte, what it is told to say."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class RawServer:
    """Answers each request with the next of the given bytes; after the last one it says nothing more.

    Parameters
    ----------
    answers
        One for each request; an empty one closes the connection instead.
    """

    def __init__(self, answers: Sequence[bytes]) -> None:
        self._answers = list(answers)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.requests: list[bytes] = []
        self.connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        """Take connections until the server ends."""
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections.append(connection)
            self._threads.append(threading.Thread(target=self._talk, args=(connection,)))
            self._threads[-1].start()

    def _talk(self, connection: socket.socket) -> None:
        """Answer the requests of one connection."""
        try:
            while head := _head(connection):
                self.requests.append(head)
                if not self._answers:
                    continue
                answer = self._answers.pop(0)
                if not answer:
                    connection.shutdown(socket.SHUT_RDWR)
                    return
                connection.sendall(answer)
                if b"Connection: close" in answer:
                    connection.shutdown(socket.SHUT_RDWR)
                    return
        except OSError:
            return

    def stop(self) -> None:
        """End all connections."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._threads[0].join()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            finally:
                connection.close()
        for thread in self._threads:
            thread.join()


def _head(connection: socket.socket) -> bytes:
    """Read up to the empty line of a request without a body."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        part = connection.recv(65536)
        if not part:
            return b""
        head += part
    return head


@contextmanager
def raw_server(*answers: bytes) -> Iterator[RawServer]:
    """Run such a server."""
    server = RawServer(answers)
    try:
        yield server
    finally:
        server.stop()


def answer(body: bytes = b"", status: str = "200 OK", length: int | None = None, **headers: str) -> bytes:
    """Return the bytes of an answer; ``length`` is announced instead of the true one."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
