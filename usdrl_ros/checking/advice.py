"""Which parameters to set, in order: the change of the first finding is tried, then that of what is left.

A wrong unit hides a wrong joint set, which hides wrong axes, which hide a tilt. So the same messages are read again
with every change, until nothing is left that a parameter mends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from usdrl_model.plausibility.findings import Finding, Level
from usdrl_ros.checking.trial import Trial
from usdrl_ros.parameters.values import PerceptionConfig

ROUNDS = 8
"""Changes that are tried, at most."""


@dataclass(frozen=True, slots=True)
class Step:
    """A parameter to set, and why."""

    parameter: str
    value: Any
    why: Finding


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about a source."""

    steps: tuple[Step, ...]
    last: Trial
    """With all of the steps done."""
    others: tuple[Step, ...] = ()
    """Other steps, of which people look as well, where nobody can tell which are true; all of them, or none."""


def advise(config: PerceptionConfig, trial: Callable[[PerceptionConfig], Trial]) -> Advice:
    """Find the changes for a source.

    Args:
        config: its settings.
        trial: reads it with other settings.
    """
    steps, last = _mended(config, trial, ())
    for number, step in enumerate(steps):
        if step.why.other is not None:
            first = _step(step.why, step.why.other)
            others, end = _mended(config, trial, (*steps[:number], first))
            fine = all(finding.level is Level.NOTE for finding in end.findings)
            return Advice(_merged(steps), last, _merged(others) if fine else ())
    return Advice(_merged(steps), last)


def _mended(
    config: PerceptionConfig, trial: Callable[[PerceptionConfig], Trial], begun: Sequence[Step]
) -> tuple[list[Step], Trial]:
    """All steps, of which the first are ``begun``, and what is so with them."""
    steps = list(begun)
    config = replace(config, **{step.parameter: step.value for step in steps})
    last = trial(config)
    while len(steps) < ROUNDS and (step := _next(last, steps, config)):
        steps.append(step)
        config = replace(config, **{step.parameter: step.value})
        last = trial(config)
    return steps, last


def _next(trial: Trial, steps: list[Step], config: PerceptionConfig) -> Step | None:
    """The change of the first finding that has one; none where it is so already, or was tried and did not help."""
    done = [(step.parameter, step.why.key) for step in steps]
    for finding in trial.findings:
        if finding.level == Level.NOTE or finding.change is None:
            continue
        step = _step(finding, finding.change)
        if (step.parameter, finding.key) not in done and getattr(config, step.parameter) != step.value:
            return step
    return None


def _step(why: Finding, change: tuple[str, object]) -> Step:
    parameter, value = change
    return Step(parameter, tuple(value) if isinstance(value, list) else value, why)


def _merged(steps: list[Step]) -> tuple[Step, ...]:
    """One step a parameter: the last value, at the place of the first."""
    values = {step.parameter: step.value for step in steps}
    firsts = {step.parameter: step for step in reversed(steps)}
    return tuple(replace(firsts[name], value=values[name]) for name in dict.fromkeys(s.parameter for s in steps))
