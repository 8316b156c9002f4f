"""All options of a run together, and the prints by which run folders tell whether they changed.

Options that change the result go into `RunConfig.fingerprint`; those of the tables in `WITHOUT_EFFECT` never do.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imgsieve.config.options import (
    ColorConfig,
    DecodeConfig,
    ExecutionConfig,
    GlobalConfig,
    LocalConfig,
    NetworkConfig,
    PriceConfig,
    QualityConfig,
    SourceConfig,
    VotingConfig,
    WaveletConfig,
)
from imgsieve.errors import ConfigError

__all__ = ["ALGORITHM", "WITHOUT_EFFECT", "RunConfig", "digest_of"]

ALGORITHM = 10
"""Raised whenever features or verdicts change, so that older run folders are recomputed."""

WITHOUT_EFFECT = ("execution", "network", "prices")
"""Tables of options that never change the result."""


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """All options of a run."""

    source: SourceConfig = field(default_factory=SourceConfig)
    decode: DecodeConfig = field(default_factory=DecodeConfig)
    wavelet: WaveletConfig = field(default_factory=WaveletConfig)
    voting: VotingConfig = field(default_factory=VotingConfig)
    color: ColorConfig = field(default_factory=ColorConfig)
    refine: GlobalConfig = field(default_factory=GlobalConfig)
    local: LocalConfig = field(default_factory=LocalConfig)
    quality: QualityConfig = field(default_factory=QualityConfig)
    execution: ExecutionConfig = field(default_factory=ExecutionConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    prices: PriceConfig = field(default_factory=PriceConfig)

    def fingerprint(self) -> str:
        """Return 16 hexadecimal digits that change whenever an option that changes the result does."""
        options = dataclasses.asdict(self)
        for table in WITHOUT_EFFECT:
            del options[table]
        del options["decode"]["thumbnails"]
        options["refine"]["descriptor"] = _content_of(self.refine.descriptor)
        return digest_of({"algorithm": ALGORITHM, **options})

    def recipe(self) -> str:
        """Return 16 hexadecimal digits that change whenever an option that changes the features does."""
        decode = dataclasses.asdict(self.decode)
        del decode["thumbnails"]
        described = {"descriptor": _content_of(self.refine.descriptor), "trained": self.refine.uses_net}
        if any(described.values()):
            described["device"] = self.refine.device
        return digest_of({"algorithm": ALGORITHM, "decode": decode, **described})

    def as_dict(self) -> dict[str, Any]:
        """Return plain nested dictionaries, fit for JSON."""
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return plain


def _content_of(path: str | None) -> str | None:
    """Return a digest of a model and of the TOML beside it, so that their content counts and not their place."""
    if path is None:
        return None
    digest = hashlib.sha256()
    for file in (Path(path), Path(path).with_suffix(".toml")):
        try:
            digest.update(file.read_bytes())
        except OSError as error:
            raise ConfigError(f"the model's file {file} cannot be read: {error.strerror}") from error
    return digest.hexdigest()[:16]


def digest_of(value: Any) -> str:
    """Return 16 hexadecimal digits of a JSON value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
