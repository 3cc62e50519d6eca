"""Several who enrol gestures with one node at once: what is stored has its own name, and who is told so it was for."""

from random import Random
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy", reason="needs ROS 2 (rclpy)")

from rcl_interfaces.msg import SetParametersResult  # noqa: E402
from rcl_interfaces.srv import SetParameters  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

from usdrl_ros.enrolling import Enrolling  # noqa: E402
from usdrl_ros.service_calls import RefusedError  # noqa: E402
from usdrl_ros.wire import told_of  # noqa: E402


class Node:
    """The services of a node that is shown one gesture at a time; requests wait until it gets round to them."""

    def __init__(self):
        self.set, self.shown, self.stored, self.waiting = ("", ""), None, [], []

    def services(self, kind, name):
        def ask(request):
            future = SimpleNamespace(answer=None)
            future.done, future.result = lambda: future.answer is not None, lambda: future.answer
            self.waiting.append((future, name, request))
            return future

        return SimpleNamespace(srv_name=name, service_is_ready=lambda: True, call_async=ask)

    def answer(self, random):
        if self.waiting:
            future, name, request = self.waiting.pop(random.randrange(len(self.waiting)))
            future.answer = getattr(self, name.split("/")[-1])(request)

    def set_parameters(self, request):
        self.set = tuple(one.value.string_value for one in request.parameters)
        return SetParameters.Response(results=[SetParametersResult(successful=True)])

    def start(self, request):
        if self.shown:
            return Trigger.Response(message=f"{self.shown[0]} is being shown")
        self.shown = self.set
        return Trigger.Response(success=True, message=f"{told_of(*self.shown)}make the gesture")

    def stop(self, request):
        if not self.shown:
            return Trigger.Response(message="not started")
        self.stored.append(self.shown)
        self.shown = None
        return Trigger.Response(success=True, message=f"{self.stored[-1][0]}: 1 example")

    def cancel(self, request):
        self.shown = None
        return Trigger.Response(success=True)


def enrolled(gesture, random, told, own):
    """One who asks, a step a tick; what they are told in the end."""
    try:
        yield from gesture.begin()
        for _ in range(random.randrange(20)):
            yield
        yield from gesture.end()
        told[own] = ""
    except RefusedError as error:
        told[own] = str(error)


@pytest.mark.parametrize("seed", range(300))
def test_who_is_told_success_has_their_own_gesture_stored(seed):
    random, node, told = Random(seed), Node(), {}
    owns = (("nod", "1"), ("nod", "2"), ("bow", "1"))[: random.randint(2, 3)]
    going = [enrolled(Enrolling(node.services, *own), random, told, own) for own in owns]
    while len(told) < len(owns):
        next(random.choice(going), None)
        if random.random() < 0.6:
            node.answer(random)
    assert sorted(node.stored) == sorted(own for own in owns if not told[own])
    assert node.stored, "one of them gets through"
    assert node.shown is None, "nobody is kept from the next"


def test_a_gesture_that_another_one_ended_is_not_stored():
    node, random = Node(), Random(0)
    gesture = Enrolling(node.services, "nod")
    with pytest.raises(StopIteration, match="nod: make the gesture"):
        begin = gesture.begin()
        while next(begin) is None:
            node.answer(random)
    node.shown = ("bow", "")
    end = gesture.end()
    with pytest.raises(RefusedError, match=r"another gesture was begun meanwhile \(bow: 1 example\): begin again"):
        while next(end) is None:
            node.answer(random)
