"""Do the skeletons look like people? Wrong settings (units, axes, topology ...) show in the skeletons they produce.

``judge`` takes the skeletons of some seconds, or of a sample of recordings, and returns what is wrong with the likely
cause: units, axes, topology, pose of the sensor, swapped sides, pixels, legs that are never seen, no person at all, or
people who are sent again and again.
Lying, sitting, bowing and small people are valid: every finding is based on medians and on what no posture explains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from usdrl_model.plausibility import bodies, joint_order, mounting, sides, upright
from usdrl_model.plausibility.findings import Finding, Level
from usdrl_model.plausibility.repetition import repeated
from usdrl_model.plausibility.sights import Setup, Sight, to_canonical
from usdrl_model.skeleton.parts import PARTS, seen
from usdrl_model.skeleton.person import FARTHEST, MIN_CONFIDENCE, REACH, UNITS
from usdrl_model.skeleton.topology import CANONICAL_JOINTS

ENOUGH = 5
"""Minimum number of sights for any finding."""
LOOKED_AT = 80
"""Number of sights that are judged; medians need no more."""
MOST = 0.6
"""Fraction of the sights that must show a fault: one of three people may lie, and somersaults are valid."""
THIN = 0.01
"""``bodies.flatness`` below which there is no depth; real sensors give 0.05 and more."""
SMALLEST, LARGEST = 0.4, 1.7
"""Range of ``bodies.size``, from a child of 80 cm to the tallest adults, with a margin for trackers."""
LYING = 0.5
"""Cosine to the vertical below which a person lies."""
LEANS, LEANS_LEVELLED, TRUNK_LEANS = 25.0, 15.0, 55.0
"""Degrees off the vertical: of standing people if the sensor is assumed to be level; the same if its pose is known; and
of people who do not stand. Published data sets reach 23, 17 and 50."""
MOST_TILTED = 70.0
"""Degrees of tilt above which wrong axes are likelier than a tilted sensor."""
RARELY = 0.1
"""A part of the body that is seen in a smaller share of the time is not seen."""
_PIXELS = "2D pixels? give the tracker a depth camera and publish 3D joints in metres"
_NO_DEPTH = "; or, without one, take an input_type in the picture (openpose_json, yolo_2d) and weights: hri_2d"
_LIFTED = (
    "does depth_topic see these people, is camera_info of the picture that the tracker reads (its width and height; a"
    " smaller one has another), and do joints lie in it?"
)
_DEPTHS = "millimetres (16UC1) or metres (32FC1)"
_TURN = "joints of recordings have x to the sensor's left, y up, z away from it: turn them"
_METRES = "joints of recordings are in metres: convert them"


def judge(sights: Sequence[Sight], setup: Setup) -> tuple[list[Finding], dict[str, str], set[str]]:
    """Judge sights; returns the findings, worst first, and what was measured.

    Args:
        sights: of some seconds, or of a recording.
        setup: how the source is configured.

    Returns:
        Findings, empty if all is well or too little was seen; name -> value for a report; and the keys of findings that
        these sights can neither confirm nor exclude.
    """
    undecided: set[str] = set()
    measured: dict[str, str] = {"people looked at": str(len({sight.person for sight in sights}))}
    if len(sights) < ENOUGH:
        return [], measured, undecided
    if len(sights) > LOOKED_AT:  # at random: with two people who alternate, every second sight would be the same person
        chosen = np.sort(np.random.default_rng(0).permutation(len(sights))[:LOOKED_AT])
        sights = [sights[index] for index in chosen]
    joints = bodies.together(np.stack([sight.joints for sight in sights]))
    body = to_canonical(joints, setup.topology)
    valid = np.stack([sight.valid for sight in sights])
    measured["valid joints"] = f"{valid.mean():.0%}"
    measured["torso"] = f"{bodies.torso(body):.3g} m"
    flat = not setup.planar and bodies.flatness(joints) < THIN
    if flat:
        extent = bodies.median(np.fmax.reduce(joints, axis=(1, 2)) - np.fmin.reduce(joints, axis=(1, 2)))
        what = f"every person is flat (their joints span {extent:.3g} in a plane without depth)"
        pixels = f"{what}: {_PIXELS}"
        text = f"{what}: {_LIFTED}" if setup.lifted else pixels + _NO_DEPTH
        return [Finding("flat", Level.ERROR, text, in_recordings=pixels)], measured, undecided
    found = repeated(sights)
    found += [] if setup.planar else [*_order(joints, body, setup), *_size(body, setup)]
    if not any(finding.key == "topology" for finding in found):
        found += _posture(sights, body, setup, measured, undecided)
        if not setup.planar:
            impossible = any(finding.key == "units" for finding in found)
            found += sides.swapped(joints, body, setup, measured, undecided, impossible=impossible)
    unusable = float(np.mean([bool(sight.refusal) for sight in sights]))
    if unusable > 1.0 - MOST and not found:
        found.append(_unusable(sights, unusable, setup))
    elif not found:
        found += _parts(valid, measured)
    found = [_settled(finding) if finding.change and finding.change[0] in setup.own else finding for finding in found]
    return sorted(found, key=lambda finding: -finding.level), measured, undecided


def _settled(finding: Finding) -> Finding:
    """A finding that its parameter cannot mend."""
    text = f"{finding.text}; but these messages have {finding.key} of their own: correct what publishes them"
    return replace(finding, text=text, change=None)


def _unusable(sights: Sequence[Sight], share: float, setup: Setup) -> Finding:
    refusals = [sight.refusal for sight in sights if sight.refusal]
    units = "correct what publishes them" if "units" in setup.own else "set units to those of the source"
    if setup.planar:
        units = "correct what publishes them, or the size of the picture"
    advice = {
        "zero": "joints are sent as zeros: does the tracker run on this sensor?",
        "not finite": "joints are NaN or missing: is topology the joint set of the tracker?",
        "unsure": f"confidence is below {MIN_CONFIDENCE:g}: is it 0 to 1? publish 1 or none if the tracker has none",
        "alike": "joints are at one and the same place, as what is not seen: does the tracker run on this sensor?",
        "apart": f"joints are more than {REACH:g} m from the rest of their body: {units}",
        "far": f"joints are more than {FARTHEST / 1000:g} km from the origin: {units}, or take a nearer frame",
    }
    if setup.lifted:
        advice["not finite"] = f"joints get no depth: does {setup.depth_topic} measure these people, in {_DEPTHS}?"
    worst = max(advice, key=refusals.count)
    return Finding(
        "unusable", Level.ERROR, f"too few valid joints in {share:.0%} of the sights: most {advice[worst]}"
    )  # fmt: skip


def _order(joints: np.ndarray, body: np.ndarray, setup: Setup) -> list[Finding]:
    if setup.named:
        return []
    text, name = joint_order.misread(joints, body, setup.topology)
    change = ("topology", name) if name else None
    return [Finding("topology", Level.ERROR, text, change)] if text else []


def _size(body: np.ndarray, setup: Setup) -> list[Finding]:
    """People of an impossible size."""
    times = bodies.size(body)
    if not (times < SMALLEST or times > LARGEST):
        return []
    raw = times / setup.metres
    length = bodies.torso(body) / setup.metres
    what = f"median torso {length:.3g}" if np.isfinite(length) else "bones"
    what += f", {times:.3g} times the size of an adult"
    if setup.lifted:
        return [Finding("units", Level.ERROR, f"{what}: {_other_depth(times, setup)}")]
    near = [name for name, metres in UNITS.items() if SMALLEST < raw * metres < LARGEST and metres != setup.metres]
    if not near:
        text = f"{what}: no unit of the parameter units fits: publish metres"
        return [Finding("units", Level.ERROR, text, in_recordings=f"{what}: {_METRES}")]
    unit = {"m": "metres", "cm": "centimetres", "mm": "millimetres"}[near[0]]
    return [Finding("units", Level.ERROR, f"{what}: {unit}? set units: {near[0]}", ("units", near[0]))]


def _other_depth(times: float, setup: Setup) -> str:
    """Why people whom a depth image lifts are so many times the size of an adult, in words."""
    return (
        f"the depths of {setup.depth_topic} are not in {_DEPTHS}: about {1.0 / times:.2g} times their values would fit;"
        " or the focal length in camera_info is another than that of this picture"
    )


def _posture(
    sights: Sequence[Sight], body: np.ndarray, setup: Setup, measured: dict[str, str], undecided: set[str]
) -> list[Finding]:
    """Heads below hips, everybody lying where nobody can, or everybody leaning."""
    level = np.stack([sight.level for sight in sights])
    up, straight = bodies.upward(level)
    seen = np.isfinite(up).all(axis=1)
    if seen.sum() < ENOUGH:
        return []
    height = up[seen, 1]
    if (standing := seen & straight & (np.abs(up[:, 1]) > LYING)).sum() >= ENOUGH:
        lean, limit = _degrees(up[standing]), LEANS_LEVELLED if setup.levelled_by else LEANS
    else:
        undecided.add("pose")  # sitting and bowing people lean, too
        lean, limit = _degrees(bodies.trunk(level)), TRUNK_LEANS  # and heads lean more: over phones
    if np.isfinite(lean):
        measured["off the vertical"] = f"{lean:.0f} degrees"
    # With a target frame tf says how the axes of the points are turned, and ``axes`` says nothing.
    mounted = None if setup.levelled_by == "target_frame" else mounting.estimate(body)
    if mounted:
        measured["mounting by standing people"] = (
            f"roll {mounted.roll:.2f}, pitch {mounted.pitch:.2f}, {mounted.height:.1f} m above the floor"
            f" (spread {mounted.spread:.0f} degrees)"
        )
    if np.mean(height < -LYING) > MOST:
        return [_axes("people stand on their heads", upright.guess(body, setup, mounted))]
    if np.mean(np.abs(height) <= LYING) > MOST:
        guess = upright.guess(body, setup, mounted)
        why = _cannot_lie(sights, body, level, setup)
        if why:
            return [_axes(f"everybody lies, {why}", guess)]
        lie = "everybody lies: if nobody does"
        return [Finding("lying", Level.NOTE, f"{lie}, {guess.text}", guess.change, in_recordings=f"{lie}, {_TURN}")]
    if not lean > limit:
        return []
    before = _degrees(bodies.upward(body)[0][standing if standing.sum() >= ENOUGH else seen])
    remedy = {
        "": "is the sensor tilted? give its sensor_pose, or a target_frame that is level",
        "sensor_pose": "correct roll and pitch of sensor_pose"
        + (f" (without it {before:.0f}: is its sign wrong?)" if before < lean else ""),
        "target_frame": "is target_frame level, and the sensor's place in tf right?",
        "imu": "is imu_topic that of this sensor, and imu_rotation right?",
    }[setup.levelled_by]
    change = None
    if mounted and mounted.tilt < MOST_TILTED and setup.levelled_by in ("", "sensor_pose"):
        text, change = upright.posed(mounted, setup)
        remedy += f"; {text}"
    return [Finding("pose", Level.WARN, f"people lean {lean:.0f} degrees, all the same way: {remedy}", change)]


def _cannot_lie(sights: Sequence[Sight], body: np.ndarray, level: np.ndarray, setup: Setup) -> str:
    """Why these people cannot be lying; empty if they may be."""
    size = max(bodies.size(level), 1e-9)
    heights = bodies.joint(level, "spine_base")[:, 1] / size
    people = np.array([sight.person for sight in sights])
    own = [heights[(people == person) & np.isfinite(heights)] for person in sorted(set(people))]
    own = [values for values in own if len(values) >= ENOUGH]
    if any(np.ptp(np.percentile(values, [5, 95])) > 0.6 for values in own):
        return "and rises and sinks by more than half a metre"
    if own and max(map(np.median, own)) > 1.2:
        return f"{max(map(np.median, own)):.1f} m above the {'floor' if setup.levelled_by else 'sensor'}"
    if len(own) > 1 and np.ptp([np.median(values) for values in own]) > 0.7:
        return "one high above the other"
    if setup.levelled_by == "sensor_pose" and _degrees(bodies.trunk(body)) < TRUNK_LEANS:
        return "though upright before sensor_pose turned them"
    depth = np.stack([sight.joints for sight in sights])[:, :, 2] / size
    if setup.levelled_by != "target_frame" and np.mean(depth[np.isfinite(depth)] < 0.3) > 0.15:
        return "partly behind the sensor"
    return ""


def _axes(what: str, guess: upright.Guess) -> Finding:
    text, in_recordings = f"{what}: {guess.text}", f"nobody is upright: {_TURN}"
    return Finding("axes", Level.ERROR, text, guess.change, guess.other, in_recordings)


def _degrees(up: np.ndarray) -> float:
    """Angle of the mean direction to the vertical."""
    mean = bodies.unit(np.nansum(up, axis=0))
    return float(np.degrees(np.arccos(np.clip(mean[1], -1.0, 1.0))))


def _parts(valid: np.ndarray, measured: dict[str, str]) -> list[Finding]:
    """Parts of the body that are never seen."""
    share = valid.mean(axis=0)
    never = [name for name, part in zip(CANONICAL_JOINTS, share, strict=True) if part < 0.02]
    measured["joints never seen"] = ", ".join(never) or "none"
    if share.max() < 0.5:
        return []

    part = dict(zip(PARTS, seen(valid).mean(axis=0) >= RARELY, strict=True))
    found = []
    remedy = "are withheld: step back or lower the sensor"
    if not part["hips"]:
        text = (
            "people are seen from the waist up only: what arms do (wave, clap, throw) is still told; walking, sitting"
            f" down, bowing and picking up {remedy}"
        )
        found.append(Finding("legs", Level.WARN, text))
    elif not part["legs"]:
        text = (
            "no leg is ever seen down to the foot: what arms do (wave, clap, throw) and sitting down is still told;"
            f" walking, running, kicking and carrying {remedy}"
        )
        found.append(Finding("legs", Level.WARN, text))
    if not part["arm"]:
        found.append(Finding("arms", Level.WARN, "arms are never seen: nothing that hands do is told"))
    return found
