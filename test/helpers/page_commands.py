"""Pages of docs/ as scripts: their shell blocks, made short, run with the commands of this environment."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from helpers.paths import ROOT

BIN = str(Path(sys.executable).parent)


def run_page(script: str, shorter: Mapping[str, str], folder: Path, timeout: float) -> str:
    """Run the commands of a page in a folder that has config/; what they print.

    Args:
        script: its shell blocks.
        shorter: text, which has to be in it once -> what the test puts in its place.
        folder: where the commands run.
        timeout: seconds.
    """
    for long, short in shorter.items():
        assert script.count(long) == 1, long
        script = script.replace(long, short)
    (folder / "config").symlink_to(ROOT / "config")
    result = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout
