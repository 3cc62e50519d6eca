"""The camera node over DDS, with an estimator that reads colours: red / 50 is the distance of one person."""

import signal
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

import rclpy  # noqa: E402
from helpers.filmed import FOCAL, HEIGHT, WIDTH, ColourEstimator, camera_info, depth_image, image  # noqa: E402
from helpers.paths import HELPERS, ROOT  # noqa: E402
from helpers.ros_peer import Diagnostics, seconds_to_end  # noqa: E402
from lifecycle_msgs.msg import Transition  # noqa: E402
from lifecycle_msgs.srv import ChangeState, GetState  # noqa: E402
from rcl_interfaces.srv import DescribeParameters, SetParameters  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from sensor_msgs.msg import CameraInfo, Image, PointCloud2  # noqa: E402

from usdrl_model.skeleton.topology import topology  # noqa: E402
from usdrl_ros.camera import parameters  # noqa: E402
from usdrl_ros.camera.device import Device  # noqa: E402
from usdrl_ros.camera.geometry import SKIN  # noqa: E402
from usdrl_ros.camera.node import CameraNode  # noqa: E402
from usdrl_ros.camera.view import View  # noqa: E402
from usdrl_ros.inputs import point_cloud  # noqa: E402
from usdrl_ros.inputs.adapter import Context  # noqa: E402
from usdrl_ros.inputs.lens import Lens  # noqa: E402
from usdrl_ros.processes.children import Child  # noqa: E402

NODE = str(HELPERS / "camera_node.py")
WIDE = 60.0
CLOUDS = Context(topology=topology("mediapipe_33"))


class Camera:
    """The driver of a camera, and whoever reads the skeletons."""

    def __init__(self, peer, child):
        self.peer, self.child = peer, child
        self.clouds = peer.listen(PointCloud2, "skeletons")
        self.diagnostics = Diagnostics(peer)
        self.images = peer.publisher(Image, "image_raw", 1)
        self.depths = peer.publisher(Image, "depth", 1)
        self.infos = peer.publisher(CameraInfo, "camera_info", 1)
        self.stamp = 100.0

    def show(self, red, depth=None, depth_encoding="16UC1", **how):
        """Publish a picture and return the people that the node says are in it."""
        self.stamp += 1.0
        sent = image(self.stamp, red, **how)
        if depth is not None:
            self.depths.publish(depth_image(self.stamp, depth, depth_encoding))
            self.peer.spin(0.1)
        seen = len(self.clouds)
        self.images.publish(sent)
        self.peer.wait(lambda: len(self.clouds) > seen, "skeletons")
        cloud = self.clouds[-1]
        assert cloud.header == sent.header
        return point_cloud.decode(cloud, CLOUDS).frame.people

    def call(self, kind, name, **request):
        return self.peer.call(kind, f"usdrl_camera/{name}", kind.Request(**request))

    def set(self, name, value):
        value = Parameter(name, value=value).to_parameter_msg()
        return self.call(SetParameters, "set_parameters", parameters=[value]).results[0]

    def change(self, transition):
        return self.call(ChangeState, "change_state", transition=Transition(id=transition)).success


@pytest.fixture(scope="module")
def camera(module_peer):
    settings = ["-p", "depth_topic:=depth", "-p", "max_rate:=120.0"]
    with Child("camera", [NODE, "--ros-args", *settings]) as child:
        module_peer.wait(lambda: child.ended() or "people of" in child.log(), "camera node", timeout=120.0)
        yield Camera(module_peer, child)


def hips(person):
    return person.joints[[23, 24]].mean(axis=0)


def test_people_by_the_field_of_view_then_by_calibration_then_by_depth(camera):
    (person,) = camera.show(150)
    focal = Lens.wide(WIDTH, HEIGHT, WIDE).fx
    assert hips(person) == pytest.approx([0.0, 0.0, 3.0 * focal / FOCAL], rel=0.03, abs=0.01)
    assert camera.show(150, encoding="bgr8")[0].id == person.id
    camera.infos.publish(camera_info())
    camera.peer.wait(lambda: camera.diagnostics.values().get("calibrated") == "True", "calibration")
    (person,) = camera.show(150)
    assert hips(person) == pytest.approx([0.0, 0.0, 3.0], rel=1e-3, abs=1e-3)
    assert person.confidence[0] == pytest.approx(0.9)
    (person,) = camera.show(150, depth=2.4 - SKIN)
    assert hips(person) == pytest.approx([0.0, 0.0, 2.4], rel=0.02, abs=0.01)
    assert camera.show(0) == ()
    camera.peer.wait(lambda: camera.diagnostics.counted("placed.by_depth"), "count of people placed by depth")


