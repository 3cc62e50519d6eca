"""The services ``~/enrol/start``, ``stop`` and ``cancel``: a person shows a gesture, and the node knows it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as NoAnswer
from typing import TYPE_CHECKING

from std_srvs.srv import Trigger

from usdrl_model.errors.shown import MESSAGE, cut, reason
from usdrl_model.plausibility.findings import misread
from usdrl_ros.node.services import no_weights
from usdrl_ros.parameters import values
from usdrl_ros.parameters.values import PerceptionConfig
from usdrl_ros.wire import told_of

if TYPE_CHECKING:
    from usdrl_model.online.live_enrolment import LiveEnrolment
    from usdrl_ros.node.node import PerceptionNode

PATIENCE = 5.0
"""Seconds for which an answer waits for the worker,"""
FURTHER = 0.9
"""and for which it then waits for what has begun: both together are less than clients wait (``service_calls``)."""
Work = Callable[["LiveEnrolment", PerceptionConfig, float], str]
"""(gestures, settings, seconds since the newest frame came) -> what to answer."""


def start(enrolment: LiveEnrolment, config: PerceptionConfig, silent: float) -> str:
    """The gesture begins, with the label and the person of now; ValueError without, and as ``LiveEnrolment.start``."""
    if not config.enrol_label:
        raise ValueError("set the parameter enrol.label to the name of the gesture, then begin again")
    person = enrolment.start(config.enrol_label, config.enrol_person)
    return f"{told_of(config.enrol_label, person)}make the gesture, then call enrol/stop"


def stop(enrolment: LiveEnrolment, config: PerceptionConfig, silent: float) -> str:
    """The gesture has been made; errors as ``LiveEnrolment.stop``."""
    return str(enrolment.stop(silent))


def cancel(enrolment: LiveEnrolment, config: PerceptionConfig, silent: float) -> str:
    """Nothing is shown any more, and nothing is stored."""
    enrolment.forget()
    return "nothing is kept of what was shown"


def enrol(node: PerceptionNode, work: Work, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
    """Answer a request with what came of ``work`` on the thread of the model."""
    response.success = False
    try:
        response.message = _done(node, work, values.read(node))
        response.success = True
    except CancelledError:
        response.message = "the model was released meanwhile: configure the node, then begin again"
    except (NoAnswer, ValueError, OSError) as error:
        response.message = cut(reason(error), MESSAGE)
    return response


def _done(node: PerceptionNode, work: Work, config: PerceptionConfig) -> str:
    pipeline = node.pipeline
    if pipeline is None:
        raise ValueError(no_weights(node))
    enrolment = pipeline.model.enrolment
    if enrolment is None:
        raise ValueError("no folder for gestures: set the parameter gestures and configure the node again")
    worker, content = pipeline.worker, pipeline.content

    def done() -> str:
        if finding := misread(content.now()):
            enrolment.forget()
            raise ValueError(f"{finding.text}; nothing is kept of it")
        return work(enrolment, config, worker.silent)

    answer = worker.ask(done)
    try:
        return answer.result(PATIENCE)
    except NoAnswer:
        if answer.cancel():  # or else it would be done although it is told to have failed
            raise NoAnswer(f"the model has not answered for {PATIENCE:g} s: see /diagnostics") from None
    try:
        return answer.result(FURTHER)
    except NoAnswer:
        waited = PATIENCE + FURTHER
        raise NoAnswer(f"the model has not ended it for {waited:g} s, and still may: see /diagnostics") from None
