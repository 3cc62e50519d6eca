"""Commands whose standard streams are closed, as by ``>&-``, or lead to a full disk."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.paths import ROOT

SETUP = (ROOT / "setup.py").read_text(encoding="utf-8")
COMMANDS = dict(re.findall(r'"(usdrl[\w-]*) = ([\w.]+:\w+)"', SETUP))
FULL = Path("/dev/full")
RUN = """
import sys
from {module} import {function}
sys.argv[0] = {command!r}
sys.exit({function}())
"""


def shell(command: str, *arguments: str, streams: str) -> list[str]:
    """A command line that runs a command with redirections."""
    module, function = COMMANDS[command].split(":")
    code = RUN.format(module=module, function=function, command=command)
    return ["sh", "-c", f'exec "$@" {streams}', "sh", sys.executable, "-c", code, *arguments]


def run(command: str, *arguments: str, streams: str) -> subprocess.CompletedProcess[str]:
    if command != "usdrl":
        pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        shell(command, *arguments, streams=streams), capture_output=True, text=True, timeout=60, env=environment
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_a_help_that_nobody_is_to_read_is_no_error(command: str) -> None:
    done = run(command, "--help", streams=">&-")
    assert (done.returncode, done.stderr) == (0, "")


def test_all_streams_may_be_closed() -> None:
    assert run("usdrl", "info", streams="<&- >&- 2>&-").returncode == 0


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("command", ["usdrl", "usdrl-bag", "usdrl-perception", "usdrl-camera"])
def test_a_help_that_cannot_be_written_is_one_line(command: str) -> None:
    done = run(command, "--help", streams=f">{FULL}")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{command}: ") and "No space left" in line


def test_without_a_place_for_messages_the_json_has_none(tmp_path: Path) -> None:
    made = run("usdrl-bag", "performer", str(tmp_path / "bag"), "--rate", "5", "--people", "1", streams="")
    assert made.returncode == 0, made.stderr
    done = run("usdrl-bag", "predict", str(tmp_path / "bag"), "--json", "--device", "cpu", streams="2>&-")
    assert done.returncode == 0
    assert json.loads(done.stdout)["recordings"]


def test_sigterm_ends_a_node_without_an_output_well() -> None:
    pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
    arguments = ("--ros-args", "-p", "autostart:=false")
    with subprocess.Popen(shell("usdrl-perception", *arguments, streams=">&-"), stderr=subprocess.PIPE) as node:
        time.sleep(4.0)  # it runs by then; before, the signal ends it in another way, as well
        node.send_signal(signal.SIGTERM)
        _, said = node.communicate(timeout=20.0)
    assert node.returncode == 0
    assert b"Traceback" not in said
