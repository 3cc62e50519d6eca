"""The way from the sensor's frame to gravity-aligned canonical axes, and back."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from builtin_interfaces.msg import Time  # noqa: E402
from geometry_msgs.msg import TransformStamped, Vector3  # noqa: E402
from helpers import stand_ins
from helpers.messages import decode
from helpers.people import frames as recorded_frames
from helpers.rule_detector import hand_up_weights  # noqa: E402
from helpers.tf_tree import Buffer as Tree  # noqa: E402
from std_msgs.msg import Header  # noqa: E402
from transforms3d.euler import euler2mat, euler2quat  # noqa: E402

from usdrl_model.online.stream import ActionStream  # noqa: E402
from usdrl_model.skeleton.person import AXES, UNITS, Person, SkeletonFrame  # noqa: E402
from usdrl_model.skeleton.topology import JOINT_INDEX, topology  # noqa: E402
from usdrl_ros.inputs import registry  # noqa: E402
from usdrl_ros.inputs.adapter import Context  # noqa: E402
from usdrl_ros.inputs.common import InputError, SourceFrame  # noqa: E402
from usdrl_ros.inputs.conversion import Conversion  # noqa: E402
from usdrl_ros.inputs.coordinate_frames import Frames  # noqa: E402
from usdrl_ros.inputs.skeleton_messages import point_cloud  # noqa: E402


def source(points, frame_id="camera"):
    person = Person("1", np.atleast_2d(np.asarray(points, dtype=float)))
    return SourceFrame(SkeletonFrame(5.0, (person,)), Time(sec=5), frame_id)


def canonical(frames, points):
    return frames.to_canonical(source(points)).people[0].joints


@pytest.mark.parametrize(
    ("axes", "right_below_ahead"),
    [("optical", (1, 2, 3)), ("body", (3, -1, -2)), ("kinect", (-1, -2, 3))],
)
def test_a_point_right_of_below_and_ahead_of_the_sensor(axes, right_below_ahead):
    np.testing.assert_allclose(canonical(Frames(axes), right_below_ahead), [[-1, -2, 3]])


def test_rotations_keep_left_and_right():
    assert all(np.linalg.det(rotation) == pytest.approx(1.0) for rotation in AXES.values())


def test_a_pitched_camera_is_levelled():
    # Looking 30 degrees down, the floor 1 m below and 3 m ahead.
    pitch = np.radians(30)
    frames = Frames("optical", sensor_pose=(0.0, 0.0, 1.0, 0.0, pitch, 0.0))
    ahead, down = 3.0, 1.0
    in_camera = (0.0, down * np.cos(pitch) - ahead * np.sin(pitch), ahead * np.cos(pitch) + down * np.sin(pitch))
    np.testing.assert_allclose(canonical(frames, in_camera), [[0.0, 0.0, 3.0]], atol=1e-12)
    # Without a target frame people stay where the camera sees them.
    np.testing.assert_allclose(frames.to_published([0.0, 0.0, 3.0]), in_camera, atol=1e-12)
    assert frames.published_frame("camera") == "camera"


def test_a_mounted_sensor_publishes_in_the_target_frame():
    pose = (0.2, -0.1, 1.3, 0.05, 0.4, 1.2)
    frames = Frames("body", target_frame="base", sensor_pose=pose)
    point = np.array([2.0, 0.3, -0.5])
    expected = euler2mat(*pose[3:]) @ point + pose[:3]
    np.testing.assert_allclose(frames.to_published(canonical(frames, point))[0], expected, atol=1e-12)
    assert frames.published_frame("camera") == "base"


def test_without_a_target_frame_ahead_is_where_the_sensor_looks():
    frames = Frames("body", sensor_pose=(1.0, 0.5, 1.3, 0.0, 0.35, 0.5))
    near, far = (canonical(frames, [ahead, 0.0, 0.0])[0] for ahead in (1.0, 4.0))
    np.testing.assert_allclose(far - near, [0.0, -3.0 * np.sin(0.35), 3.0 * np.cos(0.35)], atol=1e-12)


@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("target", ["", "base"])
def test_published_points_are_where_the_source_saw_them(axes, target):
    pose = (0.2, -0.1, 1.3, 0.05, 0.4, 1.2)
    points = np.random.default_rng(0).normal(size=(25, 3))
    frames = Frames(axes, target_frame=target, sensor_pose=pose)
    published = frames.to_published(canonical(frames, points))
    if not target:
        np.testing.assert_allclose(published, points, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(np.diff(published, axis=0), axis=1), _steps(points))


def _steps(points):
    return np.linalg.norm(np.diff(points, axis=0), axis=1)


class Buffer:
    """Stands in for tf2_ros.Buffer."""

    def __init__(self, translation=(0.0, 0.0, 1.0)):
        self.asked = []
        self.translation = Vector3(**dict(zip("xyz", translation, strict=True)))

    def lookup_transform(self, target_frame, source_frame, time, timeout):
        self.asked.append((target_frame, source_frame, time.nanoseconds, timeout.nanoseconds))
        if source_frame != "camera":
            raise LookupError(f"{source_frame} does not exist")
        transform = TransformStamped()
        transform.transform.translation = self.translation
        q = transform.transform.rotation
        q.w, q.x, q.y, q.z = euler2quat(0.0, 0.0, np.pi / 2)
        return transform


def test_tf_is_asked_at_the_stamp_of_the_message():
    buffer = Buffer()
    frames = Frames("optical", target_frame="base", tf=buffer)
    (person,) = frames.to_canonical(source([2.0, 0.0, 0.0]), patience=0.03).people  # 2 m along the frame's own x
    points = person.joints
    assert buffer.asked == [("base", "camera", 5_000_000_000, 30_000_000)]
    np.testing.assert_allclose(frames.to_published(points), [[0.0, 2.0, 1.0]], atol=1e-12)


def test_tf_is_asked_for_frames_without_a_slash_before_their_names():
    buffer, header = Buffer(), Header(stamp=Time(sec=5), frame_id="/camera")
    frames = Frames("optical", target_frame="/base", tf=buffer)
    frames.to_canonical(decode(point_cloud(source(np.ones((25, 3))).frame, header)))
    assert buffer.asked[0][:2] == ("base", "camera") and frames.published_frame("camera") == "base"


@pytest.mark.parametrize("given", ["nothing", "sensor_pose", "tf"])
def test_people_of_nuitrack_stand_upright_in_the_optical_frame_of_its_camera(given, monkeypatch):
    stand_ins.install(monkeypatch)
    from nuitrack_msgs.msg import JointInfo, SkeletonInfo, Skeletons

    tree, mounted = Tree(), TransformStamped(header=Header(frame_id="base"), child_frame_id="optical")
    mounted.transform.translation.z = 1.0
    q = mounted.transform.rotation
    q.w, q.x, q.y, q.z = euler2quat(-np.pi / 2, 0.0, -np.pi / 2)  # as REP 103 has it
    tree.set_transform_static(mounted, "")
    arguments = {
        "nothing": {},
        "sensor_pose": {"target_frame": "base", "sensor_pose": (0.0, 0.0, 1.0, 0.0, 0.0, 0.0)},
        "tf": {"target_frame": "base", "tf": tree},
    }[given]
    # To the right of the picture, above its middle and ahead, millimetres: Nuitrack's y points up.
    head = JointInfo(type=1, confidence=0.9, real=[300.0, 500.0, 2000.0])
    message = Skeletons(skeletons=[SkeletonInfo(id=1, joints=[head])])
    adapter, joints = registry.load("nuitrack"), topology("nuitrack_25slots")
    frames = Frames(adapter.axes, units=adapter.units, **arguments)
    heard = decode(message, "nuitrack", joints=joints, arrival=5.0, frame_id="optical")
    (person,) = frames.to_canonical(heard).people
    np.testing.assert_allclose(person.joints[1] - np.array([0.0, bool(arguments), 0.0]), (-0.3, 0.5, 2.0), atol=1e-9)
    published = (2.0, -0.3, 1.5) if arguments else (0.3, -0.5, 2.0)
    np.testing.assert_allclose(frames.to_published(person.joints[1]), published, atol=1e-9)


POSES = {
    "sensor_pose": {"sensor_pose": (40.0, -25.0, 1.2, 0.0, 0.3, 2.0), "target_frame": "map"},
    "levelled": {"sensor_pose": (0.0, 0.0, 1.2, 0.0, 0.3, 0.0)},
    "tf": {"target_frame": "map", "tf": Buffer(translation=(40.0, -25.0, 1.2))},
}


@pytest.mark.parametrize("pose", POSES)
def test_joints_are_judged_where_the_sensor_saw_them(pose):
    points = np.tile([0.1, 0.2, 2.0], (7, 1))
    points[1], points[2], points[3], points[4] = 0.0, np.nan, (0.0, 0.0, 6.0), np.inf
    confidence = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.05, np.nan])
    frame = SkeletonFrame(5.0, (Person("1", points, confidence), Person("2", np.zeros((7, 3)))))
    frames = Frames("optical", **POSES[pose])
    moved = frames.to_canonical(SourceFrame(frame, Time(sec=5), "camera"))
    seen, slot = moved.people
    distance = np.linalg.norm(seen.joints[0] - moved.sensor)
    assert distance == pytest.approx(np.linalg.norm(points[0]))  # from the sensor, wherever that is
    np.testing.assert_array_equal(np.isfinite(seen.joints).all(axis=1), [True] + [False] * 6)
    assert np.isnan(slot.joints).all()


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("lost", [np.nan, 0.0])
def test_the_pipeline_sees_the_same_wherever_the_robot_is(pose, lost):
    """The same people, one of them without an arm, beside an unused slot: found as without any pose, 40 m away too."""
    arm = [JOINT_INDEX[name] for name in ("elbow_left", "wrist_left", "hand_left", "hand_tip_left", "thumb_left")]
    result = {}
    for name, arguments in {"none": {}, pose: POSES[pose]}.items():
        frames = Frames("body", **arguments)
        stream = ActionStream(hand_up_weights(), topology="kinect_v2_25")
        events = []
        for frame in recorded_frames(duration=6.0):
            joints = frame.people[0].joints @ AXES["body"]
            joints[arm] = lost
            shown = SkeletonFrame(frame.stamp, (Person("7", joints), Person("slot", np.zeros((25, 3)))))
            events += stream.push(frames.to_canonical(SourceFrame(shown, Time(sec=int(frame.stamp)), "camera")))
        (person,) = stream.state().people
        result[name] = [(event.kind, event.onset) for event in events], np.isnan(person.joints).all(axis=1)
    assert result[pose][0] == result["none"][0] != []
    np.testing.assert_array_equal(result[pose][1], result["none"][1])
    assert set(np.flatnonzero(result[pose][1])) == set(arm)


@pytest.mark.parametrize("units", UNITS)
@pytest.mark.parametrize("pose", POSES)
def test_units_are_those_of_the_source_alone(units, pose):
    metres = np.array([[0.5, 0.2, 2.0], [0.4, 0.1, 2.0], [0.0, 0.0, 4.9], [0.0, 0.0, 5.1], [0.0, 0.0, 0.0]])
    expected = canonical(Frames("optical", **POSES[pose]), metres)
    got = canonical(Frames("optical", units=units, **POSES[pose]), metres / UNITS[units])
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    np.testing.assert_array_equal(np.isnan(got).any(axis=1), [False, False, False, True, True])


def test_a_mirrored_tracker_names_the_sides_of_a_mirror():
    order = topology("kinect_v2_25").order(mirrored=True)
    points, confidence = np.random.default_rng(0).normal(size=(25, 3)), np.linspace(0.2, 1.0, 25)
    frame = SkeletonFrame(5.0, (Person("1", points, confidence),))
    (person,) = Frames("kinect", order=order).to_canonical(SourceFrame(frame, Time(sec=5), "camera")).people
    for mine, theirs in (("wrist_left", "wrist_right"), ("knee_right", "knee_left"), ("head", "head")):
        np.testing.assert_array_equal(person.joints[JOINT_INDEX[mine]], points[JOINT_INDEX[theirs]])
        assert person.confidence[JOINT_INDEX[mine]] == confidence[JOINT_INDEX[theirs]]


def test_a_missing_transform_is_a_refusal():
    frames = Frames("optical", target_frame="base", tf=Buffer())
    with pytest.raises(InputError, match="'lost' to 'base'") as error:
        frames.to_canonical(source([1, 2, 3], "lost"))
    assert error.value.kind == "no_transform"
    assert frames.to_canonical(SourceFrame(SkeletonFrame(5.0), Time(sec=5), "lost")).people == ()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"axes": "up"}, "optical, body, kinect"),
        ({"axes": "body", "units": "inch"}, "units: expected one of m, cm, mm, got 'inch'"),
        ({"axes": "body", "target_frame": "base"}, "sensor_pose"),
        ({"axes": "body", "sensor_pose": (1.0, 2.0)}, "6 numbers"),
        ({"axes": "body", "sensor_pose": (np.nan,) * 6}, "6 numbers"),
    ],
)
def test_impossible_settings_say_what_to_do(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        Frames(**arguments)


def test_the_parameter_stands_in_for_a_frame_that_the_header_lacks():
    message = point_cloud(source(np.arange(75.0).reshape(25, 3) / 50 + 1.0).frame, Header(stamp=Time(sec=5)))
    context = Context(topology=topology("kinect_v2_25"))

    def convert(**given):
        frames = Frames("optical", target_frame="base", tf=Buffer())
        read = Conversion(
            deserialise=lambda message: message, decode=registry.load("point_cloud").decoder(context), frames=frames,
            context=replace(context, **given),
        )  # fmt: skip
        return read(message, 5.0)

    sent, frame = convert(frame_id="/camera")
    assert sent.frame_id == "camera" and np.isfinite(frame.people[0].joints).all()
    with pytest.raises(InputError, match="to 'base', got an empty header.frame_id: set frame_id") as error:
        convert()
    assert error.value.kind == "no_transform"
