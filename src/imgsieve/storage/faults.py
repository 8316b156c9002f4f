"""What can go wrong between us and an object store, told apart by what there is to do about it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum

from imgsieve.errors import ImgsieveError

__all__ = ["Fault", "StoreFault", "fault_of_status"]


class Fault(StrEnum):
    """Kinds of fault."""

    THROTTLED = "throttled"
    """The store asks for fewer requests (429, 503): wait, then try again."""
    BROKEN = "broken"
    """A reset, a timeout, a short or wrong body, a 5xx: try again."""
    UNREACHABLE = "unreachable"
    """No connection could be made at all: try again."""
    MISSING = "missing"
    """There is no such object."""
    CHANGED = "changed"
    """The object is another version than the one that was asked for, or is there where none should be."""
    ARCHIVED = "archived"
    """The object lies in an archive tier and cannot be read."""
    DENIED = "denied"
    """These credentials may not do this."""
    UNAUTHENTICATED = "unauthenticated"
    """The credentials themselves are wrong or have expired; nothing will work with them."""
    NO_CONTAINER = "no-container"
    """There is no such container or bucket."""
    REFUSED = "refused"
    """The store refuses the request for another reason; trying again would not help."""


PASSING = frozenset((Fault.THROTTLED, Fault.BROKEN, Fault.UNREACHABLE))


class StoreFault(ImgsieveError, OSError):
    """A request to an object store failed.

    Parameters
    ----------
    kind
        What sort of failure it is.
    message
        In words, without URLs, signatures or keys.
    retry_after
        Seconds that the store asks to wait; None when it does not say.
    """

    def __init__(self, kind: Fault, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.retry_after = retry_after

    @property
    def passing(self) -> bool:
        """Whether the same request may work a little later."""
        return self.kind in PASSING


_NO_CONTAINER = frozenset(("ContainerNotFound", "ContainerBeingDeleted", "NoSuchBucket", "notFound"))
_UNAUTHENTICATED = frozenset(
    (
        "AuthenticationFailed",
        "AuthorizationFailure",
        "InvalidAuthenticationInfo",
        "NoAuthenticationInformation",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "InvalidToken",
        "TokenRefreshRequired",
        "AccountIsDisabled",
    )
)
_THROTTLED = frozenset(("ServerBusy", "SlowDown", "OperationTimedOut", "TooManyRequests", "rateLimitExceeded"))

_LONGEST_PAUSE = 86_400.0
"""Seconds. No store means more, and timers of the system take no endless ones."""

_BY_STATUS = {
    304: Fault.CHANGED,
    403: Fault.DENIED,
    404: Fault.MISSING,
    408: Fault.BROKEN,
    409: Fault.CHANGED,
    412: Fault.CHANGED,
    501: Fault.REFUSED,
}


def fault_of_status(status: int, code: str = "", retry_after: str | None = None) -> StoreFault:
    """Turn an HTTP status, the store's own error code and its ``Retry-After`` into a fault."""
    told = f"the store answered {status}{f' ({code})' if code else ''}"
    return StoreFault(_kind(status, code), told, _seconds(retry_after))


def _kind(status: int, code: str) -> Fault:
    """Say what sort of failure a status and a code are."""
    if code in _NO_CONTAINER:
        return Fault.NO_CONTAINER
    if status == 401 or (status in (400, 403) and code in _UNAUTHENTICATED):
        return Fault.UNAUTHENTICATED
    if status in (429, 503) or code in _THROTTLED:
        return Fault.THROTTLED
    if code in ("BlobArchived", "InvalidObjectState"):
        return Fault.ARCHIVED
    return _BY_STATUS.get(status, Fault.BROKEN if status >= 500 else Fault.REFUSED)


def _seconds(retry_after: str | None) -> float | None:
    """Read a ``Retry-After`` header: a number of seconds, or a date; None where it is neither."""
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        seconds = _seconds_until(retry_after)
    return None if math.isnan(seconds) else min(max(0.0, seconds), _LONGEST_PAUSE)


def _seconds_until(date: str) -> float:
    """Return the seconds until a date of HTTP; not a number where it is none."""
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError, OverflowError):
        return math.nan
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (moment - datetime.now(UTC)).total_seconds()
