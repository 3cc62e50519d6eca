"""Valid messages of every input adapter: two people who stand still, as each tracker would send them.

Packages that are not installed must be stand-ins (``stand_ins.install``).
"""

import json
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from geometry_msgs.msg import Point, Pose, PoseArray, TransformStamped
from std_msgs.msg import Float32MultiArray, String

from helpers.pictures import camera_info, depth_image, openpose, pixels
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.topology import topology
from usdrl_ros.inputs.adapter import Context
from usdrl_ros.inputs.conversion import Conversion
from usdrl_ros.inputs.coordinate_frames import Frames
from usdrl_ros.inputs.further_topics import FurtherTopics, Heard
from usdrl_ros.inputs.lifting import decoder
from usdrl_ros.inputs.opendr import NAMES
from usdrl_ros.inputs.options import values
from usdrl_ros.inputs.registry import load
from usdrl_ros.inputs.skeleton_messages import header, markers, point_cloud, poses

BODIES = {
    "Head": "nose", "LShoulder": "shoulder_left", "RShoulder": "shoulder_right", "LElbow": "elbow_left",
    "RElbow": "elbow_right", "LHand": "wrist_left", "RHand": "wrist_right", "LHip": "hip_left", "RHip": "hip_right",
}  # fmt: skip
"""Rigid body -> joint of coco_17."""
TABLE = f"bodies: {json.dumps(BODIES)}"


def make(of, /, **fields):
    package, _, kind = of.partition("/")
    return getattr(import_module(f"{package}.msg"), kind)(**fields)


def places(V, person=0, apart=0.8):
    """(V, 3) metres in optical axes, all different, two metres away."""
    steps = np.arange(V)
    return np.stack([apart * person - 0.6 + 0.02 * steps, -0.5 + 1.0 * steps / V, 2.0 + 0.004 * steps], axis=1)


class Source:
    """An adapter as the node has it, without the middleware.

    Args:
        kind: value of ``input_type``.
        file: of the table of rigid bodies.
        depth: joints in a picture are lifted with depth images; otherwise they stay there.

    Attributes:
        sent: the people of the last message, before they are canonical; None: it brought none.
    """

    def __init__(self, kind, file="", depth=True):
        self.kind, self.topics, adapter = kind, FurtherTopics(), load(kind)
        self.warned = []
        context = Context(
            topology=topology(TRACKERS[kind].topology),
            topic="/bodies/tracked",
            frame_id="camera" if kind not in ("tf_frames", "rep155_tf") else "",
            file=file,
            options=values(adapter.options, {}),
            subscribe=self.topics.subscribe,
            warn=lambda what, text: self.warned.append(what),
        )
        plane = ("", "")
        if adapter.plane:
            plane = ("/depth", "/info") if depth else ("", "", (640.0, 480.0))
        self.convert = Conversion(
            deserialise=lambda message: message,
            decode=decoder(kind, adapter, context, *plane),
            context=context,
            frames=Frames("optical"),
        )

    def __call__(self, topic, message, arrival):
        """What the node makes of a message of a topic: a canonical frame, or None."""
        route = next((one for one in self.topics.routes if one.topic == topic), None)
        if topic and route is None:
            return None  # not subscribed
        heard = message if route is None else Heard(replace(route, deserialise=lambda one: one), message)
        found = self.convert(heard, arrival)
        self.sent, frame = (None, None) if found is None else found
        return frame


def messages(kind, stamp, count=2, depth=True):
    """[(topic, message)] of one instant; the main topic is empty.

    Of ``count`` people, of one where the messages have no more; ``depth``: with depth images for joints in a picture.
    """
    V = len(topology(TRACKERS[kind].topology).joints)
    ids = ("1",) if TRACKERS[kind].people == 1 else [str(number + 1) for number in range(count)]
    people = {one: places(V, number, min(0.8, 1.6 / count)) for number, one in enumerate(ids)}
    made = TRACKERS[kind].build(stamp, people)
    made = made if isinstance(made, list) else [("", made)]
    if load(kind).plane and not depth:
        return made
    if load(kind).plane:
        seen = np.concatenate([*people.values()])
        return [("/info", camera_info()), ("/depth", depth_image(seen, stamp)), *made]
    return made