def test_depth_of_another_view_is_refused_and_the_people_are_found_all_the_same(camera):
    other = depth_image(camera.stamp + 1.0, 1.2)
    other.height //= 2
    camera.depths.publish(other)
    camera.peer.spin(0.2)
    (person,) = camera.show(150)
    assert hips(person)[2] > 2.0, "by apparent size"
    camera.peer.wait(lambda: camera.diagnostics.counted("refused.depth_size"), "refusal")
    assert camera.show(150, depth=2400.0, depth_encoding="32FC1")
    camera.peer.wait(lambda: camera.diagnostics.counted("refused.depth_units"), "refusal of millimetres")


def test_silence_on_a_published_topic_names_the_override_and_late_depth_how_late(camera):
    remedy = (
        "large messages are lost over best effort: set qos_overrides./image_raw.subscription.reliability:=reliable, or"
        " check what publishes it (peer)"
    )
    camera.peer.wait(lambda: camera.diagnostics.newest()["pictures"].message.endswith(remedy), "remedy")
    assert remedy in camera.child.log()
    for _ in range(3):
        camera.depths.publish(depth_image(camera.stamp + 1.07, 2.4))
        camera.peer.spin(0.1)
        assert camera.show(150)
    off = "nothing on depth is near the stamps of the pictures (the nearest is 0.070 s away): check depth_topic"
    camera.peer.wait(lambda: off in camera.diagnostics.newest()["people"].message, "how far off the depth is")


def test_the_node_goes_on_after_pictures_that_it_cannot_use(camera):
    camera.images.publish(image(camera.stamp, 100, encoding="yuv422"))
    camera.images.publish(image(0.0, 100))
    camera.peer.wait(lambda: camera.diagnostics.counted("refused.zero_stamp"), "refusal")
    camera.stamp += 1.0
    camera.images.publish(image(camera.stamp, 255))
    camera.peer.wait(lambda: camera.diagnostics.counted("failures"), "failure of the estimator")
    assert "RuntimeError: too bright" in camera.diagnostics.newest()["pictures"].message
    assert len(camera.show(100)) == 1


def test_parameters_have_ranges_and_the_dynamic_ones_change_at_once(camera):
    described = camera.call(DescribeParameters, "describe_parameters", names=["field_of_view", "max_people"])
    view, people = described.descriptors
    assert (view.floating_point_range[0].to_value, people.integer_range[0].to_value) == (170.0, 10)
    assert view.description and people.description
    assert camera.set("field_of_view", 70.0).successful
    assert not camera.set("field_of_view", 200.0).successful
    assert "cannot change while the node is configured" in camera.set("max_people", 2).reason


def test_the_lifecycle(camera):
    assert camera.change(Transition.TRANSITION_DEACTIVATE)
    camera.peer.wait(lambda: camera.images.get_subscription_count() == 0, "end of the subscription")
    assert camera.change(Transition.TRANSITION_CLEANUP)
    assert camera.set("max_people", 2).successful
    assert "a device gives no depth" in camera.set("device", 0).reason
    assert camera.set("depth_topic", "").successful and camera.set("device", "nowhere.mp4").successful
    assert camera.change(Transition.TRANSITION_CONFIGURE)
    assert not camera.change(Transition.TRANSITION_ACTIVATE)
    assert "there is no nowhere.mp4" in camera.child.log()
    assert camera.call(GetState, "get_state").current_state.label == "inactive"
    assert camera.change(Transition.TRANSITION_CLEANUP)
    assert camera.set("device", "").successful
    assert camera.change(Transition.TRANSITION_CONFIGURE) and camera.change(Transition.TRANSITION_ACTIVATE)
    camera.peer.wait(lambda: camera.images.get_subscription_count() == 1, "subscription")
    camera.peer.spin(0.3)
    assert len(camera.show(100)) == 1


