"""Thresholds against what copies and strangers measure: quantiles, what is lost, what passes, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

__all__ = ["Both", "Threshold", "per_million", "upper_bound"]

Floats = NDArray[np.float64]


def upper_bound(count: int, of: int, confidence: float = 0.95) -> float:
    """Return the share that is exceeded with the given probability at most, having seen ``count`` of ``of``.

    C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits", Biometrika 1934,
    doi:10.1093/biomet/26.4.404; for none of n it is nearly 3 / n.
    """
    return 1.0 if count >= of else float(beta.ppf(confidence, count + 1, of - count))


def per_million(share: float) -> str:
    """Return a share as a number in a million."""
    number = 1e6 * share
    return f"{number:,.0f}" if number >= 10 or number == 0 else f"{number:.2g}"


@dataclass(frozen=True)
class Both:
    """The scores of pairs that came to one threshold."""

    copies: Floats
    """Shape (n,)."""
    strangers: Floats
    """Shape (m,)."""


@dataclass(frozen=True)
class Threshold:
    """One option of a stage, and the scores that are held against it."""

    name: str
    value: float
    scores: Both
    at_least: bool
    """Whether scores must be at least the value; at most otherwise."""
    alone: Floats = field(default_factory=lambda: np.empty(0))
    """Shape (k,): the scores of those strangers that all other thresholds of their stage pass."""
    step: float = 0.01
    """The grain in which a value is chosen."""
    low: float = 0.0
    high: float = 1.0
    """What is drawn, and what a value may be."""

    def passes(self, scores: Floats) -> NDArray[np.bool_]:
        """Return which scores pass."""
        return scores >= self.value if self.at_least else scores <= self.value

    def lost(self) -> float:
        """Return the share of copies that it rejects."""
        return float(1 - self.passes(self.scores.copies).mean()) if len(self.scores.copies) else 0.0

    def passed(self) -> float:
        """Return the share of strangers that it passes."""
        return float(self.passes(self.scores.strangers).mean()) if len(self.scores.strangers) else 0.0

    def edge(self, share: float, of: int) -> float | None:
        """Return the loosest value at which no more than a share of the strangers pass, all else as it is.

        Parameters
        ----------
        share
            The target.
        of
            Strangers that were proposed, of which ``alone`` are left by all others. As many as ``share * of`` may pass;
            that is none while fewer than ``1 / share`` were measured.

        Returns
        -------
        None where none of them would pass whatever the value.
        """
        allowed = int(share * of)
        if len(self.alone) <= allowed:
            return None
        worst = np.sort(self.alone)[::-1] if self.at_least else np.sort(self.alone)
        at = float(worst[allowed])
        steps = np.floor(at / self.step) + 1 if self.at_least else np.ceil(at / self.step) - 1
        return float(steps * self.step)

    def lost_at(self, value: float) -> float:
        """Return the share of copies that another value would reject."""
        if not len(self.scores.copies):
            return 0.0
        return float((self.scores.copies < value).mean() if self.at_least else (self.scores.copies > value).mean())
