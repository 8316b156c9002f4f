"""Finished runs: opened where they lie, read as tables or group by group, and asked about single pictures."""

from imgsieve.finished.answers import Candidate, SearchAnswer
from imgsieve.finished.groups import Group, Member, iter_groups
from imgsieve.finished.opening import Run, open_run

__all__ = ["Candidate", "Group", "Member", "Run", "SearchAnswer", "iter_groups", "open_run"]
