"""A gesture that a node is to learn: begun, shown, ended or given up in steps, whoever else asks the node meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

from rcl_interfaces.srv import SetParameters
from std_srvs.srv import Trigger

from usdrl_model.errors.shown import LINE, cut
from usdrl_ros.client import ActionsClient
from usdrl_ros.service_calls import RefusedError, Services, ask, text_parameters
from usdrl_ros.wire import told_of

LONGEST_GESTURE = 6.0
"""Seconds: weights keep two windows, those that ship 6.4 s and more; a longer one is refused when it has been made."""
TRIES = 5
"""Of a beginning, until others who ask at the same moment are told to wait."""
Steps = Generator[None, None, str]
"""A step a look, then the answer of the node."""


class Enrolling:
    """One gesture of one who asks; a node is shown one at a time.

    Args:
        services: of the node.
        label: of the gesture.
        person: id of who shows it; empty: the nearest one.
        monotonic: seconds that never jump.
    """

    def __init__(
        self, services: Services, label: str, person: str = "", monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._services, self._label, self._person, self._monotonic = services, label, person, monotonic
        self._answer = ""
        """Of the node to the start: whose gesture it is."""
        self._open = False
        """A start has been asked, and neither refused nor ended: the node may be shown this gesture."""

    def begin(self) -> Steps:
        """The gesture is shown from now on; the answer says by whom.

        Label and person are parameters of the node: where another one has set theirs before the start, what has begun
        is given up, and one's own is begun again.

        Raises:
            NoAnswerError: as ``service_calls.ask``.
            RefusedError: the node refuses, because another gesture is shown just now, or others ask again and again.
        """
        texts = text_parameters({"enrol.label": self._label, "enrol.person": self._person})
        for later in ("stop", "cancel"):
            self._services(Trigger, f"enrol/{later}")  # found by the time that it is needed
        for _ in range(TRIES):
            yield from ask(self._services(SetParameters, "set_parameters"), texts, self._monotonic)
            self._open = True  # from now on: who is interrupted before the answer has begun all the same
            try:
                answer = yield from self._ask("start")
            except RefusedError:
                self._open = False
                raise
            if answer.startswith(told_of(self._label, self._person)):
                self._answer = answer
                return answer
            self._open = False
            yield from self._ask("cancel")
        raise RefusedError(f"another gesture was begun meanwhile ({cut(answer, LINE)}): begin again")

    def show(self, client: ActionsClient, seconds: float) -> Generator[None, None, None]:
        """The person makes the gesture, for so long; ``client`` sees them.

        Raises:
            RefusedError: they are lost; the node may be shown another one's gesture from then on.
        """
        end, here = self._monotonic() + seconds, False
        while True:
            if (state := client.state) is not None:
                before, here = here, any(self._is_shown_by(person["id"]) for person in state["people"])
                if before and not here:
                    self._open = False
                    raise RefusedError("who was to show the gesture was lost meanwhile: begin again")
            if self._monotonic() >= end:
                return
            yield

    def end(self) -> Steps:
        """The gesture has been shown; the answer says what was stored.

        Raises:
            NoAnswerError: as ``service_calls.ask``.
            RefusedError: it was no example, or another one who asked ended it, and began what is stored.
        """
        self._open = False  # it is stored, or refused
        answer = yield from self._ask("stop")
        if not answer.startswith(told_of(self._label)):
            raise RefusedError(f"another gesture was begun meanwhile ({cut(answer, LINE)}): begin again")
        return answer

    def give_up(self) -> None:
        """Nothing is stored of what was begun, and another one may begin; nobody waits for the answer.

        Nothing is told to the node where no start of one's own is open: the gesture that it is shown is another one's.
        """
        if self._open:
            self._open = False
            self._services.tell("enrol/cancel")

    def _is_shown_by(self, person: str) -> bool:
        return self._answer.startswith(told_of(self._label, person))

    def _ask(self, name: str) -> Steps:
        answer = yield from ask(self._services(Trigger, f"enrol/{name}"), Trigger.Request(), self._monotonic)
        return str(answer.message)
