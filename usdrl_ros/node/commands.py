"""What other threads tell the worker to do between two steps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from usdrl_model.events.config import StreamConfig


@dataclass(frozen=True, slots=True)
class Reset:
    """End all active actions and go on with other settings, if given."""

    config: StreamConfig | None
    told: bool
    """It came while the worker listened. Otherwise nobody is here to be told of, and a state would be a heartbeat."""
    done: threading.Event


@dataclass(frozen=True, slots=True)
class Ask:
    """Do something with the stream and say what came of it."""

    work: Callable[[], Any]
    answer: Future[Any]

    def do(self) -> None:
        """Do it, unless it is cancelled. Never raises."""
        if not self.answer.set_running_or_notify_cancel():
            return
        try:
            self.answer.set_result(self.work())
        except BaseException as error:  # it is told to whoever asked
            self.answer.set_exception(error)
