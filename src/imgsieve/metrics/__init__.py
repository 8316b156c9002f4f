"""Figures of runs for those who watch many machines: a collector for Prometheus, and files for its textfiles."""

from imgsieve.metrics.collector import RunMetrics

__all__ = ["RunMetrics"]
