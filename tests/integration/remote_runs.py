"""Run folders on object stores, looked at from outside."""

from __future__ import annotations

from pathlib import Path

from imgsieve.config import NetworkConfig
from imgsieve.storage import Store, Traffic, open_store, parse_address


def store_of(place: str) -> Store:
    """Open the store that a URL is in."""
    return open_store(parse_address(place), Traffic(NetworkConfig()))


def objects(place: str) -> dict[str, bytes]:
    """Return all that lies below a URL, by its name there."""
    store, prefix = store_of(place), parse_address(place).prefix
    return {found.name.removeprefix(prefix): store.read(found.name) for found in store.list(prefix)}


def download(place: str, folder: Path) -> Path:
    """Copy a run folder to this machine."""
    for name, data in objects(place).items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def same_results(place: str, folder: Path) -> bool:
    """Return whether a run on a store has the results of one on this machine."""
    found = objects(place)
    return all(found[name] == (folder / name).read_bytes() for name in ("groups.parquet", "groups.csv"))
