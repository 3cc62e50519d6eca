"""States of simulated people: what a script says is told, from any tracker and at any rate."""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from usdrl_model.simulation.faults import TYPICAL_FAULTS, TrackerFaults
from usdrl_model.simulation.script import Act, check_script
from usdrl_model.simulation.simulate import PerformanceConfig, simulate
from usdrl_model.skeleton.clip import Clip
from usdrl_model.states.config import StatesConfig
from usdrl_model.states.person import PersonStates, States

SENSOR = np.zeros(3)


def performed(
    *acts: tuple[str, float], seed: int, faults: TrackerFaults | None = None, topology: str = "kinect_v2_25",
    rate: float = 30.0,
) -> Clip:  # fmt: skip
    script = tuple(Act(action=action, seconds=seconds) for action, seconds in acts)
    config = PerformanceConfig(scripts=(script,), faults=faults or TrackerFaults(), topology=topology, rate=rate)
    return Clip.of(simulate(config, seed))


def told(clip: Clip, config: StatesConfig | None = None) -> Iterator[tuple[float, States]]:
    """Stamp and what is said at every frame, of a performer who keeps their id."""
    states = PersonStates(config)
    for row, stamp in enumerate(clip.stamps.tolist()):
        for seen in np.flatnonzero(clip.confidence[row].any(axis=1)):
            states.add(stamp, clip.joints[row, seen], clip.confidence[row, seen], SENSOR)
        yield stamp, states.snapshot()


def acting(*acts: tuple[str, float], seed: int) -> list[tuple[str, list[set[str]]]]:
    """Act -> the names of the states that hold at every frame of it, seen by a usual tracker."""
    clip = performed(*acts, seed=seed, faults=TYPICAL_FAULTS)
    found = [names(states) for _, states in told(clip)]
    ends = np.cumsum([seconds for _, seconds in acts])
    parts = np.split(np.arange(len(found)), np.searchsorted(clip.stamps, ends[:-1]))
    return [(action, [found[row] for row in part]) for (action, _), part in zip(acts, parts, strict=True)]


def names(states: States) -> set[str]:
    """Of the states that hold."""
    return {state.name for state in states.active}


