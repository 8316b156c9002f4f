import pytest

from imgsieve.config import NetworkConfig, PriceConfig
from imgsieve.runs.bill import estimate, network_summary
from imgsieve.storage import Traffic


def test_every_class_of_request_is_charged_at_its_own_price():
    prices = PriceConfig(
        currency="EUR", read_per_10k=1, list_per_10k=2, write_per_10k=4, retrieval_per_gb=8, egress_per_gb=16
    )
    total = {"gets": 15_000, "heads": 5_000, "lists": 10_000, "puts": 2_500, "copies": 2_500, "bytes_read": 5e8}
    bill = estimate(total, prices)
    assert bill == {
        "currency": "EUR", "reads": 2, "lists": 2, "writes": 2, "retrieval": 4, "egress": 8, "total": pytest.approx(18)
    }  # fmt: skip


def test_a_run_that_asked_no_store_has_no_bill():
    traffic = Traffic(NetworkConfig())
    traffic.for_stage("extract")
    assert network_summary(traffic, [], PriceConfig()) is None


def test_stages_add_up():
    traffic = Traffic(NetworkConfig())
    for stage, gets in (("extract", 3), ("local", 4)):
        traffic.for_stage(stage)
        traffic.count(gets=gets, bytes_read=10 * gets)
    summary = network_summary(traffic, [], PriceConfig())
    assert summary["total"]["gets"] == 7
    assert summary["total"]["bytes_read"] == 70
    assert summary["by_stage"]["local"]["gets"] == 4