def _of_frames(build):
    def built(stamp, people):
        frame = SkeletonFrame(stamp, tuple(Person(one, points) for one, points in people.items()))
        return build(frame, header(stamp, "camera"))

    return built


def _world(people):
    """World landmarks: centred on the hips."""
    (points,) = people.values()
    with np.errstate(all="ignore"):
        return points - points[[23, 24]].mean(axis=0)


def _mediapipe_cloud(stamp, people):
    frame = SkeletonFrame(stamp, (Person("1", _world(people)),))
    return point_cloud(frame, header(stamp, "camera"))


def _hiros(stamp, people):
    skeletons = []
    for one, points in people.items():
        made = [
            make("hiros_skeleton_msgs/Marker", id=n, confidence=0.9,
                 center=make("hiros_skeleton_msgs/KinematicState", pose=_pose(place)))
            for n, place in enumerate(points)
        ]  # fmt: skip
        skeletons.append(make("hiros_skeleton_msgs/Skeleton", id=int(one), max_markers=len(points), markers=made))
    return make("hiros_skeleton_msgs/SkeletonGroup", header=header(stamp, "camera"), skeletons=skeletons)


def _nuitrack(stamp, people):
    skeletons = [
        make("nuitrack_msgs/SkeletonInfo", id=int(one), joints=[
            make("nuitrack_msgs/JointInfo", type=n, confidence=0.9, real=[1000.0 * x, -1000.0 * y, 1000.0 * z])
            for n, (x, y, z) in enumerate(points.tolist())
        ])
        for one, points in people.items()
    ]  # fmt: skip
    return make("nuitrack_msgs/Skeletons", skeletons=skeletons)


def _opendr(stamp, people):
    return [
        ("", make("opendr_interface/OpenDRPose2D", header=header(stamp, "camera"), pose_id=int(one), conf=0.9,
                  keypoint_list=[
                      make("opendr_interface/OpenDRPose2DKeypoint", kpt_name=name, x=int(u), y=int(v))
                      for name, (u, v) in zip(NAMES, pixels(points), strict=True)
                  ]))
        for one, points in people.items()
    ]  # fmt: skip


def _rep155(stamp, people):
    people = {f"body_{one}": points for one, points in people.items()}  # a part of a topic's name begins with no digit
    found = [("", make("hri_msgs/IdsList", header=header(stamp, "camera"), ids=list(people)))]
    for one, points in people.items():
        made = [
            make("hri_msgs/NormalizedPointOfInterest2D", x=float(x), y=float(y), c=0.9)
            for x, y in pixels(points) / (640, 480)
        ]
        skeleton = make("hri_msgs/Skeleton2D", header=header(stamp, "camera"), skeleton=made)
        found.append((f"/bodies/{one}/skeleton2d", skeleton))
    return found


def _rep155_tf(stamp, people):
    listed = make("hri_msgs/IdsList", header=header(stamp, "camera"), ids=list(people))
    return [("/tf", _transforms(stamp, people, "rep155_tf")), ("", listed)]


def _transforms(stamp, people, kind="tf_frames"):
    made = []
    for one, points in people.items():
        for joint, place in zip(topology(TRACKERS[kind].topology).joints, points, strict=True):
            moved = TransformStamped(header=header(stamp, "camera"), child_frame_id=f"{joint}_{one}")
            moved.transform.translation.x, moved.transform.translation.y, moved.transform.translation.z = map(
                float, place
            )
            made.append(moved)
    return make("tf2_msgs/TFMessage", transforms=made)


def _rigid_bodies(stamp, people):
    (points,) = people.values()
    bodies = [
        make("mocap4r2_msgs/RigidBody", rigid_body_name=name, pose=_pose(place))
        for name, place in zip(BODIES, points, strict=False)
    ]
    return make("mocap4r2_msgs/RigidBodies", header=header(stamp, "camera"), rigidbodies=bodies)


def _yolo(stamp, people):
    made = []
    for one, points in people.items():
        seen = [
            make("yolo_msgs/KeyPoint3D", id=n + 1, point=_pose(place).position, score=0.9)
            for n, place in enumerate(points)
        ]
        flat = [
            make("yolo_msgs/KeyPoint2D", id=n + 1, point=make("yolo_msgs/Point2D", x=float(u), y=float(v)), score=0.9)
            for n, (u, v) in enumerate(pixels(points))
        ]
        made.append(make(
            "yolo_msgs/Detection", id=one, class_name="person",
            keypoints=make("yolo_msgs/KeyPoint2DArray", data=flat),
            keypoints3d=make("yolo_msgs/KeyPoint3DArray", data=seen, frame_id="camera"),
        ))  # fmt: skip
    return make("yolo_msgs/DetectionArray", header=header(stamp, "camera"), detections=made)


def _zed(stamp, people):
    bodies = []
    for one, points in people.items():
        slots = [make("zed_msgs/Keypoint3D", kp=[float(x) for x in place]) for place in points]
        slots += [make("zed_msgs/Keypoint3D", kp=[0.0] * 3) for _ in range(70 - len(points))]
        bodies.append(make(
            "zed_msgs/Object", body_format=1, skeleton_available=True, tracking_available=True, tracking_state=1,
            label_id=int(one), skeleton_3d=make("zed_msgs/Skeleton3D", keypoints=slots),
        ))  # fmt: skip
    return make("zed_msgs/ObjectsStamped", header=header(stamp, "camera"), objects=bodies)


def _pose(place):
    x, y, z = map(float, place)
    return Pose(position=Point(x=x, y=y, z=z))


class Tracker(NamedTuple):
    """How the messages of an adapter are made."""

    topology: str
    """Joint set of its messages here."""
    build: Callable[[float, dict[str, np.ndarray]], Any]
    """(stamp, id -> (V, 3) points) -> a message, or [(topic, message)]."""
    people: int | None = None
    """1: its messages are of one person, or are given one."""


TRACKERS = {
    "hiros": Tracker("coco_17", _hiros),
    "marker_array": Tracker("kinect_v2_25", _of_frames(markers)),
    "mediapipe_array": Tracker(
        "mediapipe_33",
        lambda stamp, people: Float32MultiArray(data=_world(people).astype(np.float32).ravel().tolist()),
        people=1,
    ),
    "mediapipe_cloud": Tracker("mediapipe_33", _mediapipe_cloud, people=1),
    "mediapipe_json": Tracker(
        "mediapipe_33",
        lambda stamp, people: String(data=json.dumps({"pose_world_landmarks": _world(people).tolist()})),
        people=1,
    ),
    "mediapipe_poses": Tracker(
        "mediapipe_33",
        lambda stamp, people: PoseArray(
            header=header(stamp, "camera"), poses=[_pose(place) for place in _world(people)]
        ),
        people=1,
    ),
    "nuitrack": Tracker("nuitrack_25slots", _nuitrack),
    "opendr": Tracker("openpose_coco_18", _opendr),
    "openpose_json": Tracker(
        "openpose_coco_18", lambda stamp, people: String(data=json.dumps(openpose(stamp, **people)))
    ),
    "point_cloud": Tracker("kinect_v2_25", _of_frames(point_cloud)),
    "pose_array": Tracker("kinect_v2_25", _of_frames(poses), people=1),
    "rep155": Tracker("hri_skeleton2d_18", _rep155),
    "rep155_tf": Tracker("rep155_tf_links", _rep155_tf),
    "rigid_bodies": Tracker("coco_17", _rigid_bodies, people=1),
    "tf_frames": Tracker("openni_nite_15", lambda stamp, people: _transforms(stamp, people)),
    "yolo": Tracker("coco_17", _yolo),
    "yolo_2d": Tracker("coco_17", _yolo),
    "zed": Tracker("zed_body_34", _zed),
}
"""Adapter -> how its messages are made here."""
