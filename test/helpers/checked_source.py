"""A source as it was recorded, and what ``usdrl-check`` says of it."""

import dataclasses

import numpy as np
from rclpy.serialization import serialize_message
from std_msgs.msg import Header

from helpers.acting import script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import AXES, Person, SkeletonFrame
from usdrl_ros.checking.advice import advise
from usdrl_ros.checking.hearing import Captured
from usdrl_ros.checking.report import Report
from usdrl_ros.checking.trial import run
from usdrl_ros.inputs.common import ros_time
from usdrl_ros.inputs.registry import find
from usdrl_ros.inputs.skeleton_messages import point_cloud
from usdrl_ros.parameters.declarations import PARAMETERS
from usdrl_ros.parameters.values import PerceptionConfig

ACTS = script(("idle", 3.0), ("wave", 3.0), ("walk", 3.0))
START = 1.7e9


def config(**values):
    defaults = {one.field: tuple(one.default) if isinstance(one.default, list) else one.default for one in PARAMETERS}
    return dataclasses.replace(PerceptionConfig(**defaults), **values)


def perform(joint_set="kinect_v2_25", rate=15.0, people=2):
    scripts = (ACTS,) * people
    return simulate(PerformanceConfig(scripts=scripts, topology=joint_set, rate=rate, start=START), seed=2).frames


def captured(
    frames, *, axes="optical", change=lambda joints: joints, build=point_cloud, stamp=lambda at: at, frame_id="eye"
):
    found = []
    for frame in frames:
        people = tuple(Person(p.id, change(np.asarray(p.joints)) @ AXES[axes], p.confidence) for p in frame.people)
        header = Header(stamp=ros_time(max(0.0, stamp(frame.stamp))), frame_id=frame_id)
        message = build(SkeletonFrame(frame.stamp, people), header)
        found.append(Captured(bytes(serialize_message(message)), frame.stamp + 0.02, frame.stamp + 0.02))
    return found


def report(messages, source=None, options={}, topic="/bodies", **values):  # noqa: B006
    said = config(**values)
    source = source or find(said.input_type)

    def read(tried):
        other = source if tried.input_type == said.input_type else find(tried.input_type)
        return run(messages, other, options, tried, topic, None)

    found = advise(said, read)
    return Report(
        topic=topic, publishers=(), perception="", config=said, options=options, messages=len(messages),
        trial=found.last, steps=found.steps, others=found.others, findings=found.last.findings,
    )  # fmt: skip


def steps(found):
    return [(step.parameter, step.value) for step in found.steps]
