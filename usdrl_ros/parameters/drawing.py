"""docs/images/sensor_pose.svg: what the numbers of ``sensor_pose`` and the names of ``axes`` mean.

python -m usdrl_ros.parameters.drawing

Arrows are turned by the same functions as the points of the tracker, so that the drawing cannot contradict the node.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from transforms3d.euler import euler2mat

from usdrl_model.skeleton.person import AXES

PATH = Path("docs/images/sensor_pose.svg")
COLOURS = ("#c62828", "#2e7d32", "#1565c0")
"""Of x, y and z."""
WIDTH, HEIGHT = 960, 560
METRE = 78.0
"""Pixels."""
ROLL, PITCH, YAW = 0.3, 0.35, 0.5
"""Radians, in the drawings."""


def svg() -> str:
    """The drawing."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
        ' font-family="sans-serif" font-size="14">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *_from_the_side(30, 250),
        *_from_above(470, 250),
        *_from_behind(740, 250),
        *_axes(300),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _from_the_side(left: float, floor: float) -> list[str]:
    """X to the right, z up: height and pitch."""
    eye = np.array([left + 70, floor - 1.5 * METRE])
    turn = euler2mat(0.0, PITCH, 0.0)
    forward, up = ((turn[0, axis], -turn[2, axis]) for axis in (0, 2))
    person = left + 375
    return [
        _text(left, 24, "from the side: z and pitch", weight="bold"),
        _line((left, floor), (left + 410, floor), "#777", 2),
        _line(eye, (eye[0], floor), "#777", 1, "4 4"),
        _text(left + 76, floor - 30, "z"),
        _triad((left + 30, floor), {0: (1, 0), 2: (0, -1)}, 45),
        _text(left - 10, floor + 18, "target_frame"),
        _line(eye, eye + 270 * np.array(forward), "#c62828", 1, "2 5"),
        _camera(eye, forward),
        _triad(eye, {0: forward, 2: up}, 60),
        _line(eye, eye + (150, 0), "#777", 1, "4 4"),
        _text(eye[0] + 85, eye[1] - 8, f"pitch {PITCH:g} rad: looks down", fill="#333"),
        *_person(person, floor),
    ]


def _from_above(left: float, bottom: float) -> list[str]:
    """X up the page, y to the left: place and yaw."""
    origin = np.array([left + 120, bottom - 20])
    eye = origin + (-35, -80)
    turn = euler2mat(0.0, 0.0, YAW)
    forward, side = ((-turn[1, axis], -turn[0, axis]) for axis in (0, 1))
    return [
        _text(left, 24, "from above: x, y and yaw", weight="bold"),
        _triad(origin, {0: (0, -1), 1: (-1, 0)}, 45),
        _text(origin[0] + 12, origin[1] + 6, "target_frame"),
        _camera(eye, forward),
        _triad(eye, {0: forward, 1: side}, 60),
        _line(eye, eye + (0, -75), "#777", 1, "4 4"),
        _text(eye[0] + 8, eye[1] - 60, f"yaw {YAW:g} rad: turned left"),
        _line(origin, (eye[0], origin[1]), "#777", 1, "4 4"),
        _line(eye, (eye[0], origin[1]), "#777", 1, "4 4"),
        _text(eye[0] - 14, origin[1] - 30, "x"),
        _text((eye[0] + origin[0]) / 2 - 4, origin[1] + 16, "y"),
    ]


def _from_behind(left: float, bottom: float) -> list[str]:
    """Y to the left, z up: roll."""
    eye = np.array([left + 90, bottom - 90])
    turn = euler2mat(ROLL, 0.0, 0.0)
    side, up = ((-turn[1, axis], -turn[2, axis]) for axis in (1, 2))
    degrees = np.degrees(ROLL)
    return [
        _text(left, 24, "from behind: roll", weight="bold"),
        f'<rect x="-36" y="-16" width="72" height="32" rx="5" fill="#ddd" stroke="#333" transform="translate('
        f'{eye[0]:.1f} {eye[1]:.1f}) rotate({degrees:.1f})"/>',
        _triad(eye, {1: side, 2: up}, 68),
        _line(eye, eye + (0, -85), "#777", 1, "4 4"),
        _text(left, bottom - 8, f"roll {ROLL:g} rad: leans to its right"),
    ]