def test_it_ends_at_once(camera):
    assert seconds_to_end(camera.child, signal.SIGINT) < 2.0
    assert camera.child.status == 0


def test_a_camera_that_is_not_there_ends_the_process_in_one_line():
    command = [sys.executable, NODE, "--ros-args", "-p", "device:=77"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "there is no /dev/video77" in done.stderr and len(done.stderr.splitlines()) == 1


def test_devices_that_give_no_pictures(tmp_path):
    pytest.importorskip("cv2", reason="needs OpenCV (extra camera)")
    (tmp_path / "people.mp4").write_bytes(b"no video")
    for name, complaint in {"/dev/null": "gives no picture", str(tmp_path / "people.mp4"): "neither a camera"}.items():
        with pytest.raises(ValueError, match=complaint):
            Device(name, 0, 0, print, print, print)


def test_a_driver_without_a_calibration_is_not_calibrated():
    view = View(60.0, lambda *told: None)
    for info, calibrated in ((CameraInfo(width=WIDTH, height=HEIGHT), False), (camera_info(), True)):
        view.calibrate(info)
        assert view.calibrated == calibrated
    rectified = View(60.0, lambda *told: None, rectified=True)
    info = CameraInfo(width=WIDTH, height=HEIGHT)
    info.p = [FOCAL, 0.0, 32.0, 0.0, 0.0, FOCAL, 24.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    rectified.calibrate(info)
    assert rectified.calibrated


class Set:
    """A node with parameters."""

    def __init__(self, **values):
        self.values = {parameter.name: parameter.default for parameter in parameters.PARAMETERS} | values

    def get_parameter_or(self, name):
        return Parameter(name, value=self.values[name])


def test_parameters_that_do_not_fit():
    assert parameters.read(Set(device=0)).device == "0"
    for value in (1.5, True, ["0"]):
        with pytest.raises(ValueError, match="expected a number, a path or nothing"):
            parameters.read(Set(device=value))
    with pytest.raises(ValueError, match="a device gives no depth"):
        parameters.read(Set(device=0, depth_topic="depth"))


def test_the_pages_have_every_parameter():
    text = (ROOT / parameters.PAGE).read_text(encoding="utf-8")
    assert text == parameters.page(text), "docs/camera.md is out of date: run make pages"
    made = (ROOT / parameters.FILE).read_text(encoding="utf-8")
    assert made == parameters.file(), "config/camera.yaml is out of date: run make pages"


def test_a_device_without_a_clock_is_told(monkeypatch, capfd):
    """With use_sim_time, and nobody who publishes /clock."""

    class Camera:
        def __init__(self, device, width, height, take, failed, ended):
            take(np.zeros((HEIGHT, WIDTH, 3), np.uint8))

        def close(self, timeout):
            pass

    monkeypatch.setattr("usdrl_ros.camera.node.Device", Camera)
    rclpy.init(args=["--ros-args", "-p", "device:=0", "-p", "use_sim_time:=true"])
    node = CameraNode(factory=lambda config: ColourEstimator())
    try:
        assert node.start()
    finally:
        node.close()
        rclpy.shutdown()
    assert "(no_clock): expected a clock, because pictures of a device are stamped with it" in capfd.readouterr().err


def test_a_video_is_played_as_a_camera_and_ends_the_process(peer, tmp_path):
    cv2 = pytest.importorskip("cv2", reason="needs OpenCV (extra camera)")
    path = tmp_path / "people.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 20.0, (WIDTH, HEIGHT))
    for _ in range(120):  # longer than two processes need to find each other
        writer.write(np.full((HEIGHT, WIDTH, 3), (0, 0, 150), np.uint8))
    writer.release()
    clouds = peer.listen(PointCloud2, "skeletons", 100)
    with Child("camera", [NODE, "--ros-args", "-p", f"device:={path}"]) as child:
        peer.wait(child.ended, "end of the video")
        assert child.status == 0, child.log()
    stamps = [cloud.header.stamp.sec + cloud.header.stamp.nanosec * 1e-9 for cloud in clouds]
    assert len(stamps) > 20 and np.median(np.diff(stamps)) == pytest.approx(0.05, rel=0.2)
    assert clouds[-1].header.frame_id == "camera_optical_frame" and clouds[-1].width == 33
