"""``usdrl-evaluate-bag --jobs``: processes that nobody needs any more end, and one that was killed is told."""

import multiprocessing
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from helpers.acted_bags import acted, said

from usdrl_ros.bags import asked_weights, evaluate
from usdrl_ros.bags.write import write_recording


@pytest.fixture
def asked(tmp_path: Path) -> list[str]:
    for name in ("one", "two", "three"):
        write_recording(acted(), tmp_path / "bags" / name)
    return [str(tmp_path / "bags"), "--device", "cpu", "--out", str(tmp_path / "out"), "--jobs", "2"]


def test_a_process_that_was_killed_is_told_in_a_line(asked: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    def kill() -> None:
        while not (children := multiprocessing.active_children()):
            time.sleep(0.01)
        children[0].kill()

    killer = threading.Thread(target=kill)
    killer.start()
    assert evaluate.main(asked) == 1
    killer.join()
    assert "usdrl-evaluate-bag: a process was killed, by lack of memory perhaps: try fewer --jobs" in said(capsys)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells that a parent is gone")
def test_no_process_outlives_one_that_was_killed(asked: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "usdrl_ros.bags.evaluate", *asked]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as parent:
        while not list((tmp_path / "out" / asked_weights.KEPT).glob("*/*.json")):  # both have begun
            assert parent.poll() is None
            time.sleep(0.01)
        children = psutil.Process(parent.pid).children()
        parent.kill()
    _, left = psutil.wait_procs(children, timeout=30.0)
    for child in left:
        child.kill()
    assert children and not left