@pytest.mark.parametrize("seed", [1, 6, 9, 11])
def test_the_performer_shows_what_the_script_says(seed: int) -> None:
    wanted = {
        "raise_left_arm": "raising_left_arm", "raise_right_arm": "raising_right_arm",
        "raise_both_arms": "raising_both_arms", "point_left": "pointing_left", "point_right": "pointing_right",
    }  # fmt: skip
    acts = list(itertools.chain(*(((act, 3.5), ("idle", 1.0)) for act in wanted)))
    acts = [("idle", 1.0), *acts, ("sit_down", 2.0), ("idle", 2.0), ("stand_up", 2.0)]
    for act, said in acting(*acts, seed=seed)[1:]:
        ever = set().union(*said)
        late = set.intersection(*said[len(said) // 2 : len(said) * 3 // 4])
        if act in wanted:
            assert wanted[act] in late
            assert ever.isdisjoint(set(wanted.values()) - {wanted[act], "raising_left_arm", "raising_right_arm"})
        assert not ever & {"lying", "fallen"}


def test_who_points_says_stop_seldom_and_who_says_stop_is_heard() -> None:
    """Some of those who point happen to point at the sensor, and some hold out a hand past it."""

    def stopped(action: str) -> int:
        clips = (performed(("idle", 1.0), (action, 2.5), seed=seed) for seed in range(12))
        return sum(any(states.get("hand_in_front") for _, states in told(clip)) for clip in clips)

    assert stopped("point_right") <= 2 and stopped("hold_hand_out") >= 11


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("seed", [0, 4, 12])
def test_the_ray_stays_where_the_arm_pointed_when_it_drops(side: str, seed: int) -> None:
    clip, state = performed(("idle", 2.0), (f"point_{side}", 4.0), ("idle", 2.0), seed=seed), f"pointing_{side}"
    held = [pointing for _, states in told(clip) if (pointing := states.get(state))]
    directions = np.array([one.ray.direction for one in held if one.ray])
    meant = np.median(directions[: len(directions) // 2], axis=0)
    assert np.degrees(np.arccos(directions @ meant / np.linalg.norm(meant))).max() < 10.0


@pytest.mark.parametrize("seed", range(4))
def test_a_fall_is_told_from_lying_down_and_lasts_until_they_are_up(seed: int) -> None:
    acts = acting(
        ("idle", 1.0), ("lie_down", 4.0), ("idle", 2.0), ("get_up", 4.0), ("idle", 1.5), ("fall", 0.8), ("idle", 2.0),
        ("get_up", 4.0), ("idle", 1.5), seed=seed,
    )  # fmt: skip
    lay, up, fell, risen = (acts[index][1][-1] for index in (2, 4, 6, 8))
    assert lay & {"standing", "sitting", "lying", "fallen"} == {"lying"}
    assert "facing_me" not in lay | fell and "facing_me" in up & risen
    assert "standing" in up
    assert {"lying", "fallen"} <= fell and "standing" not in fell
    assert "fallen" not in risen and "standing" in risen


@pytest.mark.parametrize("delay", [1.0, 2.0, 5.0])
def test_a_fall_is_told_however_late_lying_is(delay: float) -> None:
    config = dataclasses.replace(StatesConfig(), posture_after=delay * StatesConfig().posture_after)

    def held(action: str, seconds: float) -> set[str]:
        clip = performed(("idle", 2.0), (action, seconds), ("idle", 6.0), seed=1)
        return set().union(*(names(states) for _, states in told(clip, config)))

    assert {"lying", "fallen"} <= held("fall", 0.8)
    assert "fallen" not in held("lie_down", 2.0)


@pytest.mark.parametrize("gap", [0.7, 0.9])
def test_who_is_lost_on_the_way_down_has_fallen_unless_they_lie_down_slowly(gap: float) -> None:
    """Trackers lose people who fall, and nobody is on the floor from standing in a second on purpose."""

    def fell(action: str, seconds: float) -> list[bool]:
        clip, states = performed(("idle", 1.0), (action, seconds), ("idle", 2.0), seed=1, rate=20.0), []
        for begin in np.arange(0.7, 0.9 + seconds, 0.2).tolist():
            kept = (clip.stamps < clip.stamps[0] + begin) | (clip.stamps >= clip.stamps[0] + begin + gap)
            parts = {name: getattr(clip, name)[kept] for name in ("stamps", "joints", "confidence")}
            states.append([names(one) for _, one in told(dataclasses.replace(clip, **parts))])
        assert all("lying" in one[-1] for one in states)
        return ["fallen" in set().union(*one) for one in states]

    assert all(fell("fall", 0.8))
    assert not any(fell("lie_down", 2.0))


def test_who_picks_something_up_neither_sits_nor_lies() -> None:
    for seed in range(8):
        for _, said in acting(("idle", 1.0), ("pick_up", 2.5), ("idle", 1.0), seed=seed):
            assert not set().union(*said) & {"sitting", "lying", "fallen"}, seed


@pytest.mark.parametrize(
    "topology", ["k4abt_32", "zed_body_34", "openpose_coco_18", "coco_17", "kinect_v1_20", "msr_action3d_20"]
)
def test_other_joint_sets_show_the_same_states(topology: str) -> None:
    acts = (("idle", 1.5), ("raise_left_arm", 3.0), ("point_right", 3.5), ("sit_down", 2.0), ("idle", 2.0))
    clip = performed(*acts, seed=2, topology=topology)
    said = {round(stamp, 1): names(states) for stamp, states in told(clip)}
    assert [said[at] - {"facing_me", "hand_in_front"} for at in (1.0, 3.2, 7.0, 11.5)] == [
        {"standing"}, {"standing", "raising_left_arm"}, {"standing", "pointing_right"}, {"sitting"},
    ]  # fmt: skip


@pytest.mark.parametrize("rate", [8.0, 30.0, 120.0])
def test_the_rate_of_frames_does_not_matter(rate: float) -> None:
    clip = performed(("idle", 3.0), ("raise_left_arm", 3.0), ("idle", 3.0), seed=3, rate=rate)
    raised = [stamp for stamp, states in told(clip) if states.get("raising_left_arm")]
    assert 3.3 < raised[0] < 4.1 and 5.3 < raised[-1] < 6.4


def test_scripts_with_poses_are_checked() -> None:
    with pytest.raises(ValueError, match="act 1, walk: the person lies then"):
        check_script((Act(action="fall", seconds=1.0), Act(action="walk", seconds=1.0)))
    with pytest.raises(ValueError, match="act 0, get_up: the person is up then"):
        check_script((Act(action="get_up", seconds=1.0),))
