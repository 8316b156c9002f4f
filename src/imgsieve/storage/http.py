"""Reading by plain HTTP: one GET, its faults told apart.

By libcurl, which costs a third of the processor's time of Python's own ways and holds no lock of the interpreter.
"""

from __future__ import annotations

import os
import re
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import certifi
import pycurl

from imgsieve.config import NetworkConfig
from imgsieve.storage.client import FIRST_BYTES, Check
from imgsieve.storage.faults import Fault, StoreFault, fault_of_status

__all__ = ["HttpReader"]

_CONNECT_SECONDS = 5
_BUFFER_BYTES = 256 * 1024
_READ = (200, 206)
_CODE = re.compile(rb"<Code>(\w+)</Code>")
_UNREACHABLE = frozenset(
    (
        pycurl.E_COULDNT_RESOLVE_PROXY,
        pycurl.E_COULDNT_RESOLVE_HOST,
        pycurl.E_COULDNT_CONNECT,
        pycurl.E_SSL_CONNECT_ERROR,
        pycurl.E_SSL_CACERT,
    )
)


class HttpReader:
    """Reads from URLs; every thread keeps its connections open.

    Parameters
    ----------
    config
        Timeouts.
    is_over
        Asked every second and oftener while a request runs; where it says yes, the request is broken off.
    """

    def __init__(self, config: NetworkConfig, is_over: Callable[[], bool] = lambda: False) -> None:
        self._timeout = max(1, round(config.timeout_seconds))
        self._certificates = _certificates()
        self._of_thread = threading.local()
        self._multi = pycurl.CurlMulti()
        self._is_over = is_over

    def get(self, url: str, headers: dict[str, str], check: Check | None = None) -> bytes:
        """Return the body of a URL; only its beginning where ``check`` says no to the first bytes.

        Raises
        ------
        StoreFault
            It cannot be had. The message has no URL in it.
        """
        curl = self._curl()
        answer = _Answer(check)
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in headers.items()])
        curl.setopt(pycurl.WRITEFUNCTION, answer.write if check else answer.parts.append)
        curl.setopt(pycurl.HEADERFUNCTION, answer.headers.append)
        failed = self._perform(curl)
        curl.setopt(pycurl.FRESH_CONNECT, 0)
        # What the handle still refers to would stay in memory until this thread's next request.
        parts, answer.parts = answer.parts, []
        curl.setopt(pycurl.WRITEFUNCTION, answer.parts.append)
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        if failed and not answer.refused:
            raise _broken(failed, curl)
        if b"\r\n" not in answer.headers:
            raise StoreFault(Fault.BROKEN, "the connection broke within the headers")
        status = curl.getinfo(pycurl.RESPONSE_CODE)
        if status not in _READ:
            raise fault_of_status(status, answer.code(body), answer.header("retry-after"))
        return body

    def distrust(self) -> None:
        """Make this thread's next request over a new connection.

        To be called after an answer that came whole by its own account and was not: what it left on the connection
        would be taken for the beginning of the next one.
        """
        self._curl().setopt(pycurl.FRESH_CONNECT, 1)

    def _perform(self, curl: Any) -> int:
        """Carry out a request and return the number of its error, 0 for none."""
        if threading.current_thread() is threading.main_thread():
            return self._perform_awake(curl)
        try:
            curl.perform()
        except pycurl.error as error:
            return int(error.args[0])
        return 0

    def _perform_awake(self, curl: Any) -> int:
        """Do so in the thread that signals go to: they are looked at every second, also while nothing comes."""
        self._multi.add_handle(curl)
        try:
            while self._multi.perform()[1]:
                self._multi.select(1.0)
            return sum(int(failed[1]) for failed in self._multi.info_read()[2])
        finally:
            self._multi.remove_handle(curl)

    def _curl(self) -> Any:
        """Return the handle of this thread."""
        curl = getattr(self._of_thread, "curl", None)
        if curl is None:
            curl = self._of_thread.curl = pycurl.Curl()
            curl.setopt(pycurl.NOSIGNAL, 1)
            curl.setopt(pycurl.PATH_AS_IS, 1)
            curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
            curl.setopt(pycurl.CAINFO, self._certificates)
            curl.setopt(pycurl.BUFFERSIZE, _BUFFER_BYTES)
            curl.setopt(pycurl.CONNECTTIMEOUT, _CONNECT_SECONDS)
            curl.setopt(pycurl.LOW_SPEED_LIMIT, 1)
            curl.setopt(pycurl.LOW_SPEED_TIME, self._timeout)
            if threading.current_thread() is not threading.main_thread():
                # Not there: a signal that came within the call would be lost.
                curl.setopt(pycurl.NOPROGRESS, 0)
                curl.setopt(pycurl.XFERINFOFUNCTION, lambda *_sizes: self._is_over())
        return curl


class _Answer:
    """What comes back."""

    def __init__(self, check: Check | None) -> None:
        self._check = check
        self.parts: list[bytes] = []
        self.headers: list[bytes] = []
        self.refused = False
        """Whether ``check`` said no."""

    def write(self, part: bytes) -> int | None:
        """Take the next bytes; -1 ends the transfer."""
        self.parts.append(part)
        if self._check is not None and self.status() in _READ:
            first = b"".join(self.parts)
            if len(first) >= FIRST_BYTES:
                self.refused = not self._check(first[:FIRST_BYTES])
                self._check = None
        return -1 if self.refused else None

    def status(self) -> int:
        """Return the status of the last answer that has begun."""
        lines = [line for line in self.headers if line.startswith(b"HTTP/")]
        return int(lines[-1].split()[1]) if lines else 0

    def header(self, name: str) -> str | None:
        """Return a header of the answer."""
        for line in reversed(self.headers):
            found, _, value = line.decode("latin-1").partition(":")
            if found.lower() == name:
                return value.strip()
        return None

    def code(self, body: bytes) -> str:
        """Return the store's own code of an error."""
        found = _CODE.search(body)
        return self.header("x-ms-error-code") or (found[1].decode() if found else "")


def _broken(code: int, curl: Any) -> StoreFault:
    """Say what sort of failure it is; the text of the error itself may name the URL with its signature."""
    unconnected = code == pycurl.E_OPERATION_TIMEDOUT and not curl.getinfo(pycurl.CONNECT_TIME)
    if code in _UNREACHABLE or unconnected:
        return StoreFault(Fault.UNREACHABLE, f"no connection (curl {code})")
    return StoreFault(Fault.BROKEN, f"the connection broke (curl {code})")


def _certificates() -> str:
    """Return the file of the authorities to trust: the user's, the system's, or else those that certifi brings."""
    paths = ssl.get_default_verify_paths()
    choices = (os.environ.get("CURL_CA_BUNDLE"), os.environ.get("SSL_CERT_FILE"), paths.cafile, certifi.where())
    return next(path for path in choices if path and Path(path).is_file())
