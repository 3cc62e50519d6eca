"""Weights are loaded without the compiler of torch, whose import takes a second of every start of a node."""

import subprocess
import sys

CODE = """
import sys
from usdrl_model.inference.load import load
for name in ("hri_streaming", "hri", "pairs", "hri_2d"):
    load(name, "cpu")
    assert "torch._dynamo" not in sys.modules and "sympy" not in sys.modules, name
"""


def test_shipped_weights_are_loaded_without_the_compiler() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
