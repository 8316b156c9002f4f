"""Which requests go wrong, and how: decided by a hash, so that every repetition meets the same faults."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What the proxy does to an answer."""

    PASS = "pass"  # noqa: S105 - no password
    DELAY = "delay"
    """Pass it on later."""
    THROTTLE = "throttle"
    """Answer with a status of its own, and a ``Retry-After``."""
    CUT = "cut"
    """Close the connection in the middle of the body."""
    RESET = "reset"
    """Reset the connection instead of answering."""
    LOST = "lost"
    """Pass it on, so that it works, and reset the connection instead of answering."""
    LONGER = "longer"
    """Announce more bytes than come, then close."""
    SHORTER = "shorter"
    """Announce fewer bytes than come, and keep the connection."""


FAILING = frozenset(Act) - {Act.PASS, Act.DELAY}
MOST_FAILURES_IN_A_ROW = 2
SIGNATURE = frozenset(("sv", "st", "se", "sr", "sp", "sig", "spr", "sip", "si"))
"""Fields of a shared access signature."""

_RANDOM_NAME = re.compile("[0-9a-f]{32}")
"""What is new in the name of a container each time."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One way to misbehave."""

    act: Act
    share: float = 1.0
    """Share of the requests that it is for, 0 to 1."""
    seconds: float = 0.0
    """How much later, for ``DELAY``."""
    status: int = 503
    code: str = "ServerBusy"
    retry_after: str | None = None
    """Of ``THROTTLE``."""
    methods: tuple[str, ...] = ("GET",)
    part: str = ""
    """The path, with its query, must have this in it."""


class FaultPlan:
    """Says what happens to each request.

    Parameters
    ----------
    rules
        Tried in this order; of the failing ones the first that applies counts, delays add up.
    seed
        Other seeds, other requests.
    forgiving
        Whether no path fails more than twice in a row.
    """

    def __init__(self, rules: Sequence[Rule] = (), seed: int = 0, *, forgiving: bool = True) -> None:
        self.rules = tuple(rules)
        self._seed = seed
        self._forgiving = forgiving
        self._attempts: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()
        self._changing = threading.Lock()

    def decide(self, method: str, path: str) -> tuple[float, Rule | None]:
        """Return how long to wait before a request is answered, and the rule by which it fails, if it does."""
        path = without_signature(path)
        with self._changing:
            self._attempts[path] += 1
            meant = [rule for number, rule in enumerate(self.rules) if self._is_meant(number, rule, method, path)]
            failing = next((rule for rule in meant if rule.act in FAILING), None)
            if self._forgiving and self._in_a_row[path] >= MOST_FAILURES_IN_A_ROW:
                failing = None
            self._in_a_row[path] = self._in_a_row[path] + 1 if failing else 0
        return sum(rule.seconds for rule in meant if rule.act is Act.DELAY), failing

    def _is_meant(self, number: int, rule: Rule, method: str, path: str) -> bool:
        """Return whether a rule applies to a request."""
        if method not in rule.methods or rule.part not in path:
            return False
        text = f"{self._seed} {number} {_RANDOM_NAME.sub('', path)} {self._attempts[path]}"
        drawn = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        return drawn < rule.share * 2**64


def without_signature(path: str) -> str:
    """Return a path and its query without what differs from day to day, and what is secret."""
    place, _, query = path.partition("?")
    kept = [part for part in query.split("&") if part and part.partition("=")[0] not in SIGNATURE]
    return f"{place}?{'&'.join(kept)}" if kept else place
