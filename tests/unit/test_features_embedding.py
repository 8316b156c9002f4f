"""A model of the user's own is run and nobody is told of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest

_OPEN_AND_COUNT = """
import os, sys
import numpy as np
import psutil
import imgsieve.features.embedding as embedding
from imgsieve.config import GlobalConfig
before = psutil.Process().num_threads()
found = embedding.open_models(GlobalConfig(descriptor=sys.argv[1])).embed(np.full((40, 30, 3), 200, np.uint8))
assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
print(len(found), psutil.Process().num_threads() - before)
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a model that gives a picture of 8 x 8 pixels back."""
    given = onnx.helper.make_tensor_value_info("input", onnx.TensorProto.FLOAT, [1, 3, 8, 8])
    answer = onnx.helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, [1, 192])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Flatten", ["input"], ["output"])], "all", [given], [answer])
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    path.with_suffix(".toml").write_text("[input]\nsize = [8, 8]\n")
    return path


@pytest.mark.parametrize("wish", [None, "0"])
def test_a_model_is_run_without_a_thread_that_reports(model: Path, wish: str | None) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    if wish is not None:
        environment["ORT_DISABLE_TELEMETRY"] = wish
    done = subprocess.run(
        [sys.executable, "-c", _OPEN_AND_COUNT, model], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.split() == ["384", "0"]
