"""Where MediaPipe or its model is missing, a remedy is named that this Python has."""

import re
import sys
from types import ModuleType

import pytest
from helpers.paths import ROOT

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from usdrl_model.errors.missing import advice  # noqa: E402
from usdrl_ros.camera.mediapipe_pose import LAST_WITH_MODELS, MediaPipePose  # noqa: E402

VERSIONS = {"3.12": (3, 12, 9, "final", 0), "3.13": (3, 13, 1, "final", 0)}


@pytest.fixture
def empty(monkeypatch, tmp_path):
    """A mediapipe whose wheel brought no model."""
    for name in ("mediapipe", "mediapipe.tasks", "mediapipe.tasks.python"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setattr(sys.modules["mediapipe"], "__file__", str(tmp_path / "__init__.py"), raising=False)
    monkeypatch.setattr(sys.modules["mediapipe"], "__version__", "1.2.0", raising=False)
    for name in ("BaseOptions", "vision"):
        monkeypatch.setattr(sys.modules["mediapipe.tasks.python"], name, None, raising=False)


@pytest.mark.parametrize(("python", "older"), [("3.12", True), ("3.13", False)])
def test_a_wheel_without_a_model_names_an_older_one_where_that_exists(empty, monkeypatch, python, older):
    monkeypatch.setattr(sys, "version_info", VERSIONS[python])
    with pytest.raises(ValueError, match="mediapipe 1.2.0 brings no model: set it to the path of a") as raised:
        MediaPipePose("", 1, 0.5)
    assert (f"pip install mediapipe=={LAST_WITH_MODELS}" in str(raised.value)) == older


@pytest.mark.parametrize("python", list(VERSIONS))
def test_what_is_to_be_installed_is_what_the_extra_camera_has(monkeypatch, python):
    monkeypatch.setattr(sys, "version_info", VERSIONS[python])
    told = advice(ModuleNotFoundError("No module named 'mediapipe'", name="mediapipe"))
    before = re.search(r'"mediapipe>=0.10.18,(.*?); python_version < \'3.13\'"', (ROOT / "setup.py").read_text())[1]
    after = re.search(r'"mediapipe(.*?); python_version >= \'3.13\'"', (ROOT / "setup.py").read_text())[1]
    assert f"pip install 'mediapipe{before if python == '3.12' else after}'" in told
    assert ("set model to the path of a pose_landmarker.task" in told) == (python == "3.13")
