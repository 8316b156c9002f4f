"""The options of a run, one frozen dataclass a table of the configuration."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ColorConfig",
    "DecodeConfig",
    "ExecutionConfig",
    "GlobalConfig",
    "LocalConfig",
    "NetworkConfig",
    "PriceConfig",
    "QualityConfig",
    "SourceConfig",
    "VotingConfig",
    "WaveletConfig",
]


@dataclass(frozen=True, kw_only=True)
class SourceConfig:
    """Which files of the sources are listed."""

    include: tuple[str, ...] = ()
    """Globs; when given, only files that match one are listed. ``*`` does not cross ``/``, ``**`` does."""
    exclude: tuple[str, ...] = ()
    """Globs; files that match one are not listed."""
    min_bytes: int = 0
    """Smaller files are not listed."""
    max_bytes: int = 0
    """Larger files are not listed; 0 for no limit."""
    modified_after: str = ""
    """ISO 8601 moment, UTC unless it says otherwise; files last changed before it are not listed."""
    modified_before: str = ""
    """ISO 8601 moment; files last changed at it or later are not listed."""


@dataclass(frozen=True, kw_only=True)
class DecodeConfig:
    """How bytes become pixels."""

    max_pixels: int = 300_000_000
    """Larger pictures fail by their header, before any allocation."""
    min_side: int = 512
    """Codecs that can decode at 1/2, 1/4 or 1/8 do, while the shorter side stays at least this long."""
    thumbnails: bool = True
    """Whether small pictures for the report are kept."""


@dataclass(frozen=True, kw_only=True)
class WaveletConfig:
    """Stage 1: which pairs are proposed."""

    max_distance_bits: int = 58
    """Pairs of whole pictures within this Hamming distance, under any of the eight orientations, are proposed."""
    max_trimmed_distance_bits: int = 53
    """The same between pictures without their flat margins."""
    exact_distance_bits: int = 17
    """Every pair of whole pictures within this distance, in any orientation, is proposed, however many they are."""
    neighbors: int = 16
    """Of pairs farther apart, each picture proposes so many of its nearest, with margins and without."""
    compare_all_up_to: int = 32_768
    """With no more pictures than this, all codes are compared with all; with more, those that share a key in one of
    the tables below."""
    tables: int = 128
    """Tables. Of pairs of 3 million pictures that are 58 bits apart, 96 % share a key in one; of
    those 50 bits apart, 99.7 %; with fewer pictures more. 288 tables find 99 % of those 64 bits apart."""


@dataclass(frozen=True, kw_only=True)
class VotingConfig:
    """Stage 1, second part: pairs that local codes propose, such as crops, screenshots and tilted pictures."""

    tables: int = 3
    """Orders in which local codes are compared with those beside them; 0 for none."""
    window: int = 128
    """Codes on each side that a code is compared with in each order."""
    neighbors: int = 4
    """The nearest of these that match, in each order."""
    max_distance_bits: int = 20
    """Largest distance of two local codes that match, of 128 bits."""
    min_votes: int = 3
    """Matches that must agree on one similarity."""
    turned: bool = False
    """Whether parts are also found in pictures that are turned by quarters or mirrored; eight times the work."""


@dataclass(frozen=True, kw_only=True)
class ColorConfig:
    """Stage 2: which pairs are rejected for their color alone."""

    max_hue_shift: float = 60.0
    """Two colorful pictures whose colors differ by more (CIE a*b* distance of the mean) are different."""
    far_distance_bits: int = 40
    """Pairs whose codes are further apart than this must have something of their colors in common."""
    min_far_correlation: float = 0.35
    """Correlation of the histograms below which a far pair is rejected, when its pixels differ as well."""
    max_far_difference: float = 10.0
    """Average pixel difference (CIE76) up to which a far pair is passed on whatever its histograms."""


@dataclass(frozen=True, kw_only=True)
class GlobalConfig:
    """Stage 3: the global descriptor."""

    descriptor: str | None = None
    """Path of an ONNX model with a TOML beside it, in place of what is built in; None for that."""
    trained: bool = True
    """Whether the descriptor of the built-in net is computed for every picture, proposes pairs and speaks in their
    refinement."""
    device: str = "cpu"
    """Where models are computed: ``cpu``, ``cuda`` or ``cuda:N``. Without such a device it is the processor."""
    propose_similarity: float = 0.5
    """Pairs of pictures whose built-in descriptors have a higher cosine are proposed as well,"""
    propose_neighbors: int = 5
    """so many nearest of each picture at most."""
    sure_similarity: float = 0.8
    """Pairs with a higher cosine go on to stage 4 whatever corners and blocks say;"""
    sure_margin: float = 0.3
    """so do those whose cosine is by so much above that of the tenth nearest (of twice ``propose_neighbors``) of
    either."""
    max_match_distance_bits: int = 18
    """Largest distance at which local codes of two pictures match, of 128 bits."""
    min_matches: int = 5
    """Corners that one map must bring together for it to count,"""
    min_match_share: float = 0.1
    """and their share of those that it should bring together."""
    min_agreement: float = 0.94
    """Share of blocks that look alike where corners lay one picture over the other, and 0.4 of that share of corners.
    Pairs below are rejected, unless their frames lay one over the other so that"""
    min_frame_similarity: float = 0.72
    """this share of blocks looks alike, or"""
    min_plain_similarity: float = 0.5
    """this share, of a picture that has next to no corners."""
    min_embedding_similarity: float = 0.5
    """With a model: pairs whose cosine is lower are rejected."""
    propose_embedding_similarity: float = 0.75
    """With a model: pairs whose cosine is higher are proposed as well."""
    neighbors: int = 16
    """With a model: how many nearest neighbors of an image are considered for proposal."""

    @property
    def uses_net(self) -> bool:
        """Whether the built-in net describes pictures: not where a model of the user's own does."""
        return self.trained and self.descriptor is None


