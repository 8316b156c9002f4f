"""What a run asked of stores beyond this machine, summed up, and what their operators may charge for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from imgsieve.config import PriceConfig
from imgsieve.storage import BlobSource, Source, Traffic

__all__ = ["estimate", "network_summary"]

_GB = 1e9


def network_summary(traffic: Traffic, sources: Sequence[Source], prices: PriceConfig) -> dict[str, Any] | None:
    """Return what ``summary.json`` says of networks; None for a run that asked nothing of any."""
    by_stage = {stage: counts for stage, counts in traffic.as_dict().items() if any(counts.values())}
    if not by_stage:
        return None
    names = next(iter(by_stage.values()))
    total = {name: round(sum(counts[name] for counts in by_stage.values()), 3) for name in names}
    return {
        "by_stage": by_stage,
        "total": total,
        "most_requests_at_a_time": {s.uri: s.store.concurrency for s in sources if isinstance(s, BlobSource)},
        "estimate": estimate(total, prices),
    }


def estimate(total: Mapping[str, float], prices: PriceConfig) -> dict[str, Any]:
    """Estimate a bill.

    Parameters
    ----------
    total
        Counts as in `imgsieve.storage.traffic.Counts`.
    prices
        What each class of request costs.

    Returns
    -------
    dict
        The currency, the cost of each class, and their sum under ``total``.
    """
    costs = {
        "reads": (total["gets"] + total["heads"]) * prices.read_per_10k / 10_000,
        "lists": total["lists"] * prices.list_per_10k / 10_000,
        "writes": (total["puts"] + total["copies"]) * prices.write_per_10k / 10_000,
        "retrieval": total["bytes_read"] * prices.retrieval_per_gb / _GB,
        "egress": total["bytes_read"] * prices.egress_per_gb / _GB,
    }
    rounded = {name: round(cost, 6) for name, cost in costs.items()}
    return {"currency": prices.currency, **rounded, "total": round(sum(costs.values()), 6)}
