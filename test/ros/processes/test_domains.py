"""ROS domains of processes that start at the same time."""

import os
import re
import subprocess
import sys

import pytest

from usdrl_ros.processes.children import use_private_domain

CHOOSE = "from usdrl_ros.processes import children as c; c.HIGHEST_DOMAIN = 3; print(c.use_private_domain()); input()"


def test_no_two_processes_choose_the_same_domain() -> None:
    alone = {name: value for name, value in os.environ.items() if name != "ROS_DOMAIN_ID"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    started = [
        subprocess.Popen([sys.executable, "-uc", CHOOSE], text=True, env=alone, **pipes)  # type: ignore[call-overload]
        for _ in range(4)
    ]
    chosen = [process.stdout.readline().strip() for process in started]
    told = [process.communicate("\n")[1] for process in started]
    assert len(set(chosen) - {""}) == len([one for one in chosen if one]) > 0
    assert "no free ROS domain on this machine" in "".join(told), "the fourth has to go without"


@pytest.mark.parametrize("domain", ["abc", "233", "-1", "1.0", "²"])
def test_a_domain_that_is_none_is_named_with_its_range(monkeypatch: pytest.MonkeyPatch, domain: str) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", domain)
    with pytest.raises(ValueError, match=f"ROS_DOMAIN_ID: expected 0 to 232, got '{re.escape(domain)}'"):
        use_private_domain()
    monkeypatch.setenv("ROS_DOMAIN_ID", "232")
    assert use_private_domain() == 232
