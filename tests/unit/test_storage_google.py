"""Conditional writes to Google Cloud Storage, which knows versions by generations: a server that does likewise."""

from __future__ import annotations

import hashlib
import json
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from obstore.store import GCSStore

from imgsieve.storage import Fault, StoreFault
from imgsieve.storage.objects import ObstoreClient

PUT = {"content_type": "application/json", "metadata": {}, "md5": None}


class _Handler(BaseHTTPRequestHandler):
    """Keeps objects with their generations, as the XML interface does."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        """Print nothing."""

    def _answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": len(body)}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        _, generation = self.server.objects.get(self.path, (b"", 0))
        wanted = self.headers.get("x-goog-if-generation-match")
        if wanted is not None and int(wanted) != generation:
            self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        self.server.objects[self.path] = (body, generation + 101)
        self._answer(200, ETag=_etag(body), x_goog_generation=generation + 101)

    def do_GET(self):
        found = self.server.objects.get(self.path)
        if found is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        told = {"ETag": _etag(found[0]), "x_goog_generation": found[1], "Last_Modified": formatdate(usegmt=True)}
        self._answer(200, found[0], **told)

    do_HEAD = do_GET  # noqa: N815 - the base class's name


def _etag(body):
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


@pytest.fixture
def client():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.objects = {}
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    names = ("client_email", "private_key", "private_key_id")
    account = {"gcs_base_url": url, "disable_oauth": True, **dict.fromkeys(names, "")}
    options = {"client_options": {"allow_http": True}, "retry_config": {"max_retries": 0}}
    yield ObstoreClient(GCSStore("bucket", config={"service_account_key": json.dumps(account)}, **options), "gs")
    server.shutdown()
    server.server_close()
    thread.join()


def refused(write):
    with pytest.raises(StoreFault) as fault:
        write()
    return fault.value.kind


def test_an_object_is_made_only_where_there_is_none(client):
    first = client.put("a/b", b"1", create=True, etag=None, **PUT)
    assert refused(lambda: client.put("a/b", b"2", create=True, etag=None, **PUT)) is Fault.CHANGED
    assert client.head("a/b").etag == first


def test_an_object_is_written_over_the_version_that_is_known_only(client):
    first = client.put("a/b", b"1", create=True, etag=None, **PUT)
    second = client.put("a/b", b"2", create=False, etag=first, **PUT)
    assert refused(lambda: client.put("a/b", b"3", create=False, etag=first, **PUT)) is Fault.CHANGED
    assert client.head("a/b").etag == second != first
    assert refused(lambda: client.put("a/c", b"3", create=False, etag=first, **PUT)) is Fault.MISSING
