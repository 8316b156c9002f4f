"""The report: static pages about one finished run, without scripts and without a network.

It reads committed tables only (``groups.parquet``, ``thumbs/`` and ``summary.json`` of a run folder) and
holds a few dozen bytes an image, so that a run of millions can be reported on a small machine.
"""

from __future__ import annotations

from imgsieve.report.writing import write_report

__all__ = ["write_report"]
