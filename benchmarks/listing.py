"""Measure the memory and the pace of listing a container with many names.

Usage::

    python benchmarks/listing.py [--names 10000 200000] [--work build/listing]

A server of the benchmark's own answers as Azure Blob Storage does, 5,000 made-up blobs a page; the listing, into the
manifest of a run folder, is a process of its own, whose peak is that of the whole process as the system counts it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from accuracy import table
from imgsieve.config import NetworkConfig
from imgsieve.runs.folder import RunFolder
from imgsieve.runs.manifest import list_sources
from imgsieve.storage import ListingFilter, Traffic, open_source

PAGE = 5000
BLOB = (
    "<Blob><Name>archive/{folder:04d}/holiday-by-the-sea-{number:08d}.jpg</Name><Properties>"
    "<Creation-Time>Sat, 21 Nov 2020 09:07:12 GMT</Creation-Time>"
    "<Last-Modified>Sat, 21 Nov 2020 09:07:12 GMT</Last-Modified><Etag>0x8D{number:013X}</Etag>"
    "<Content-Length>{size}</Content-Length><Content-Type>image/jpeg</Content-Type><Content-Encoding/>"
    "<Content-MD5>ndTkYSaMgDT1yFZOFVxnpg==</Content-MD5><BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier>"
    "<LeaseStatus>unlocked</LeaseStatus><LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted>"
    "</Properties></Blob>"
)


class Lister(BaseHTTPRequestHandler):
    """Answers requests to list, with as many names as its server has."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with one page."""
        query = parse_qs(urlsplit(self.path).query)
        first = int(query.get("marker", ["0"])[0])
        last = min(first + PAGE, self.server.names)  # type: ignore[attr-defined]
        blobs = "".join(BLOB.format(folder=n // 1000, number=n, size=100_000 + n % 9973) for n in range(first, last))
        marker = str(last) if last < self.server.names else ""  # type: ignore[attr-defined]
        body = (
            f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>{blobs}</Blobs>'
            f"<NextMarker>{marker}</NextMarker></EnumerationResults>"
        ).encode()
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def child(out: Path) -> None:
    """List and print what it took."""
    traffic = Traffic(NetworkConfig())
    begin = time.perf_counter()
    manifest = list_sources([open_source("az://many", ListingFilter(), traffic)], RunFolder(out), lambda _: None)
    print(
        json.dumps(
            {
                "rows": manifest.rows,
                "seconds": time.perf_counter() - begin,
                "lists": traffic.as_dict()[""]["lists"],
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


def measured(names: int, out: Path) -> dict[str, float]:
    """List so many names in a process of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Lister)
    server.names = names  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_address[1]}/account"
    environment = os.environ | {
        "AZURE_STORAGE_CONNECTION_STRING": f"AccountName=account;AccountKey=a2V5;BlobEndpoint={endpoint}"
    }
    command = [sys.executable, __file__, "--child", str(out)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    server.shutdown()
    server.server_close()
    return json.loads(done.stdout)


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(Path(sys.argv[2]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, nargs="+", default=[10_000, 200_000])
    parser.add_argument("--work", type=Path, default=Path("build/listing"))
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    lines = []
    for names in options.names:
        found = measured(names, options.work / str(names))
        assert found["rows"] == names
        pace = f"{names / found['seconds']:,.0f}"
        lines.append((f"{names:,}", f"{found['lists']:,}", f"{found['peak'] / 1e6:.0f} MB", pace))
    print(table(("names", "requests", "peak memory", "names a second"), lines))


if __name__ == "__main__":
    main()
