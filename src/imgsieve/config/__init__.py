"""The options of a run: from TOML, flags or Python."""

from imgsieve.config.efforts import EFFORTS, Effort
from imgsieve.config.loading import load_config
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
from imgsieve.config.run import ALGORITHM, WITHOUT_EFFECT, RunConfig, digest_of

__all__ = [
    "ALGORITHM",
    "EFFORTS",
    "WITHOUT_EFFECT",
    "ColorConfig",
    "DecodeConfig",
    "Effort",
    "ExecutionConfig",
    "GlobalConfig",
    "LocalConfig",
    "NetworkConfig",
    "PriceConfig",
    "QualityConfig",
    "RunConfig",
    "SourceConfig",
    "VotingConfig",
    "WaveletConfig",
    "digest_of",
    "load_config",
]