def _axes(top: float) -> list[str]:
    """The axes of the points, seen from behind and above the sensor: its left is left, up is up, ahead is up right."""
    page = np.array([[-1.0, 0.0, 0.55], [0.0, -1.0, -0.4]])  # canonical -> page
    parts = [
        _line((30, top), (WIDTH - 30, top), "#bbb", 1),
        _text(
            30, top + 26, "axes of the points, seen from behind the sensor, which looks into the page:", weight="bold"
        ),
    ]
    says = {
        "optical": "x right, y down, z ahead",
        "body": "x ahead, y left, z up",
        "kinect": "x left, y up, z ahead",
    }
    for number, (name, rotation) in enumerate(AXES.items()):
        origin = np.array([150.0 + 300 * number, top + 140])
        parts += [
            f'<rect x="{origin[0] - 30:.1f}" y="{origin[1] - 16:.1f}" width="60" height="32" rx="5" fill="#ddd"'
            ' stroke="#333"/>',
            _triad(origin, {axis: tuple(page @ rotation[:, axis]) for axis in range(3)}, 70),
            _text(origin[0] - 75, top + 245, f"axes: {name} ({says[name]})"),
        ]
    return parts


def _triad(origin: object, axes: dict[int, tuple[float, float]], length: float) -> str:
    start = np.asarray(origin, float)
    arrows = []
    for axis, direction in axes.items():
        end = start + length * np.asarray(direction)
        along = np.asarray(direction) / np.linalg.norm(direction)
        side = np.array([-along[1], along[0]])
        head = [end + 9 * along, end + 4 * side, end - 4 * side]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in head)
        at = end + 18 * along
        arrows += [
            _line(start, end, COLOURS[axis], 3),
            f'<polygon points="{points}" fill="{COLOURS[axis]}"/>',
            _text(at[0] - 4, at[1] + 5, "xyz"[axis], fill=COLOURS[axis]),
        ]
    return "\n".join(arrows)


def _camera(at: np.ndarray, forward: tuple[float, float]) -> str:
    degrees = np.degrees(np.arctan2(forward[1], forward[0]))
    return (
        f'<path d="M -22 -11 h 26 v 22 h -26 z M 4 -5 l 9 -6 v 22 l -9 -6 z" fill="#ddd" stroke="#333"'
        f' transform="translate({at[0]:.1f} {at[1]:.1f}) rotate({degrees:.1f})"/>'
    )


def _person(x: float, floor: float) -> list[str]:
    hip, shoulder = floor - 0.9 * METRE, floor - 1.4 * METRE
    return [
        f'<circle cx="{x}" cy="{floor - 1.62 * METRE:.1f}" r="11" fill="none" stroke="#333" stroke-width="3"/>',
        _line((x, shoulder - 4), (x, hip), "#333", 3),
        *(_line((x, hip), (x + side, floor), "#333", 3) for side in (-12, 12)),
        *(_line((x, shoulder), (x + side, shoulder + 45), "#333", 3) for side in (-18, 18)),
    ]


def _line(start: object, end: object, colour: str, width: float, dashes: str = "") -> str:
    (x1, y1), (x2, y2) = np.asarray(start, float), np.asarray(end, float)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width:g}"'
        f"{dashed}/>"
    )


def _text(x: float, y: float, words: str, *, fill: str = "#111", weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" font-weight="{weight}">{words}</text>'


if __name__ == "__main__":
    PATH.write_text(svg(), encoding="utf-8")
    print(f"written: {PATH}")
