"""Messages that wait for the inference thread, or for a depth image: what is kept, dropped, forgotten, counted."""

import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers import health_bench
from helpers.people import frames as recorded_frames
from helpers.worker_bench import Bench

from usdrl_ros.inputs.common import SourceFrame, ros_time  # noqa: E402
from usdrl_ros.inputs.further_topics import Heard, Route  # noqa: E402
from usdrl_ros.node.inbox import CAPACITY, LARGEST, Arrival, Inbox  # noqa: E402
from usdrl_ros.node.worker import AT_ONCE, LATE  # noqa: E402


def test_a_message_that_waited_in_the_queue_waits_for_nothing_else():
    heard = []
    bench = Bench(convert=lambda message, arrival, patience: heard.append(patience))
    bench.worker.put("old")
    bench.now += 0.04
    bench.worker.put("new")
    bench.now += 0.02
    bench.worker.step()
    assert heard == [0.0, pytest.approx(0.03)]


def at(seconds):
    return Arrival(float(seconds), 5000.0 + seconds)


def test_what_waits_is_bounded_in_memory_too():
    inbox = Inbox()
    million = bytes(2**20)
    for number in range(200):
        inbox.put(million, at(number))
    assert len(inbox) == LARGEST // 2**20
    assert inbox.take()[1] == at(200 - (LARGEST // 2**20))
    assert inbox.put(bytes(2 * LARGEST), at(300)) == 0
    assert inbox.put(million, at(301)) == LARGEST // 2**20
    assert len(inbox) == 1, "the newest waits whatever its size"
    assert inbox.forget() == 1
    assert not inbox and inbox.put(million, at(0)) == 0


def heard(latched):
    route = Route(topic="/tf_static", kind=None, decode=None, deserialise=None, latched=latched, depth=1)
    return Heard(route, b"")


def test_what_is_latched_waits_through_a_full_queue_and_a_reset():
    once, usual = heard(True), heard(False)
    inbox = Inbox()
    inbox.put(once, at(0))
    assert sum(inbox.put(usual, at(number)) for number in range(CAPACITY + 20)) == 21
    assert len(inbox) == CAPACITY and inbox.forget(100.0) == 79
    assert inbox.take() == (once, at(0)) and inbox.take() == (usual, at(100))
    inbox.put(once, at(300))
    assert inbox.forget() == len(range(101, CAPACITY + 20)) and inbox.take() == (once, at(300)) and not inbox
    for number in range(CAPACITY + 20):
        inbox.put(once, at(number))
    assert len(inbox) == CAPACITY and inbox.take() == (once, at(20)), "they are bounded, too"


def test_a_reset_and_a_pause_lose_nothing_that_is_sent_once():
    taken = []
    bench = Bench(convert=lambda message, arrival, patience: taken.append(message))
    once, usual = heard(True), heard(False)
    for message in (usual, once, usual):
        bench.worker.put(message)
    bench.worker.reset()
    bench.worker.step()
    assert taken == [once]

    def slow(message, arrival, patience):
        bench.now += AT_ONCE
        taken.append(message)

    bench = Bench(convert=slow)
    for message in (usual, once, usual):
        bench.worker.put(message)
    bench.now += LATE
    bench.worker.step()
    bench.worker.step()
    assert taken[1:] == [usual, once] and bench.counts.drops == 1


def test_who_does_not_listen_any_more_takes_nothing_that_is_latched():
    taken = []
    bench = Bench(convert=lambda message, arrival, patience: taken.append(message))
    bench.worker.put(heard(True))
    bench.worker.leave()
    bench.worker.step()
    assert not taken
    bench.worker.listen()
    bench.worker.put(heard(True))  # as it is sent to a new subscription
    bench.worker.step()
    assert len(taken) == 1


def test_a_full_queue_drops_the_oldest():
    bench = Bench()
    recorded = recorded_frames(duration=12.0)[: CAPACITY + 20]
    for frame in recorded:
        bench.worker.put(frame)
    bench.worker.step()
    assert bench.counts.drops == 20
    assert len(bench.counts.arrivals) == CAPACITY
    assert bench.results[0].state.stamp == recorded[-1].stamp


def test_what_is_late_is_dropped_where_buffering_does_not_keep_up():
    def slow(frame, arrival, patience):
        bench.now += 0.1
        return bench.convert(frame, arrival, patience)

    bench = Bench(convert=slow)
    recorded = recorded_frames(duration=3.0)
    for frame in recorded:
        bench.now += 1 / 30
        bench.worker.put(frame)
    delays = []
    while bench.counts.drops + len(bench.counts.arrivals) < len(recorded):
        bench.worker.step()
        delays.append(bench.now - bench.counts.arrivals[-1])
    assert bench.counts.drops > len(recorded) / 2
    assert delays[0] > 3.0, "the first step took the oldest, and then dropped what was late"
    assert max(delays[1:]) < LATE + 0.3
    assert bench.results[-1].state.stamp == pytest.approx(recorded[-1].stamp, abs=0.2)


@pytest.mark.parametrize("burst", [1, 3, 8])
def test_skeletons_that_wait_for_their_depth_images_count_once(burst):
    waiting = []

    def convert(message, arrival, patience):
        if not isinstance(message, Heard):
            waiting.append(message)
            return None
        frame = waiting.pop(0)
        return SourceFrame(frame, ros_time(frame.stamp), "camera"), frame

    diagnosed = health_bench.Bench()
    bench = Bench(convert=convert, observer=lambda: diagnosed.health)
    recorded = recorded_frames(duration=4.0)[: 8 * 14]
    for first in range(0, len(recorded), burst):
        bench.play([*recorded[first : first + burst], *[heard(False)] * burst])
    assert bench.stream.stamp == recorded[-1].stamp
    diagnosed.now = bench.now
    rate = health_bench.values(diagnosed.report()[0])["rate"]
    assert float(rate.removesuffix(" Hz")) == pytest.approx(15.0, rel=0.1)  # of 30 messages
