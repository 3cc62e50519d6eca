"""The check of contents under any stream: bounded memory, clocks that jump, values of any kind."""

import numpy as np
import pytest
from helpers.source_bench import STANDING, perform

from usdrl_model.plausibility.live_check import ContentCheck, Judgement
from usdrl_model.plausibility.sights import Setup
from usdrl_model.skeleton.person import Person, SkeletonFrame
from usdrl_model.skeleton.topology import topology


def test_memory_and_work_follow_the_span_not_the_stream() -> None:
    check = ContentCheck(Setup(topology=topology("kinect_v2_25")))
    joints = np.random.default_rng(0).normal(size=(25, 3))
    people = tuple(Person(str(number), joints + number) for number in range(30))
    for number in range(3000):
        check.add(SkeletonFrame(1e9 + number / 100.0, people))
    assert len(check._sights) <= 8 * 32


@pytest.mark.parametrize("jump", [-3600.0, 3600.0, 1e9])
def test_clocks_that_jump_do_not_stop_it(jump: float) -> None:
    check = ContentCheck(Setup(topology=topology("kinect_v2_25")))
    recording = perform(scripts=STANDING)
    for offset in (0.0, jump, 0.0):
        for frame in recording.frames:
            people = tuple(Person(p.id, p.joints * 1000.0) for p in frame.people)
            check.add(SkeletonFrame(frame.stamp + offset, people))
        judgement: Judgement = check.judgement
        assert judgement.stamp == pytest.approx(recording.frames[-1].stamp + offset, abs=1.5)
        assert [finding.key for finding in judgement.findings] == ["units"]


def test_a_short_bag_that_loops_is_judged_anew_every_time() -> None:
    check = ContentCheck(Setup(topology=topology("kinect_v2_25")))
    recording = perform(scripts=STANDING)
    short = [frame for frame in recording.frames if frame.stamp - recording.frames[0].stamp < 4.0]
    told = []
    for times in [1.0] * 3 + [1000.0] * 3 + [1.0] * 3:
        for frame in short:
            check.add(SkeletonFrame(frame.stamp, tuple(Person(p.id, p.joints * times) for p in frame.people)))
        told.append([finding.key for finding in check.judgement.findings])
    assert told[2] == told[-1] == [] and told[5] == ["units"]


@pytest.mark.parametrize("behind", [0.5, 3.0, 60.0])
def test_frames_of_a_second_clock_or_late_ones_begin_nothing_anew(behind: float) -> None:
    check = ContentCheck(Setup(topology=topology("kinect_v2_25")))
    recording = perform(scripts=STANDING)
    for frame in recording.frames:
        people = tuple(Person(p.id, p.joints * 1000.0) for p in frame.people)
        for stamp in (frame.stamp, frame.stamp - behind):
            check.add(SkeletonFrame(stamp, people))
    assert check.judgement.stamp == pytest.approx(recording.frames[-1].stamp, abs=1.5)
    assert [finding.key for finding in check.judgement.findings] == ["units"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(20))
def test_no_input_makes_it_fail(seed: int) -> None:
    rng = np.random.default_rng(seed)
    check = ContentCheck(Setup(topology=topology("coco_17")))
    scale = 10.0 ** rng.uniform(-300.0, 300.0)
    for number in range(40):
        people = []
        for person in range(rng.integers(0, 4)):
            joints = rng.normal(size=(17, 3)) * scale
            joints[rng.random((17, 3)) < rng.choice([0.0, 0.1, 0.9])] = np.nan
            joints[rng.random(17) < rng.choice([0.0, 0.1, 0.9])] = 0.0
            if rng.random() < 0.2:
                joints[:] = rng.choice([np.inf, 1.0, -0.0])
            confidence = rng.random(17) * rng.choice([0.0, 1.0, 100.0]) if rng.random() < 0.5 else None
            people.append(Person(str(person), joints, confidence))
        check.add(SkeletonFrame(1e9 + 0.2 * number, tuple(people)))
    assert all("\n" not in finding.text for finding in check.judgement.findings)
