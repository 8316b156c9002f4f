from imgsieve.report.network import network_rows

COUNTS = {"gets": 0, "heads": 0, "lists": 0, "puts": 0, "copies": 0, "deletes": 0, "retries": 0}


def counts(**some):
    return {**COUNTS, "bytes_read": 0, "bytes_written": 0, "throttled_seconds": 0.0, **some}


def test_a_run_that_asked_no_store_has_no_table():
    assert network_rows(None, {}) is None


def test_stages_come_in_the_order_of_the_run_and_only_requests_that_were_made_have_a_column():
    by_stage = {"extract": counts(gets=5), "list": counts(lists=2), "elsewhere": counts(gets=1)}
    network = {"by_stage": by_stage, "total": counts(gets=6, lists=2), "estimate": {"total": 0.25, "currency": "EUR"}}
    found = network_rows(network, {"list": "Listing", "extract": "Reading", "color": "Color"})
    assert [row["title"] for row in found["rows"]] == ["Listing", "Reading", "Elsewhere", "In all"]
    assert found["columns"] == ["GET", "LIST"]
    assert [row["counts"] for row in found["rows"]] == [["0", "2"], ["5", "0"], ["1", "0"], ["6", "2"]]
    assert found["cost"] == "0.2500 EUR"
