"""A source as it is, and what it was said to be: the bench of the check of contents."""

from collections.abc import Callable

import numpy as np

from helpers.acting import script
from usdrl_model.plausibility.findings import Finding
from usdrl_model.plausibility.live_check import ContentCheck
from usdrl_model.plausibility.sights import Setup
from usdrl_model.simulation.faults import TYPICAL_FAULTS
from usdrl_model.simulation.script import Script, demo_scripts
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.person import AXES, Person, SkeletonFrame
from usdrl_model.skeleton.recording import Recording
from usdrl_model.skeleton.topology import topology

OPTICAL, BODY = AXES["optical"], AXES["body"]  # canonical = matrix @ source
STANDING = (script(("idle", 3.0), ("wave", 4.0), ("walk", 4.0), ("idle", 3.0), ("clap", 3.0)),)


def perform(joint_set: str = "kinect_v2_25", scripts: tuple[Script, ...] | None = None, seed: int = 1) -> Recording:
    scripts = demo_scripts() if scripts is None else scripts
    return simulate(
        PerformanceConfig(scripts=scripts, topology=joint_set, rate=10.0, faults=TYPICAL_FAULTS, start=1e9), seed
    )


def rotation(degrees: float, axis: int) -> np.ndarray:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.eye(3)
    a, b = [other for other in range(3) if other != axis]
    turn[a, a], turn[a, b], turn[b, a], turn[b, b] = cos, -sin, sin, cos
    return turn


class Bench:
    """A source as it is, and what it was said to be."""

    def __init__(
        self,
        said: str = "kinect_v2_25",
        *,
        axes: str = "optical",
        sends: np.ndarray | None = None,
        mounting: np.ndarray | None = None,
        metres: float = 1.0,
        mirrored: bool = False,
        change: Callable[[np.ndarray], np.ndarray] = lambda joints: joints,
    ) -> None:
        self.joint_set = topology(said)
        self.rotation = AXES[axes]
        self.sends = self.rotation.T if sends is None else sends  # source = sends @ canonical
        self.mounting = np.eye(3) if mounting is None else mounting
        self.change = change
        self.check = ContentCheck(
            Setup(
                topology=self.joint_set,
                axes=axes,
                levelled_by="" if mounting is None else "sensor_pose",
                metres=metres,
                mirrored=mirrored,
                order=self.joint_set.order(mirrored),
            )
        )

    def watch(self, recording: Recording) -> dict[str, tuple[float, Finding]]:
        """Finding by key, and after how many seconds it was told."""
        told: dict[str, tuple[float, Finding]] = {}
        for frame in recording.frames:
            sent = SkeletonFrame(frame.stamp, tuple(self._send(person) for person in frame.people))
            turn = self.mounting @ self.rotation
            metres, order = self.check.setup.metres, self.check.setup.order
            people = tuple(Person(p.id, metres * p.joints[order] @ turn.T) for p in sent.people)
            self.check.add(SkeletonFrame(frame.stamp, people), sent)
            for finding in self.check.judgement.findings:
                told.setdefault(finding.key, (frame.stamp - recording.frames[0].stamp, finding))
        return told

    def _send(self, person: Person) -> Person:
        joints = np.full((len(self.joint_set.joints), 3), np.nan)
        sent = self.change(np.asarray(person.joints) @ self.sends.T)
        joints[: len(sent)] = sent
        return Person(person.id, joints)
