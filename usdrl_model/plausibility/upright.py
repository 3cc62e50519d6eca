"""Which axes, or which pose of the sensor, would make people upright who stand on their heads or all lie?

Where one joint is says nothing of that: a sensor with optical axes that hangs upside down sends the same points as an
upright one with those of the Kinect SDK. So both are said, unless the messages have axes of their own.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from usdrl_model.plausibility import bodies
from usdrl_model.plausibility.mounting import Mounting
from usdrl_model.plausibility.sights import Setup
from usdrl_model.skeleton.person import AXES

FITS = 0.8
"""Cosine between the up of people and that of axes from which on these fit."""


class Guess(NamedTuple):
    """A likely reason."""

    text: str
    change: tuple[str, object] | None = None
    """Of a parameter, that mends it, if one does."""
    other: tuple[str, object] | None = None
    """Another one that mends it as well."""


def guess(body: np.ndarray, setup: Setup, mounted: Mounting | None) -> Guess:
    """The likely reason.

    Args:
        body: (R, 25, 3) canonical joints in the axes of the sensor, before any ``sensor_pose``.
        setup: how the source is configured.
        mounted: how the sensor is mounted, by those who stand.
    """
    if setup.planar:  # which no parameter turns
        return Guess("is the picture turned? turn it upright before the tracker reads it")
    if setup.levelled_by == "target_frame":
        return Guess("is the header's frame_id the frame of the points (optical or body), and tf right?")
    up = bodies.unit(np.nansum(bodies.upward(body)[0], axis=0)) @ setup.rotation
    if not np.isfinite(up).all():
        return Guess("which way they are up in the axes of the sensor is not seen")
    fits = {name: float(np.dot(up, rotation[1])) for name, rotation in AXES.items()}  # [1]: which way is up
    name = max(fits, key=lambda key: fits[key])
    posable = setup.levelled_by != "imu"
    hangs = fits[setup.axes] < -FITS and posable
    if hangs and (fits[name] < FITS or "axes" in setup.own):
        text, change = _hanging(mounted, setup)
        return Guess(f"does the sensor hang upside down? {text}", change)
    if fits[name] < FITS and mounted and posable:
        text, change = posed(mounted, setup)
        way = "upside down" if abs(mounted.roll) > 0.75 * math.pi else "on its side"
        return Guess(f"is the sensor {way} (roll {mounted.roll:.2f}, pitch {mounted.pitch:.2f})? {text}", change)
    if fits[name] < FITS:
        side = "; is the sensor on its side? give its sensor_pose" if posable else ""
        return Guess(f"their up is along no axis that axes knows: publish in optical or body axes{side}")
    if name != setup.axes:
        text = f"their up fits {name} axes: set axes: {name}"
        if not hangs:
            return Guess(text, ("axes", name))
        instead, other = _hanging(mounted, setup)
        return Guess(f"{text}; or, if the sensor hangs upside down, {instead}", ("axes", name), other)
    if not posable:
        return Guess("axes fit, the IMU does not: set imu_rotation to how it is mounted on the sensor")
    if setup.levelled_by != "sensor_pose":
        return Guess("some of them are upright: let one person stand before the sensor")
    return Guess(
        "axes fit, sensor_pose does not: it takes the rotation of body axes (x along the view), not of an optical"
        " frame",
        ("sensor_pose", [*setup.pose[:3], 0.0, 0.0, setup.pose[5]]),
    )


def posed(mounted: Mounting, setup: Setup) -> tuple[str, tuple[str, object]]:
    """The pose of the sensor that standing people tell, as a text and as a change."""
    pose = list(map(float, mounted.pose(setup.pose)))
    return f"by these people, sensor_pose: {pose}", ("sensor_pose", pose)


def _hanging(mounted: Mounting | None, setup: Setup) -> tuple[str, tuple[str, object]]:
    """The pose of a sensor that is turned by half a turn about its view: by those who stand, or else level."""
    if mounted:
        return posed(mounted, setup)
    x, y, z, _, _, yaw = setup.pose
    pose = [float(value) for value in (x, y, z, round(math.pi, 2), 0.0, yaw)]
    return f"sensor_pose: {pose}", ("sensor_pose", pose)
