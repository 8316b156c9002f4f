"""Two pictures explained: what every stage says of the pair, and a drawing of it."""

from imgsieve.compare.drawing import draw_comparison
from imgsieve.compare.explanation import Explanation, Score, StageAccount
from imgsieve.compare.judging import compare_pictures

__all__ = ["Explanation", "Score", "StageAccount", "compare_pictures", "draw_comparison"]
