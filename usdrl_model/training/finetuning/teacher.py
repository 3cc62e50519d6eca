"""Distillation of a detector: what another one says of the same views, frame by frame.

A student that sees no future learns, beside the labels, the posterior of a teacher that has it in its window. Both see
the same augmented view, as consistent teaching asks for (arXiv 2106.05237).
"""

from __future__ import annotations

import torch
from torch import Tensor

from usdrl_model.checkpoints import detector_file
from usdrl_model.inference.in_torch import accelerate
from usdrl_model.network.detector_config import DetectorConfig
from usdrl_model.windows.window import normalise


class Teacher:
    """A trained detector that is asked, and does not learn.

    Args:
        source: its weights, as ``detector_file.resolve`` takes them.
        student: the detector that learns.
        device: where it runs.

    Raises:
        ValueError: it cannot be asked about the student's windows and labels.
        FileNotFoundError: no such weights.
    """

    def __init__(self, source: str, student: DetectorConfig, device: torch.device) -> None:
        loaded = accelerate(detector_file.load(source, str(device)))
        self.detector = loaded.detector
        self.config = loaded.config.detector
        mine, theirs = self.config.encoder, student.encoder
        problems = [
            f"{name} {own}, the student's {other}"
            for name, own, other in (
                ("rate", self.config.rate, student.rate),
                ("people", mine.people, theirs.people),
                ("masked", mine.masked, theirs.masked),
                ("flat", mine.flat, theirs.flat),
            )
            if own != other
        ]
        if mine.frames > theirs.frames:
            problems.append(f"windows of {mine.frames} frames, the student's {theirs.frames}")
        if mine.centre == "window" != theirs.centre:
            problems.append("centre window, the student's frame, in which the path of people is lost")
        if self.config.streaming:
            problems.append("no windows, since it is a streaming one")
        if unknown := [label for label in student.labels if label not in self.config.labels]:
            problems.append(f"not the labels {', '.join(unknown)}")
        if problems:
            raise ValueError(f"teacher {source}: it has {'; '.join(problems)}: take another one")
        self._labels = [self.config.labels.index(label) for label in student.labels]

    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """Probabilities (N, T', K) of the student's labels in the newest T' frames of windows (N, T, M, V, 3).

        T' is the teacher's window.
        """
        shape = self.config.encoder.window
        windows = normalise(x[:, -shape.frames :], shape.centre, masked=shape.masked, flat=shape.flat)
        found = self.detector(windows).frames.softmax(dim=2)[..., self._labels]
        return found / found.sum(dim=2, keepdim=True).clamp(min=1e-6)
