"""What is around a demo: the folder it replaces, and the ROS domain it is started in."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.acted_bags import acted, said
from helpers.paths import ROOT

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


@pytest.mark.parametrize("given", ["", "7"])
def test_make_leaves_the_domain_of_a_demo_to_whoever_sets_one(tmp_path: Path, given: str) -> None:
    command = tmp_path / "bin" / "usdrl-demo"
    command.parent.mkdir()
    command.write_text('#!/bin/sh\necho "domain: $ROS_DOMAIN_ID"\n', encoding="utf-8")
    command.chmod(0o755)
    version = ".".join(map(str, sys.version_info[:2]))
    (tmp_path / f".installed-{version}").touch()  # as if everything was installed
    environment = {name: value for name, value in os.environ.items() if name != "ROS_DOMAIN_ID"}
    make = ["make", "-s", "-C", str(ROOT), "demo", f"VENV={tmp_path}", f"PYTHON={sys.executable}"]
    set_one = {"ROS_DOMAIN_ID": given} if given else {}
    done = subprocess.run(make, env=environment | set_one, capture_output=True, text=True, timeout=60)
    assert f"domain: {given}\n" in done.stdout, done.stderr
