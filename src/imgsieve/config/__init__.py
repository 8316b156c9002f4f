"""The options of a run: from TOML, flags or Python."""

from imgsieve.config.checking import check_config
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
from imgsieve.config.profiles import PROFILES, Profile, profile_of, with_profile
from imgsieve.config.run import ALGORITHM, WITHOUT_EFFECT, RunConfig, digest_of

__all__ = [
    "ALGORITHM",
    "EFFORTS",
    "PROFILES",
    "WITHOUT_EFFECT",
    "ColorConfig",
    "DecodeConfig",
    "Effort",
    "ExecutionConfig",
    "GlobalConfig",
    "LocalConfig",
    "NetworkConfig",
    "PriceConfig",
    "Profile",
    "QualityConfig",
    "RunConfig",
    "SourceConfig",
    "VotingConfig",
    "WaveletConfig",
    "check_config",
    "digest_of",
    "load_config",
    "profile_of",
    "with_profile",
]
