"""What answers of stores mean, and how long they ask to wait."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgsieve.storage import Fault, StoreFault
from imgsieve.storage.faults import fault_of_status


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (304, "", Fault.CHANGED),
        (400, "InvalidInput", Fault.REFUSED),
        (400, "ExpiredToken", Fault.UNAUTHENTICATED),
        (401, "", Fault.UNAUTHENTICATED),
        (403, "", Fault.DENIED),
        (403, "AuthorizationPermissionMismatch", Fault.DENIED),
        (403, "AuthenticationFailed", Fault.UNAUTHENTICATED),
        (403, "InvalidObjectState", Fault.ARCHIVED),
        (404, "BlobNotFound", Fault.MISSING),
        (404, "NoSuchKey", Fault.MISSING),
        (404, "NoSuchBucket", Fault.NO_CONTAINER),
        (408, "", Fault.BROKEN),
        (409, "BlobArchived", Fault.ARCHIVED),
        (409, "ContainerBeingDeleted", Fault.NO_CONTAINER),
        (409, "BlobAlreadyExists", Fault.CHANGED),
        (412, "ConditionNotMet", Fault.CHANGED),
        (416, "InvalidRange", Fault.REFUSED),
        (429, "", Fault.THROTTLED),
        (500, "InternalError", Fault.BROKEN),
        (500, "OperationTimedOut", Fault.THROTTLED),
        (502, "", Fault.BROKEN),
        (503, "ServerBusy", Fault.THROTTLED),
    ],
)
def test_kinds(status, code, kind):
    fault = fault_of_status(status, code)
    assert fault.kind is kind
    assert str(status) in fault.message
    assert code in fault.message


def test_only_what_may_pass_is_passing():
    passing = {kind for kind in Fault if StoreFault(kind, "x").passing}
    assert passing == {Fault.THROTTLED, Fault.BROKEN, Fault.UNREACHABLE}


@given(st.integers(100, 599), st.text(max_size=20), st.none() | st.text(max_size=30))
def test_any_answer_is_some_fault(status, code, retry_after):
    fault = fault_of_status(status, code, retry_after)
    assert fault.kind in Fault
    assert fault.retry_after is None or 0 <= fault.retry_after <= 86_400
    if status >= 500:
        assert fault.passing or code


@given(st.integers(0, 3600))
def test_seconds_to_wait(seconds):
    assert fault_of_status(503, "", str(seconds)).retry_after == seconds


@given(st.integers(2, 3600))
def test_dates_to_wait_for(seconds):
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    told = fault_of_status(503, "", format_datetime(moment, usegmt=True)).retry_after
    assert told is not None
    assert seconds - 2 <= told <= seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("", None),
        ("soon", None),
        ("nan", None),
        ("-5", 0.0),
        ("inf", 86_400.0),
        ("1e300", 86_400.0),
        ("1.5", 1.5),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400.0),
    ],
)
def test_odd_headers(header, seconds):
    assert fault_of_status(503, "", header).retry_after == seconds
