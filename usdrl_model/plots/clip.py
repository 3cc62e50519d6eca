"""Pictures and animations of clips, from the front and from the side."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from usdrl_model.files.suffix import suffix
from usdrl_model.plots.figure import blank_figure
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.segments import frame_labels
from usdrl_model.skeleton.topology import PARENTS

MAX_RATE = 15
"""Frame rate of an animation: smooth, and not too large a file."""
FORMATS = (".gif", ".mp4")
HEADROOM = 0.1
"""Metres between a head and its label."""
_COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:red", "tab:purple", "tab:brown")
_VIEWS = (("front (as the sensor sees it)", 0, "x, metres"), ("side", 2, "z, metres"))


def busiest_frame(clip: Clip) -> int:
    """The frame nearest to the middle that shows the most joints; ValueError where nobody is ever there."""
    shown = clip.mask.sum(axis=(1, 2))
    if not shown.any():
        raise ValueError(f"{clip.dataset} {clip.name}: nobody in any frame, nothing to draw")
    best = np.flatnonzero(shown == shown.max())
    return int(best[np.abs(best - len(shown) // 2).argmin()])


def draw(clip: Clip, file: str | Path, frame: int | None = None) -> None:
    """Write a picture of one frame (default: ``busiest_frame``); the ending of ``file`` decides the format.

    Raises:
        ValueError: nobody in the clip.
    """
    busiest = busiest_frame(clip)  # first: there is no stage for nobody
    stage = _Stage(clip)
    stage.show(busiest if frame is None else frame)
    stage.figure.savefig(file, dpi=100)


def animate(clip: Clip, file: str | Path, seconds: float = 20.0) -> None:
    """Write the first ``seconds`` of a clip at its own speed, as GIF or MP4 by the ending of ``file``.

    Raises:
        ValueError: no such time, another ending, nobody in the clip, or no ffmpeg for MP4.
    """
    from matplotlib.animation import FFMpegWriter, PillowWriter

    file = Path(file)
    if not 0.0 <= seconds < math.inf:
        raise ValueError(f"expected seconds, 0 or more, got {seconds:g}")
    if suffix(file) not in FORMATS:
        raise ValueError(f"{file}: expected a name that ends with {' or '.join(FORMATS)}")
    if suffix(file) == ".mp4" and not FFMpegWriter.isAvailable():
        raise ValueError(f"{file}: writing MP4 needs ffmpeg: install it, or write a .gif")
    busiest_frame(clip)
    rate = max(1, min(MAX_RATE, round(clip.rate)))
    length = min(seconds, float(clip.stamps[-1] - clip.stamps[0]))
    times = clip.stamps[0] + np.arange(0.0, length + 1e-9, 1.0 / rate)
    stage = _Stage(clip)
    writer = (FFMpegWriter if suffix(file) == ".mp4" else PillowWriter)(fps=rate)
    with writer.saving(stage.figure, str(file), 80):
        for time in times:
            stage.show(int(np.searchsorted(clip.stamps, time, side="right")) - 1)
            writer.grab_frame()


class _Stage:
    """A figure with fixed limits into which frames are drawn."""

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self.figure = blank_figure(7.0, 4.0)
        self.axes: Any = self.figure.subplots(1, 2, sharey=True)
        seen = clip.joints[clip.mask]
        low, high = np.percentile(seen, 1, axis=0) - 0.4, np.percentile(seen, 99, axis=0) + 0.4
        self.drawn: list[tuple[int, int, Any, Any]] = []
        self.labels = ("", *dict.fromkeys(segment.label for segment in clip.segments))
        for axes, (title, axis, label) in zip(self.axes, _VIEWS, strict=True):
            axes.set(title=title, xlabel=label, ylabel="y, metres" if axis == 0 else "", aspect="equal")
            axes.set_xlim(*((high[axis], low[axis]) if axis == 0 else (low[axis], high[axis])))
            axes.set_ylim(low[1], high[1])
            axes.grid(alpha=0.3)
            for person in range(len(clip.people)):
                colour = _COLOURS[person % len(_COLOURS)]
                (line,) = axes.plot([], [], "o-", markersize=2, color=colour)
                text = axes.text(0.0, 0.0, "", color=colour, ha="center", va="bottom", fontweight="bold")
                self.drawn.append((axis, person, line, text))

    def show(self, frame: int) -> None:
        """Draw the bones whose two ends are both valid (NaN between them lifts the pen), and labels above heads."""
        doing = self._doing(frame)
        for axis, person, line, text in self.drawn:
            joints = np.where(self.clip.mask[frame, person, :, None], self.clip.joints[frame, person], np.nan)
            bones = np.stack([joints, joints[list(PARENTS)], np.full_like(joints, np.nan)], axis=1).reshape(-1, 3)
            line.set_data(bones[:, axis], bones[:, 1])
            text.set_text(doing[person] if np.isfinite(joints).any() else "")
            if text.get_text():
                text.set_position((np.nanmean(joints[:, axis]), np.nanmax(joints[:, 1]) + HEADROOM))
        self.figure.suptitle(self._title(frame))

    def _title(self, frame: int) -> str:
        clip, stamp = self.clip, self.clip.stamps[frame]
        said = clip.label or ""
        return f"{clip.dataset} {clip.name}   {stamp - clip.stamps[0]:.2f} s   {said}".strip()

    def _doing(self, frame: int) -> list[str]:
        """What the labels say of every person in a frame; empty where nothing."""
        clip = self.clip
        mine = ([segment for segment in clip.segments if segment.person == person] for person in clip.people)
        return [self.labels[int(frame_labels(one, clip.stamps[frame], self.labels))] for one in mine]
