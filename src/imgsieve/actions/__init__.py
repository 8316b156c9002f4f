"""What is done with stores and findings beyond a run: looking over what a place holds, and copying it elsewhere."""

from imgsieve.actions.copying import CopyJob, CopyReport, copy_all
from imgsieve.actions.survey import Survey, survey

__all__ = ["CopyJob", "CopyReport", "Survey", "copy_all", "survey"]
