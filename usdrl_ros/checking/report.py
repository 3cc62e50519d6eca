"""What ``usdrl-check`` found, for people and for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from usdrl_model.errors.shown import LINE, NAME, cut
from usdrl_model.plausibility.findings import Finding, Level
from usdrl_ros.checking.advice import Step
from usdrl_ros.checking.trial import Trial
from usdrl_ros.inputs.conversion import levelled_by
from usdrl_ros.inputs.options import PREFIX
from usdrl_ros.inputs.registry import load
from usdrl_ros.parameters.declarations import PARAMETERS
from usdrl_ros.parameters.values import PerceptionConfig
from usdrl_ros.processes.command_line import perception_command, written

SETTINGS = ("input_type", "topology", "axes", "units", "mirrored", "target_frame", "sensor_pose")


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """Everything that was found."""

    topic: str
    """As it was asked for."""
    publishers: tuple[str, ...]
    """Nodes."""
    perception: str
    """The perception node whose parameters were taken; empty: none runs."""
    config: PerceptionConfig
    """The settings before any step."""
    options: Mapping[str, Any]
    """Parameters of the adapter that were given, by name."""
    messages: int
    trial: Trial | None
    """With all of the steps done; None: no message came."""
    steps: tuple[Step, ...]
    others: tuple[Step, ...] = ()
    """Other steps that would do as well: of ``Advice``."""
    findings: tuple[Finding, ...]
    """What no parameter mends, notes included."""

    @property
    def left(self) -> tuple[Finding, ...]:
        """What no parameter mends, without the notes."""
        return tuple(finding for finding in self.findings if finding.level > Level.NOTE)

    @property
    def fine(self) -> bool:
        """Nothing needs to be changed."""
        return not self.steps and not self.left

    def text(self) -> str:
        """For people."""
        unnamed = "a node whose name is not known yet" if self.messages else "nobody"
        lines = [f"{self.topic}: {self.messages} messages from {', '.join(self.publishers) or unnamed}"]
        described = ", ".join(f"{name} {written(getattr(self.config, name))}" for name in SETTINGS if self._said(name))
        lines.append(f"read as {described}" + (f" (as {self.perception} does)" if self.perception else ""))
        if self.trial is not None:
            lines += self._measured(self.trial)
        if self.steps:
            lines += ["", f"Set, in this order{', either' if self.others else ''}:", *_listed(self.steps)]
        if self.others:
            lines += ["or:", *_listed(self.others)]
        if self.left:
            lines += ["", "No parameter mends this:" if not self.steps else "No parameter mends what is left:"]
            lines += [f"  {finding.level.name.lower()}: {cut(finding.text, 2 * LINE)}" for finding in self.left]
        lines += [f"  note: {cut(one.text, LINE)}" for one in self.findings if one.level == Level.NOTE]
        if self.steps:
            lines += ["", self.command(self.steps)]
        if self.others:
            lines += [f"or {self.command(self.others)}"]
        lines += ["", self.verdict()]
        return "\n".join(lines)

    def command(self, steps: Sequence[Step]) -> str:
        """That runs the node with all that was given and these steps."""
        default = {one.name: one.default for one in PARAMETERS}
        given = {one.name: getattr(self.config, one.field) for one in PARAMETERS} | {"topic": self.topic}
        given = {name: value for name, value in given.items() if written(value) not in (written(default[name]), "[]")}
        given |= {PREFIX + name: value for name, value in self.options.items()}
        if given.get("topic") == f"/{default['topic']}":
            del given["topic"]
        given |= {step.parameter: step.value for step in steps}
        return perception_command(given)

    def verdict(self) -> str:
        """The result in one line."""
        if self.fine:
            return "Nothing to change: people look like people."
        if self.trial is not None and not self.left:
            return "With that, people look like people."
        return "Not fine yet." if self.trial is not None else "Nothing was heard."

    def document(self) -> dict[str, Any]:
        """For programs."""
        trial = self.trial
        return {
            "topic": self.topic,
            "publishers": list(self.publishers),
            "perception": self.perception,
            "messages": self.messages,
            "settings": {name: getattr(self.config, name) for name in SETTINGS},
            "rate": None if trial is None or math.isnan(trial.rate) else round(trial.rate, 2),
            "delay": None if trial is None or math.isnan(trial.delay) else round(trial.delay, 4),
            "frames": [] if trial is None else list(trial.frame_ids),
            "measured": {} if trial is None else trial.measured,
            "people": [
                {
                    "id": one.id,
                    "seconds": round(one.seconds, 2),
                    "ahead": None if math.isnan(one.ahead) else round(one.ahead, 2),
                    "left": None if math.isnan(one.left) else round(one.left, 2),
                    "joints": round(one.joints, 3),
                    "states": list(one.states),
                }
                for one in (() if trial is None else trial.people)
            ],
            "set": {step.parameter: step.value for step in self.steps},
            "steps": _steps(self.steps),
            "other_steps": _steps(self.others),
            "findings": [_finding(finding) for finding in self.findings],
            "fine": self.fine,
        }

    def _said(self, name: str) -> bool:
        value, own = getattr(self.config, name), load(self.config.input_type)
        if (name in ("axes", "units") and getattr(own, name)) or (name == "axes" and self._placed_by_tf):
            return False  # which count for nothing
        return name in ("input_type", "topology") or bool(any(value) if isinstance(value, tuple) else value)

    @property
    def _placed_by_tf(self) -> bool:
        return levelled_by(self.config) == "target_frame"

    @staticmethod
    def _measured(trial: Trial) -> list[str]:
        frames = ", ".join(cut(frame or "(no name)", NAME) for frame in trial.frame_ids)
        rate = [] if math.isnan(trial.rate) else [f"{trial.rate:.1f} frames/s by stamps"]
        delay = [] if math.isnan(trial.delay) else [f"{1e3 * trial.delay:.0f} ms old on arrival"]
        lines = [", ".join([*rate, *delay, f"frame {frames}"])] if rate or delay else []
        names = ("off the vertical", "mounting by standing people", "left and right")
        lines += [f"{name}: {trial.measured[name]}" for name in names if name in trial.measured]
        return lines + [f"  person {one.line()}" for one in trial.people]


def _listed(steps: Sequence[Step]) -> list[str]:
    lines = []
    for number, step in enumerate(steps, 1):
        lines += [f"  {number}. {step.parameter}: {written(step.value)}", f"     {cut(step.why.text, 2 * LINE)}"]
    return lines


def _steps(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [{**_finding(step.why), "parameter": step.parameter, "value": step.value} for step in steps]


def _finding(finding: Finding) -> dict[str, Any]:
    return {"key": finding.key, "level": finding.level.name.lower(), "text": finding.text}
