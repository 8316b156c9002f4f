"""A set of made-up pictures with known duplicates, to try the program on and to test it with.

The pictures are drawn, not photographed: nothing is downloaded and nobody's rights are touched.
`render_scene` gives one picture, `render_quick` a plainer one in a fraction of the time, and `write_demo`
a folder of pictures, edits of them, look-alikes and the truth about them.
"""

from imgsieve.demo.edits import EDITS, Edit, encode
from imgsieve.demo.lookalikes import LOOKALIKES
from imgsieve.demo.scenes import PAINTERS, build_scene, render_quick, render_scene
from imgsieve.demo.writer import BROKEN_FILE, write_demo

__all__ = [
    "BROKEN_FILE",
    "EDITS",
    "LOOKALIKES",
    "PAINTERS",
    "Edit",
    "build_scene",
    "encode",
    "render_quick",
    "render_scene",
    "write_demo",
]
