"""A call in steps ends with the answer, with the node's own words, or after some seconds."""

import itertools
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from rcl_interfaces.msg import SetParametersResult  # noqa: E402
from rcl_interfaces.srv import SetParameters  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from usdrl_ros.service_calls import NoAnswerError, RefusedError, ask, text_parameters  # noqa: E402


class Service:
    """A service that is there, and has answered, after some looks each."""

    srv_name = "start"

    def __init__(self, answer=None, ready=0, done=0):
        self.answer, self.ready, self.done = answer, ready, done
        self.pending = []

    def service_is_ready(self):
        self.ready -= 1
        return self.ready < 0

    def call_async(self, request):
        def done():
            self.done -= 1
            return self.done < 0

        self.pending.append(SimpleNamespace(done=done, result=lambda: self.answer))
        return self.pending[-1]

    def remove_pending_request(self, future):
        self.pending.remove(future)


def asked(service):
    """The answer, and how many steps it took; a second each."""
    clock, steps = itertools.count(), 0
    asking = ask(service, Trigger.Request(), lambda: float(next(clock)))
    while True:
        try:
            next(asking)
        except StopIteration as done:
            return done.value, steps
        steps += 1


def test_the_answer_comes_when_there_is_one():
    answer = Trigger.Response(success=True, message="done")
    assert asked(Service(answer)) == (answer, 0)
    assert asked(Service(answer, ready=2, done=3)) == (answer, 5)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Trigger.Response(success=False, message="not started"), "^not started$"),
        (Trigger.Response(success=False), "^refused$"),
        (
            SetParameters.Response(
                results=[
                    SetParametersResult(successful=ok, reason=why) for ok, why in ((True, ""), (False, "no label"))
                ]
            ),
            "^no label$",
        ),
    ],
)
def test_what_the_node_refuses_is_said_in_its_own_words(answer, words):
    with pytest.raises(RefusedError, match=words):
        asked(Service(answer))


def test_what_never_comes_is_not_waited_for():
    with pytest.raises(NoAnswerError, match="^nothing serves start$"):
        asked(Service(ready=1000))
    silent = Service(done=1000)
    with pytest.raises(NoAnswerError, match="^start has not answered for 6 s$"):
        asked(silent)
    assert silent.pending == []


def test_parameters_are_set_as_texts():
    (one,) = text_parameters({"enrol.label": "bow"}).parameters
    assert (one.name, one.value.string_value) == ("enrol.label", "bow")
