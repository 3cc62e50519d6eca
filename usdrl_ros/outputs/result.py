"""What the publishers are given."""

from __future__ import annotations

from dataclasses import dataclass

from builtin_interfaces.msg import Time

from usdrl_model.events.onset_offset import Event
from usdrl_model.online.state import StreamState


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What is to be published."""

    events: tuple[Event, ...]
    state: StreamState
    stamp: Time
    """The source's stamp of the newest frame, to the nanosecond."""
    frame_id: str
    """Frame of the newest message."""
    answers: bool = True
    """An inference decided it on the newest frame; False: everybody was lost or forgotten, some time after it."""
