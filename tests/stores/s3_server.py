"""Moto's S3 in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from stores.server_process import ServerProcess

KEY_ID = "test-key-id"
SECRET = "test-secret-that-is-shown-nowhere"  # noqa: S105 - opens nothing
LISTENS = r"Running on (http://\S+)"
ACCESSED = r'"([A-Z]+) (\S+) HTTP/1\.1" (\d{3})'


class S3Server(ServerProcess):
    """A running S3.

    Parameters
    ----------
    folder
        For its log.
    """

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        super().__init__(command, LISTENS, ACCESSED, folder / "s3.log")

    def client(self) -> Any:
        """Return Amazon's own client."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}),
        )

    def environment(self, endpoint: str | None = None) -> dict[str, str]:
        """Return the variables that name the server and the keys; ``endpoint`` may be that of a proxy."""
        return {
            "AWS_ENDPOINT_URL": endpoint or self.url,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }
