"""Messages of trackers whose packages are not installed: classes made from the published definitions, fields only."""

import struct
import sys
from importlib import import_module
from types import ModuleType

DEFINITIONS = {
    "zed_msgs/Keypoint3D": "float32[3] kp",
    "zed_msgs/Keypoint2Df": "float32[2] kp",
    "zed_msgs/Keypoint2Di": "uint32[2] kp",
    "zed_msgs/BoundingBox2Df": "zed_msgs/Keypoint2Df[4] corners",
    "zed_msgs/BoundingBox2Di": "zed_msgs/Keypoint2Di[4] corners",
    "zed_msgs/BoundingBox3D": "zed_msgs/Keypoint3D[8] corners",
    "zed_msgs/Skeleton2D": "zed_msgs/Keypoint2Df[70] keypoints",
    "zed_msgs/Skeleton3D": "zed_msgs/Keypoint3D[70] keypoints",
    "zed_msgs/Object": """
        string label
        int16 label_id
        string sublabel
        float32 confidence
        float32[3] position
        float32[6] position_covariance
        float32[3] velocity
        bool tracking_available
        int8 tracking_state
        int8 action_state
        zed_msgs/BoundingBox2Di bounding_box_2d
        zed_msgs/BoundingBox3D bounding_box_3d
        float32[3] dimensions_3d
        bool skeleton_available
        int8 body_format
        zed_msgs/BoundingBox2Df head_bounding_box_2d
        zed_msgs/BoundingBox3D head_bounding_box_3d
        float32[3] head_position
        zed_msgs/Skeleton2D skeleton_2d
        zed_msgs/Skeleton3D skeleton_3d
        float32[70] skeleton_keypoint_confidence
    """,
    "zed_msgs/ObjectsStamped": "std_msgs/Header header\nzed_msgs/Object[] objects",
    "yolo_msgs/Point2D": "float64 x\nfloat64 y",
    "yolo_msgs/Vector2": "float64 x\nfloat64 y",
    "yolo_msgs/Pose2D": "yolo_msgs/Point2D position\nfloat64 theta",
    "yolo_msgs/BoundingBox2D": "yolo_msgs/Pose2D center\nyolo_msgs/Vector2 size",
    "yolo_msgs/BoundingBox3D": "geometry_msgs/Pose center\ngeometry_msgs/Vector3 size\nstring frame_id",
    "yolo_msgs/Mask": "int32 height\nint32 width\nyolo_msgs/Point2D[] data",
    "yolo_msgs/KeyPoint2D": "int32 id\nyolo_msgs/Point2D point\nfloat64 score",
    "yolo_msgs/KeyPoint2DArray": "yolo_msgs/KeyPoint2D[] data",
    "yolo_msgs/KeyPoint3D": "int32 id\ngeometry_msgs/Point point\nfloat64 score",
    "yolo_msgs/KeyPoint3DArray": "yolo_msgs/KeyPoint3D[] data\nstring frame_id",
    "yolo_msgs/Detection": """
        int32 class_id
        string class_name
        float64 score
        string id
        yolo_msgs/BoundingBox2D bbox
        yolo_msgs/BoundingBox3D bbox3d
        yolo_msgs/Mask mask
        yolo_msgs/KeyPoint2DArray keypoints
        yolo_msgs/KeyPoint3DArray keypoints3d
    """,
    "yolo_msgs/DetectionArray": "std_msgs/Header header\nyolo_msgs/Detection[] detections",
    "hiros_skeleton_msgs/KinematicState": """
        geometry_msgs/Pose pose
        geometry_msgs/Twist velocity
        geometry_msgs/Accel acceleration
    """,
    "hiros_skeleton_msgs/Box": """
        hiros_skeleton_msgs/KinematicState center
        float64 height
        float64 length
        float64 width
    """,
    "hiros_skeleton_msgs/Marker": """
        int32 id
        string name
        float64 confidence
        hiros_skeleton_msgs/KinematicState center
    """,
    "hiros_skeleton_msgs/Link": """
        int32 id
        string name
        int32 parent_marker
        int32 child_marker
        float64 confidence
        hiros_skeleton_msgs/KinematicState center
    """,
    "hiros_skeleton_msgs/Skeleton": """
        int32 id
        builtin_interfaces/Time src_time
        string src_frame
        uint32 max_markers
        uint32 max_links
        float64 confidence
        hiros_skeleton_msgs/Box bounding_box
        hiros_skeleton_msgs/Marker[] markers
        hiros_skeleton_msgs/Link[] links
    """,
    "hiros_skeleton_msgs/SkeletonGroup": "std_msgs/Header header\nhiros_skeleton_msgs/Skeleton[] skeletons",
    "nuitrack_msgs/JointInfo": """
        int32 type
        float32 confidence
        float32[] real
        float32[] projection
        float32[] orientation
    """,
    "nuitrack_msgs/SkeletonInfo": "int32 id\nnuitrack_msgs/JointInfo[] joints",
    "nuitrack_msgs/Skeletons": "nuitrack_msgs/SkeletonInfo[] skeletons",
    "hri_msgs/Gesture": """
        std_msgs/Header header
        uint8 OTHER=0
        uint8 HANDS_ON_FACE=1
        uint8 ARMS_CROSSED=2
        uint8 LEFT_HAND_RAISED=3
        uint8 RIGHT_HAND_RAISED=4
        uint8 BOTH_HANDS_RAISED=5
        uint8 WAVING=6
        uint8 gesture
    """,  # of 2.1, the version of Humble
    "hri_actions_msgs/Intent": """
        string GREET=__intent_greet__
        string STOP_ACTIVITY=__intent_stop_activity__
        string MODALITY_MOTION=motion
        string intent
        string data
        string source
        string modality
        uint8 priority
        float32 confidence
    """,
    "vision_msgs/VisionClass": "uint16 class_id\nstring class_name",
    "vision_msgs/LabelInfo": "std_msgs/Header header\nvision_msgs/VisionClass[] class_map\nfloat32 threshold",
    "mocap4r2_msgs/Marker": "int8 id_type\nint32 marker_index\nstring marker_name\ngeometry_msgs/Point translation",
    "mocap4r2_msgs/RigidBody": "string rigid_body_name\nmocap4r2_msgs/Marker[] markers\ngeometry_msgs/Pose pose",
    "mocap4r2_msgs/RigidBodies": """
        std_msgs/Header header
        uint32 frame_number
        mocap4r2_msgs/RigidBody[] rigidbodies
    """,
    "tf2_msgs/TFMessage": "geometry_msgs/TransformStamped[] transforms",
    "hri_msgs/IdsList": "std_msgs/Header header\nstring[] ids",
    "hri_msgs/NormalizedPointOfInterest2D": "float32 x\nfloat32 y\nfloat32 c",
    "hri_msgs/Skeleton2D": "std_msgs/Header header\nhri_msgs/NormalizedPointOfInterest2D[18] skeleton",
    "opendr_interface/OpenDRPose2DKeypoint": "string kpt_name\nint32 x\nint32 y",
    "opendr_interface/OpenDRPose2D": """
        std_msgs/Header header
        int32 pose_id
        float32 conf
        opendr_interface/OpenDRPose2DKeypoint[] keypoint_list
    """,
}
"""Type -> its fields; each after those that it is made of."""
FORMATS = {
    "boolean": "?", "uint8": "B", "int8": "b", "uint16": "H", "int16": "h", "int32": "i", "uint32": "I", "float": "f",
    "double": "d",
}  # fmt: skip
PYTHON = {"bool": "boolean", "float32": "float", "float64": "double"}


