"""Reading by plain HTTP: one GET, its faults told apart."""

from __future__ import annotations

import re
import urllib.request

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from imgsieve.config import NetworkConfig
from imgsieve.storage.client import Check
from imgsieve.storage.faults import Fault, StoreFault, fault_of_status

__all__ = ["HttpReader"]

_CONNECT_SECONDS = 5.0
_FIRST_BYTES = 64
_CODE = re.compile(rb"<Code>(\w+)</Code>")
_WORTH_DRAINING = 65_536
"""A connection is given up rather than read to its end when more than this is left."""


class HttpReader:
    """Keeps connections open and reads from URLs.

    Parameters
    ----------
    config
        Timeouts, and how many connections there may be.
    """

    def __init__(self, config: NetworkConfig) -> None:
        self._timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=config.timeout_seconds)
        self._most = config.max_concurrency
        self._pools: dict[str, urllib3.PoolManager] = {}

    def get(self, url: str, headers: dict[str, str], check: Check | None = None) -> bytes:
        """Return the body of a URL; only its beginning where ``check`` says no to the first bytes.

        Raises
        ------
        StoreFault
            It cannot be had. The message has no URL in it.
        """
        try:
            answer = self._pool(url).request(
                "GET", url, headers=headers, timeout=self._timeout, retries=False, redirect=False, preload_content=False
            )
            try:
                return self._body(answer, check)
            finally:
                answer.release_conn()
        except StoreFault:
            raise
        except (NewConnectionError, ConnectTimeoutError, SSLError) as error:
            raise StoreFault(Fault.UNREACHABLE, f"no connection: {_name(error)}") from None
        except (HTTPError, OSError) as error:
            raise StoreFault(Fault.BROKEN, f"the connection broke: {_name(error)}") from None

    def _body(self, answer: urllib3.BaseHTTPResponse, check: Check | None) -> bytes:
        """Read an answer."""
        if answer.status not in (200, 206):
            body = answer.read(4096)
            answer.drain_conn()
            code = answer.headers.get("x-ms-error-code") or _code(body)
            raise fault_of_status(answer.status, code, answer.headers.get("Retry-After"))
        if check is None:
            return answer.read()
        first = answer.read(_FIRST_BYTES)
        if first and not check(first):
            if int(answer.headers.get("Content-Length") or 0) > _WORTH_DRAINING:
                answer.close()
            else:
                answer.drain_conn()
            return first
        return first + answer.read()

    def _pool(self, url: str) -> urllib3.PoolManager:
        """Return the connections for a URL, through the proxy of the environment if there is one."""
        scheme, _, rest = url.partition("://")
        host = rest.partition("/")[0].partition(":")[0]
        if host not in self._pools:
            proxy = None if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get(scheme)
            if proxy:
                self._pools[host] = urllib3.ProxyManager(proxy, maxsize=self._most)
            else:
                self._pools[host] = urllib3.PoolManager(maxsize=self._most)
        return self._pools[host]


def _code(body: bytes) -> str:
    """Return the store's own code of an error."""
    found = _CODE.search(body)
    return found[1].decode() if found else ""


def _name(error: Exception) -> str:
    """Say what sort of error it is; its text would name the URL with its signature."""
    return type(error).__name__