@dataclass(frozen=True, kw_only=True)
class LocalConfig:
    """Stage 4: align and compare."""

    working_side: int = 384
    """Longer side, in pixels, at which aligned pictures are compared."""
    closer_side: int = 512
    """Longer side, in pixels, at which pictures that agree are compared once more, for their small print."""
    min_exchanged_pixels: int = 12
    """Pixels of strokes of one ink, at that size, that each of two pictures has where the other has none, from which
    they bear other writing,"""
    min_exchanged_length: float = 0.3
    """where these pieces of writing are so long together, as a share of the longer side. Copies that are numbered by
    one digit, as series for tests are, have 0.15 to 0.27; lines of text mostly more."""
    max_own_strokes: float = 0.005
    """Share of a picture that is strokes which another one, captioned with a strip, has not."""
    orb_side: int = 320
    """Longer side, in pixels, at which ORB keypoints are found."""
    orb_keypoints: int = 500
    """ORB keypoints an image at most."""
    sift_side: int = 256
    """Longer side, in pixels, at which SIFT keypoints are found."""
    sift_keypoints: int = 400
    """SIFT keypoints an image at most."""
    ratio: float = 0.8
    """Lowe's ratio test."""
    min_inliers: int = 8
    """Fewer inliers of the affine map reject a pair."""
    min_block_share: float = 0.7
    """Share of textured blocks that must correlate once aligned."""
    min_still_share: float = 0.8
    """Share of matching blocks that must stand still once aligned (no parallax)."""
    max_color_shift: float = 25.0
    """Largest change of color (CIE a*b*) between two colorful pictures."""


@dataclass(frozen=True, kw_only=True)
class QualityConfig:
    """Stage 5: weights of the parts of the quality score."""

    resolution: float = 0.40
    sharpness: float = 0.04
    compression: float = 0.18
    exposure: float = 0.13
    contrast: float = 0.04
    noise: float = 0.18
    completeness: float = 0.05
    metadata: float = 0.03


@dataclass(frozen=True, kw_only=True)
class ExecutionConfig:
    """How the work is done. Never changes the result."""

    executor: str = "threads"
    """Who does the work: ``threads`` of this process, or the processes of a ``ray`` cluster."""
    ray_address: str = ""
    """The cluster, such as ``auto`` or ``head:6379``; empty for that of ``RAY_ADDRESS``, and where that is not
    set for one on this machine, started for this run."""
    workers: int = 0
    """Threads; 0 for one a core that this process may use, and fewer where the memory budget has no room for so many.
    Files of a store are fetched by further threads, up to `NetworkConfig.max_concurrency`."""
    memory_bytes: int = 2 * 1024**3
    """Ceiling of the process's resident memory; on a cluster, that of this process and of each other one."""
    shard_rows: int = 1024
    """Images whose features are kept in one part, and are described by one process of a cluster at one go."""
    chunk_size: int = 0
    """Images that a worker describes at one go; 0 for 8, and fewer where that would leave workers idle."""
    max_group_size_color: int = 2048
    """Images whose features a worker of stage 2 holds at one time; larger groups of candidates are worked through in
    pieces. From 2, for a pair is not divided."""
    max_group_size_global: int = 2048
    """The same for stage 3."""
    max_group_size_local: int = 1024
    """Images that stage 4 looks up at one time; of these, a worker holds the pictures of two."""
    gc_frequency: int = 0
    """Groups of candidates that stages 2 to 4 work through between two hand-backs of freed memory to the system, beside
    those between the stages; 0 for these alone."""


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """How stores beyond this machine are asked. Never changes the result."""

    max_requests_per_second: float = 0.0
    """Requests a second at most, over all stores of a run; 0 for no limit."""
    max_bandwidth: float = 0.0
    """Bytes a second at most, both ways together; 0 for no limit."""
    max_concurrency: int = 64
    """Requests at one time at most; how many there are below that is found out while they run."""
    timeout_seconds: float = 60.0
    """A connection that brings nothing for so long is given up."""
    retry_seconds: float = 300.0
    """A request that keeps failing for reasons that may pass is repeated for so long."""
    cache_bytes: int = 10 * 1024**3
    """Disk space for pictures that stage 4 has fetched again and may need once more; 0 for none."""


@dataclass(frozen=True, kw_only=True)
class PriceConfig:
    """What a store's operator asks for, for an estimate of the bill.

    The defaults are near what hot storage of general-purpose accounts costs; look up your own region and tier.
    """

    currency: str = "USD"
    read_per_10k: float = 0.005
    """10,000 requests that read: GET, HEAD."""
    list_per_10k: float = 0.055
    """10,000 requests that list."""
    write_per_10k: float = 0.055
    """10,000 requests that write or copy."""
    retrieval_per_gb: float = 0.0
    """10^9 bytes read from cool tiers."""
    egress_per_gb: float = 0.0
    """10^9 bytes that leave the region; nothing within it."""
