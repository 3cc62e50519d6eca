"""Every command prints its help, and says what to install, whatever is missing."""

import os
import re
import subprocess
import sys

import pytest
from helpers.paths import ROOT

from usdrl_model.cli import main
from usdrl_model.errors.missing import advice
from usdrl_ros.processes import executables

SETUP = (ROOT / "setup.py").read_text(encoding="utf-8")
COMMANDS = dict(re.findall(r'"(usdrl[\w-]*) = ([\w.]+:\w+)"', SETUP))
BAGS = "pip install rosbags matplotlib rich tqdm"
README = (ROOT / "README.md").read_text(encoding="utf-8")
RUN = """
import sys
for name in {missing!r}:
    sys.modules[name] = None
sys.argv = {argv!r}
from {module} import {function}
sys.exit({function}())
"""


def run(command, missing, *arguments):
    module, function = COMMANDS[command].split(":")
    code = RUN.format(missing=missing, argv=[command, *arguments], module=module, function=function)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("missing", [(), ("torch",), ("rclpy",), ("rosbags", "rich", "tqdm", "matplotlib")], ids=str)
@pytest.mark.parametrize("command", COMMANDS)
def test_help_needs_nothing(command, missing):
    if not missing and command != "usdrl":
        pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
    done = run(command, missing, "--help")
    assert done.returncode == 0, done.stderr
    assert command in done.stdout
    assert len(done.stdout.splitlines()) >= 5
    assert "Traceback" not in done.stderr


def test_the_help_of_usdrl_mcp_does_not_wait_for_its_library():
    pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
    pytest.importorskip("mcp", reason="needs mcp (extra mcp)")
    code = "from usdrl_ros.processes.executables import mcp\nsys.exit(mcp() or 'mcp' in sys.modules)"
    help_ = [sys.executable, "-c", f"import sys; sys.argv = ['usdrl-mcp', '--help']\n{code}"]
    assert subprocess.run(help_, stdout=subprocess.DEVNULL, timeout=60).returncode == 0


# Unbuffered, one of each way in which a help is printed: of the model, of a program, of a node.
UNBUFFERED = ("usdrl", "usdrl-play", "usdrl-perception")


@pytest.mark.parametrize(
    ("command", "unbuffered"), [*((one, "") for one in COMMANDS), *((one, "1") for one in UNBUFFERED)]
)
def test_a_help_that_head_has_seen_enough_of_is_no_traceback(command, unbuffered):
    pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")
    module, function = COMMANDS[command].split(":")
    code = RUN.format(missing=(), argv=[command, "--help"], module=module, function=function)
    read, write = os.pipe()
    os.close(read)  # as "| head" does, which is gone by the time
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, text=True, timeout=60,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    finally:
        os.close(write)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("command", "missing", "arguments", "said"),
    [
        ("usdrl", "torch", ["bench"], "pip install torch"),
        ("usdrl-bag", "rosbags", ["info", "bag"], f"needs rosbags: {BAGS}"),
        ("usdrl-bag", "tqdm", ["info", "bag"], f"needs tqdm: {BAGS}"),
        ("usdrl-play", "rosbags", ["bag"], f"needs rosbags: {BAGS}"),
        ("usdrl-demo", "rich", [], f"needs rich: {BAGS}"),
        ("usdrl-evaluate-bag", "matplotlib", ["bag"], f"needs matplotlib: {BAGS}"),
        ("usdrl-mcp", "mcp", [], "needs mcp: pip install 'mcp>=2'"),
        ("usdrl-mcp", "rclpy", [], "source its setup.bash"),
        ("usdrl-perception", "rclpy", [], "source its setup.bash"),
        ("usdrl-performer", "rclpy", [], "source its setup.bash"),
        ("usdrl-camera", "rclpy", [], "source its setup.bash"),
        ("usdrl-play", "rclpy", ["bag"], "source its setup.bash"),
    ],
)
def test_a_missing_library_is_one_line_that_says_what_to_install(command, missing, arguments, said):
    done = run(command, [missing], *arguments)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(command)
    assert said in line


def test_the_readme_says_what_commands_around_bags_need():
    assert f"{BAGS} " in README.partition("### With ROS 2")[2].partition("colcon build")[0]


def test_modules_whose_package_has_another_name():
    assert advice(ModuleNotFoundError("x", name="yaml.nodes")) == "needs yaml: pip install pyyaml"
    assert "setup.bash" in advice(ModuleNotFoundError("x", name="sensor_msgs.msg"))


@pytest.mark.parametrize("program", ["usdrl", "usdrl-play"])
def test_ctrl_c_ends_a_command_in_one_line(program, monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    module, start = {
        "usdrl": ("usdrl_model.cli.main", main.command),
        "usdrl-play": ("usdrl_ros.bags.play", executables.play),
    }[program]
    monkeypatch.setattr(f"{module}.main", interrupted)
    assert start() == 130
    assert capsys.readouterr().err == f"{program}: stopped\n"
