"""The folder of a training run: a state to resume from, and its losses as numbers and as a picture.

A state is replaced in one step: after a crash, a full disk or ``kill -9`` at any moment, the folder holds the last one
that was complete. It ends with a checksum of itself, and the state before it stays, so that a damaged file is noticed
and costs no more than the steps between the two. One process at a time works in a folder.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import logging
import pickle
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from usdrl_model.checkpoints import config_file, detector_file
from usdrl_model.checkpoints.state_dict import check_finite
from usdrl_model.errors.shown import LINE, cut
from usdrl_model.files.atomic_file import replacing, write_text
from usdrl_model.files.folder_lock import held
from usdrl_model.plots.losses import draw_losses

STATE, BEFORE = "training.pt", "training.previous.pt"
SETTINGS = "settings"
"""The name of the configuration among what a run is made of, and of its plain values in a state."""
WEIGHTS = detector_file.OF_A_RUN
"""Folder of the model, when a run is at its end."""
_DIGEST = 64
"""Characters of the checksum at the end of a state."""


def begun(out: Path) -> bool:
    """Whether a run folder holds a state to resume from."""
    return any((out / name).exists() for name in (STATE, BEFORE))


class RunState:
    """The state file of a run folder."""

    def __init__(self, out: Path, made_of: Mapping[str, str], settings: Mapping[str, Any] | None = None) -> None:
        """``made_of`` has a hash of each thing that decides a run, by name; resuming needs the same.

        ``settings`` is that of them as plain values, so that a refusal can name the keys that differ.
        """
        self.path, self._made_of, self._settings = out / STATE, dict(made_of), dict(settings or {})
        self._before = out / BEFORE
        self._sound = True
        """Whether what is at ``path`` can take the place of the state before it."""

    @contextlib.contextmanager
    def alone(self, resume: bool) -> Iterator[None]:
        """Until the block ends, no other process works in the folder; errors as ``check``.

        Raises:
            BlockingIOError: another process does; the message says which.
        """
        self.check(resume)  # before the folder is made, and again when nobody else can change it
        with held(self.path.parent):
            self.check(resume)
            yield

    def check(self, resume: bool) -> None:
        """Refuse to overwrite a run, and to resume one that is not there.

        Raises:
            FileExistsError: the folder holds a run, or the weights of one, and ``resume`` is off.
            FileNotFoundError: ``resume`` without a run.
        """
        if resume and not begun(self.path.parent):
            raise FileNotFoundError(f"{self.path}: no run to resume")
        if not resume and begun(self.path.parent):
            raise FileExistsError(
                f"{self.path.parent} holds a run already: go on with --resume, or choose another folder"
            )
        weights = self.path.parent / WEIGHTS
        if not resume and (weights / config_file.NAME).exists():
            raise FileExistsError(f"{weights} holds the weights of a run that is at its end: choose another folder")

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace the state; the one that was there is kept as the one before.

        Raises:
            OSError: it could not be written; the one before is still there.
        """
        buffer = io.BytesIO()
        torch.save({"made_of": self._made_of, SETTINGS: json.dumps(self._settings), **state}, buffer)
        content = buffer.getbuffer()
        # The file is a zip archive, whose last two bytes are the length of a comment: torch reads past that.
        content[-2:] = _DIGEST.to_bytes(2, "little")
        with replacing(self.path, keep=self._before if self._sound else None) as file:
            file.write(content)
            file.write(hashlib.sha256(content).hexdigest().encode())
        self._sound = True

    def load(self) -> dict[str, Any]:
        """What was saved last, on the CPU, without anything that could run code; the state before, if that is damaged.

        Raises:
            ValueError: all states are damaged, or the newest good one is of another configuration, data or weights.
        """
        try:
            state = _read(self.path)
        except (FileNotFoundError, ValueError) as error:
            self._sound = False
            try:
                state = _read(self._before)
            except (FileNotFoundError, ValueError):
                raise ValueError(f"{error}, and no good state before it: begin anew in another folder") from None
            logging.getLogger(__name__).warning("%s: going on from the state before, %s", error, self._before.name)
        self._check_same(state, {**state["made_of"], **self._made_of})
        return state

    def check_early(self, resume: bool) -> None:
        """As ``check``, and with ``resume`` as ``load`` of what ``made_of`` has, where the rest is not known yet."""
        self.check(resume)
        if resume:
            try:
                state = _read(self.path)
            except (FileNotFoundError, ValueError):
                return  # ``load`` says what a damaged one means, and finds the one before
            self._check_same(state, self._made_of)

    def _check_same(self, state: Mapping[str, Any], names: Iterable[str]) -> None:
        """Raise ValueError where what a state was made of differs in one of these names."""
        made_of = state["made_of"]
        changed = [name for name in names if made_of.get(name) != self._made_of.get(name)]
        if changed:
            where = f" ({keys})" if SETTINGS in changed and (keys := self._keys_changed(state)) else ""
            raise ValueError(
                f"{self.path} was made with other {' and other '.join(changed)}{where}: use what it began with,"
                " or another folder"
            )

    def _keys_changed(self, state: Mapping[str, Any]) -> str:
        """The settings in which a state differs; empty where it does not say them, as those of older versions."""
        try:
            before = json.loads(state.get(SETTINGS, "{}"))
        except (TypeError, ValueError):
            return ""
        if not isinstance(before, dict) or not before:
            return ""
        return cut(", ".join(_differing(before, self._settings)), LINE)