class Message:
    """A message: every field has the default of ROS 2, unless it is given."""

    fields = {}

    def __init__(self, **given):
        for name, kind in self.fields.items():
            setattr(self, name, given.pop(name) if name in given else _default(kind))
        assert not given, given

    @classmethod
    def get_fields_and_field_types(cls):
        return dict(cls.fields)


def install(monkeypatch):
    """Make the packages importable, as ``zed_msgs.msg`` and so on."""
    for name, text in DEFINITIONS.items():
        package, _, kind = name.partition("/")
        if package not in sys.modules:
            for module in (package, f"{package}.msg"):
                monkeypatch.setitem(sys.modules, module, ModuleType(module))
        lines = [line.split() for line in text.strip().splitlines()]
        fields = {field: _kind(of) for of, field in lines if "=" not in field}
        constants = {
            field.partition("=")[0]: value if of == "string" else int(value)
            for of, field in lines
            if (value := field.partition("=")[2])
        }
        made = type(kind, (Message,), {"fields": fields, "__module__": f"{package}.msg._{kind.lower()}", **constants})
        setattr(sys.modules[f"{package}.msg"], kind, made)


def cdr(message):
    """The bytes of a message, stand-in or not, as the middleware carries them."""
    out = bytearray(b"\0\1\0\0")
    for name, kind in message.get_fields_and_field_types().items():
        _write(out, kind, getattr(message, name))
    return bytes(out)


def _kind(of):
    base, bracket, count = of.rstrip("]").partition("[")
    base = PYTHON.get(base, base)
    return base if not bracket else f"{base}[{count}]" if count else f"sequence<{base}>"


def _element(kind):
    """(kind of an element, how many: None in a sequence), or None for a kind that has none."""
    if kind.startswith("sequence<"):
        return kind[9:-1], None
    base, bracket, count = kind.rstrip("]").partition("[")
    return (base, int(count)) if bracket else None


def _default(kind):
    if element := _element(kind):
        return [_default(element[0]) for _ in range(element[1] or 0)]
    if kind in FORMATS or kind == "string":
        return {"string": "", "boolean": False, "float": 0.0, "double": 0.0}.get(kind, 0)
    package, _, name = kind.partition("/")
    return getattr(import_module(f"{package}.msg"), name)()


def _write(out, kind, value):
    if element := _element(kind):
        if element[1] is None:
            _number(out, "I", len(value))
        for one in value:
            _write(out, element[0], one)
    elif kind == "string":
        _number(out, "I", len(value.encode()) + 1)
        out += value.encode() + b"\0"
    elif kind in FORMATS:
        _number(out, FORMATS[kind], value)
    else:
        for name, of in value.get_fields_and_field_types().items():
            _write(out, of, getattr(value, name))


def _number(out, letter, value):
    size = struct.calcsize(f"<{letter}")
    out += b"\0" * ((4 - len(out)) % size) + struct.pack(f"<{letter}", value)
