"""Labelled clips of a store as input of an encoder: one window and one label an example.

    store = Store.open("stores").select(sets=["utd_mhad"], split="cross_subject/test")
    found = labelled(store, encoder.config.window, "utd_mhad cross_subject/test")
    found.windows.shape, found.labels[0], found.subjects[0]       # (430, 64, 1, 25, 3), "swipe_left", "2"

Letters: N examples, T frames, M people, V joints, L frames of a clip.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from usdrl_model.errors.shown import shown
from usdrl_model.skeleton.clip import Clip
from usdrl_model.skeleton.segments import AMBIGUOUS, Segment
from usdrl_model.windows.official import official_input
from usdrl_model.windows.resample import resize
from usdrl_model.windows.shape import WindowShape
from usdrl_model.windows.whole_clip import longest, normalised, stretched

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Labelled examples as input of an encoder."""

    windows: Tensor
    """(N, T, M, V, 3), each example as a whole, normalised as live windows are."""
    labels: tuple[str, ...]
    """N labels."""
    names: tuple[str, ...]
    """N unique names: of the clip, plus start and end in seconds if the example is a segment."""
    subjects: tuple[str | None, ...]
    """N subjects, None where the set does not say."""

    def __len__(self) -> int:
        return len(self.labels)


def everything() -> float:
    """The share observed when the whole example is."""
    return 1.0


def labelled(
    clips: Iterable[Clip], shape: WindowShape, where: str, observed: Callable[[], float] = everything
) -> Labelled:
    """Make the labelled examples of a store: every labelled segment, and clips with a label and none as a whole.

    A window of several people holds the person of a segment first, and then those who are seen longest meanwhile: an
    interaction has one label and two people. An example without a person becomes a window of zeros, so that it counts
    like any other; a segment without a frame, outside of its recording or with an end before its start, is left out.

    Args:
        clips: of a store; of ``windows.official.raw`` for windows that are ``official``.
        shape: T and M of the windows.
        where: names the clips in the error message.
        observed: share of an example, from its start, that is seen; called for each example. Later frames have no
            influence on the window, neither by a pose nor by the heading.

    Raises:
        ValueError: there are none.
    """
    found = [example for clip in clips for example in _examples(clip, shape, observed)]
    if not found:
        raise ValueError(
            f"{where}: no labelled clips there; choose other sets (--sets) or another protocol (--split),"
            " 'usdrl data info' lists both"
        )
    windows, labels, names, subjects = zip(*found, strict=True)
    made = torch.stack(windows) if shape.official else normalised(windows, shape)
    return Labelled(made, labels, names, subjects)


def is_example(segment: Segment) -> bool:
    """Whether a segment shows an action: an instant, as in MSRC-12, has no duration, and of others nobody knows."""
    return segment.start != segment.end and segment.label != AMBIGUOUS


def _examples(
    clip: Clip, shape: WindowShape, observed: Callable[[], float]
) -> Iterator[tuple[Tensor, str, str, str | None]]:
    if clip.label not in (None, AMBIGUOUS) and not any(map(is_example, clip.segments)):
        yield _window(clip, slice(None), [], shape, observed()), clip.label, clip.name, clip.subject
    for segment in clip.segments:
        if not is_example(segment):
            continue
        frames = (clip.stamps >= segment.start) & (clip.stamps <= segment.end)
        if not frames.any():
            _LOG.warning(
                "%s: no frame in %s of person %s from %g to %g s: the segment is left out",
                clip.name, shown(segment.label), shown(segment.person), segment.start, segment.end,
            )  # fmt: skip
            continue
        actor = [place for place, person in enumerate(clip.people) if person == segment.person]
        yield (
            _window(clip, frames, actor, shape, observed()),
            segment.label,
            f"{clip.name} {segment.person} {segment.label} {segment.start}-{segment.end}",
            clip.subject,
        )


def _window(clip: Clip, frames: slice | np.ndarray, actor: list[int], shape: WindowShape, observed: float) -> Tensor:
    """(T, M, V, 3), not normalised, of the observed share of some frames: the actor, then those seen longest."""
    chosen = np.arange(len(clip.stamps))[frames]
    chosen = chosen[: math.ceil(observed * len(chosen))]
    if shape.official:
        return resize(torch.from_numpy(official_input(clip, chosen, shape.people))[None], shape.frames)[0]
    others = [place for place in range(len(clip.people)) if place not in actor]
    most = longest(clip.mask[chosen][:, others], shape.people - len(actor))
    return stretched(clip, chosen, [*actor, *(others[place] for place in most)], shape)
