"""What the worker hands to the outputs."""

from __future__ import annotations

from dataclasses import dataclass

from builtin_interfaces.msg import Time

from usdrl_model.events.onset_offset import Event
from usdrl_model.events.people import PersonEvent
from usdrl_model.online.state import StreamState


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What ``Outputs.publish`` publishes: the events and the state after an inference, or after people were lost."""

    events: tuple[Event | PersonEvent, ...]
    state: StreamState
    stamp: Time
    """The source's stamp of the newest frame, to the nanosecond."""
    frame_id: str
    """Frame of the newest message."""
    answers: bool = True
    """From an inference on the newest frame; False: all people were lost or reset, some time after it."""
