"""An exported detector runs where torch is not installed: people, actions, states and gestures."""

import subprocess
import sys
from pathlib import Path

import numpy as np
from helpers.people import standing
from helpers.tiny_detector import CONFIG

from usdrl_model.gestures import background
from usdrl_model.gestures.background import Background
from usdrl_model.inference import load

REFUSED = """
import sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError("No module named 'torch'", name="torch")

sys.meta_path.insert(0, Refused())
"""
LIVE = """
from pathlib import Path
import numpy as np
from helpers.acting import script
from usdrl_model.online.live_enrolment import LiveEnrolment
from usdrl_model.online.stream import ActionStream
from usdrl_model.simulation.simulate import PerformanceConfig, simulate

stream = ActionStream.from_pretrained(sys.argv[1], topology="kinect_v2_25", threads=1)
stream.warm_up()
live = LiveEnrolment(stream, Path(sys.argv[2]))
frames = simulate(PerformanceConfig(scripts=(script(("idle", 2.0), ("raise_both_arms", 3.0)),), rate=30.0), 0).frames
states = set()
for number, frame in enumerate(frames):
    stream.push(frame)
    if number == 60:
        live.start("both_up")
    if number == 115:
        print(live.stop().gesture.label)
    states |= {held.name for person in stream.state().people for held in person.states.active}
print(stream.counters["inferences"], sorted(states))
for frame in frames:
    stream.push(type(frame)(frame.stamp + 10.0, frame.people, sensor=frame.sensor))
assert stream.state().people and "torch" not in sys.modules
"""
NODE = """
import importlib.util, sys
if importlib.util.find_spec("rclpy") is None:
    sys.exit(0)
import usdrl_ros.node.node, usdrl_ros.node.pipeline, usdrl_ros.outputs.publishers, usdrl_ros.bags.replay
import usdrl_ros.checking.check
assert "torch" not in sys.modules
"""
COMMANDS = """
from usdrl_model.cli.main import main

assert main(["info"]) == 0
assert main(["predict", sys.argv[2], "--weights", sys.argv[1]]) == 0
assert main(["predict", sys.argv[2]]) == 1
"""
WEIGHTS = """
from usdrl_model.inference import load
try:
    load.load("default")
except ImportError as error:
    print(error)
"""


def fresh(code: str, *arguments: Path) -> str:
    """What a new interpreter prints that refuses torch."""
    command = [sys.executable, "-c", REFUSED + code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_people_actions_states_and_gestures_need_no_torch(exported: Path, tmp_path: Path) -> None:
    path = exported / "fp32.onnx"
    features = np.random.default_rng(0).normal(size=(150, CONFIG.encoder.features)).astype(np.float32)
    classes = np.arange(150) // 10
    Background.of(background.identity(load.load(path)), features, classes.tolist()).save(exported / background.NAME)
    told = fresh(LIVE, path, tmp_path)
    assert told.startswith("both_up\n")
    assert "raising_both_arms" in told


def test_the_node_and_the_reader_of_bags_are_imported_without_torch() -> None:
    fresh(NODE)


def test_weights_that_need_torch_say_so_in_one_line() -> None:
    told = fresh(WEIGHTS)
    assert told.startswith("weights default need torch, which is not installed: give an ONNX file")


def test_commands_that_an_exported_detector_is_enough_for(exported: Path, tmp_path: Path) -> None:
    rng, path = np.random.default_rng(0), tmp_path / "take.npz"
    joints = (standing() + rng.normal(scale=0.002, size=(60, 25, 3)))[:, None]
    np.savez(path, joints=joints, stamps=np.arange(60) / 30, topology="kinect_v2_25")
    told = fresh(COMMANDS, exported / "fp32.onnx", path)
    assert "cpu, without torch" in told and "take" in told
