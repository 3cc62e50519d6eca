"""Results of inferences, as the node publishes them: people who do something, at one instant."""

from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from helpers.people import standing
from usdrl_model.online.state import ActionState, PersonState, StreamState
from usdrl_model.skeleton.topology import JOINT_INDEX
from usdrl_model.states.person import States
from usdrl_ros.inputs.coordinate_frames import Frames
from usdrl_ros.outputs.result import Result
from usdrl_ros.outputs.state_json import ModelInfo

STAMP = Time(sec=20, nanosec=123_456_789)
HEADER = Header(stamp=STAMP, frame_id="camera")
FRAMES = Frames("optical")
MODEL = ModelInfo(weights="test", hash="0123", device="cpu", precision="float32", runtime="torch")


def person(id_, *actions, joints=None, states=()):
    joints = standing() if joints is None else joints
    return PersonState(
        id=id_,
        position=tuple(joints[JOINT_INDEX["head"]].tolist()),
        distance=2.0,
        bearing=0.0,
        joints=joints,
        last_seen=20.0,
        actions=actions,
        top=(),
        valid_joints=1.0,
        states=States(active=states),
    )


def doing(label, score=0.9, active=True, onset=18.5):
    return ActionState(label=label, active=active, score=score, onset=onset)


def result(*people, events=()):
    state = StreamState(stamp=20.0, seq=len(events), people=people, events=events)
    return Result(events=events, state=state, stamp=STAMP, frame_id="camera")
