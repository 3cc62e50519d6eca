"""The folder of a demo: what an earlier one left there is replaced, however that ended, and nothing else."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.acted_bags import acted, said

from usdrl_ros.bags.write import write_recording
from usdrl_ros.demo import demo

WRITE = """import os, signal, sys
from usdrl_model.files.atomic_file import replacing
with replacing(sys.argv[1]) as file:
    file.write(b"half a page")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_half_written_by_a_demo_that_was_killed_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "run", lambda source, output, console: True)
    write_recording(acted(), tmp_path / "bag")
    out = tmp_path / "out"
    asked = ["--bag", str(tmp_path / "bag"), "--out", str(out)]
    assert demo.main(asked) == 0
    killed = subprocess.run([sys.executable, "-c", WRITE, str(out / demo.PAGE)], timeout=60)
    assert killed.returncode == -signal.SIGKILL and len(list(out.glob("*.partial"))) == 1
    assert demo.main(asked) == 0
    assert os.listdir(out) == [demo.MARK]

    (out / "mine.partial").touch()
    assert demo.main(asked) == 1
    assert "has mine.partial, so it is not from an earlier demo" in said(capsys)
    assert (out / "mine.partial").exists()
