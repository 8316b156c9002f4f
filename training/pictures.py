"""Pictures to train on, held in memory as squares at three sizes."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["LEVELS", "Bank", "Photographs", "bank_of", "load_photographs"]

LEVELS = (128, 64, 32)
"""Sides of the squares; a view takes the one whose pixels are nearest to its own, so that shrinking does not alias."""

VALIDATION_SHARE = 0.1


@dataclass(frozen=True)
class Bank:
    """Pictures squashed to squares, and how wide they were."""

    levels: tuple[Tensor, ...]
    """One of shape (n, 3, side, side), uint8 RGB, for each of `LEVELS`."""
    aspects: Tensor
    """Width over height before squashing, shape (n,), float32."""

    def __len__(self) -> int:
        """Count pictures."""
        return len(self.aspects)

    def to(self, device: torch.device) -> Bank:
        """Copy to a device."""
        return Bank(tuple(level.to(device) for level in self.levels), self.aspects.to(device))

    def joined(self, other: Bank) -> Bank:
        """Append the pictures of another bank."""
        levels = tuple(torch.cat((mine, theirs)) for mine, theirs in zip(self.levels, other.levels, strict=True))
        return Bank(levels, torch.cat((self.aspects, other.aspects)))


@dataclass(frozen=True)
class Photographs:
    """Photographs of one archive, some of which never serve for training."""

    training: Bank
    validation: Bank


def bank_of(pictures: list[NDArray[np.uint8]]) -> Bank:
    """Squash pictures of shape (h, w, 3), uint8 RGB."""
    squares = np.empty((len(pictures), LEVELS[0], LEVELS[0], 3), np.uint8)
    for square, picture in zip(squares, pictures, strict=True):
        cv2.resize(picture, (LEVELS[0], LEVELS[0]), dst=square, interpolation=cv2.INTER_CUBIC)
    levels = tuple(
        np.stack([cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA) for square in squares])
        for side in LEVELS
    )
    aspects = torch.tensor([picture.shape[1] / picture.shape[0] for picture in pictures], dtype=torch.float32)
    return Bank(tuple(torch.from_numpy(level).permute(0, 3, 1, 2).contiguous() for level in levels), aspects)


def held_back(name: str) -> bool:
    """Tell whether a photograph is for validation: by a hash of its name, so that it does not change with others."""
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:4], "big") < VALIDATION_SHARE * 2**32


def load_photographs(archive: Path) -> Photographs:
    """Read every picture of a zip archive.

    Raises
    ------
    ValueError
        A file of the archive is no picture.
    """
    parts: tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]] = ([], [])
    with zipfile.ZipFile(archive) as stored:
        for name in sorted(stored.namelist()):
            if name.endswith("/"):
                continue
            pixels = cv2.imdecode(np.frombuffer(stored.read(name), np.uint8), cv2.IMREAD_COLOR_RGB)
            if pixels is None:
                raise ValueError(f"{archive}: {name} is no picture")
            parts[held_back(name)].append(np.asarray(pixels, np.uint8))
    return Photographs(bank_of(parts[0]), bank_of(parts[1]))