def _differing(before: Mapping[str, Any], now: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """The keys whose values differ, of settings within settings with dots."""
    for key in {**before, **now}:
        one, other = before.get(key), now.get(key)
        if isinstance(one, dict) and isinstance(other, dict):
            yield from _differing(one, other, f"{where}{key}.")
        elif one != other:
            yield f"{where}{key}"


def _read(path: Path) -> dict[str, Any]:
    """A state; FileNotFoundError or ValueError say briefly why there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path} is missing") from None
    if hashlib.sha256(content[:-_DIGEST]).hexdigest().encode() != content[-_DIGEST:]:
        raise ValueError(f"{path} is damaged ({len(content)} bytes that do not fit their checksum)")
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError):  # of somebody who knows how to make a checksum
        state = None
    if not isinstance(state, dict) or not isinstance(state.get("made_of"), dict):
        raise ValueError(f"{path} is no state of a training run, or one of an older version")
    check_finite(state, path)
    return state


def schedule(step: int, steps: int, warmup_fraction: float) -> float:
    """Share of the configured learning rate: a linear rise to all of it, then a cosine that is 0 after the last step.

    The two follow each other: the last step of the warm-up, and it alone, has the configured rate.
    """
    rising = warm_up_steps(steps, warmup_fraction)
    fallen = max(0, step + 1 - rising) / max(1, steps + 1 - rising)
    return risen(step, steps, warmup_fraction) * 0.5 * (1.0 + float(np.cos(np.pi * fallen)))


def risen(step: int, steps: int, warmup_fraction: float) -> float:
    """Share of the configured learning rate that a linear warm-up has reached; 1 from its last step on."""
    return min(1.0, (step + 1) / warm_up_steps(steps, warmup_fraction))


def warm_up_steps(steps: int, warmup_fraction: float) -> int:
    """Steps of a warm-up over a share of all; the last of them has the configured rate, so there is always one."""
    return max(1, round(warmup_fraction * steps))


def write_losses(losses: Mapping[str, Sequence[float]], out: Path) -> None:
    """``loss.csv`` with a column for each name and a row for each step, and ``loss.png`` with a panel for each name."""
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(["step", *losses])
    writer.writerows((step, *values) for step, values in enumerate(zip(*losses.values(), strict=True)))
    write_text(out / "loss.csv", table.getvalue())
    with replacing(out / "loss.png") as picture:
        draw_losses(picture, losses)
